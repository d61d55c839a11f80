// FailedScheduling taken apart: "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint
// {...}". The reasons' texts are those of the scheduler's plug-ins
// (kubernetes/pkg/scheduler/framework/plugins).
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "record/limits.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

enum class Why {
  claim,
  volume_node,
  selector,
  anti_affinity,
  affinity,
  topology,
  resource,
  ports,
  taint,
  cordon,
  other
};

struct Part {
  Why why = Why::other;
  std::int64_t nodes = 0;
  std::string text;     // without the count
  bool system = false;  // a taint that only control planes carry
};

Part read_part(std::string_view text) {
  Part part;
  std::size_t at = 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9' && at < 6)
    part.nodes = part.nodes * 10 + (text[at++] - '0');
  while (at < text.size() && text[at] == ' ') ++at;
  part.text = std::string(text.substr(at));
  const std::string_view words = part.text;
  if (has(words, "unbound immediate persistentvolumeclaims") || has(words, "persistentvolumeclaim \"")) {
    part.why = Why::claim;
  } else if (has(words, "volume node affinity")) {
    part.why = Why::volume_node;
  } else if (has(words, "anti-affinity")) {
    part.why = Why::anti_affinity;
  } else if (has(words, "pod affinity")) {
    part.why = Why::affinity;
  } else if (has(words, "node affinity") || has(words, "node selector")) {
    part.why = Why::selector;
  } else if (has(words, "topology spread")) {
    part.why = Why::topology;
  } else if (has(words, "insufficient") || has(words, "too many pods")) {
    part.why = Why::resource;
  } else if (has(words, "free ports")) {
    part.why = Why::ports;
  } else if (has(words, "taint")) {
    part.why = Why::taint;
    part.system =
        has(words, "node-role.kubernetes.io/control-plane") || has(words, "node-role.kubernetes.io/master");
  } else if (has(words, "were unschedulable")) {
    part.why = Why::cordon;
  }
  return part;
}

std::vector<Part> read_parts(std::string_view message) {
  std::vector<Part> parts;
  auto begin = message.find("available: ");
  begin = begin == std::string_view::npos ? 0 : begin + 11;
  std::string_view list = message.substr(begin);
  for (const std::string_view end : {". preemption", " preemption:", ". no new claims"})
    list = list.substr(0, list.find(end));
  int depth = 0;
  std::size_t from = 0;
  for (std::size_t at = 0; at <= list.size(); ++at) {
    if (at < list.size() && list[at] == '{') ++depth;
    if (at < list.size() && list[at] == '}') --depth;
    if (at == list.size() || (list[at] == ',' && depth <= 0)) {
      std::string_view text = list.substr(from, at - from);
      while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
      while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.remove_suffix(1);
      if (!text.empty()) parts.push_back(read_part(text));
      from = at + 1;
    }
  }
  std::stable_sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
    if (a.system != b.system) return b.system;
    if (a.nodes != b.nodes && a.why != Why::claim && b.why != Why::claim) return a.nodes > b.nodes;
    return a.why < b.why;
  });
  // Nodes that the selector rules out were never meant; those that it allows and that have no room, or that a
  // taint guards, were. The scheduler asks for room last.
  const auto short_of =
      std::find_if(parts.begin(), parts.end(), [](const Part& part) { return part.why == Why::resource; });
  const auto guarded = std::find_if(parts.begin(), parts.end(), [](const Part& part) {
    return part.why == Why::taint && !part.system && !has(part.text, "node.kubernetes.io/");
  });
  const auto meant = short_of != parts.end() ? short_of : guarded;
  if (meant != parts.end() && parts.front().why == Why::selector)
    std::rotate(parts.begin(), meant, meant + 1);
  return parts;
}

