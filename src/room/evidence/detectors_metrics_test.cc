// What saved answers of Prometheus and the kubelet lead to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;

// `objects` in YAML, `json` beside them.
std::vector<Observation> measured(const std::string& json, const std::string& question,
                                  const std::string& objects = "") {
  Inventory inventory;
  Document file{"metrics/answer.json", json, {}};
  file.find_lines();
  inventory.add(std::move(file));
  if (!objects.empty()) {
    add_yaml(&inventory, "objects.yaml", objects);
  }
  return detect(inventory, question);
}

std::string answer(const std::string& query, const std::string& labels,
                   const std::vector<std::string>& values) {
  std::string points;
  for (std::size_t i = 0; i < values.size(); ++i)
    points += (i > 0 ? "," : "") + std::string("[") + std::to_string(1750744800 + 60 * i) + ",\"" +
              values[i] + "\"]";
  return R"({"status":"success","query":")" + query +
         R"(","data":{"resultType":"matrix","result":[{"metric":{)" + labels + R"(},"values":[)" + points +
         "]}]}}";
}

constexpr const char* throttled =
    R"(sum(rate(container_cpu_cfs_throttled_periods_total{namespace=\"shop\"}[5m])) / sum(rate(container_cpu_cfs_periods_total[5m])))";

TEST(Measurements, WhatIsUsedUpIsToldWhereRefusalsRise) {
  const char* query = R"(sum(rate(natgateway_error_port_allocation_sum{nat_gateway_id=\"nat-1\"}[1m])))";
  const auto found =
      measured(answer(query, R"("nat_gateway_id":"nat-1")", {"0", "0", "0", "12", "459.91", "30"}),
               "Connections time out. What is the cause?");
  const Observation* one = find_by(found, "refusals-rise");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(
      one->cause,
      HasSubstr("natgateway_error_port_allocation_sum of nat_gateway_id nat-1 rises from 0 to 459.91"));
  const auto steady = measured(answer(query, R"("nat_gateway_id":"nat-1")", {"3", "2", "3", "2", "3", "2"}),
                               "Connections time out. What is the cause?");
  EXPECT_EQ(find_by(steady, "refusals-rise"), nullptr);
}

TEST(Measurements, WhoHoldsMostConnectionsIsTold) {
  const std::string json =
      R"json({"status":"success","query":"sum by (usename) (pg_stat_activity_count)","data":{"resultType":)json"
      R"json("vector","result":[{"metric":{"usename":"api"},"value":[1755769500,"7"]},)json"
      R"json({"metric":{"usename":"writer"},"value":[1755769500,"4"]},)json"
      R"json({"metric":{"usename":"exporter"},"value":[1755769500,"82"]}]}})json";
  const auto found = measured(json, "Why does the api get no connection?");
  const Observation* one = find_by(found, holds_connections);
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause, HasSubstr("comes from exporter (its usename): 82, while the next has 7"));
}

TEST(Measurements, ARuleThatCannotBeEvaluatedIsToldWithItsError) {
  const auto rules = [](const std::string& health) {
    return R"({"status":"success","data":{"groups":[{"name":"capacity","rules":[{"name":"disk:ratio",)"
           R"("query":"a * on (instance) b","health":")" +
           health + R"(","lastError":"found duplicate series for the match group"}]}]}})";
  };
  const auto found = measured(rules("err"), "Which rule fails and why?");
  const Observation* one = find_by(found, "rule-failed");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->cause,
            "Prometheus cannot evaluate rule disk:ratio of group capacity: found duplicate series for the "
            "match group");
  EXPECT_EQ(find_by(measured(rules("ok"), "Which rule fails and why?"), "rule-failed"), nullptr);
}

TEST(Measurements, OfAFileThatIsOneLongLineEachFigureIsQuoted) {
  std::vector<std::string> values;
  for (int i = 0; i < 40; ++i) values.push_back(i < 30 ? "0" : std::to_string(100 + i));
  const auto found = measured(answer("rate(x_dropped_total[5m])", "\"namespace\":\"shop\"", values),
                              "Connections drop. What is the cause?");
  const Observation* one = find_by(found, "refusals-rise");
  ASSERT_NE(one, nullptr);
  std::string quoted;
  for (const EvidenceLine& line : one->lines) quoted += line.quote;
  for (const char* told : {"139", "x_dropped_total", "shop"}) EXPECT_THAT(quoted, HasSubstr(told));
}

