// Who gets which requests: Ingresses in each other's way, nodes that drop, canaries that get too much, pods
// that get all. And settings that were changed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string ingress(const std::string& name, const std::string& path, const std::string& service,
                    const std::string& created) {
  return "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: " + name +
         ", namespace: shop, creationTimestamp: '" + created +
         "'}\nspec: {ingressClassName: nginx, rules: [{host: "
         "api.shop.example, http: {paths: [{path: " +
         path + ", pathType: Prefix, backend: {service: {name: " + service + ", port: {number: 80}}}}]}}]}\n";
}

TEST(Traffic, TheOlderOfTwoIngressesWithOnePathIsTaken) {
  const std::string old = ingress("legacy", "/v1/returns", "oms", "2024-01-01T00:00:00Z");
  const auto told = [&](const std::string& path) {
    return detect_in(ingress("returns", path, "returns-api", "2025-09-01T00:00:00Z") + old, {},
                     "Why does POST to api.shop.example/v1/returns get 410?");
  };
  const auto found = told("/v1/returns");
  const Observation* one = find_by(found, "ingress-duplicate");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause, HasSubstr("the older one, legacy, is taken, so requests go to its Service oms"));
  EXPECT_EQ(one->culprit.name, "returns");
  EXPECT_EQ(find_by(told("/v2/returns"), "ingress-duplicate"), nullptr);
}

TEST(Traffic, AnIngressOfAnotherNamespaceThatTakesAPathOfAHostIsTold) {
  const auto told = [](const std::string& host, const std::string& question) {
    const std::string preview =
        "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: quiz-next, namespace: "
        "preview}\nspec: {rules: [{host: " +
        host + ", http: {paths: [{path: /quiz, backend: {service: {name: quiz, port: {number: 80}}}}]}}]}\n";
    const auto found = detect_in(ingress("site", "/", "web", "2024-01-01T00:00:00Z") + preview, {}, question);
    const Observation* one = find_by(found, "ingress-foreign-path");
    return one == nullptr ? "" : one->cause;
  };
  const std::string question = "Why does a quiz on api.shop.example show demo courses?";
  EXPECT_EQ(told("api.shop.example", question),
            "Ingress quiz-next in namespace preview takes path /quiz of host api.shop.example, whose other "
            "requests Ingress site in namespace shop serves: what comes there goes to Service quiz of "
            "namespace preview.");
  EXPECT_EQ(told("preview.shop.example", question), "");
  EXPECT_EQ(told("api.shop.example", "Why is api.shop.example slow?"), "") << "nobody asks about that path";
}

TEST(Traffic, AVersionOfAnApiThatGoesToTheFrontendIsTold) {
  const auto told = [](const std::string& service, const std::string& question) {
    const auto path = [](const std::string& at, const std::string& to) {
      return "{path: " + at + ", pathType: Prefix, backend: {service: {name: " + to +
             ", port: {number: 80}}}}";
    };
    return detect_in(
        "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: box, namespace: shop}\nspec: "
        "{rules: "
        "[{host: box.example, http: {paths: [" +
            path("/api/v1", "api") + ", " + path("/api/v2", service) + ", " + path("/", "web") + "]}}]}\n",
        {}, question);
  };
  const std::string question = "Why does the app get 404 for every /api/v2 call?";
  const auto found = told("web", question);
  const Observation* one = find_by(found, "ingress-version-elsewhere");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause,
              HasSubstr("routes /api/v2 to Service web, which serves / as well, and /api/v1 to Service api"));
  EXPECT_EQ(find_by(told("api", question), "ingress-version-elsewhere"), nullptr);
  EXPECT_EQ(find_by(told("api-next", question), "ingress-version-elsewhere"), nullptr);
  EXPECT_EQ(find_by(told("web", "Why is /api/v20 slow?"), "ingress-version-elsewhere"), nullptr);
}

