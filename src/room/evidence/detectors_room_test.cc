// Where a pod can be, and who takes the room of others there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;

TEST(Room, AVolumeOfOneNodeIsToldWithWhatIsWrongThere) {
  const auto told = [](const std::string& of_node) {
    const auto found = detect_in(
        object_head("v1", "Pod", "broker-2") +
            "spec: {containers: [{name: main, image: 'x/y:1'}], volumes: [{name: data, "
            "persistentVolumeClaim: "
            "{claimName: data-broker-2}}]}\nstatus: {phase: Pending}\n" +
            event_about(
                "Pod", "broker-2", "FailedScheduling",
                "0/3 nodes are available: 2 node(s) had volume node affinity conflict, 1 node(s) were "
                "unschedulable.") +
            "---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {name: pv-7}\nspec: {claimRef: "
            "{namespace: "
            "shop, name: data-broker-2}, nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: "
            "[{key: kubernetes.io/hostname, operator: In, values: [w-3]}]}]}}}\n" +
            "---\napiVersion: v1\nkind: Node\nmetadata: {name: w-3}\n" + of_node,
        {}, "Why is broker-2 Pending?");
    const Observation* one = find_by(found, "scheduling-volume-node");
    return one == nullptr ? "" : one->cause;
  };
  EXPECT_THAT(
      told("spec: {unschedulable: true}\n"),
      HasSubstr("its volume pv-7 can be used on node w-3 alone, which is cordoned (SchedulingDisabled)"));
  EXPECT_THAT(told("status: {conditions: [{type: Ready, status: Unknown}]}\n"),
              HasSubstr("node w-3 alone, which is NotReady"));
  EXPECT_THAT(told("status: {conditions: [{type: Ready, status: 'True'}]}\n"), HasSubstr("node w-3 alone ("));
}

TEST(Room, AVolumeOfAZoneWithoutNodesIsTold) {
  const auto told = [](const std::string& zone) {
    const auto found = detect_in(
        object_head("v1", "Pod", "tsdb-2") +
            "spec: {containers: [{name: main, image: 'x/y:1'}], volumes: [{name: data, "
            "persistentVolumeClaim: {claimName: "
            "data-tsdb-2}}]}\nstatus: {phase: Pending}\n" +
            event_about("Pod", "tsdb-2", "FailedScheduling",
                        "0/1 nodes are available: 1 node(s) had volume node affinity conflict.") +
            "---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {name: pv-c}\nspec: {claimRef: "
            "{namespace: shop, name: "
            "data-tsdb-2}, nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: "
            "topology.kubernetes.io/zone, operator: In, values: [west-2c]}]}]}}}\n"
            "---\napiVersion: v1\nkind: Node\nmetadata: {name: w-3, labels: {topology.kubernetes.io/zone: " +
            zone + "}}\n",
        {}, "Why is tsdb-2 Pending?");
    const Observation* one = find_by(found, "scheduling-volume-node");
    return one == nullptr ? "" : one->cause;
  };
  EXPECT_THAT(told("west-2a"),
              HasSubstr("its volume pv-c is in zone west-2c, where there is no node (any more)"));
  EXPECT_THAT(told("west-2c"), HasSubstr("its volume pv-c is in zone west-2c, whose nodes cannot take it"));
}

TEST(Room, AHeapThatMayGrowBeyondTheLimitIsToldWithTheKill) {
  const auto told = [](const std::string& heap) {
    const auto found = detect_in(
        object_head("v1", "Pod", "indexer-0") +
            "spec: {containers: [{name: main, image: 'x/y:1', env: [{name: JAVA_TOOL_OPTIONS, value: '" +
            heap +
            "'}], resources: {limits: {memory: 2Gi}}}]}\nstatus: {phase: Running, containerStatuses: [{name: "
            "main, "
            "restartCount: 3, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {reason: "
            "OOMKilled, exitCode: 137}}}]}\n",
        {}, "Why does indexer-0 restart?");
    const Observation* one = find_by(found, "container-out-of-memory");
    return one == nullptr ? "" : one->cause;
  };
  EXPECT_THAT(told("-XX:+UseG1GC -Xmx3g"),
              HasSubstr("its memory limit of 2Gi (its heap alone may grow as -Xmx3g says) allows"));
  EXPECT_THAT(told("-Xmx1g"), HasSubstr("its memory limit of 2Gi allows"));
}

TEST(Room, WhoAsksWhichPodUsesTheMostIsTold) {
  const auto told = [](const std::string& question) {
    std::string yaml =
        object_head("v1", "Pod", "indexer-0") +
        "spec: {containers: [{name: main, image: 'x/y:1', resources: {limits: {memory: 8Gi}}}]}\n";
    for (const auto& [name, memory] : {std::pair("indexer-0", "7981Mi"), std::pair("etl-1", "6340Mi")})
      yaml += object_head("metrics.k8s.io/v1beta1", "PodMetrics", name) +
              "containers: [{name: main, usage: {cpu: 100m, memory: " + memory + "}}]\n";
    yaml +=
        "---\napiVersion: metrics.k8s.io/v1beta1\nkind: PodMetrics\nmetadata: {name: train-0, namespace: "
        "ml}\n"
        "containers: [{name: main, usage: {cpu: 7, memory: 14233Mi}}]\n";
    const auto found = detect_in(yaml, {}, question);
    const Observation* one = find_by(found, "uses-most");
    return one == nullptr ? "" : one->cause;
  };
  EXPECT_EQ(
      told("Which pod of namespace shop uses the most memory?"),
      "Pod indexer-0 in namespace shop uses the most memory: 7981Mi, 97% of its limit of 8Gi; the next is "
      "etl-1 with 6340Mi.");
  EXPECT_THAT(told("Which pod uses the most memory?"), HasSubstr("Pod train-0 in namespace ml"));
  EXPECT_EQ(told("Why does indexer-0 restart?"), "");
}

