#include "room/evidence/relations.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "room/evidence/log_findings.h"
#include "room/evidence/mechanism.h"

namespace carrel {
namespace {

constexpr double kCertain = 0.15;  // the root of a mechanism that explains its component's failure by itself

// What detectors say that only shows that something went wrong, not why.
enum class Symptom { none, ended, memory, load };

Symptom symptom_of(const Observation& observation) {
  if (observation.detector == "node-not-ready") return Symptom::ended;  // its host's logs know why
  if (std::max(observation.strength, observation.weight) >= 0.85) return Symptom::none;
  const std::string& name = observation.detector;
  if (has_any(name, {"out-of-memory", "oom", "memory-near", "memory-high"})) return Symptom::memory;
  if (has_any(name, {"near-limit", "throttl", "cpu-high"})) return Symptom::load;
  const bool ended = has_any(
      name, {"crash", "restart", "exit", "-end", "not-ready", "unready", "unavailable", "probe-fail",
             "rollout", "job-", "deadline", "backoff", "killed", "warning-event", "alert", "always-fails"});
  return ended && observation.weight < 0.8 ? Symptom::ended : Symptom::none;
}

struct Relation {
  std::initializer_list<std::string_view> detectors;   // parts of a detector's name
  std::initializer_list<std::string_view> mechanisms;  // what logs show when that is the root
};

// True where a log speaks by name of the workload whose pod an object's trouble harms ("cannot publish to
// bus", where "Pod bus-0 ... was evicted").
bool names_who_is_harmed(const Observation& object, const Observation& log) {
  constexpr std::string_view kPod = "pod ";
  const std::string cause = to_lower(object.cause);
  const std::size_t at = cause.find(kPod);
  if (at == std::string::npos) return false;
  std::string_view pod = std::string_view(cause).substr(at + kPod.size());
  pod = without_added(pod.substr(0, pod.find_first_of(" ,:)")));
  if (pod.size() < 2) return false;
  return std::any_of(log.lines.begin(), log.lines.end(),
                     [&](const EvidenceLine& line) { return has_name(to_lower(line.quote), pod, true); });
}

}  // namespace

bool only_warns(const Observation& log) {
  return log.detector == "log-error" && !log.lines.empty() && log.lines[0].reason.starts_with(warning_level);
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

bool has_name(std::string_view text, std::string_view name, bool parts) {
  const auto is_of_name = [&](std::size_t i) {
    if (i >= text.size()) return false;
    const char c = text[i];
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && !parts);
  };
  for (auto at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    if ((at == 0 || !is_of_name(at - 1)) && !is_of_name(at + name.size())) return true;
  }
  return false;
}

bool is_symptom(const Observation& observation) {
  return symptom_of(observation) != Symptom::none;
}

bool serves_metrics(const Name& culprit) {
  return culprit.name.starts_with("metrics-server");
}

bool is_root_of(const Observation& log, const Observation& object) {
  if (serves_metrics(log.culprit))
    return object.detector == "scaler-no-metrics" || object.detector == "apiservice-unavailable";
  if (object.culprit.kind == "node") {
    return has_any(log.detector, {"certificate", "disk-", "read-only", "clock", "config-",
                                  "permission-denied", "connection-table", "link-down"});
  }
  if (log.detector == "log-cpu-throttled") return has_any(object.detector, {"probe-fail"});
  // A probe asks the program, and the program's log says what is wrong with it.
  const Mechanism* const mechanism = mechanism_of(log.detector);
  if (has_any(object.detector, {"probe-fail"}) && mechanism != nullptr && mechanism->fault &&
      mechanism->root >= kCertain)
    return true;
  const bool load = has_any(log.detector, {"cpu-hot", "slow", "gc"});
  switch (symptom_of(object)) {
    case Symptom::none:
      return false;
    case Symptom::memory:
      return has_any(log.detector, {"memory-leak", "heap-exhausted", "queue-full"});
    case Symptom::load:
      return load;
    case Symptom::ended:
      return !load && log.detector != "log-memory-high";
  }
  return false;
}

bool explains(const Observation& object, const Observation& log) {
  static const std::array<Relation, 9> kRelations = {{
      {{"rule-failed"}, {"rule-failed"}},
      {{"transaction-holds-locks"}, {"deadlock", "statement-timeout", "database-unreachable", "timeout"}},
      {{"policy", "service", "endpoint", "selector", "port", "ingress", "dns", "host"},
       {"dns", "unreachable", "connection", "timeout", "upstream"}},
      {{"rbac", "permission", "role", "serviceaccount", "binding"}, {"forbidden", "object-missing"}},
      {{"configmap", "secret", "key", "config"}, {"config-", "file-missing", "authentication", "syntax"}},
      {{"claim", "volume", "storage", "pvc"}, {"disk-", "file-missing", "permission-denied", "read-only"}},
      {{"certificate", "tls"}, {"certificate-", "tls-"}},
      {{"quota", "limit", "throttl", "usage"}, {"quota", "slow", "timeout"}},
      {{"webhook", "admission"}, {"webhook", "object-missing"}},
  }};
  if (object.verdict != Verdict::fault || object.strength < 0.55 || is_symptom(object)) return false;
  // An account acts in other namespaces than its own, and is named where it is refused.
  const bool elsewhere = !object.culprit.space.empty() && !log.culprit.space.empty() &&
                         object.culprit.space != log.culprit.space;
  const bool named = object.culprit.kind == "serviceaccount" &&
                     std::ranges::any_of(log.lines, [&](const EvidenceLine& line) {
                       return has_name(line.quote, object.culprit.name, false);
                     });
  if (elsewhere && !named) return false;
  // What is not brought up to date any more is what it was.
  if (object.culprit.kind == "externalsecret" && has_any(log.detector, {"authentication-failed"}))
    return true;
  return std::any_of(kRelations.begin(), kRelations.end(), [&](const Relation& relation) {
    return has_any(object.detector, relation.detectors) && has_any(log.detector, relation.mechanisms);
  });
}

// True where what a log shows keeps another component's pod from running: storage that takes no writes or
// does not answer, or a mesh that cannot sign its proxies' identities.
bool keeps_from_running(const Observation& log, const Observation& object) {
  if (object.detector == "init-container-stuck" && has_any(object.cause, {"schema", "migrat"}) &&
      (object.culprit.space == log.culprit.space || log.culprit.space.empty()))
    return has_any(log.detector, {"changelog-lock", "migration-failed", "lock-wait", "metadata-lock",
                                  "idle-in-transaction"});
  // What a device plugin does not offer ("nvidia.com/gpu"), no node has.
  if (object.detector == "scheduling-resources" && object.cause.find('/') != std::string::npos)
    return has_any(log.culprit.name, {"device-plugin"});
  // A node waits for its network until the pod that sets it up does so.
  if (object.detector == "node-not-ready" && has_any(object.cause, {"cni", "NetworkPlugin"}))
    return has_any(log.culprit.name,
                   {"calico", "cilium", "flannel", "weave", "canal", "antrea", "kube-router"});
  if (has_any(object.detector, {"volume-mount"}))
    return has_any(log.detector, {"storage-cluster-full", "file-server-silent"});
  return has_any(object.detector, {"probe-fail", "not-ready"}) && has_any(log.detector, {"certificate-"}) &&
         has_any(log.culprit.name, {"linkerd-identity", "istiod", "istio-ca", "spire-server"});
}

std::string_view without_added(std::string_view pod) {
  for (std::size_t dash = pod.rfind('-'); dash != std::string_view::npos && dash > 0; dash = pod.rfind('-')) {
    const std::string_view last = pod.substr(dash + 1);
    const bool hash = last.size() == 5 && last.find_first_of("aeiou") == std::string_view::npos;
    if (last.find_first_of("0123456789") == std::string_view::npos && !hash) break;
    pod = pod.substr(0, dash);
  }
  return pod;
}

// True where the object's trouble keeps a component from running at all, and the log is that of another one,
// which reaches for something that does not answer. That the two belong together is told by the name of the
// one in a line of the other ("postgres" of "data-postgres-0"); where no name tells, only a cause that is
// certain will do.
bool keeps_dependency_down(const Observation& object, const Observation& log) {
  const bool reaches = has_any(log.detector, {"unreachable", "connection", "timeout", "dns", "upstream"});
  const bool named = (reaches || log.detector == "log-error") && names_who_is_harmed(object, log);
  // By name even a symptom of the other one is nearer to the root than the complaint of this one.
  const bool down =
      has_any(object.detector,
              {"claim", "volume", "storage", "scheduling", "image", "missing", "quota", "selects-nothing",
               "no-endpoints", "host-missing", "out-of-memory", "evict", "not-started"}) ||
      (named && has_any(object.detector, {"probe-fail", "crash", "node-not-ready", "node-condition"}));
  if (!(reaches || named) || !down || object.verdict != Verdict::fault || object.strength < 0.55)
    return false;
  if (is_symptom(object) && !named) return false;
  const bool elsewhere = !object.culprit.space.empty() && object.culprit.space != log.culprit.space;
  if (elsewhere && !log.culprit.space.empty()) return false;
  if (named || object.strength >= 0.85) return true;
  std::string_view rest = object.culprit.name;
  while (!rest.empty()) {
    const std::size_t dash = rest.find('-');
    const std::string word = to_lower(rest.substr(0, dash));
    rest.remove_prefix(dash == std::string_view::npos ? rest.size() : dash + 1);
    if (word.size() < 4 || word == "data") continue;
    for (const EvidenceLine& line : log.lines) {
      if (contains_folded(line.quote, word)) return true;
    }
  }
  return false;
}

bool same_component(const Observation& object, const Observation& log) {
  if (object.detector == "scaler-no-metrics" && serves_metrics(log.culprit)) return true;
  const Name& of = object.culprit;
  const Name& pod = log.culprit;
  // A log that lies in a folder named after a node is that node's.
  if (of.kind == "node" && pod.kind == "node")
    return of.name == pod.name || of.name.starts_with(pod.name + ".") || pod.name.starts_with(of.name + ".");
  if (of.kind == "node" && pod.name.empty() && !of.name.empty()) {
    return std::any_of(log.lines.begin(), log.lines.end(), [&](const EvidenceLine& line) {
      return line.at.file.find("/" + of.name + "/") != std::string::npos;
    });
  }
  if (pod.name.empty() || of.name.empty()) return false;
  if (!of.space.empty() && !pod.space.empty() && of.space != pod.space && of.kind != "container")
    return false;
  if (of.kind == "container") return of.space.ends_with("/" + pod.name);
  if (of.kind == "pod" && without_added(of.name) == without_added(pod.name)) return true;
  return of.name == pod.name || (pod.name.size() > of.name.size() && pod.name.starts_with(of.name) &&
                                 pod.name[of.name.size()] == '-');
}

}  // namespace carrel