TEST(Traffic, NodesWithoutAPodDropWhatIsSentToThem) {
  const auto told = [](const std::string& policy) {
    std::string yaml =
        object_head("v1", "Service", "edge") + "spec: {type: NodePort, externalTrafficPolicy: " + policy +
        ", selector: {app: edge}, ports: [{port: 80}]}\n" + object_head("v1", "Pod", "edge-1") +
        "spec: {nodeName: w-1, containers: [{name: e, image: 'x/y'}]}\nstatus: {phase: Running}\n";
    yaml.replace(yaml.find("{name: edge-1, "), 15, "{name: edge-1, labels: {app: edge}, ");
    for (const char* node : {"w-1", "w-2"})
      yaml += std::string("---\napiVersion: v1\nkind: Node\nmetadata: {name: ") + node + "}\n";
    return detect_in(yaml, {}, "About half of all connections time out. What is wrong?");
  };
  const auto found = told("Local");
  const Observation* one = find_by(found, "service-local-policy");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause, HasSubstr("its pods run only on w-1: what is sent to w-2 is dropped"));
  EXPECT_EQ(find_by(told("Cluster"), "service-local-policy"), nullptr);
}

TEST(Traffic, ACanaryThatGetsMostIsTold) {
  const auto told = [](const std::string& weight) {
    return detect_in(
        "---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: checkout, "
        "namespace: "
        "shop}\nspec: {http: [{route: [{destination: {host: checkout, subset: stable}, weight: 10}, "
        "{destination: {host: checkout, subset: canary}, weight: " +
            weight + "}]}]}\n",
        {}, "Why do half of the checkouts fail since the canary's start?");
  };
  const auto found = told("90");
  const Observation* one = find_by(found, "canary-weight");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause, HasSubstr("sends 90 % of the requests to its canary"));
  EXPECT_EQ(find_by(told("10"), "canary-weight"), nullptr);
}

TEST(Traffic, OnePodThatDoesAllTheWorkIsTold) {
  const auto told = [](const std::string& others) {
    std::string yaml;
    for (const auto& [pod, cpu] :
         {std::pair<std::string, std::string>{"4w2nq", "1987m"}, {"7hjk2", others}, {"9xk3p", others}})
      yaml += "---\napiVersion: metrics.k8s.io/v1beta1\nkind: PodMetrics\nmetadata: {name: price-5b9d7f6c8-" +
              pod + ", namespace: shop}\ncontainers: [{name: main, usage: {cpu: " + cpu +
              ", memory: 64Mi}}]\n";
    return detect_in(yaml, {}, "Quotes take seconds and more pods did not help. Why?");
  };
  const auto found = told("9m");
  const Observation* one = find_by(found, "load-not-spread");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause, HasSubstr("price-5b9d7f6c8-4w2nq uses 1987m CPU, the 2 others at most 9m"));
  EXPECT_EQ(find_by(told("1500m"), "load-not-spread"), nullptr);
}

TEST(Traffic, AnExtendedResourceThatIsShortCountsBeforeTheSelector) {
  const auto found = detect_in(
      object_head("v1", "Pod", "llm-0") +
          "spec: {nodeSelector: {accelerator: a100}, containers: [{name: m, image: 'x/y'}]}\nstatus: {phase: "
          "Pending}\n" +
          event_about(
              "Pod", "llm-0", "FailedScheduling",
              "0/9 nodes are available: 2 Insufficient nvidia.com/gpu, 3 node(s) had untolerated taint "
              "{node-role.kubernetes.io/control-plane: }, 4 node(s) didn''t match Pod''s node "
              "affinity/selector."),
      {}, "Why is llm-0 Pending?");
  ASSERT_NE(find_by(found, "scheduling-resources"), nullptr);
  EXPECT_THAT(find_by(found, "scheduling-resources")->cause,
              HasSubstr("2 node(s) have insufficient nvidia.com/gpu"));
}

TEST(Traffic, ALimitThatNobodyWroteIsTheLimitRanges) {
  const auto told = [](const std::string& limit) {
    return detect_in(object_head("v1", "LimitRange", "defaults") +
                         "spec: {limits: [{type: Container, default: {memory: " + limit + "}}]}\n" +
                         object_head("v1", "Pod", "geo-0") +
                         "spec: {containers: [{name: m, image: 'x/y', resources: {limits: {memory: "
                         "192Mi}}}]}\nstatus: {phase: Running, "
                         "containerStatuses: [{name: m, ready: false, restartCount: 11, state: {waiting: "
                         "{reason: CrashLoopBackOff}}, "
                         "lastState: {terminated: {reason: OOMKilled, exitCode: 137}}}]}\n",
                     {}, "Why does geo-0 crash?");
  };
  const auto found = told("192Mi");
  ASSERT_NE(find_by(found, "container-out-of-memory"), nullptr);
  EXPECT_THAT(find_by(found, "container-out-of-memory")->cause,
              HasSubstr("the default that LimitRange defaults"));
  EXPECT_THAT(find_by(told("1Gi"), "container-out-of-memory")->cause, Not(HasSubstr("LimitRange")));
}

