// The read room and the check room together: what the one cites, the other finds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "record/codec.h"
#include "room/bundle/made_archive.h"
#include "room/worker/check.h"
#include "room/worker/read.h"

namespace carrel {
namespace {

const std::string& small_bundle() {
  static const std::string bytes = [] {
    std::string log;
    for (int i = 0; i < 200; ++i)
      log += fmt::format("2025-01-01T00:00:{:02} INFO request {} served\r\n", i % 60, i);
    log += "2025-01-01T00:04:00 ERROR cannot connect to db:5432: connection refused caf\xe9\n";
    log +=
        "Traceback (most recent call last):\n  File \"app.py\", line 3, in <module>\nKeyError: 'DB_HOST'\n";
    const std::string pods = R"({
  "kind": "PodList",
  "items": [
    {
      "metadata": {"name": "api-0", "namespace": "shop"},
      "spec": {"containers": [{"name": "api", "image": "api:1"}]},
      "status": {
        "phase": "Pending",
        "containerStatuses": [
          {"name": "api", "restartCount": 7,
           "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}}}
        ]
      }
    }
  ]
}
)";
    return made::gzip(
        made::tar_file("b/version.yaml", "apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\n") +
        made::tar_file("b/cluster-resources/pods/shop.json", pods) +
        made::tar_file("b/cluster-resources/services/shop.json", R"({"kind":"ServiceList","items":[]})") +
        made::tar_file("b/cluster-resources/pods/logs/shop/api-0/api.log", log) +
        made::tar_header("b/link", 0, '2', "/etc/passwd") + made::tar_end);
  }();
  return bytes;
}

ReadJob read_job() {
  ReadJob job;
  job.bundle_name = "customer.tar.gz";
  job.packed_bytes = small_bundle().size();
  job.question = "why does api restart?";
  return job;
}

Result<ReadResult> read_it(const ReadJob& job = read_job()) {
  const Fd fd = made::file_of(small_bundle());
  return read_room(fd.get(), job, {});
}

Result<CheckResult> check_it(CheckJob job) {
  job.bundle_name = "customer.tar.gz";
  const Fd fd = made::file_of(small_bundle());
  return check_room(fd.get(), job, {});
}

TEST(ReadRoom, TellsWhatItReadAndWhatNot) {
  const auto list = read_it();
  ASSERT_TRUE(list) << list.error().what;
  EXPECT_EQ(list->format, "support bundle (troubleshoot)");
  EXPECT_EQ(list->files, 4U);
  EXPECT_GT(list->lines_read, 200U);
  EXPECT_GT(list->bytes_read, 8000U);
  EXPECT_FALSE(list->lines.empty());
  EXPECT_FALSE(list->findings.empty());
  EXPECT_THAT(list->left_out, testing::Contains(testing::Field(&LeftOut::reason, "symbolic link")));
  EXPECT_TRUE(encode(*list));
}

TEST(ReadRoom, GivesTheSameListAgain) {
  const auto first = read_it();
  const auto second = read_it();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*encode(*first), *encode(*second));
}

TEST(ReadRoom, WithoutKubernetesThereAreNoObjects) {
  ReadJob job = read_job();
  job.kubernetes = false;
  const auto list = read_it(job);
  ASSERT_TRUE(list) << list.error().what;
  EXPECT_EQ(list->objects, 0U);
  EXPECT_FALSE(list->lines.empty());
}

TEST(ReadRoom, NamesTheBundleInErrors) {
  const Fd fd = made::file_of("");
  const auto list = read_room(fd.get(), read_job(), {});
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().what, "customer.tar.gz is empty");
}

TEST(ReadRoom, NamesThatNothingCanHaveDoNotCostTheRun) {
  const std::string odd_kind = "Po" + std::string(200, '\xc6') + "d";
  const std::string long_name(limit::name + 1, 'n');  // a path may hold it
  const auto object = [&](const std::string& kind, const std::string& name) {
    return "apiVersion: v1\nkind: " + kind + "\nmetadata: {name: " + name + ", namespace: " + name +
           "}\nspec:\n  scaleTargetRef: {kind: " + kind + ", name: " + name + "}\n---\n";
  };
  const std::string archive =
      made::tar_file("b/all.yaml", object(odd_kind, "api") + object("Pod", long_name) +
                                       object("HorizontalPodAutoscaler", "api") + object(long_name, "api")) +
      made::tar_named_file(
          "b/cluster-resources/pods/logs/" + long_name + "/" + long_name + "/" + long_name + ".log",
          "ERROR cannot connect to db:5432: connection refused\n") +
      made::tar_named_file("b/host-collectors/run-host/" + long_name + "/kubelet.log",
                           "E0101 00:00:00 PLEG is not healthy\n") +
      made::tar_end;
  const Fd fd = made::file_of(archive);
  ReadJob job = read_job();
  job.packed_bytes = archive.size();
  const auto list = read_room(fd.get(), job, {});
  ASSERT_TRUE(list) << list.error().what;
  EXPECT_TRUE(encode(*list));
  EXPECT_FALSE(list->lines.empty());
}

