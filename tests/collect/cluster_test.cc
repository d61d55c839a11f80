// A cluster is read through the real kubectl, and only read.
#include <algorithm>
#include <filesystem>
#include <functional>

#include "desk.h"

namespace carrel::collect_test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class Collect : public Desk {
 protected:
  // The example's cluster with one file more in its cluster-resources/.
  void serve_copy_with(const std::string& name, const std::function<std::string()>& made) {
    const std::string folder = folder_ + "/cluster";
    std::filesystem::copy(example_cluster, folder, std::filesystem::copy_options::recursive);
    file("cluster/cluster-resources/" + name, made());
    serve(cluster_of_bundle(folder));
  }
};

std::string reason_of(const rapidjson::Document& inspection, const std::string& path) {
  for (const auto& missing : inspection["manifest"]["missing"].GetArray()) {
    if (path == missing["path"].GetString())
      return (missing.HasMember("status") ? missing["status"].GetString() + std::string(": ") : "") +
             missing["reason"].GetString();
  }
  return "";
}

TEST_F(Collect, TheBundleOfAClusterIsTriagedToItsCause) {
  serve_example();
  const e2e::Outcome outcome = collect({"--all-namespaces"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("this cluster serves no such kind"));  // metrics.k8s.io
  const auto report = e2e::json_of(carrel({"triage", bundle(), "--json"}));
  EXPECT_THAT(report["root_cause"].GetString(), HasSubstr("storageClassName fast-ssd does not exist"));
  EXPECT_TRUE(report["passed"].GetBool());
  EXPECT_STREQ(report["stats"]["format"].GetString(), "support bundle (troubleshoot)");
  // What the cluster holds stands in it as it was, one value a line.
  EXPECT_EQ(from_bundle("cluster-resources/pvcs/platform.json"),
            read(example_cluster + "/cluster-resources/pvcs/platform.json"));
  EXPECT_EQ(from_bundle("pods/logs/platform/redis-0/redis.log"),
            read(example_cluster + "/cluster-resources/pods/logs/platform/redis-0/redis.log"));
  EXPECT_THAT(from_bundle("carrel/versions.json"),
              AllOf(HasSubstr("\"server\": \"v1.29.6\""), HasSubstr("\"product\": \"api\"")));
  const auto inspection = e2e::json_of(inspect());
  EXPECT_TRUE(inspection["intact"].GetBool());
  EXPECT_TRUE(inspection["manifest"]["complete"].GetBool());
  EXPECT_EQ(folder_listing(), ".keep\nbundle.tar.gz\n");
}

TEST_F(Collect, TheClusterIsAskedNothingButGet) {
  serve_example();
  ASSERT_EQ(collect({"--all-namespaces"}).status, 0);
  EXPECT_THAT(server_->requests(), AllOf(Not(IsEmpty()), Each(StartsWith("GET "))));
}

TEST_F(Collect, TheSameAnswersMakeTheSameBundle) {
  serve_example();
  const std::vector<std::string> environment = {"SOURCE_DATE_EPOCH=1715670341"};
  ASSERT_EQ(run(collect_words({"--all-namespaces", "--parallel", "1"}), environment).status, 0);
  const std::string first = read(bundle());
  ASSERT_EQ(run(collect_words({"--all-namespaces", "--parallel", "1", "--force"}), environment).status, 0);
  EXPECT_TRUE(first == read(bundle()));
  // The order does not depend on who is faster.
  ASSERT_EQ(run(collect_words({"--all-namespaces", "--parallel", "16", "--force"}), environment).status, 0);
  std::filesystem::rename(bundle(), folder_ + "/sixteen.tar.gz");
  file("out/bundle.tar.gz", first);
  EXPECT_EQ(run({"tar", "-tzf", bundle()}).out, run({"tar", "-tzf", folder_ + "/sixteen.tar.gz"}).out);
}

TEST_F(Collect, ListsComeInPagesAndBecomeOne) {
  serve(cluster_of_size(1201, 100));
  ASSERT_EQ(collect({"--namespace", "load", "--no-logs"}).status, 0);
  rapidjson::Document list;
  list.Parse(from_bundle("cluster-resources/pods/load.json").c_str());
  ASSERT_TRUE(list.HasMember("items"));
  EXPECT_EQ(list["items"].Size(), 1201u);
  EXPECT_FALSE(list["metadata"].HasMember("continue"));
  const auto requests = server_->requests();
  EXPECT_EQ(std::count_if(
                requests.begin(), requests.end(),
                [](const std::string& one) { return one.starts_with("GET /api/v1/namespaces/load/pods?"); }),
            3);
}

TEST_F(Collect, NoMoreRequestsAreOpenThanParallelSays) {
  for (const unsigned parallel : {1, 3}) {
    serve(cluster_of_size(60, 1000));
    server_->add({"/api/v1/namespaces/load/pods/", 0, 10});
    ASSERT_EQ(collect({"--namespace", "load", "--force", "--parallel", std::to_string(parallel)}).status, 0);
    EXPECT_EQ(server_->most_at_once(), parallel);
  }
}

TEST_F(Collect, WhatIsForbiddenIsAnEntryWithTheReason) {
  serve_example();
  server_->add({"/api/v1/namespaces/platform/events", 403});
  server_->add({"/api/v1/namespaces/platform/pods/redis-0/log", 403});
  const e2e::Outcome outcome = collect({"--namespace", "platform"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("HTTP 403: the test says no"));
  const auto inspection = e2e::json_of(inspect());
  EXPECT_EQ(reason_of(inspection, "cluster-resources/events/platform.json"), "HTTP 403: the test says no");
  EXPECT_EQ(reason_of(inspection, "cluster-resources/pods/logs/platform/redis-0/redis.log"),
            "HTTP 403: the test says no");
  EXPECT_THAT(from_bundle("cluster-resources/events-errors.json"),
              HasSubstr("\"platform\": \"HTTP 403: the test says no\""));
}

TEST_F(Collect, WhatFailsOnceIsAskedForAgain) {
  serve_example();
  server_->add({"/api/v1/namespaces/platform/services", 500, 0, -1, 2});
  server_->add({"/api/v1/namespaces/platform/pods/redis-0/log", 0, 0, 500, 1});
  ASSERT_EQ(collect({"--namespace", "platform"}).status, 0);
  const auto inspection = e2e::json_of(inspect());
  EXPECT_EQ(reason_of(inspection, "cluster-resources/services/platform.json"), "");
  EXPECT_EQ(from_bundle("pods/logs/platform/redis-0/redis.log").size(), 9439u);
}

TEST_F(Collect, ASlowAnswerCostsItsFileAlone) {
  serve_example();
  server_->add({"/api/v1/namespaces/platform/services", 0, 60'000});
  ASSERT_EQ(collect({"--namespace", "platform", "--timeout", "1", "--no-logs"}).status, 0);
  const auto inspection = e2e::json_of(inspect());
  EXPECT_EQ(reason_of(inspection, "cluster-resources/services/platform.json"), "no answer within 1 s");
  EXPECT_NE(from_bundle("cluster-resources/pods/platform.json"), "");
}

TEST_F(Collect, OfALogThatBreaksOffWhatCameIsKeptAndSaid) {
  serve_example();
  server_->add({"/api/v1/namespaces/platform/pods/redis-0/log", 0, 0, 500});
  ASSERT_EQ(collect({"--namespace", "platform"}).status, 0);
  EXPECT_EQ(from_bundle("pods/logs/platform/redis-0/redis.log").size(), 500u);
  EXPECT_THAT(from_bundle("carrel/manifest.json"),
              HasSubstr("\"cut\": \"the connection ended before the answer did\""));
}

TEST_F(Collect, SecretsAreMaskedWhereverTheyCameFrom) {
  const std::string folder = folder_ + "/cluster";
  std::filesystem::copy(example_cluster, folder, std::filesystem::copy_options::recursive);
  const std::string secret = "Xk9-plover-77Qz";
  file("cluster/cluster-resources/pods/logs/platform/redis-0/redis.log",
       "connecting with postgres://app:" + secret + "@db:5432/shop\n" + std::string(400'000, '.') +
           "\nDB_PASSWORD=" + secret + "\n");
  serve(cluster_of_bundle(folder));
  server_->add({"/api/v1/namespaces/platform/services", 403, 0, -1, ~0U, "no: password=" + secret});
  ASSERT_EQ(collect({"--namespace", "platform"}).status, 0);
  const std::string log = from_bundle("pods/logs/platform/redis-0/redis.log");
  EXPECT_THAT(log, AllOf(HasSubstr("DB_PASSWORD=redacted-"), HasSubstr("postgres://")));
  EXPECT_THAT(run({"tar", "-xzOf", bundle()}).out, Not(HasSubstr(secret)));
  EXPECT_THAT(from_bundle("carrel/manifest.json"), HasSubstr("\"redactions\""));
  EXPECT_EQ(inspect().status, 0);
  EXPECT_THAT(run({SUPPORT_DIAG, "inspect", bundle()}).out, HasSubstr("masked   "));
}

// A release is a Secret of Helm's: base64, of base64, of gzip, of JSON. Which settings it has is told, and no
// value; no other Secret is asked for.
TEST_F(Collect, HelmReleasesAreDecodedWithoutTheirValues) {
  serve_copy_with("secrets/platform.json", [this] {
    const std::string release = file(
        "release.json",
        R"({"name":"shop","info":{"status":"deployed","description":"Upgrade complete","last_deployed":"2024-05-13T21:04:00Z"},)"
        R"("chart":{"metadata":{"name":"shop","version":"4.2.1","appVersion":"2024.5"}},)"
        R"("config":{"replicas":3,"db":{"user":"shop-owner","hosts":["db-77.internal"]},"tls":true},"manifest":"kind: Pod"})");
    const std::string data = run({"bash", "-c", "gzip -n < " + release + " | base64 -w0 | base64 -w0"}).out;
    return R"({"kind":"SecretList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[)"
           R"({"metadata":{"name":"db","namespace":"platform"},"type":"Opaque","data":{"p":"aHVudGVyMg=="}},)"
           R"({"metadata":{"name":"sh.helm.release.v1.shop.v7","namespace":"platform",)"
           R"("labels":{"name":"shop","owner":"helm","status":"deployed","version":"7"}},)"
           R"("type":"helm.sh/release.v1","data":{"release":")" +
           data + R"("}}]})";
  });
  ASSERT_EQ(collect({"--namespace", "platform", "--no-logs"}).status, 0);
  rapidjson::Document releases;
  releases.Parse(from_bundle("helm/platform.json").c_str());
  ASSERT_TRUE(releases.IsArray());
  ASSERT_EQ(releases.Size(), 1u);
  const auto& release = releases[0];
  EXPECT_STREQ(release["releaseName"].GetString(), "shop");
  EXPECT_STREQ(release["revision"].GetString(), "7");
  EXPECT_STREQ(release["status"].GetString(), "deployed");
  EXPECT_STREQ(release["chart"].GetString(), "shop");
  EXPECT_STREQ(release["chartVersion"].GetString(), "4.2.1");
  EXPECT_STREQ(release["lastDeployed"].GetString(), "2024-05-13T21:04:00Z");
  EXPECT_STREQ(release["values"]["replicas"].GetString(), "***HIDDEN***");
  EXPECT_STREQ(release["values"]["db"]["user"].GetString(), "***HIDDEN***");
  EXPECT_TRUE(release["values"]["tls"].GetBool());
  EXPECT_THAT(run({"tar", "-xzOf", bundle()}).out,
              AllOf(Not(HasSubstr("shop-owner")), Not(HasSubstr("db-77")), Not(HasSubstr("aHVudGVyMg"))));
  const auto requests = server_->requests();
  for (const std::string& request : requests) {
    if (request.find("/secrets") != std::string::npos) {
      EXPECT_THAT(request, HasSubstr("fieldSelector=type%3Dhelm.sh%2Frelease.v1"));
    }
  }
  const auto of_secrets = [this] {
    const auto all = server_->requests();
    return std::count_if(all.begin(), all.end(),
                         [](const std::string& one) { return one.find("/secrets") != std::string::npos; });
  };
  const auto before = of_secrets();
  ASSERT_EQ(collect({"--namespace", "platform", "--no-logs", "--no-helm", "--force"}).status, 0);
  EXPECT_EQ(from_bundle("helm/platform.json"), "");
  EXPECT_EQ(of_secrets(), before);
}