std::vector<Observation> told_of(const std::string& path, const std::string& text,
                                 const std::string& question) {
  Inventory inventory;
  Document file{path, text, {}};
  file.find_lines();
  inventory.add(std::move(file));
  return detect(inventory, question);
}

TEST(Changes, WhatAReleaseChangedIsTold) {
  const std::string question = "Since the 14:10 release customers see no orders. What is wrong?";
  const auto found =
      told_of("helm/diff-31-32.txt",
              "portal, portal, ConfigMap (v1) has changed:\n  data:\n-   APP_VERSION: 11.2.7\n+   "
              "APP_VERSION: 11.3.0\n-   DB_DATABASE: portal\n+   DB_DATABASE: restoretest\n-   LOG_LEVEL: "
              "warning\n+   LOG_LEVEL: info\n",
              question);
  const Observation* one = find_by(found, "changed-setting");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause,
              HasSubstr("DB_DATABASE from portal to restoretest; LOG_LEVEL from warning to info"));
  EXPECT_THAT(one->cause, Not(HasSubstr("APP_VERSION")));
  EXPECT_EQ(one->lines[0].at.line, 6u);
  for (const char* none : {"-   image: a:1\n+   image: a:2\n", "- one item\n+ another item\n", "-\n+\n",
                           "--- a\n+++ b\n", "- DB_PASSWORD: old\n+ DB_PASSWORD: new\n"})
    EXPECT_EQ(find_by(told_of("diff.txt", none, question), "changed-setting"), nullptr) << none;
}

TEST(Changes, OfLongValuesThePartThatDiffersIsTold) {
  const auto found = told_of(
      "helm/diff.txt",
      "-   environment = [\"HTTPS_PROXY=http://proxy.corp.example:3128\",\"NO_PROXY=localhost,.svc\"]\n"
      "+   environment = [\"HTTPS_PROXY=http://proxy.corp.example:3128\",\"NO_PROXY=localhost\"]\n",
      "Why do all jobs fail since this morning?");
  const Observation* one = find_by(found, "changed-setting");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause, Not(HasSubstr("HTTPS_PROXY")));
  EXPECT_THAT(one->cause, HasSubstr(".svc"));
}

TEST(Changes, AnEarlierRevisionBesideTodaysSettingsTellsWhatChanged) {
  const auto told = [](const std::string& today_path, const std::string& region) {
    Inventory inventory;
    for (const auto& [path, text] :
         {std::pair<std::string, std::string>{
              "rollout-history-docs-revision-17.yaml",
              "- name: S3_REGION\n  value: eu-central-1\n- name: DB_PASSWORD\n"
              "  value: old\n"},
          {today_path, "- name: S3_REGION\n  value: " + region + "\n- name: DB_PASSWORD\n  value: new\n"}}) {
      Document piece{path, text, {}};
      piece.find_lines();
      inventory.add(std::move(piece));
    }
    const auto found = detect(inventory, "Since the rollout nothing can be downloaded. Why?");
    const Observation* one = find_by(found, "changed-setting");
    return one == nullptr ? "" : one->cause;
  };
  EXPECT_EQ(
      told("get-deployment-docs-env.yaml", "us-east-1"),
      "A setting was changed (since rollout-history-docs-revision-17.yaml): S3_REGION from eu-central-1 to "
      "us-east-1.");
  EXPECT_EQ(told("get-deployment-docs-env.yaml", "eu-central-1"), "");
  EXPECT_EQ(told("get-deployment-other-env.yaml", "us-east-1"), "");
}

TEST(Changes, TwoRevisionsOfARolloutAreCompared) {
  Inventory inventory;
  for (const auto& [path, value] : {std::pair("kubectl/rollout-history-shop-revision-14.yaml", "off"),
                                    {"kubectl/rollout-history-shop-revision-15.yaml", "on"}}) {
    Document piece{path, std::string("- name: FEATURE_NEW_TAX\n  value: ") + value + "\n", {}};
    piece.find_lines();
    inventory.add(std::move(piece));
  }
  const auto found = detect(inventory, "It fails since the rollout. What changed?");
  const Observation* one = find_by(found, "changed-setting");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause, HasSubstr("FEATURE_NEW_TAX from off to on"));
}

