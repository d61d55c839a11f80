// Containers that never start (their configuration or their command is refused), and pods that are stuck:
// evicted, terminating, waiting for an init container, not ready for a reason nobody else explains.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "room/evidence/detectors.h"
#include "room/evidence/needs.h"

namespace carrel {
namespace {

void suggest_describe(Observation* made, const Object& pod, std::string_view why) {
  suggest(made, fmt::format("kubectl -n {} describe pod {}", pod.space, pod.name), std::string(why));
}

// The message of the waiting state, or of the event that says the same.
std::string_view start_message(const Survey& survey, const Object& pod, const Value& waiting,
                               const Happening** happening) {
  for (const Happening* event : survey.about(pod)) {
    const std::string_view text = event->message->text();
    if (event->reason == "Failed" && !has(text, "pull") && !has(text, "imagepull")) *happening = event;
  }
  if (!waiting["message"].text().empty()) return waiting["message"].text();
  return *happening ? (*happening)->message->text() : std::string_view();
}

// "configmap "app" not found", "couldn't find key X in Secret ns/name", "executable file not found in $PATH".
std::string explain_start(std::string_view message) {
  if (has(message, "executable file not found") || has(message, "no such file or directory")) {
    std::string_view what = between(message, "exec: \"", "\"");
    if (what.empty()) what = between(message, "exec ", ":");
    return fmt::format("its command {} does not exist in the image (exec: {})",
                       what.empty() ? "" : fmt::format("\"{}\"", what),
                       has(message, "executable file not found") ? "executable file not found in $PATH"
                                                                 : "no such file or directory");
  }
  if (has(message, "exec format error")) {
    return "its program was built for another processor architecture (exec format error)";
  }
  if (has(message, "permission denied")) return "its command may not be executed (permission denied)";
  if (has(message, "run as non-root") || has(message, "runasnonroot")) {
    return fmt::format("runAsNonRoot is set but the image runs as root ({})", brief(message, 100));
  }
  if (has(message, "subpath"))
    return fmt::format("a subPath of its mounts cannot be made ({})", brief(message, 120));
  return brief(message, 170);
}

// A bare reference to what is missing: kind and name out of `configmap "x" not found`.
bool missing_in(std::string_view message, std::string* kind, std::string* name, std::string* key) {
  for (const std::string_view word : {"configmap", "secret"}) {
    const std::string_view found = between(message, fmt::format("{} \"", word), "\" not found");
    if (!found.empty()) {
      *kind = word;
      *name = found;
      return true;
    }
  }
  const std::string_view wanted = between(message, "find key ", " in ");
  if (wanted.empty()) return false;
  *key = wanted;
  *kind = has(message, " in secret") ? "secret" : "configmap";
  std::string_view rest = message.substr(message.find(" in ", message.find("find key ")) + 4);
  const auto space = rest.find(' ');
  if (space != std::string_view::npos) rest = rest.substr(space + 1);
  const auto slash = rest.find('/');
  if (slash != std::string_view::npos) rest = rest.substr(slash + 1);
  *name = rest.substr(0, rest.find_first_of(" ,;"));
  return true;
}

void tell_not_started(const Survey& survey, const Object& pod, const Value& status, const Value& reason,
                      std::string_view message, const Value& message_value, const Happening* event,
                      Observations* out) {
  const std::string_view container = status["name"].text();
  std::string kind, name, key;
  std::string cause;
  double weight = 0.85;
  if (missing_in(message, &kind, &name, &key)) {
    const std::string what = described(kind, pod.space, name);
    cause = key.empty()
                ? fmt::format("{} cannot start: {}, which its container {} refers to, does not exist ({}).",
                              described(pod), what, container, reason.text())
                : fmt::format("{} cannot start: {} has no key {}, which its container {} refers to ({}).",
                              described(pod), what, key, container, reason.text());
    weight = 0.92;
  } else if (message.empty()) {
    cause =
        fmt::format("Container {} of {} cannot be started: {}.", container, described(pod), reason.text());
    weight = 0.5;
  } else {
    cause = fmt::format("Container {} of {} cannot be started ({}): {}.", container, described(pod),
                        reason.text(), explain_start(message));
  }
  Observation& made = report(out, "container-not-started", weight, pod, cause);
  if (message_value.exists())
    cite_span(&made, pod, message_value, reason, "why the container does not start");
  for (const Need& need : needs_of(pod["spec"])) {
    const bool same_key = key.empty() || (need.key != nullptr && need.key->text() == key);
    if (need.kind != kind || need.name->text() != name || !same_key) continue;
    cite_span(&made, pod, *need.name, need.key ? *need.key : *need.name, "what refers to it");
    if (need.user) cite(&made, pod, *need.user, "what uses it");
    break;
  }
  if (event) cite(&made, *event);
  cite(&made, pod, reason, "why the container waits");
  suggest_describe(&made, pod, "shows why the container does not start");
  if (!kind.empty()) {
    suggest(&made, fmt::format("kubectl -n {} get {} {} -o yaml", pod.space, kind, name),
            "shows whether it is there");
    suggest(&made, fmt::format("kubectl get {}s -n {}", kind, pod.space),
            "shows what there is under other names");
    looked_for(&made, survey, kind, pod.space);
  }
}

void tell_init(const Object& pod, const Value& status, Observations* out) {
  const Value& running = status["state"]["running"];
  if (!running.exists() || status["ready"].is_true()) return;
  const std::string_view name = status["name"].text();
  const Value* spec = nullptr;
  for (const Container& container : containers_of(pod["spec"])) {
    if (container.init && (*container.spec)["name"].text() == name) spec = container.spec;
  }
  if (spec != nullptr && (*spec)["restartPolicy"].text() == "Always") return;  // a sidecar
  const std::string command = spec ? brief(command_text(*spec), 110) : std::string();
  Observation& made = report(
      out, "init-container-stuck", 0.6, pod,
      fmt::format(
          "{} stays in Init: its init container {} is still running and does not finish{}, so its main "
          "containers never start.",
          described(pod), name, command.empty() ? "" : fmt::format(" ({})", command)));
  cite(&made, pod, running, "the init container still runs");
  if (spec)
    cite(&made, pod, (*spec)["command"].exists() ? (*spec)["command"] : (*spec)["args"], "what it runs");
  suggest(&made, fmt::format("kubectl -n {} logs {} -c {}", pod.space, pod.name, name),
          "shows what it waits for");
  lack(&made, fmt::format("log of init container {}", name));
}

void tell_evicted(const Survey& survey, const Object& pod, Observations* out) {
  const Value& status = pod["status"];
  const std::string_view message = status["message"].text();
  std::string_view resource = between(message, "low on resource: ", ".");
  Observation& made =
      report(out, "pod-evicted", 0.82, pod,
             fmt::format("{} was evicted{}: {}", described(pod),
                         resource.empty() ? "" : fmt::format(" because its node ran low on {}", resource),
                         message.empty() ? "the bundle does not tell why." : std::string(message)));
  cite_span(&made, pod, status["message"], status["reason"], "why the pod was ended");
  for (const Happening* event : survey.about(pod)) {
    if (event->reason == "Evicted") cite(&made, *event);
  }
  suggest_describe(&made, pod, "shows the eviction message");
  const std::string_view node = pod["spec"]["nodeName"].text();
  if (!node.empty())
    suggest(&made, fmt::format("kubectl describe node {}", node), "shows the node's pressure");
}

// True for a pod that no scheduler has said a word about.
bool is_unplaced(const Survey& survey, const Object& pod) {
  const Value& status = pod["status"];
  if (!tells_all(pod) || status["phase"].text() != "Pending" || !pod["spec"]["nodeName"].text().empty() ||
      !survey.about(pod, true).empty()) {
    return false;
  }
  return std::none_of(status["conditions"].items.begin(), status["conditions"].items.end(),
                      [](const Value& condition) { return condition["message"].exists(); });
}

// The scheduler's own pod where it does not run.
const Object* broken_scheduler(const Survey& survey) {
  for (const Object* pod : survey.each("pod")) {
    if (pod->name.starts_with("kube-scheduler") && pod_health(*pod) == Health::unhealthy) return pod;
  }
  return nullptr;
}

// Pods that wait for a node, and no event says why: the scheduler is not there, or the bundle does not tell.
void tell_unplaced(const Survey& survey, const std::vector<const Object*>& pods, Observations* out) {
  if (pods.empty()) return;
  const Object& one = *pods.front();
  if (const Object* scheduler = broken_scheduler(survey)) {
    Observation& made =
        report(out, "scheduler-crash", 0.7, *scheduler,
               fmt::format("{} does not run, so new pods stay Pending and no event says why (for one, {}).",
                           described(*scheduler), described(one)));
    for (const Value& container : (*scheduler)["status"]["containerStatuses"].items) {
      if (container["state"]["waiting"].exists())
        cite(&made, *scheduler, container["state"]["waiting"]["reason"], "the state of the scheduler");
    }
    cite(&made, one, one["status"]["phase"], "a pod that no node was found for");
    suggest(&made, fmt::format("kubectl -n {} logs {} --previous", scheduler->space, scheduler->name),
            "shows why the scheduler ended");
    suggest_describe(&made, *scheduler, "shows its state and events");
  } else if (survey.happenings().empty() && survey.each("node").empty()) {
    const auto [kind, name] = workload_of(one);
    Observation& made =
        report(out, "pod-unplaced", 0.5, one,
               fmt::format("{} pods of {} are Pending on no node; why cannot be told, because the bundle has "
                           "neither events nor nodes (for one, {}).",
                           pods.size(), name, described(one)));
    made.verdict = Verdict::insufficient_evidence;
    cite(&made, one, one["status"]["phase"], "the state of the pod");
    suggest_describe(&made, one, "shows its events: why no node takes it");
    suggest(&made, "kubectl get nodes -o wide", "shows which nodes there are");
    lack(&made, fmt::format("events of namespace {}", one.space));
    lack(&made, "nodes, with their taints and what they have left");
    lack(&made, "log of the scheduler");
  }
}

}  // namespace

void detect_container_starts(const Survey& survey, Observations* out) {
  for (const Object* pod : survey.each("pod")) {
    for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
      for (const Value& status : (*pod)["status"][list].items) {
        const Value& waiting = status["state"]["waiting"];
        const Value& reason = waiting["reason"];
        const std::string_view word = reason.text();
        const Value& ended = status["lastState"]["terminated"].exists() ? status["lastState"]["terminated"]
                                                                        : status["state"]["terminated"];
        if (word == "CreateContainerConfigError" || word == "CreateContainerError" ||
            word == "RunContainerError" || word == "PreStartHookError" || word == "PostStartHookError" ||
            word == "CreatePodSandboxError") {
          const Happening* event = nullptr;
          const std::string_view message = start_message(survey, *pod, waiting, &event);
          tell_not_started(survey, *pod, status, reason, message, waiting["message"], event, out);
        } else if (const std::string_view how = ended["reason"].text();
                   how == "StartError" || how == "ContainerCannotRun") {
          tell_not_started(survey, *pod, status, ended["reason"], ended["message"].text(), ended["message"],
                           nullptr, out);
        } else if (!waiting["message"].text().empty() &&
                   (word == "ContainerCreating" || word == "PodInitializing")) {
          Observation& made = report(out, "container-waits", 0.6, *pod,
                                     fmt::format("Container {} of {} waits ({}): {}", status["name"].text(),
                                                 described(*pod), word, waiting["message"].text()));
          cite_span(&made, *pod, waiting["message"], reason, "what the container waits for");
          suggest_describe(&made, *pod, "shows its events");
        }
        if (list[0] == 'i') tell_init(*pod, status, out);
      }
    }
  }
  // Sandboxes that the network plug-in refuses.
  for (const Happening& happening : survey.happenings()) {
    if (happening.reason != "FailedCreatePodSandBox" || !happening.warning) continue;
    const std::string_view text = happening.message->text();
    const Object* pod = survey.find("pod", happening.space, happening.name);
    const bool healthy = pod != nullptr && pod_health(*pod) == Health::healthy;
    Observation& made =
        report_missing(out, "pod-sandbox", healthy ? 0.2 : 0.75, "pod", happening.space, happening.name,
                       fmt::format("{} cannot start because its network sandbox cannot be made: {}",
                                   described("pod", happening.space, happening.name), text));
    made.culprit.present = pod != nullptr;
    cite(&made, happening);
    suggest(&made, fmt::format("kubectl -n {} describe pod {}", happening.space, happening.name),
            "shows its events");
    suggest(&made, "kubectl get pods -A -o wide", "shows whether the network plug-in runs on its node");
  }
}

