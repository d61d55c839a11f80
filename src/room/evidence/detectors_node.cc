// Nodes: conditions, cordons, evictions and kills told by the kubelet, versions, clocks.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "record/limits.h"
#include "room/evidence/detectors.h"
#include "room/evidence/loose_json.h"
#include "room/evidence/relations.h"

namespace carrel {
namespace {

void suggest_node(Observation* made, const Object& node) {
  suggest(made, fmt::format("kubectl describe node {}", node.name),
          "shows the node's conditions, taints and events");
  suggest(made, "kubectl get pods -A -o wide", "shows the pods on the node");
}

constexpr double kFarMore = 4;
constexpr std::size_t largest_summary = 4 << 20;

// The container that used most of what its node ran out of, as the evictions tell ("Container dump was using
// 63963136Ki, request is 0"), where it used far more than those of other workloads.
struct Heaviest {
  const Happening* happening = nullptr;
  std::string container;
  std::string amount;
};

Heaviest heaviest_of(const Survey& survey) {
  constexpr std::string_view kUsing = " was using ";
  Heaviest heaviest;
  double most = 0;
  std::map<std::string, double> of_workloads;
  for (const Happening& happening : survey.happenings()) {
    if (happening.reason != "Evicted") continue;
    const std::string_view text = happening.message->text();
    for (auto at = text.find(kUsing); at != std::string_view::npos; at = text.find(kUsing, at + 1)) {
      const std::string_view amount =
          text.substr(at + kUsing.size(), text.substr(at + kUsing.size()).find_first_of(", "));
      const auto name = text.substr(0, at).rfind(' ');
      const double used = quantity(amount).value_or(0);
      if (name == std::string_view::npos || used <= 0) continue;
      double& of_workload = of_workloads[happening.space + "/" + without_hashes(happening.name)];
      of_workload = std::max(of_workload, used);
      if (used <= most) continue;
      most = used;
      heaviest = {&happening, std::string(text.substr(name + 1, at - name - 1)), std::string(amount)};
    }
  }
  const bool far_more = std::ranges::count_if(of_workloads, [&](const auto& each) {
                          return each.second * kFarMore >= most;
                        }) == 1;
  return far_more ? heaviest : Heaviest();
}

// Who took what the node ran out of, said and cited with what the node says.
void tell_heaviest(const Heaviest& heaviest, Observation* made) {
  if (heaviest.happening == nullptr) return;
  while (made->cause.ends_with('.')) made->cause.pop_back();
  made->cause = brief(made->cause, limit::sentence - 130) +
                brief(fmt::format("; container {} of pod {} was using {} of it.", heaviest.container,
                                  heaviest.happening->name, heaviest.amount),
                      130);
  cite(made, *heaviest.happening);
}

// The pod whose files take most of a node's disk, far more than any other's, and where it stands.
struct Filler {
  std::string pod, amount;
  std::string path;  // of the file that tells it, where that is of no node
  std::vector<EvidenceLine> lines;
};

// By node, where what its kubelet measured was saved (/stats/summary).
std::map<std::string, Filler, std::less<>> fillers_of(const Survey& survey) {
  constexpr const char* kFiles = "ephemeral-storage";
  std::map<std::string, Filler, std::less<>> fillers;
  each_loose_json(survey.inventory, "\"podRef\"", largest_summary, [&](const LooseJson& file) {
    const Value* fullest = nullptr;
    double most = 0, next = 0;
    for (const Value& pod : file.root["pods"].items) {
      const double used = quantity(pod[kFiles]["usedBytes"].text()).value_or(0);
      next = std::max(next, std::min(used, most));
      if (used <= most) continue;
      most = used;
      fullest = &pod;
    }
    const double all = quantity(file.root["node"]["fs"]["capacityBytes"].text()).value_or(0);
    if (fullest == nullptr || most < kFarMore * next || most * 4 < all) return;
    const Value& pod = (*fullest)["podRef"];
    const Value& used = (*fullest)[kFiles]["usedBytes"];
    Observation cited;
    cite(&cited, file.source(), used, "what its files take");
    cite(&cited, file.source(), pod["name"], "whose files they are");
    fillers[std::string(file.root["node"]["nodeName"].text())] = {
        described("pod", pod["namespace"].text(), pod["name"].text()), fmt::format("{} bytes", used.text()),
        "", std::move(cited.lines)};
  });
  return fillers;
}

// The pod of a unique id, as any line of the bundle tells that has both: "lecture-0  0b7c1c40-6c62-...";
// empty: none does.
std::string_view name_beside(const Survey& survey, std::string_view uid, Observation* cited) {
  for (const Document& document : survey.inventory.documents()) {
    std::size_t at = document.text.find(uid);
    if (at == std::string::npos || document.text.find("/pods/" + std::string(uid)) != std::string::npos)
      continue;
    const auto line = static_cast<std::uint32_t>(
        std::upper_bound(document.starts.begin(), document.starts.end(), at) - document.starts.begin());
    const std::string_view text = document.line(line);
    const std::string_view name = text.substr(0, text.find(' '));
    if (name == uid || !is_plain_name(name)) continue;
    cite_line(cited, document, line, "whose files they are");
    return name;
  }
  return {};
}

// The same as `du` tells, run on a node: "69G /host/var/lib/kubelet/pods/UID/volumes/...". Of which node, its
// file's name may say.
std::optional<Filler> filler_of_du(const Survey& survey) {
  constexpr std::string_view kPods = "/kubelet/pods/";
  constexpr std::size_t largest_listing = 1 << 20, uid_size = 36;
  const Document* listing = nullptr;
  std::uint32_t line = 0;
  double most = 0, next = 0;
  for (const Document& document : survey.inventory.documents()) {
    if (document.text.size() > largest_listing || document.text.find(kPods) == std::string::npos) continue;
    for (std::uint32_t number = 1; number <= document.starts.size(); ++number) {
      const std::string_view text = document.line(number);
      const std::size_t end = text.find_first_of(" \t");
      if (end == text.npos || text.find(kPods) == text.npos) continue;
      // du writes "69G" and "1.9G" for what a quantity of the API calls "69Gi".
      std::string size(text.substr(0, end));
      if (!size.empty() && size.back() >= 'A' && size.back() <= 'Z') size += 'i';
      const double used = quantity(size).value_or(0);
      next = std::max(next, std::min(used, most));
      if (used > most) most = used, listing = &document, line = number;
    }
  }
  if (listing == nullptr || most < kFarMore * next) return std::nullopt;
  const std::string_view text = listing->line(line);
  const std::string_view uid = text.substr(text.find(kPods) + kPods.size(), uid_size);
  if (uid.size() < uid_size || !is_plain_name(uid)) return std::nullopt;
  Observation cited;
  cite_line(&cited, *listing, line, "what its files take");
  const std::string_view name = name_beside(survey, uid, &cited);
  if (name.empty()) return std::nullopt;
  std::string where = text.find("~empty-dir/") == text.npos ? "" : " in its emptyDir volume";
  return Filler{described("pod", "", name) + where, std::string(text.substr(0, text.find_first_of(" \t"))),
                listing->path, std::move(cited.lines)};
}

void tell_filler(const Filler& filler, Observation* made) {
  while (made->cause.ends_with('.')) made->cause.pop_back();
  made->cause = brief(made->cause, limit::sentence - 130) +
                brief(fmt::format("; {} fills it: its files take {}.", filler.pod, filler.amount), 130);
  for (const EvidenceLine& line : filler.lines) {
    if (made->lines.size() < limit::citations) made->lines.push_back(line);
  }
}

void check_conditions(const Object& node, const Heaviest& heaviest, const Filler* filler, Observations* out) {
  for (const Value& condition : node["status"]["conditions"].items) {
    const std::string_view type = condition["type"].text();
    const std::string_view status = condition["status"].text();
    const std::string_view message = condition["message"].text();
    std::string cause;
    double weight = 0.8;
    if (type == "Ready" && status != "True") {
      cause = fmt::format(
          "Node {} is NotReady ({}): {}", node.name,
          condition["reason"].exists() ? condition["reason"].text() : status,
          message.empty() ? "its kubelet does not report that it is healthy." : brief(message, 180));
      weight = 0.85;
    } else if ((type == "MemoryPressure" || type == "DiskPressure" || type == "PIDPressure") &&
               status == "True") {
      cause = fmt::format("Node {} is under {}: {} The kubelet evicts pods and takes no new ones.", node.name,
                          type, brief(message, 150));
    } else if (type == "NetworkUnavailable" && status == "True") {
      cause = fmt::format("The network of node {} is unavailable (NetworkUnavailable): {}", node.name,
                          brief(message, 160));
    } else if ((type == "KernelDeadlock" || type == "ReadonlyFilesystem" ||
                type == "FrequentKubeletRestart") &&
               status == "True") {
      cause = fmt::format("Node {} reports {}: {}", node.name, type, brief(message, 180));
    } else {
      continue;
    }
    Observation& made =
        report(out, type == "Ready" ? "node-not-ready" : "node-condition", weight, node, cause);
    cite_span(&made, node, condition["message"], condition["type"], "the condition of the node");
    if (made.lines.empty()) cite(&made, node, condition["status"], "the condition of the node");
    const bool is_disk = type == "DiskPressure";
    if (is_disk && filler != nullptr) {
      tell_filler(*filler, &made);
      made.detector = disk_filled;
    } else if (is_disk || type == "MemoryPressure") {
      tell_heaviest(heaviest, &made);
    }
    suggest_node(&made, node);
  }
}

void check_versions(const Survey& survey, Observations* out) {
  const Object* newest = nullptr;
  const Object* oldest = nullptr;
  std::int64_t high = 0, low = 1000;
  for (const Object* node : survey.each("node")) {
    const std::string_view version = (*node)["status"]["nodeInfo"]["kubeletVersion"].text();
    const auto dot = version.find('.');
    if (dot == std::string_view::npos) continue;
    std::int64_t minor = 0;
    for (const char c : version.substr(dot + 1)) {
      if (c < '0' || c > '9' || minor > 999) break;
      minor = minor * 10 + (c - '0');
    }
    if (minor > high) {
      high = minor;
      newest = node;
    }
    if (minor < low) {
      low = minor;
      oldest = node;
    }
  }
  // Kubelets may be up to three minor versions older than the API server (version skew policy, since 1.28).
  if (newest == nullptr || high - low <= 3) return;
  const Value& old_version = (*oldest)["status"]["nodeInfo"]["kubeletVersion"];
  const Value& new_version = (*newest)["status"]["nodeInfo"]["kubeletVersion"];
  Observation& made =
      report(out, "node-version-skew", 0.35, *oldest,
             fmt::format("Kubelet versions differ by {} minor versions: node {} runs {}, node {} runs {}; "
                         "more than three is not supported.",
                         high - low, oldest->name, old_version.text(), newest->name, new_version.text()));
  cite(&made, *oldest, old_version, "the oldest kubelet");
  cite(&made, *newest, new_version, "the newest kubelet");
  suggest(&made, "kubectl get nodes -o wide", "shows the versions of all nodes");
}

// True where the node says that it is short of something, or where nothing tells.
bool under_pressure(const Survey& survey, const std::string& name) {
  const Object* node = survey.find("node", "", name);
  if (node == nullptr) return true;
  for (const Value& condition : (*node)["status"]["conditions"].items) {
    if (has(condition["type"].text(), "pressure") && condition["status"].text() == "True") return true;
  }
  return (*node)["status"]["conditions"].size() == 0;
}

// The pods by the unique ids that the API server gave them, where the bundle shows these.
std::map<std::string_view, const Object*> pods_by_uid(const Survey& survey) {
  std::map<std::string_view, const Object*> pods;
  for (const Object* pod : survey.each("pod")) pods.emplace((*pod)["metadata"]["uid"].text(), pod);
  pods.erase("");
  return pods;
}

// Who took the place of a pod that was preempted ("Preempted by pod UID on node N"), as far as it can be
// told.
void tell_preemptor(const std::map<std::string_view, const Object*>& pods, std::string_view text,
                    Observation* made) {
  const std::string_view uid = between(text, "by pod ", " ");
  const auto found = pods.find(uid.empty() ? between(text, "by ", " ") : uid);
  if (found == pods.end()) return;
  const Object* pod = found->second;
  const Value& spec = (*pod)["spec"];
  const Value& priority = spec["priorityClassName"].exists() ? spec["priorityClassName"] : spec["priority"];
  made->cause = brief(
      fmt::format("{} was preempted: {} has a higher priority{} and took its place",
                  described(made->culprit.kind, made->culprit.space, made->culprit.name), described(*pod),
                  priority.exists() ? fmt::format(" ({})", brief(priority.text(), 60)) : ""),
      limit::sentence);
  cite(made, *pod, (*pod)["metadata"]["uid"], "the pod that took its place");
  if (priority.exists()) cite(made, *pod, priority, "its priority");
}

// True where a node's last word is that it is Ready again.
bool is_ready_again(const Survey& survey, const std::set<std::string_view>& ready, const Happening& gone) {
  const Object* node = survey.find("node", "", gone.name);
  if (node != nullptr) {
    for (const Value& condition : (*node)["status"]["conditions"].items) {
      if (condition["type"].text() == "Ready") return condition["status"].text() == "True";
    }
  }
  return gone.count <= 1 && ready.contains(gone.name);
}

struct Told {
  std::string cause;
  double weight = 0;
};

// What an event says of a node or of a pod that its node did not keep; nothing: it is of something else.
std::optional<Told> told_by(const Survey& survey, const Heaviest& heaviest,
                            const std::set<std::string_view>& ready, const Happening& happening) {
  const std::string_view reason = happening.reason;
  const std::string_view text = happening.message->text();
  const std::string who = described(happening.kind, happening.space, happening.name);
  if (reason == "SystemOOM") {
    return Told{fmt::format("Node {} ran out of memory and the kernel killed a process (SystemOOM): {}",
                            happening.name, brief(text, 180)),
                0.75};
  }
  if (reason == "EvictionThresholdMet" || reason == "FreeDiskSpaceFailed" || reason == "ImageGCFailed") {
    // Once, on a node that reports no pressure now, is what a busy node does and recovers from.
    return Told{fmt::format("Node {} runs out of room ({}): {}", happening.name, reason, brief(text, 190)),
                happening.count > 1 || under_pressure(survey, happening.name) ? 0.75 : 0.3};
  }
  if (reason == "NodeNotReady" && happening.kind == "node") {
    return Told{fmt::format("Node {} became NotReady: {}", happening.name, brief(text, 180)),
                survey.only_whether && is_ready_again(survey, ready, happening) ? 0.3 : 0.5};
  }
  if (reason == "Preempted") {
    // Who asks for the end of a pod is not asking why the next one waits.
    const bool of_the_end = survey.asks({"terminated", "vanish", "disappear", "gone", "removed", "killed",
                                         "preempt", "evict", "stopped", "lost"});
    return Told{fmt::format("{} was preempted, removed in favour of a pod of higher priority: {}", who,
                            brief(text, 150)),
                of_the_end ? 0.985 : 0.78};
  }
  if (reason == "Evicted" && &happening == heaviest.happening) {
    return Told{fmt::format("Container {} of {} used {} of what its node ran out of and was evicted with its "
                            "neighbours: {}",
                            heaviest.container, who, heaviest.amount, brief(text, 120)),
                0.9};
  }
  if (reason == "Evicted" && survey.find("pod", happening.space, happening.name) == nullptr)
    return Told{fmt::format("{} was evicted: {}", who, brief(text, 200)), 0.78};
  if (reason == "TaintManagerEviction") {
    return Told{fmt::format("{} was evicted because of a taint on its node: {}", who, brief(text, 160)), 0.4};
  }
  if (has(text, "clock skew") || has(text, "clock is not synchron") || reason == "ClockSkew" ||
      reason == "NTPIsDown")
    return Told{fmt::format("The clock of {} is off: {}", who, brief(text, 180)), 0.7};
  return {};
}

void tell_events(const Survey& survey, const Heaviest& heaviest, const std::optional<Filler>& of_du,
                 Observations* out) {
  const auto pods = pods_by_uid(survey);
  bool disk_told = false;
  std::set<std::string_view> ready;
  for (const Happening& happening : survey.happenings()) {
    if (happening.reason == "NodeReady") ready.insert(happening.name);
  }
  std::set<std::string> seen;
  for (const Happening& happening : survey.happenings()) {
    const std::string_view reason = happening.reason;
    const std::optional<Told> told = told_by(survey, heaviest, ready, happening);
    if (!told || !seen.insert(std::string(reason) + happening.name).second) continue;
    Observation& made = report_missing(out, "node-event", told->weight, happening.kind, happening.space,
                                       happening.name, told->cause);
    made.culprit.present = survey.find(happening.kind, happening.space, happening.name) != nullptr;
    cite(&made, happening);
    if (reason == "Preempted") tell_preemptor(pods, happening.message->text(), &made);
    if (reason == "Evicted" && of_du && !disk_told && has(happening.message->text(), "ephemeral-storage")) {
      made.cause = fmt::format("The disk of a node is nearly full, so its kubelet evicts pods such as {}",
                               happening.name);
      tell_filler(*of_du, &made);
      made.weight = 0.93;
      disk_told = true;
    }
    if (reason == "EvictionThresholdMet") tell_heaviest(heaviest, &made);
    if (happening.kind == "node") {
      suggest(&made, fmt::format("kubectl describe node {}", happening.name),
              "shows the node's conditions and events");
    } else {
      suggest(&made,
              fmt::format("kubectl -n {} describe {} {}", happening.space, happening.kind, happening.name),
              "shows its state and events");
    }
  }
}

}  // namespace

void detect_nodes(const Survey& survey, Observations* out) {
  const Heaviest heaviest = heaviest_of(survey);
  const auto fillers = fillers_of(survey);
  const std::optional<Filler> of_du = filler_of_du(survey);
  for (const Object* node : survey.each("node")) {
    const auto filler = fillers.find(node->name);
    const bool is_of_du =
        of_du && (survey.each("node").size() == 1 || has_name(of_du->path, node->name, false));
    const Filler* known = filler != fillers.end() ? &filler->second : is_of_du ? &*of_du : nullptr;
    check_conditions(*node, heaviest, known, out);
    const Value& cordoned = (*node)["spec"]["unschedulable"];
    if (cordoned.is_true()) {
      Observation& made =
          report(out, "node-cordoned", 0.4, *node,
                 fmt::format("Node {} is cordoned (spec.unschedulable is true), so no new pods are scheduled "
                             "there.",
                             node->name));
      cite(&made, *node, cordoned, "the node takes no new pods");
      suggest_node(&made, *node);
    }
  }
  check_versions(survey, out);
  tell_events(survey, heaviest, of_du, out);
}

}  // namespace carrel
