// Who takes what the pods of a node share, and who takes the place of a pod.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;

std::string pod_on(const std::string& name, const std::string& node, const std::string& cpu,
                   const std::string& limits = "") {
  return object_head("v1", "Pod", name) + "spec: {nodeName: " + node +
         ", containers: [{name: main, image: 'x/y:1'" + limits + "}]}\n" +
         object_head("metrics.k8s.io/v1beta1", "PodMetrics", name) +
         "containers: [{name: main, usage: {cpu: " + cpu + ", memory: 1Gi}}]\n";
}

std::string node_use(const std::string& name, const std::string& cpu, const std::string& percent) {
  return "---\napiVersion: metrics.k8s.io/v1beta1\nkind: NodeMetrics\nmetadata: {name: " + name +
         "}\nusage: {cpu: " + cpu + ", cpuPercent: '" + percent + "'}\n";
}

TEST(Neighbours, WhoTakesANodesProcessorsFromTheOneAskedAbout) {
  const auto told = [](const std::string& percent, const std::string& other) {
    const auto found = detect_in(pod_on("batch-1", "n1", "13870m") + pod_on("search-1", "n1", other) +
                                     node_use("n1", "15790m", percent),
                                 {}, "Why is search-1 slow?");
    const Observation* one = find_by(found, "noisy-neighbour");
    return one == nullptr ? "" : one->cause;
  };
  EXPECT_EQ(told("99%", "1310m"),
            "Node n1 has no CPU left (99% in use): Pod batch-1 in namespace shop, without a CPU limit, takes "
            "13870m of it, a noisy neighbour that starves search-1 there.");
  EXPECT_EQ(told("70%", "1310m"), "") << "the node has some left";
  EXPECT_EQ(told("99%", "9"), "") << "two are much alike";
}

TEST(Neighbours, OfAnotherNodeOrWithALimitItIsToldOtherwise) {
  const auto elsewhere = detect_in(
      pod_on("batch-1", "n1", "13870m") + pod_on("search-1", "n2", "1310m") + node_use("n1", "15790m", "99%"),
      {}, "Why is search-1 slow?");
  EXPECT_EQ(find_by(elsewhere, "noisy-neighbour"), nullptr) << "it is alone there";
  const auto limited = detect_in(pod_on("batch-1", "n1", "13870m", ", resources: {limits: {cpu: 14}}") +
                                     pod_on("search-1", "n1", "1310m") + node_use("n1", "15790m", "99%"),
                                 {}, "Why is search-1 slow?");
  ASSERT_NE(find_by(limited, "noisy-neighbour"), nullptr);
  EXPECT_EQ(find_by(limited, "noisy-neighbour")->cause.find("without a CPU limit"), std::string::npos);
}

TEST(Neighbours, APodThatWasPreemptedIsToldWithWhoTookItsPlace) {
  const auto told = [](const std::string& uid, const std::string& question) {
    const auto found =
        detect_in("---\napiVersion: v1\nkind: Pod\nmetadata: {name: scorer-1, namespace: risk, uid: " + uid +
                      "}\nspec: {priorityClassName: critical, priority: 1000000}\n" +
                      event_about("Pod", "report-1", "Preempted", "Preempted by pod 5d8c-41 on node n1"),
                  {}, question);
    const Observation* one = find_by(found, "node-event");
    return one == nullptr ? std::pair<std::string, double>() : std::pair(one->cause, one->weight);
  };
  const auto [cause, weight] = told("5d8c-41", "Why was report-1 terminated?");
  EXPECT_EQ(
      cause,
      "Pod report-1 in namespace shop was preempted: Pod scorer-1 in namespace risk has a higher priority "
      "(critical) and took its place");
  EXPECT_GT(weight, told("5d8c-41", "Why is report-1 slow?").second);
  EXPECT_THAT(told("77", "Why was report-1 terminated?").first, HasSubstr("Preempted by pod 5d8c-41"));
}

TEST(Neighbours, WhoFillsADiskIsReadFromWhatDuTells) {
  const auto told = [](const std::string& next) {
    Inventory inventory;
    const std::string uid = "0b7c1c40-6c62-4f7d-9e07-2a7f1e2f0f55";
    for (const auto& [path, text] :
         {std::pair<std::string, std::string>{
              "debug-node-n1-du.txt",
              "69G\t/host/var/lib/kubelet/pods/" + uid + "/volumes/kubernetes.io~empty-dir/scratch\n" + next +
                  "\t/host/var/lib/kubelet/pods/77d2e7d0-3a1e-4b3e-8a55-1c0bbd3bb1d9/volumes\n"},
          {"pods-uid.txt", "NAME         UID\nrecorder-0   " + uid + "\n"}}) {
      Document piece{path, text, {}};
      piece.find_lines();
      inventory.add(std::move(piece));
    }
    add_yaml(&inventory, "objects.yaml",
             event_about("Pod", "web-1", "Evicted", "The node was low on resource: ephemeral-storage."));
    const auto found = detect(inventory, "Why is web-1 evicted?");
    const Observation* one = find_by(found, "node-event");
    return one == nullptr ? "" : one->cause;
  };
  EXPECT_THAT(told("212K"), HasSubstr("Pod recorder-0 in its emptyDir volume fills it: its files take 69G"));
  EXPECT_EQ(told("60G").find("fills it"), std::string::npos) << "two are much alike";
}

TEST(Neighbours, ANodeThatIsReadyAgainIsNoFaultOfNow) {
  const auto weight = [](const std::string& more) {
    const auto found =
        detect_in(event_about("Node", "n1", "NodeNotReady", "Node n1 status is now: NodeNotReady") + more, {},
                  "Is anything wrong with web?");
    return find_by(found, "node-event")->strength;
  };
  const std::string ready =
      "---\napiVersion: v1\nkind: Event\nmetadata: {name: e2, namespace: shop}\ninvolvedObject: {kind: Node, "
      "name: "
      "n1}\ntype: Normal\nreason: NodeReady\nmessage: 'Node n1 status is now: NodeReady'\n";
  EXPECT_LT(weight(ready), weight(""));
}

}  // namespace
}  // namespace carrel
