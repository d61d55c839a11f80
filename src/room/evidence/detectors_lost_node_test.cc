// Nodes that their cloud took away, and labels that a policy lets in and nobody has.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;

std::string node_event(const std::string& name, const std::string& reason, const std::string& message) {
  return "---\napiVersion: v1\nkind: Event\nmetadata: {name: " + name +
         ", namespace: default}\ninvolvedObject: {kind: Node, name: pool-f9xm}\ntype: Normal\nreason: " +
         reason + "\nmessage: '" + message + "'\n";
}

const std::string shutdown = node_event("e1", "Shutdown", "Shutdown manager detected shutdown event");
const std::string deleted = node_event(
    "e2", "DeletingNode", "Deleting node pool-f9xm because it does not exist in the cloud provider");

std::string told(const std::string& yaml, const std::string& question, const std::string& cloud = "") {
  Inventory inventory;
  add_yaml(&inventory, "events.yaml", yaml);
  Document record{"cloud/audit.json", cloud, {}};
  record.find_lines();
  inventory.add(std::move(record));
  const auto found = detect(inventory, question);
  const Observation* lost = find_by(found, "node-lost");
  return lost == nullptr ? ""
                         : fmt::format("{:.2f} {} {}", lost->weight, lost->lines[0].at.file, lost->cause);
}

TEST(LostNodes, AreThoseThatTheCloudDoesNotHaveAnyMore) {
  EXPECT_THAT(
      told(shutdown + deleted, "why did we lose two pods?"),
      HasSubstr("events.yaml Node pool-f9xm was shut down and no longer exists in the cloud provider"));
  EXPECT_EQ(told(shutdown, "why did we lose two pods?"), "") << "it may have been started again";
  EXPECT_THAT(
      told(shutdown, "why did we lose two pods?",
           R"({"methodName": "compute.instances.preempted", "resourceName": "zones/b/instances/pool-f9xm"})"),
      HasSubstr("cloud/audit.json Node pool-f9xm was preempted, taken back by the cloud provider"));
  EXPECT_EQ(told(shutdown, "why did we lose two pods?",
                 R"({"methodName": "preempted", "resourceName": "pool-f9x"})"),
            "")
      << "another machine";
  EXPECT_THAT(
      told(node_event("e1", "SpotInterrupted", "Spot interruption warning was triggered"), "Is all well?"),
      HasSubstr("0.55 events.yaml Node pool-f9xm was preempted"));
}

std::string pod(const std::string& name, const std::string& space, const std::string& app) {
  return "---\napiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", namespace: " + space +
         ", labels: {app: " + app + "}}\nspec: {" + plain_pod +
         "}\nstatus: {phase: Running, conditions: [{type: Ready, status: 'True'}]}\n";
}

std::string policy(const std::string& space) {
  return "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: allow-gateway, "
         "namespace: "
         "core}\nspec: {podSelector: {matchLabels: {app: ledger}}, policyTypes: [Ingress], ingress: [{from: "
         "[{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: " +
         space +
         "}}, podSelector: {matchLabels: {app: api-gateway}}}]}, {from: [{namespaceSelector: {matchLabels: "
         "{kubernetes.io/metadata.name: monitoring}}}]}]}\n";
}

TEST(PolicyPeers, LabelsThatNobodyHasAreTold) {
  const auto cause = [](const std::string& yaml) {
    const auto found = detect_in(yaml, {}, "calls to the ledger time out");
    EXPECT_EQ(find_by(found, "policy-denies-ingress"), nullptr) << "monitoring may be elsewhere";
    const Observation* one = find_by(found, "policy-peer-missing");
    return one == nullptr ? "" : one->cause;
  };
  EXPECT_EQ(cause(pod("ledger-0", "core", "ledger") + pod("edge-gateway-0", "edge", "edge-gateway") +
                  policy("edge")),
            "NetworkPolicy allow-gateway in namespace core lets only pods labelled app=api-gateway in "
            "namespaces labelled "
            "kubernetes.io/metadata.name=edge in to pods labelled app=ledger, but no pod of namespace edge "
            "has these "
            "labels; edge-gateway-0 has app=edge-gateway, so its connections are dropped.");
  EXPECT_EQ(
      cause(pod("ledger-0", "core", "ledger") + pod("gateway-0", "edge", "api-gateway") + policy("edge")),
      "");
  EXPECT_EQ(cause(pod("ledger-0", "core", "ledger") + policy("edge")), "")
      << "its pods are not in the bundle";
}

}  // namespace
}  // namespace carrel
