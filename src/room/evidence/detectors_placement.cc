// Pods that no node can take, told from specs alone: joins of pod templates with the nodes, for bundles
// without the scheduler's events.
#include <algorithm>

#include <fmt/format.h>

#include "room/evidence/detectors.h"

namespace carrel {
namespace {

bool already_placed(const PodSpec& pods) {
  return pods.health == Health::healthy || (pods.is_pod && !(*pods.spec)["nodeName"].text().empty());
}

void check_selector(const Survey& survey, const PodSpec& pods, Observations* out) {
  const Value& wanted = (*pods.spec)["nodeSelector"];
  const auto& nodes = survey.each("node");
  if (wanted.size() == 0 || nodes.empty()) return;
  for (const Object* node : nodes) {
    const Value& labels = (*node)["metadata"]["labels"];
    if (!labels.exists() || selects(wanted, labels)) return;
  }
  Observation& made =
      report(out, "placement-selector", 0.85, *pods.owner,
             fmt::format("{} cannot be scheduled: its nodeSelector {} matches none of the {} nodes; no node "
                         "carries that label.",
                         described(*pods.owner), label_text(wanted), nodes.size()));
  cite(&made, *pods.owner, wanted, "the nodeSelector");
  for (const Object* node : nodes) cite(&made, *node, (*node)["metadata"]["labels"], "the labels of a node");
  suggest(&made, "kubectl get nodes --show-labels", "shows which labels the nodes carry");
}

void check_size(const Survey& survey, const PodSpec& pods, Observations* out) {
  const auto& nodes = survey.each("node");
  if (nodes.empty()) return;
  for (const char* resource : {"cpu", "memory", "nvidia.com/gpu", "ephemeral-storage"}) {
    double wanted = 0;
    const Value* largest = &Value::null();
    double most = 0;
    for (const Value& container : (*pods.spec)["containers"].items) {
      const Value& requests = container["resources"]["requests"][resource];
      const Value& asked = requests.exists() ? requests : container["resources"]["limits"][resource];
      const double amount = quantity(asked.text()).value_or(0);
      wanted += amount;
      if (amount > most) {
        most = amount;
        largest = &asked;
      }
    }
    if (wanted <= 0) continue;
    double offered = 0;
    const Object* biggest = nullptr;
    bool told = true;
    for (const Object* node : nodes) {
      const Value& allocatable = (*node)["status"]["allocatable"];
      told = told && allocatable.exists();
      const double amount = quantity(allocatable[resource].text()).value_or(0);
      if (biggest == nullptr || amount > offered) {
        biggest = node;
        offered = amount;
      }
    }
    if (!told || offered >= wanted) continue;
    const Value& offer = (*biggest)["status"]["allocatable"][resource];
    Observation& made =
        report(out, "placement-size", 0.85, *pods.owner,
               fmt::format(
                   "{} cannot be scheduled: it requests {} {}, more than any node has ({} allocatable on the "
                   "largest node {}), insufficient {}.",
                   described(*pods.owner), largest->text(), resource, offer.exists() ? offer.text() : "none",
                   biggest->name, resource));
    cite(&made, *pods.owner, *largest, "what it requests");
    cite(&made, *biggest, offer, "what the largest node offers");
    suggest(&made, "kubectl top nodes", "shows what the nodes offer and what is requested");
  }
}

// The claim that all pods of the workload mount and that one node at a time can have; null: there is none.
const Object* claim_of_one_node(const Survey& survey, const PodSpec& pods) {
  for (const Value& volume : (*pods.spec)["volumes"].items) {
    const std::string_view name = volume["persistentVolumeClaim"]["claimName"].text();
    const Object* claim =
        name.empty() ? nullptr : survey.find("persistentvolumeclaim", pods.owner->space, name);
    if (claim == nullptr) continue;
    const Value& modes = (*claim)["spec"]["accessModes"];
    if (modes.size() == 1 && modes[0].text() == "ReadWriteOnce") return claim;
  }
  return nullptr;
}

// Required anti-affinity against its own labels on the host: one pod for each node.
void check_anti_affinity(const Survey& survey, const PodSpec& pods, Observations* out) {
  if (pods.is_pod) return;
  const auto replicas = (*pods.owner)["spec"]["replicas"].integer().value_or(1);
  const Value& terms =
      (*pods.spec)["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
  for (const Value& term : terms.items) {
    const Value& selector = term["labelSelector"];
    const bool by_host = term["topologyKey"].text() == "kubernetes.io/hostname";
    if (!by_host || !selector.exists()) continue;
    const auto nodes = static_cast<std::int64_t>(survey.each("node").size());
    if (selector_matches(selector, *pods.labels)) {
      if (replicas < 2) continue;
      if (const Object* claim = claim_of_one_node(survey, pods); claim != nullptr) {
        Observation& made = report(
            out, "claim-one-node", 0.9, *pods.owner,
            fmt::format("{} wants {} replicas on different nodes (required pod anti-affinity), but all mount "
                        "{}, which is ReadWriteOnce: it can be attached to one node alone.",
                        described(*pods.owner), replicas, described(*claim)));
        cite(&made, *claim, (*claim)["spec"]["accessModes"], "its access modes");
        cite_span(&made, *pods.owner, term, (*pods.spec)["affinity"], "the required pod anti-affinity");
        cite(&made, *pods.owner, (*pods.owner)["spec"]["replicas"], "how many replicas it wants");
        suggest(&made, fmt::format("kubectl get pvc -n {}", claim->space), "shows access modes and classes");
        continue;
      }
      if (nodes > 0 && replicas <= nodes) continue;
      const std::string room =
          nodes > 0 ? fmt::format("there are only {} nodes", nodes) : "the cluster may have fewer nodes";
      Observation& made =
          report(out, "placement-anti-affinity", nodes > 0 ? 0.85 : 0.72, *pods.owner,
                 fmt::format("{} wants {} replicas, but its required pod anti-affinity ({} on "
                             "kubernetes.io/hostname) allows one "
                             "pod on each node and {}, so the rest stay Pending.",
                             described(*pods.owner), replicas, label_text(selector["matchLabels"]), room));
      cite_span(&made, *pods.owner, term, (*pods.spec)["affinity"], "the required pod anti-affinity");
      cite(&made, *pods.owner, (*pods.owner)["spec"]["replicas"], "how many replicas it wants");
      suggest(&made, "kubectl get nodes", "shows how many nodes there are");
      suggest(&made, fmt::format("kubectl get pods -n {} -o wide", pods.owner->space),
              "shows which pods are Pending");
      if (nodes == 0) lack(&made, "the list of nodes");
      continue;
    }
    for (const PodSpec& other : survey.pod_specs()) {
      if (other.is_pod || other.owner == pods.owner || other.owner->space != pods.owner->space) continue;
      if (!selector_matches(selector, *other.labels)) continue;
      Observation& made = report(
          out, "placement-anti-affinity", nodes == 1 ? 0.85 : 0.6, *pods.owner,
          fmt::format("{} has a required pod anti-affinity against {} ({}): its pods stay Pending where "
                      "every node already "
                      "runs one of those.",
                      described(*pods.owner), described(*other.owner), label_text(selector["matchLabels"])));
      cite(&made, *pods.owner, term, "the required pod anti-affinity");
      cite(&made, *other.owner, *other.labels, "the labels it keeps away from");
      suggest(&made, fmt::format("kubectl get pods -n {} -o wide", pods.owner->space),
              "shows where the pods run");
      break;
    }
  }
}

void check_classes(const Survey& survey, const PodSpec& pods, Observations* out) {
  for (const auto& [kind, key] :
       {std::pair{"priorityclass", "priorityClassName"}, std::pair{"runtimeclass", "runtimeClassName"}}) {
    const Value& name = (*pods.spec)[key];
    if (name.text().empty() || name.text().substr(0, 7) == "system-" || !survey.lacks(kind, "", name.text()))
      continue;
    Observation& made = report_missing(out, "class-missing", 0.85, kind, "", name.text(),
                                       fmt::format("{} cannot create pods: its {} {} does not exist.",
                                                   described(*pods.owner), key, name.text()));
    cite(&made, *pods.owner, name, "the class it names");
    looked_for(&made, survey, kind, "");
  }
}

}  // namespace

void detect_unplaceable(const Survey& survey, Observations* out) {
  for (const PodSpec& pods : survey.pod_specs()) {
    if (!tells_all(*pods.owner) || already_placed(pods)) continue;
    check_selector(survey, pods, out);
    check_size(survey, pods, out);
    check_anti_affinity(survey, pods, out);
    check_classes(survey, pods, out);
  }
}

}  // namespace carrel