std::string requests_text(const Value& spec, std::string_view resource) {
  double total = 0;
  std::string each;
  int count = 0;
  for (const Value& container : spec["containers"].items) {
    const Value& asked = container["resources"]["requests"][resource];
    const Value& limit = container["resources"]["limits"][resource];
    const Value& counted = asked.exists() ? asked : limit;
    if (const auto amount = quantity(counted.text())) {
      total += *amount;
      each = std::string(counted.text());
      ++count;
    }
  }
  if (count == 0) return {};
  if (count == 1) return each;
  return resource == "memory" ? fmt::format("{:.0f}Mi", total / 1048576.0) : fmt::format("{:g}", total);
}

const Value& largest_request(const Value& spec, std::string_view resource) {
  const Value* best = &Value::null();
  double most = -1;
  for (const Value& container : spec["containers"].items) {
    const Value& asked = container["resources"]["requests"][resource];
    if (const auto amount = quantity(asked.text()); amount && *amount > most) {
      most = *amount;
      best = &asked;
    }
  }
  return *best;
}

// A toleration of the taint's key that differs in something else; null: none. `taint` is as the scheduler
// writes it, "key: value".
const Value* toleration_like(const Value& pod_spec, std::string_view taint) {
  const std::string_view key = trim(taint.substr(0, taint.find(':')));
  if (key.empty()) return nullptr;
  for (const Value& toleration : pod_spec["tolerations"].items) {
    if (toleration["key"].text() == key) return &toleration;
  }
  return nullptr;
}

// "operator Equal, value true, effect NoSchedule"
std::string toleration_text(const Value& toleration) {
  std::string text;
  for (const char* part : {"operator", "value", "effect"}) {
    const std::string_view told = toleration[part].text();
    if (!told.empty()) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", part, told);
  }
  return text.empty() ? "it is empty" : text;
}

std::string selector_text(const Value& spec) {
  std::string text = label_text(spec["nodeSelector"]);
  if (!text.empty()) return fmt::format("nodeSelector {}", text);
  const Value& terms =
      spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"];
  for (const Value& term : terms.items) {
    for (const Value& expression : term["matchExpressions"].items) {
      std::string values;
      for (const Value& value : expression["values"].items)
        values += (values.empty() ? "" : ", ") + value.scalar;
      if (!text.empty()) text += "; ";
      text += fmt::format("{} {}{}", expression["key"].text(), expression["operator"].text(),
                          values.empty() ? "" : fmt::format(" [{}]", values));
    }
  }
  return text.empty() ? "node affinity" : fmt::format("node affinity ({})", text);
}

// "pod didn't trigger scale-up: 1 max node group size reached": the last such event about the pod, or about
// any where none is about it. Source: the cluster autoscaler's NotTriggerScaleUp.
const Happening* no_more_nodes(const Survey& survey, const Happening& happening) {
  const Happening* found = nullptr;
  for (const Happening& other : survey.happenings()) {
    if (other.reason != "NotTriggerScaleUp" || !has(other.message->text(), "max node group size reached"))
      continue;
    const bool same = other.name == happening.name && other.space == happening.space;
    if (same || found == nullptr) found = &other;
    if (same) break;
  }
  return found;
}

// A volume of a pod that can be used on one node, or in one zone, alone.
struct Tied {
  const Object* volume = nullptr;
  const Value* place = nullptr;  // the name of the node or of the zone
  bool is_zone = false;
  const Object* node = nullptr;  // where the bundle has it
};

Tied tied_volume(const Survey& survey, const Value& spec, const std::string& space) {
  for (const Value& mounted : spec["volumes"].items) {
    const std::string_view claim = mounted["persistentVolumeClaim"]["claimName"].text();
    if (claim.empty()) continue;
    for (const Object* volume : survey.each("persistentvolume")) {
      const Value& bound = (*volume)["spec"]["claimRef"];
      const Value& nodes = volume_nodes(*volume);
      const Value& zones = volume_zones(*volume);
      const bool own = bound["name"].text() == claim && bound["namespace"].text() == space;
      const Value& place = nodes.size() == 1 ? nodes[0] : zones.size() == 1 ? zones[0] : Value::null();
      if (!own || !place.exists() || place.text().size() > limit::name) continue;
      return {volume, &place, nodes.size() != 1, survey.find("node", "", place.text())};
    }
  }
  return {};
}