void detect_stuck_pods(const Survey& survey, Observations* out) {
  std::map<std::pair<std::string, std::string>, std::vector<const Object*>> unplaced;  // by workload
  for (const Object* pod : survey.each("pod")) {
    if (is_unplaced(survey, *pod)) unplaced[workload_of(*pod)].push_back(pod);
    const Value& status = (*pod)["status"];
    if (status["reason"].text() == "Evicted") {
      tell_evicted(survey, *pod, out);
      continue;
    }
    if (status["reason"].text() == "DeadlineExceeded") {
      Observation& made = report(
          out, "pod-deadline", 0.8, *pod,
          fmt::format("{} was ended because it ran longer than its activeDeadlineSeconds (DeadlineExceeded).",
                      described(*pod)));
      cite_span(&made, *pod, status["reason"], status["message"], "why the pod was ended");
      suggest_describe(&made, *pod, "shows its deadline");
      continue;
    }
    const Value& deleted = (*pod)["metadata"]["deletionTimestamp"];
    if (deleted.exists() && !is_changing(survey, *pod)) {
      const Value& finalizers = (*pod)["metadata"]["finalizers"];
      const std::string held = finalizers.size() > 0 ? fmt::format("its finalizer {} is not removed",
                                                                   finalizers.items.front().text())
                                                     : "its node or its containers do not let it end";
      Observation& made = report(
          out, "pod-terminating", finalizers.size() > 0 ? 0.6 : 0.35, *pod,
          fmt::format("{} is stuck in Terminating{}: {}.", described(*pod),
                      deleted.text() == "Terminating" ? "" : fmt::format(" since {}", deleted.text()), held));
      cite(&made, *pod, deleted, "the pod is being deleted since");
      if (finalizers.exists()) cite(&made, *pod, finalizers, "what keeps it from going");
      suggest_describe(&made, *pod, "shows what it waits for");
      continue;
    }
    if (pod_health(*pod) != Health::unhealthy) continue;
    // A symptom, for want of anything better: which condition or container is not ready.
    const auto [state, telling] = state_of(*pod);
    Observation& made =
        report(out, "pod-not-ready", 0.3, *pod,
               fmt::format("{} is not ready (state {}{}).", described(*pod), state,
                           restarts_of(*pod) > 0 ? fmt::format(", {} restarts", restarts_of(*pod)) : ""));
    cite(&made, *pod, *telling, "the state of the pod");
    suggest_describe(&made, *pod, "shows its state and events");
    suggest(&made, fmt::format("kubectl -n {} logs {}", pod->space, pod->name), "shows its log");
    lack(&made, fmt::format("logs and events of pod {}", pod->name));
  }
  for (const auto& [workload, pods] : unplaced) tell_unplaced(survey, pods, out);
}

}  // namespace carrel