TEST(Room, OfSeveralContainersTheLargestIsTold) {
  const auto found = detect_in(
      object_head("metrics.k8s.io/v1beta1", "PodMetrics", "web-0") +
          "containers: [{name: main, usage: {memory: 700Mi}}, {name: proxy, usage: {memory: 90Mi}}]\n" +
          object_head("metrics.k8s.io/v1beta1", "PodMetrics", "db-0") +
          "containers: [{name: main, usage: {memory: 750Mi}}]\n",
      {}, "Which pod uses the most memory?");
  const Observation* one = find_by(found, "uses-most");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(
      one->cause,
      "Pod web-0 in namespace shop uses the most memory: 700Mi in the largest of its containers; the next is "
      "db-0 with 750Mi.");
}

TEST(Room, TwoPodsOfOneWorkloadFillADiskTogether) {
  const auto evicted = [](const std::string& pod, const std::string& container, const std::string& used) {
    return event_about("Pod", pod, "Evicted",
                       "The node was low on resource: ephemeral-storage. Container " + container +
                           " was using " + used + ", request is 0.");
  };
  const auto told = [&](const std::string& other_pod) {
    const auto found = detect_in(evicted("render-6c4f9b7d85-8vnxk", "render", "45812332Ki") +
                                     evicted(other_pod, "render", "44190816Ki") +
                                     evicted("merge-5d5c7f7b9c-tl9wq", "merge", "24120Ki"),
                                 {}, "Why are pods evicted?");
    return found[0].cause;
  };
  EXPECT_THAT(told("render-6c4f9b7d85-cq5hd"), HasSubstr("Container render"));
  EXPECT_THAT(told("render-6c4f9b7d85-cq5hd"), HasSubstr("used 45812332Ki"));
  // Two workloads that take as much: neither is the one.
  EXPECT_EQ(told("paint-6c4f9b7d85-cq5hd").find("used 45812332Ki"), std::string::npos);
}

TEST(Room, WhatAWorkloadAsksForIsReadFromPiecesOfItsSpec) {
  const auto told = [](const std::string& path) {
    Inventory inventory;
    Document piece{path, "- name: JAVA_TOOL_OPTIONS\n  value: -Xms512m -Xmx3072m\n", {}};
    piece.find_lines();
    inventory.add(std::move(piece));
    add_yaml(&inventory, "objects.yaml",
             object_head("v1", "Pod", "match-6c8b7d9f5c-4t9wv") +
                 "status: {containerStatuses: [{name: match, restartCount: 17, lastState: "
                 "{terminated: {reason: OOMKilled, exitCode: 137}}}]}\n");
    const auto found = detect(inventory, "Why does match restart?");
    const Observation* one = find_by(found, "container-out-of-memory");
    return one == nullptr ? "" : one->cause;
  };
  EXPECT_THAT(told("get-deployment-match-env.yaml"),
              HasSubstr("its memory limit (it asks for -Xmx3072m itself)"));
  EXPECT_EQ(told("get-deployment-other-env.yaml").find("Xmx"), std::string::npos);
}

TEST(Room, AHeapThatMayGrowBeyondTheLimitIsToldBeforeItDoes) {
  const auto told = [](const std::string& heap) {
    Inventory inventory;
    Document piece{
        "get-deployment-render-env.yaml", "- name: JAVA_TOOL_OPTIONS\n  value: -Xmx" + heap + "\n", {}};
    piece.find_lines();
    inventory.add(std::move(piece));
    add_yaml(&inventory, "objects.yaml",
             object_head("v1", "Pod", "render-6c8b7d9f5c-4t9wv") +
                 "spec: {containers: [{name: render, resources: {limits: {memory: 1536Mi}}}]}\n" +
                 object_head("metrics.k8s.io/v1beta1", "PodMetrics", "render-6c8b7d9f5c-4t9wv") +
                 "containers: [{name: render, usage: {memory: 1402Mi, cpu: 100m}}]\n");
    const auto found = detect(inventory, "Why is render killed in large jobs?");
    const Observation* one = find_by(found, "memory-near-limit");
    return one == nullptr ? "" : one->cause;
  };
  EXPECT_THAT(told("3g"), HasSubstr("its heap alone may grow beyond the limit, as -Xmx3g says"));
  EXPECT_THAT(told("1g"), HasSubstr("it is close to being OOMKilled"));
}

}  // namespace
}  // namespace carrel