// ", where there is no node"; empty where there are some, or nodes do not say where they are.
std::string_view lack_of_nodes(const Survey& survey, std::string_view zone) {
  bool told = false;
  for (const Object* node : survey.each("node")) {
    const std::string_view own = (*node)["metadata"]["labels"]["topology.kubernetes.io/zone"].text();
    if (own == zone) return ", whose nodes cannot take it";
    told |= !own.empty();
  }
  return told ? ", where there is no node (any more)" : "";
}

// ", which is cordoned (SchedulingDisabled)"; empty where nothing is known to be wrong with it.
std::string_view trouble_of(const Object* node) {
  if (node == nullptr) return {};
  if ((*node)["spec"]["unschedulable"].is_true()) return ", which is cordoned (SchedulingDisabled)";
  for (const Value& condition : (*node)["status"]["conditions"].items) {
    if (condition["type"].text() == "Ready" && condition["status"].text() != "True")
      return ", which is NotReady";
  }
  return {};
}

// A reason in words, and what of the pod it is about.
struct Reason {
  std::string detector, cause;
  double weight = 0;
  const Value* shown = &Value::null();
  Tied tied{};
};

Reason of_claim(const Survey& survey, const Happening& happening, const Part& part, const Value& spec) {
  const std::string who = described("pod", happening.space, happening.name);
  const Value* shown = &Value::null();
  std::string claims;
  for (const Value& volume : spec["volumes"].items) {
    const Value& claim = volume["persistentVolumeClaim"]["claimName"];
    if (!claim.exists()) continue;
    shown = &claim;
    claims += fmt::format(" {}", claim.text());
  }
  // A StatefulSet names the claims of its pods after them.
  for (const Object* claim : survey.each("persistentvolumeclaim")) {
    if (!claims.empty()) break;
    if (claim->space == happening.space && claim->name.ends_with("-" + happening.name))
      claims = " " + claim->name;
  }
  const std::string_view named = between(part.text, "persistentvolumeclaim \"", "\"");
  if (!named.empty() && has(part.text, "not found")) {
    return {
        "scheduling-claim",
        fmt::format("{} is Pending: PersistentVolumeClaim {}, which it mounts, does not exist (not found).",
                    who, named),
        0.9, shown};
  }
  // What keeps the claim unbound is the root.
  return {"scheduling-claim",
          fmt::format("{} is Pending because its PersistentVolumeClaim{} is not bound (unbound immediate "
                      "PersistentVolumeClaims).",
                      who, claims),
          0.6, shown};
}

Reason of_volume_node(const Survey& survey, const std::string& who, const Part& part, const Value& spec,
                      const std::string& space) {
  Reason reason{"scheduling-volume-node", "", 0.82};
  reason.tied = tied_volume(survey, spec, space);
  const Tied& tied = reason.tied;
  if (tied.volume == nullptr) {
    reason.cause = fmt::format(
        "{} is Pending: its volume is tied by node affinity to a node where the pod cannot run "
        "(volume node affinity conflict on {} node(s)).",
        who, part.nodes);
  } else if (tied.is_zone) {
    reason.cause = fmt::format(
        "{} is Pending: its volume {} is in zone {}{} (volume node affinity conflict on {} node(s)).", who,
        tied.volume->name, tied.place->text(), lack_of_nodes(survey, tied.place->text()), part.nodes);
  } else {
    reason.cause = fmt::format(
        "{} is Pending: its volume {} can be used on node {} alone{} (volume node affinity "
        "conflict on {} other node(s)).",
        who, tied.volume->name, tied.place->text(), trouble_of(tied.node), part.nodes);
  }
  return reason;
}