TEST(Changes, TheEnvironmentAsKubectlPrintsItIsCompared) {
  const auto revision = [](const std::string& number, const std::string& url, const std::string& timeout) {
    return std::pair("kubectl/rollout-history-pay-revision-" + number + ".txt",
                     "deployment.apps/pay with revision #" + number +
                         "\nPod Template:\n  Annotations:  kubernetes.io/change-cause: raise timeout " +
                         number + "\n  Containers:\n   pay:\n    Environment:\n      TIMEOUT_MS:  " +
                         timeout + "\n      PSP_URL:  " + url + "\n    Mounts:  /x-" + number + "\n");
  };
  const auto found = detect_in_files({revision("41", "https://live.example/v71", "4000"),
                                      revision("42", "https://test.example/v71", "6000")},
                                     "Payments are refused since 09:40. What is the root cause?");
  const Observation* one = find_by(found, "changed-setting");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->cause,
            "A setting was changed (since rollout-history-pay-revision-41.txt): PSP_URL from "
            "https://live.example/v71 to https://test.example/v71; TIMEOUT_MS from 4000 to 6000.");
}

TEST(Changes, ValuesThatAnUpgradeDroppedAreTold) {
  const auto told = [](const std::string& now) {
    return detect_in_files({{"helm/get-values-revision-11.txt",
                             "USER-SUPPLIED VALUES:\nbroker:\n  host: rmq.queue.svc\n  password: x1\n"},
                            {"helm/get-values-revision-12.txt", "USER-SUPPLIED VALUES:\n" + now + "\n"}},
                           "Nothing connects since the upgrade. Why?");
  };
  const auto found = told("null");
  const Observation* one = find_by(found, "changed-setting");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(
      one->cause,
      HasSubstr("the Helm values no longer give broker.host rmq.queue.svc; the chart's defaults apply"));
  EXPECT_THAT(one->cause, Not(HasSubstr("x1")));
  EXPECT_EQ(find_by(told("broker:\n  host: rmq.queue.svc"), "changed-setting"), nullptr);
}

TEST(Changes, WhatRunsIsComparedWithWhatIsWanted) {
  const auto found = detect_in_files(
      {{"argocd/app-diff.txt",
        "===== networking.k8s.io/Ingress archive/web ======\n7c7,8\n<     proxy-body-size: 8m\n---\n"
        ">     read-timeout: \"60\"\n>     proxy-body-size: 64m\n"}},
      "Large uploads fail since yesterday. Why?");
  const Observation* one = find_by(found, "changed-setting");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(
      one->cause,
      "What runs differs from what is wanted (app-diff.txt): proxy-body-size is 8m where 64m is wanted.");
  EXPECT_EQ(one->lines[0].at.line, 3u);
  EXPECT_EQ(one->lines[1].at.line, 6u);
}

TEST(Changes, SettingsOfOneNameAreToldApartAndSecretsAreNotTold) {
  const auto revision = [](const std::string& number, const std::string& more) {
    return std::pair(
        "helm/get-values-revision-" + number + ".yaml",
        "extraEnv:\n- name: A\n  value: 1\n- name: B\n  value: 2\ndb:\n  url: postgres://app:hunter2@" +
            more + "/x\n");
  };
  const std::string question = "It fails since the upgrade. Why?";
  EXPECT_EQ(
      find_by(detect_in_files({revision("1", "pg-1"), revision("2", "pg-1")}, question), "changed-setting"),
      nullptr);
  const auto found = detect_in_files({revision("1", "pg-1"), revision("2", "pg-2")}, question);
  const Observation* one = find_by(found, "changed-setting");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause, HasSubstr("db.url from postgres://pg-1/x to postgres://pg-2/x"));
  const auto diff =
      detect_in_files({{"argocd/app-diff.txt",
                        "===== apps/Deployment shop/web ======\n5,6c5,6\n<   name: DB_PASSWORD\n"
                        "<   value: hunter2\n---\n>   name: DB_PASSWORD\n>   value: other7\n"}},
                      question);
  EXPECT_EQ(find_by(diff, "changed-setting"), nullptr);
}

}  // namespace
}  // namespace carrel