TEST(Measurements, LabelsThatNoNameCanHaveNameNobody) {
  const std::string longest(6000, 'n');
  const auto found = measured(
      answer("rate(x_dropped_total[5m])", "\"namespace\":\"" + longest + "\",\"pod\":\"" + longest + "\"",
             {"0", "0", "0", "0", "5", "9"}),
      "Connections drop. What is the cause?");
  const Observation* one = find_by(found, "refusals-rise");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->culprit.space, "");
  EXPECT_LE(one->cause.size(), limit::sentence);
  for (const Observation& observation : found) {
    EXPECT_LE(observation.culprit.name.size(), limit::name) << observation.detector;
    for (const Command& command : observation.commands) EXPECT_LE(command.command.size(), limit::command);
  }
}

std::string vector_of(const std::string& query,
                      const std::vector<std::pair<std::string, std::string>>& values) {
  std::string results;
  for (const auto& [agent, value] : values)
    results += (results.empty() ? "" : ",") + std::string(R"({"metric":{"user_agent":")") + agent +
               R"("},"value":[1760533200,")" + value + R"("]})";
  return R"({"status":"success","query":")" + query + R"(","data":{"resultType":"vector","result":[)" +
         results + "]}}";
}

TEST(Measurements, WhoMakesMostOfTheRequestsIsTold) {
  const auto told = [](const std::string& query, const std::string& most) {
    return measured(vector_of(query, {{"exporter/0.4", most}, {"kubelet", "8.4"}, {"argocd", "5.1"}}),
                    "Pipelines fail with too many requests. Who causes it?");
  };
  const std::string by_agent = "sum by (user_agent) (rate(apiserver_requests_total[5m]))";
  const auto found = told(by_agent, "41.85");
  const Observation* one = find_by(found, "makes-most-of-it");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause,
              HasSubstr("Most of apiserver_requests_total comes from exporter/0.4 (its user_agent): 41.85, "
                        "while the next has 8.4"));
  EXPECT_EQ(find_by(told(by_agent, "9.0"), "makes-most-of-it"), nullptr);
  EXPECT_EQ(find_by(told("rate(apiserver_rejected_requests_total[5m])", "41.85"), "makes-most-of-it"),
            nullptr)
      << "those are the victims";
}

TEST(Measurements, AThrottledPodIsSlow) {
  const auto found =
      measured(answer(throttled, R"("pod":"api-0")", {"0.01", "0.02", "0.6", "0.81", "0.84", "0.83"}),
               "Why is api slow?");
  const Observation* one = find_by(found, "cpu-limit-reached");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause, HasSubstr("cuts it off is 0.84 (it was 0.01 before)"));
  EXPECT_EQ(one->culprit.space, "shop") << "as the query says";
  EXPECT_EQ(one->lines[0].quote,
            answer(throttled, R"("pod":"api-0")", {"0.01", "0.02", "0.6", "0.81", "0.84", "0.83"})
                .substr(0, one->lines[0].quote.size()));
  const auto idle =
      measured(answer(throttled, R"("pod":"api-0")", {"0.9", "0.01", "0.02", "0.01"}), "Why is api slow?");
  EXPECT_EQ(find_by(idle, "cpu-limit-reached"), nullptr) << "one sample long ago";
}

TEST(Measurements, AClockThatIsOffIsTheNodes) {
  const std::string query = "node_time_seconds - timestamp(node_time_seconds)";
  const auto found =
      measured(answer(query, R"("instance":"worker-7")", {"-1143.2", "-1143.1", "-1143"}), "Why 403?");
  ASSERT_NE(find_by(found, "node-clock"), nullptr);
  EXPECT_THAT(find_by(found, "node-clock")->cause, HasSubstr("worker-7 is off by -1143 seconds"));
  EXPECT_EQ(find_by(measured(answer(query, R"("instance":"worker-1")", {"0.01", "-0.02"}), "Why 403?"),
                    "node-clock"),
            nullptr);
}