Reason of_resource(const Survey& survey, const std::string& who, const Part& part, const Value& spec) {
  const std::string resource =
      has(part.text, "too many pods") ? "pods" : part.text.substr(part.text.rfind(' ') + 1);
  Reason reason{"scheduling-resources", "", 0.88, &largest_request(spec, resource)};
  if (resource == "pods") {
    reason.cause = fmt::format(
        "{} is Pending: the nodes already run as many pods as they may (Too many pods on {} node(s)).", who,
        part.nodes);
    return reason;
  }
  double largest = 0;
  std::string allocatable;
  for (const Object* node : survey.each("node")) {
    const Value& has_it = (*node)["status"]["allocatable"][resource];
    const double amount = quantity(has_it.text()).value_or(0);
    if (amount <= largest) continue;
    largest = amount;
    allocatable = std::string(has_it.text());
  }
  const std::string asked = requests_text(spec, resource);
  reason.cause = fmt::format(
      "{} is Pending: {} node(s) have insufficient {} for it{}{}, so it cannot be scheduled.", who,
      part.nodes, resource, asked.empty() ? "" : fmt::format("; it requests {} {}", asked, resource),
      allocatable.empty() ? "" : fmt::format(" and the largest node offers {}", allocatable));
  return reason;
}

Reason of_taint(const std::string& who, const Part& part, const Value& spec) {
  const std::string taint(between(part.text, "{", "}"));
  const Value* near = toleration_like(spec, taint);
  return {
      "scheduling-taint",
      fmt::format("{} is Pending: {} node(s) have the taint {} that the pod does not tolerate ({}).", who,
                  part.nodes, taint.empty() ? brief(part.text, 80) : taint,
                  near == nullptr ? "it lacks the toleration"
                                  : fmt::format("its toleration does not match: {}", toleration_text(*near))),
      0.86, near == nullptr ? &spec["tolerations"] : near};
}

Reason reason_of(const Survey& survey, const Happening& happening, const Part& part, const Value& spec) {
  const std::string who = described("pod", happening.space, happening.name);
  const Value& affinity = spec["affinity"];
  switch (part.why) {
    case Why::claim:
      return of_claim(survey, happening, part, spec);
    case Why::volume_node:
      return of_volume_node(survey, who, part, spec, happening.space);
    case Why::selector:
      return {
          "scheduling-selector",
          fmt::format("{} is stuck Pending: its {} matches no available node; {} node(s) didn't match the "
                      "pod's node affinity/selector because none carries the label.",
                      who, selector_text(spec), part.nodes),
          0.9, spec["nodeSelector"].size() > 0 ? &spec["nodeSelector"] : &affinity["nodeAffinity"]};
    case Why::anti_affinity:
      return {"scheduling-anti-affinity",
              fmt::format("{} is Pending: its required pod anti-affinity forbids every node that is left ({} "
                          "node(s) already run a matching pod), so there are fewer nodes than replicas.",
                          who, part.nodes),
              0.88, &affinity["podAntiAffinity"]};
    case Why::affinity:
      return {
          "scheduling-affinity",
          fmt::format("{} is Pending: its pod affinity finds no node with a matching pod ({} node(s) didn't "
                      "match pod affinity rules).",
                      who, part.nodes),
          0.88, &affinity["podAffinity"]};
    case Why::topology:
      return {"scheduling-topology",
              fmt::format("{} is Pending: {} node(s) don't satisfy its topology spread constraints ({}).",
                          who, part.nodes, brief(part.text, 100)),
              0.86, &spec["topologySpreadConstraints"]};
    case Why::resource:
      return of_resource(survey, who, part, spec);
    case Why::ports:
      return {
          "scheduling-ports",
          fmt::format("{} is Pending: the hostPort it asks for is already taken on {} node(s) (didn't have "
                      "free ports for the requested pod ports).",
                      who, part.nodes),
          0.88};
    case Why::taint:
      return of_taint(who, part, spec);
    case Why::cordon:
      return {"scheduling-cordon",
              fmt::format("{} is Pending: {} node(s) are cordoned (marked unschedulable).", who, part.nodes),
              0.85};
    case Why::other:
      break;
  }
  return {"scheduling", fmt::format("{} cannot be scheduled: {}", who, brief(happening.message->text(), 200)),
          0.7};
}