TEST_F(Collect, MetricsOfNodesAndPodsAreCollectedWhereThereIsAServerOfThem) {
  const std::string usage = R"("timestamp":"2024-05-14T07:05:00Z","window":"20s")";
  serve_copy_with("node-metrics.json", [&] {
    file(
        "cluster/cluster-resources/pod-metrics/platform.json",
        R"({"kind":"PodMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{"resourceVersion":""},"items":[)"
        R"({"metadata":{"name":"redis-0","namespace":"platform"},)" +
            usage + R"(,"containers":[{"name":"redis","usage":{"cpu":"3m","memory":"912Mi"}}]}]})");
    return R"({"kind":"NodeMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{"resourceVersion":""},"items":[)"
           R"({"metadata":{"name":"worker-1"},)" +
           usage + R"(,"usage":{"cpu":"1250m","memory":"7812Mi"}}]})";
  });
  const e2e::Outcome outcome = collect({"--namespace", "platform", "--no-logs"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, Not(HasSubstr("this cluster serves no such kind")));
  EXPECT_THAT(from_bundle("cluster-resources/node-metrics.json"), HasSubstr("\"memory\": \"7812Mi\""));
  EXPECT_THAT(from_bundle("cluster-resources/pod-metrics/platform.json"), HasSubstr("\"memory\": \"912Mi\""));
}

// Through the API server's proxy to the one Service that is named: kubectl's own proxy lets no other through.
TEST_F(Collect, APrometheusIsReachedThroughTheCluster) {
  serve_copy_with("../services/monitoring/prometheus:9090/api/v1/targets", [this] {
    file(
        "cluster/services/monitoring/prometheus:9090/api/v1/query_range",
        R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"api"},"values":[[1,"1"]]}]}})");
    return R"({"status":"success","data":{"activeTargets":[{"health":"down"}]}})";
  });
  const std::vector<std::string> words = {"--namespace",
                                          "platform",
                                          "--no-logs",
                                          "--prometheus",
                                          "service:monitoring/prometheus:9090",
                                          "--metrics",
                                          file("queries", "up: up == 0\n")};
  const e2e::Outcome outcome = collect(words);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(from_bundle("prometheus/targets.json"), HasSubstr("\"health\":\"down\""));
  EXPECT_THAT(from_bundle("prometheus/queries/up.json"), HasSubstr("\"job\":\"api\""));
  EXPECT_THAT(server_->requests(),
              Contains(StartsWith("GET /api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1/"
                                  "query_range?query=up%20%3D%3D%200&")));
  EXPECT_EQ(reason_of(e2e::json_of(inspect()), "prometheus/alerts.json"), "HTTP 404: 404 page not found");
}