TEST(Measurements, WhatOnlyGrowsIsTold) {
  const std::string query = "token_cache_entries";
  const auto grown =
      measured(answer(query, R"("__name__":"token_cache_entries","pod":"gw-0","namespace":"shop")",
                      {"0", "100", "200", "300", "400", "500", "600"}),
               "Why does gw restart?");
  ASSERT_NE(find_by(grown, "only-grows"), nullptr);
  EXPECT_THAT(find_by(grown, "only-grows")->cause, HasSubstr("from 0 to 600"));
  const auto level =
      measured(answer(query, R"("pod":"gw-0")", {"500", "480", "510", "490", "505", "500", "499"}), "Why?");
  EXPECT_EQ(find_by(level, "only-grows"), nullptr);
  const auto counter = measured(
      answer("cache_hits_total", R"("pod":"gw-0")", {"0", "9", "20", "40", "50", "70", "90"}), "Why?");
  EXPECT_EQ(find_by(counter, "only-grows"), nullptr) << "a counter always grows";
}

TEST(Measurements, ATargetThatIsDownSaysWhy) {
  const std::string target =
      R"({"status":"success","data":{"activeTargets":[
{"labels":{"job":"loyalty","namespace":"shop","pod":"loyalty-0"},"scrapePool":"a","scrapeUrl":"http://10.0.0.1:8080/metrics",
"lastError":"server returned HTTP status 401 Unauthorized","health":"down"},
{"labels":{"job":"other"},"scrapePool":"b","scrapeUrl":"http://10.0.0.2/metrics","lastError":"","health":"up"}]}})";
  const auto found = measured(target, "TargetDown fires for loyalty. What does it mean?");
  const Observation* one = find_by(found, "scrape-failed");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause, HasSubstr("cannot scrape job loyalty (1 of 2 targets)"));
  EXPECT_THAT(one->cause, HasSubstr("401 Unauthorized"));
}

TEST(Measurements, OddAnswersSayNothing) {
  for (
      const char* odd :
      {R"({"resultType":"matrix","result":[{"metric":{},"values":[]}],"query":"a_cache_entries"})",
       R"({"resultType":"matrix","result":[{"metric":[],"values":[["x"],[1],[1,"NaN"],[1,"inf"],{}]}],"query":"throttled/x"})",
       R"({"resultType":"vector","result":{},"query":5})",
       R"({"data":{"activeTargets":{"health":"down"}},"podRef":1})",
       R"([[[[[[[[{"resultType":"matrix","result":[]}]]]]]]]])"}) {
    for (const Observation& one : measured(odd, "Why is it slow?"))
      EXPECT_EQ(one.verdict, Verdict::no_fault) << one.cause;
  }
}

TEST(Measurements, WhoFillsANodesDiskIsNamed) {
  const std::string node =
      "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {conditions: [{type: DiskPressure, "
      "status: "
      "'True', "
      "message: kubelet has disk pressure}]}\n";
  const std::string summary =
      R"({"node":{"nodeName":"n1","fs":{"capacityBytes":85886742528}},"pods":[
{"podRef":{"name":"netcap-x","namespace":"debug"},"ephemeral-storage":{"usedBytes":60392701952}},
{"podRef":{"name":"api-0","namespace":"shop"},"ephemeral-storage":{"usedBytes":41943040}}]})";
  const auto found = measured(summary, "What fills node n1?", node);
  ASSERT_NE(find_by(found, "node-disk-filled"), nullptr);
  EXPECT_THAT(find_by(found, "node-disk-filled")->cause, HasSubstr("netcap-x in namespace debug fills it"));
  std::string even = summary;
  even.replace(even.find("41943040"), 8, "40000000000");
  const auto others = measured(even, "What fills node n1?", node);
  EXPECT_EQ(find_by(others, "node-condition")->cause.find("fills it"), std::string::npos)
      << "two are much alike";
}

TEST(Measurements, MemoryThatGrowsAllTheTimeIsALeak) {
  const auto told = [](double step, double noise) {
    std::vector<std::string> values;
    for (int i = 0; i < 48; ++i)
      values.push_back(std::to_string(static_cast<long>(2e8 + i * step + (i % 3) * noise)));
    const auto found =
        measured(answer("container_memory_working_set_bytes", R"("container":"quotes")", values),
                 "Why was quotes restarted?");
    const Observation* one = find_by(found, only_grows);
    return one == nullptr ? "" : one->cause;
  };
  EXPECT_EQ(told(1e7, 4e6),
            "its memory of container quotes grows steadily, from 191 to 647 MiB: a memory leak.");
  EXPECT_EQ(told(0, 4e8), "") << "it only goes up and down";
}

}  // namespace
}  // namespace carrel