void tell(const Survey& survey, const Happening& happening, const Object* pod, Observations* out) {
  const std::vector<Part> parts = read_parts(happening.message->text());
  if (parts.empty()) return;
  const Part& main = parts.front();
  Reason reason = reason_of(survey, happening, main, pod ? (*pod)["spec"] : Value::null());
  // The other reasons, in the scheduler's words, as far as they fit.
  std::string others;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (!parts[i].system && parts[i].why != main.why)
      others += fmt::format(" Also {} {}.", parts[i].nodes, parts[i].text);
  }
  if (reason.cause.size() + others.size() <= 295) reason.cause += others;
  // What the cluster autoscaler said when it added no node for the pod.
  const Happening* refused = main.why == Why::resource ? no_more_nodes(survey, happening) : nullptr;
  if (refused != nullptr)
    reason.cause +=
        fmt::format(" The cluster autoscaler adds no node: {}", brief(refused->message->text(), 120));
  // What the scheduler said of a pod that runs since then is over.
  const std::string_view phase = pod != nullptr ? (*pod)["status"]["phase"].text() : std::string_view();
  const bool placed =
      pod != nullptr && (pod_health(*pod) == Health::healthy || phase == "Running" || phase == "Succeeded");
  Observation& made = report_missing(out, reason.detector, placed ? 0.18 : reason.weight, "pod",
                                     happening.space, happening.name, reason.cause);
  made.culprit.present = pod != nullptr;
  cite(&made, happening);
  if (refused != nullptr) cite(&made, *refused);
  if (pod != nullptr && reason.shown->exists())
    cite(&made, *pod, *reason.shown, "what the pod asks of a node");
  const Tied& tied = reason.tied;
  if (tied.volume != nullptr) {
    cite(&made, *tied.volume, *tied.place, "the node that its volume is on");
    if (tied.node != nullptr)
      cite(&made, *tied.node, (*tied.node)["spec"]["unschedulable"], "the state of that node");
  }
  suggest(&made, fmt::format("kubectl -n {} describe pod {}", happening.space, happening.name),
          "shows the scheduler's latest message");
  if (main.why == Why::selector)
    suggest(&made, "kubectl get nodes --show-labels", "shows which labels the nodes carry");
  if (main.why == Why::taint || main.why == Why::resource || main.why == Why::cordon) {
    suggest(&made, "kubectl top nodes", "shows taints, capacity and what is requested on each node");
  }
  if (main.why == Why::claim || main.why == Why::volume_node) {
    suggest(&made, fmt::format("kubectl get pvc -n {}", happening.space), "shows which claims are bound");
  }
}

}  // namespace

void detect_scheduling(const Survey& survey, Observations* out) {
  for (const Object* pod : survey.each("pod")) {
    const Happening* last = nullptr;
    for (const Happening* happening : survey.about(*pod)) {
      if (happening->reason == "FailedScheduling") last = happening;
    }
    if (last != nullptr) {
      tell(survey, *last, pod, out);
      continue;
    }
    for (const Value& condition : (*pod)["status"]["conditions"].items) {
      if (condition["type"].text() != "PodScheduled" || condition["status"].text() != "False") continue;
      if (condition["message"].text().empty()) continue;
      Happening from_condition;
      from_condition.event = pod;
      from_condition.kind = "pod";
      from_condition.space = pod->space;
      from_condition.name = pod->name;
      from_condition.reason = condition["reason"].text();
      from_condition.message = &condition["message"];
      tell(survey, from_condition, pod, out);
    }
  }
  for (const Happening& happening : survey.happenings()) {
    if (happening.reason == "FailedScheduling" &&
        survey.find("pod", happening.space, happening.name) == nullptr) {
      tell(survey, happening, nullptr, out);
    }
  }
}

}  // namespace carrel