TEST_F(Collect, LongLogsAreCutToTheirNewestLines) {
  serve_example();
  ASSERT_EQ(collect({"--namespace", "platform", "--log-bytes", "20000"}).status, 0);
  const std::string whole =
      read(example_cluster + "/cluster-resources/pods/logs/platform/web-6c5f9f7b5-g7m2c/web.log");
  const std::string kept = from_bundle("pods/logs/platform/web-6c5f9f7b5-g7m2c/web.log");
  EXPECT_LE(kept.size(), 20'000u);
  EXPECT_GT(kept.size(), 10'000u);
  EXPECT_TRUE(whole.ends_with(kept));
  EXPECT_THAT(from_bundle("carrel/manifest.json"), HasSubstr("which fit into --log-bytes 20000"));
}

TEST_F(Collect, ADryRunAsksNobody) {
  serve_example();
  const e2e::Outcome outcome = collect({"--namespace", "platform", "--dry-run", "--explain"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("--reject-methods="));
  EXPECT_THAT(outcome.out, HasSubstr("kubectl get --raw '/api/v1/namespaces/platform/pods'"));
  EXPECT_THAT(outcome.out, HasSubstr("why      what the cluster said of late"));
  // A shell can read all of it, and nothing in it stands for something that could be left out.
  EXPECT_EQ(run({"bash", "-n", file("dry-run.sh", outcome.out)}).status, 0);
  EXPECT_THAT(outcome.out, HasSubstr("kubectl get --raw '/api/v1/namespaces/NAMESPACE/pods/POD/log?"));
  EXPECT_THAT(outcome.out, HasSubstr("kubectl get --raw '/apis/GROUP/VERSION/namespaces/platform/RESOURCE'"));
  // Why without what is no order to collect.
  EXPECT_EQ(collect({"--namespace", "platform", "--explain"}).out, outcome.out);
  EXPECT_THAT(server_->requests(), IsEmpty());
  EXPECT_EQ(folder_listing(), ".keep\n");
}

TEST_F(Collect, WithoutAClusterThereIsNoBundleAndAReason) {
  serve_example();
  server_->stop();
  const e2e::Outcome outcome = collect({"--namespace", "platform"});
  EXPECT_EQ(outcome.status, 7);
  EXPECT_THAT(outcome.err, HasSubstr("nothing could be collected"));
  EXPECT_EQ(folder_listing(), ".keep\n");
  const e2e::Outcome no_kubectl = collect({"--namespace", "platform", "--kubectl", "/nonexistent/kubectl"});
  EXPECT_EQ(no_kubectl.status, 7);
  EXPECT_THAT(no_kubectl.err, HasSubstr("cannot run /nonexistent/kubectl: No such file"));
}

TEST_F(Collect, AWrongCommandLineIsToldBeforeAnythingRuns) {
  serve_example();
  EXPECT_EQ(collect({}).status, 2);
  EXPECT_EQ(collect({"--namespace", "../etc"}).status, 2);
  EXPECT_THAT(collect({"--namespace", "platform", "--all-namespaces"}).err, HasSubstr("different things"));
  const e2e::Outcome tail = collect({"--namespace", "platform", "--tail", "0"});
  EXPECT_EQ(tail.status, 2);
  EXPECT_THAT(tail.err, HasSubstr("support-diag: --tail: must be a whole number from 1 to"));
  EXPECT_EQ(collect({"--namespace", "platform", "--since", "soon"}).status, 2);
  file("out/bundle.tar.gz", "mine");
  EXPECT_THAT(collect({"--namespace", "platform"}).err, HasSubstr("is there already"));
  EXPECT_EQ(read(bundle()), "mine");
  EXPECT_THAT(server_->requests(), IsEmpty());
}

}  // namespace
}  // namespace carrel::collect_test