TEST(CheckRoom, FindsAllThatTheReadRoomCites) {
  const auto list = read_it();
  ASSERT_TRUE(list) << list.error().what;
  for (const EvidenceLine& line : list->lines) {
    CheckJob job;
    job.citations.push_back({line.at, line.quote});
    const auto result = check_it(std::move(job));
    ASSERT_TRUE(result) << result.error().what;
    EXPECT_EQ(result->citations[0], CheckResult::Place::found)
        << line.at.file << ":" << line.at.line << "-" << line.at.end_line << " " << line.at.path << "\n"
        << line.quote;
  }
}

// `kubectl get -o json | jq -c`: a whole list on one line, the trouble far from its beginning.
std::string compact_pods() {
  std::string pods = R"({"kind":"PodList","items":[)";
  for (int i = 0; i < 60; ++i) {
    const std::string state =
        i == 41 ? R"("waiting":{"reason":"ImagePullBackOff","message":"no such tag caf\u00e9"})"
                : R"("running":{"startedAt":"2025-01-01T00:00:00Z"})";
    pods += fmt::format(
        R"({}{{"metadata":{{"name":"api-{}","namespace":"shop"}},"spec":{{"containers":[{{"name":"api","image":"api:1"}}]}},)"
        R"("status":{{"phase":"{}","containerStatuses":[{{"name":"api","restartCount":0,"state":{{{}}}}}]}}}})",
        i == 0 ? "" : ",", i, i == 41 ? "Pending" : "Running", state);
  }
  return pods + "]}\n";
}

TEST(CheckRoom, ALineThatIsADocumentIsQuotedWhereTheValueStands) {
  const std::string bytes =
      made::gzip(made::tar_file("b/cluster-resources/pods/shop.json", compact_pods()) + made::tar_end);
  ReadJob job = read_job();
  job.packed_bytes = bytes.size();
  const Fd bundle = made::file_of(bytes);
  const auto list = read_room(bundle.get(), job, {});
  ASSERT_TRUE(list) << list.error().what;
  ASSERT_FALSE(list->findings.empty());
  std::string quotes;
  CheckJob check;
  check.bundle_name = "customer.tar.gz";
  for (const EvidenceLine& line : list->lines) {
    EXPECT_LE(line.quote.size(), limit::quote);
    quotes += line.quote + "\n";
    check.citations.push_back({line.at, line.quote});
  }
  EXPECT_THAT(quotes, testing::HasSubstr("\"reason\":\"ImagePullBackOff\""));
  const Fd again = made::file_of(bytes);
  const auto result = check_room(again.get(), check, {});
  ASSERT_TRUE(result) << result.error().what;
  for (const CheckResult::Place place : result->citations) EXPECT_EQ(place, CheckResult::Place::found);
}

TEST(ReadRoom, DoesNotCallHealthyWhatItDidNotReadToItsEnd) {
  const std::string log = "2025-01-01T00:00:00Z INFO listening on port 8080\n";
  const std::string bytes =
      made::gzip(made::tar_file("b/a.log", log) + made::tar_file("b/b.log", log) + made::tar_end);
  ReadJob job = read_job();
  job.kubernetes = false;
  job.question = "Is everything well?";
  job.packed_bytes = bytes.size();
  const auto healthy = [&] {
    const Fd fd = made::file_of(bytes);
    const auto list = read_room(fd.get(), job, {});
    EXPECT_TRUE(list) << list.error().what;
    return list && std::any_of(list->findings.begin(), list->findings.end(),
                               [](const Finding& finding) { return finding.verdict == Verdict::no_fault; });
  };
  EXPECT_TRUE(healthy());
  job.limits.files = 1;
  EXPECT_FALSE(healthy());
}

TEST(CheckRoom, RecountsAndFindsNamesAgain) {
  const auto list = read_it();
  ASSERT_TRUE(list) << list.error().what;
  CheckJob job;
  job.searched = list->searched;
  job.searched.push_back({"service", "shop", 7});
  job.searched.push_back({"service", "other", 0});
  job.names = list->names;
  job.names.push_back({"pod", "shop", "api-1", true});
  const auto result = check_it(job);
  ASSERT_TRUE(result) << result.error().what;
  ASSERT_EQ(result->searched.size(), job.searched.size());
  for (std::size_t i = 0; i < list->searched.size(); ++i) EXPECT_EQ(result->searched[i], list->searched[i]);
  EXPECT_EQ(result->searched[list->searched.size()], (Searched{"service", "shop", 0}));
  EXPECT_EQ(result->searched.back().kind, "");
  ASSERT_EQ(result->names.size(), job.names.size());
  for (std::size_t i = 0; i < list->names.size(); ++i) EXPECT_EQ(result->names[i], list->names[i]);
  EXPECT_EQ(result->names.back().kind, "");
  EXPECT_FALSE(result->names.back().present);
}

}  // namespace
}  // namespace carrel
