#include "room/evidence/detectors.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "room/evidence/relations.h"

namespace carrel {
namespace {

using Detector = void (*)(const Survey&, Observations*);

// All detectors, roots before symptoms.
constexpr Detector detectors[] = {detect_references,      detect_container_starts,
                                  detect_image_pulls,     detect_unlike_images,
                                  detect_claims,          detect_volumes,
                                  detect_scheduling,      detect_unplaceable,
                                  detect_admission,       detect_quotas,
                                  detect_permissions,     detect_policies,
                                  detect_services,        detect_unheard_ports,
                                  detect_attachments,     detect_ingresses,
                                  detect_stale_settings,  detect_hosts,
                                  detect_probes,          detect_scaling,
                                  detect_container_ends,  detect_jobs,
                                  detect_nodes,           detect_lost_nodes,
                                  detect_certificates,    detect_deliveries,
                                  detect_revisions,       detect_replicas,
                                  detect_rollouts,        detect_deletions,
                                  detect_backups,         detect_usage,
                                  detect_counts,          detect_host_tools,
                                  detect_proxied_calls,   detect_transcripts,
                                  detect_neighbours,      detect_measurements,
                                  detect_traces,          detect_cloud_changes,
                                  detect_plans,           detect_sessions,
                                  detect_changes,         detect_queues,
                                  detect_clients,         detect_slow_commands,
                                  detect_thread_dumps,    detect_unlike_peers,
                                  detect_unplaced_shards, detect_alerts,
                                  detect_stuck_pods,      detect_warnings,
                                  detect_health};

// Words of a question and the families of detectors (by the beginning of their names) that they speak of.
struct AskedFamilies {
  std::initializer_list<std::string_view> words;
  std::initializer_list<std::string_view> families;
  double more = 0.05;  // what such a finding gains
};
const AskedFamilies asked_families[] = {
    {{"permission", "forbidden", "denied", "rbac", "authoriz", "access"}, {"rbac"}},
    {{"scale", "scaling", "autoscal", "hpa", "replica"},
     {"scaler", "quota", "workload-zero", "placement-anti"}},
    {{"connect", "reach", "network", "timeout", "time out", "unreachable", "refused", "traffic"},
     {"service", "policy", "host", "ingress"}},
    {{"dns", "resolv", "resolution", "lookup"}, {"policy", "host", "service"}},
    {{"ingress", "502", "503", "404", "route"}, {"ingress", "service", "route"}},
    {{"volume", "pvc", "storage", "disk", "mount", "claim"}, {"claim", "volume", "mounted"}},
    {{"pending", "schedul"}, {"scheduling", "placement", "claim", "quota"}},
    {{"image", "pull"}, {"image"}},
    {{"ready", "probe", "readiness", "liveness"}, {"probe"}},
    {{"oom", "out of memory", "for its memory", "for memory"}, {"container-out-of-memory"}, 0.2},
    {{"restart", "crash", "oom", "memory", "kill"}, {"container", "probe", "memory", "init"}},
    {{"config", "secret", "key", "environment"}, {"configmap", "secret", "key", "mounted"}},
    {{"job", "cron"}, {"job", "cronjob"}},
    {{"slow", "latency", "cpu", "throttl"}, {"cpu"}},
    {{"node"}, {"node"}},
    {{"helm", "upgrade", "release", "rollback"}, {"release"}, 0.15},
    {{"sync", "argo", "flux", "helm", "upgrade"}, {"delivery", "namespace"}},
    {{"terminating", "delet", "finaliz"}, {"namespace-terminating", "deletion"}},
    {{"quota", "create", "no pods"}, {"quota", "limit", "pod-security", "webhook", "create"}},
    {{"alert"}, {"alert"}},
    {{"certificate", "tls"}, {"certificate", "ingress-tls"}},
};

// What the question is about, as far as it names it.
class Focus {
 public:
  explicit Focus(const Survey& survey) : survey_(survey) {
    static const std::set<std::string_view> unnamed = {"event",        "serviceaccount", "lease",
                                                       "podmetrics",   "nodemetrics",    "endpointslice",
                                                       "storageclass", "priorityclass"};
    for (const Object& object : survey.inventory.all()) {
      if (object.kind == "namespace") {
        if (survey.names(object.name)) spaces_.insert(object.name);
        continue;
      }
      if (!object.space.empty() && survey.names(object.space)) spaces_.insert(object.space);
      if (unnamed.count(object.kind) > 0 || object.name == "default" || object.name == "kubernetes") continue;
      // Who names an address names the Ingress that answers there.
      if (object.kind == "ingress" && object.value != nullptr && serves_named_host(object)) {
        named_.insert(object.name);
        homes_.insert(object.space);
      }
      const std::string workload = object.value == nullptr ? object.name : workload_of(object).second;
      for (const std::string& name : {object.name, workload}) {
        if (named_.count(name) == 0 && !survey.names(name)) continue;
        named_.insert(name);
        homes_.insert(object.space);
      }
    }
  }

  double weigh(const Observation& observation) const {
    double weight = observation.weight;
    for (const AskedFamilies& topic : asked_families) {
      const bool family = std::any_of(
          topic.families.begin(), topic.families.end(),
          [&](std::string_view one) { return observation.detector.compare(0, one.size(), one) == 0; });
      if (family && survey_.asks(topic.words)) {
        weight += topic.more;
        break;
      }
    }
    const Name& culprit = observation.culprit;
    if (!named_.empty()) {
      if (is_about(observation)) {
        weight += 0.06;
      } else if (homes_.count(culprit.space) > 0) {
        weight *= 0.6;
      } else {
        weight *= culprit.kind == "node" ? 0.95 : culprit.space.empty() ? 0.8 : 0.5;
      }
    } else if (!spaces_.empty()) {
      if (spaces_.count(culprit.space) > 0) {
        weight += 0.04;
      } else {
        weight *= culprit.space.empty() ? 0.9 : 0.5;
      }
    } else if (culprit.space == "kube-system") {
      weight *= 0.75;
    }
    return std::clamp(weight, 0.0, 0.99);
  }

 private:
  bool serves_named_host(const Object& ingress) const {
    constexpr std::size_t most_rules = 64;
    const Value& rules = ingress["spec"]["rules"];
    for (std::size_t i = 0; i < rules.size() && i < most_rules; ++i) {
      if (survey_.names(rules[i]["host"].text())) return true;
    }
    return false;
  }

  bool is_about(const Observation& observation) const {
    const Object* object =
        survey_.find(observation.culprit.kind, observation.culprit.space, observation.culprit.name);
    if (named_.count(observation.culprit.name) > 0) return true;
    if (object != nullptr && named_.count(workload_of(*object).second) > 0) return true;
    // The sentence says whom the culprit harms.
    const std::string cause = to_lower(observation.cause);
    return std::any_of(named_.begin(), named_.end(), [&](const std::string& name) {
      const std::string folded = to_lower(name);
      const bool dotted = folded.find('.') != std::string::npos;  // a node's, of a domain
      for (auto at = cause.find(folded); at != std::string::npos; at = cause.find(folded, at + 1)) {
        const auto of_name = [&](char c) {
          return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || (dotted && c == '.');
        };
        // "data-db-0" is the claim of "db-0".
        const bool claims = at > 0 && cause[at - 1] == '-' && observation.detector.starts_with("claim-");
        if (at > 0 && of_name(cause[at - 1]) && !claims) continue;
        const auto end =
            std::find_if_not(cause.begin() + static_cast<std::ptrdiff_t>(at), cause.end(), of_name);
        std::string whole(cause.begin() + static_cast<std::ptrdiff_t>(at), end);
        while (whole.ends_with('.')) whole.pop_back();
        // "web-7d9f-x2" is about "web"; "web-db" and "webhook" are not.
        if (whole == folded || without_added(whole) == folded || without_hashes(whole) == folded) return true;
      }
      return false;
    });
  }

  const Survey& survey_;
  std::set<std::string> named_, spaces_, homes_;
};

std::string workload_key(const Survey& survey, const Observation& observation) {
  const Name& culprit = observation.culprit;
  const Object* object = survey.find(culprit.kind, culprit.space, culprit.name);
  auto [kind, name] = object ? workload_of(*object) : std::pair{culprit.kind, culprit.name};
  if (kind == "pod") name = without_hashes(name);
  return fmt::format("{}/{}/{}", culprit.space, kind, name);
}

// Pods of one workload tell the same: one of them is enough.
void merge_siblings(const Survey& survey, Observations* all) {
  std::map<std::string, std::size_t> first;
  Observations kept;
  for (Observation& observation : *all) {
    std::string cause = observation.cause;
    const std::string& name = observation.culprit.name;
    for (auto at = cause.find(name); !name.empty() && at != std::string::npos; at = cause.find(name, at))
      cause.erase(at, name.size());
    const std::string container = cause.substr(0, cause.find(" of "));
    const std::string key = fmt::format("{}\n{}\n{}", observation.detector, workload_key(survey, observation),
                                        container.size() < 80 ? container : "");
    const auto [place, added] = first.emplace(key, kept.size());
    if (added || observation.detector == "warning-event") {
      kept.push_back(std::move(observation));
    } else if (observation.weight > kept[place->second].weight) {
      kept[place->second] = std::move(observation);
    }
  }
  *all = std::move(kept);
}

// A symptom of something whose root is known says less; and what is at fault is not well.
void settle(const Survey& survey, Observations* all) {
  std::map<std::string, double> strongest;
  for (const Observation& observation : *all) {
    if (observation.verdict != Verdict::fault) continue;
    double& most = strongest[workload_key(survey, observation)];
    most = std::max(most, observation.weight);
  }
  for (Observation& observation : *all) {
    const double most = strongest[workload_key(survey, observation)];
    if (observation.verdict == Verdict::fault && observation.weight < 0.5 && most >= 0.7)
      observation.weight *= 0.7;
  }
  // A pod that waits for its claim says less than what keeps the claim unbound.
  const auto& claims = survey.each("persistentvolumeclaim");
  for (Observation& observation : *all) {
    if (observation.detector != "scheduling-claim") continue;
    const bool told = std::any_of(all->begin(), all->end(), [&](const Observation& other) {
      return other.detector.starts_with("claim-") && other.weight >= 0.8 &&
             std::any_of(claims.begin(), claims.end(), [&](const Object* claim) {
               return other.cause.find(claim->name) != std::string::npos &&
                      observation.cause.find(claim->name) != std::string::npos;
             });
    });
    if (told) observation.weight *= 0.6;
  }
  std::vector<std::pair<const Observation*, std::string>> faults;
  for (const Observation& observation : *all) {
    if (observation.verdict == Verdict::fault && observation.weight >= (survey.only_whether ? 0.4 : 0.3))
      faults.emplace_back(&observation, workload_key(survey, observation));
  }
  Observations kept;
  for (const Observation& observation : *all) {
    const std::string key = observation.verdict == Verdict::no_fault ? workload_key(survey, observation) : "";
    const bool refuted =
        observation.verdict == Verdict::no_fault &&
        std::any_of(faults.begin(), faults.end(), [&](const auto& fault) {
          const Observation& other = *fault.first;
          const bool same = fault.second == key || other.culprit.name.starts_with(observation.culprit.name);
          return same ||
                 (other.weight >= 0.7 && other.cause.find(observation.culprit.name) != std::string::npos);
        });
    if (!refuted) kept.push_back(observation);
  }
  *all = std::move(kept);
}

bool is_ready_node(const Survey& survey, std::string_view name) {
  const Object* node = survey.find("node", "", name);
  if (node == nullptr) return false;
  const auto& conditions = (*node)["status"]["conditions"].items;
  return std::any_of(conditions.begin(), conditions.end(), [](const Value& condition) {
    return condition["type"].text() == "Ready" && condition["status"].text() == "True";
  });
}

// The pods of each workload, by their names without hashes.
using Siblings = std::multimap<std::string, const Object*>;

// True where what events told of its culprit holds no more: the node is Ready, the pod runs or is gone.
bool is_over(const Survey& survey, const Siblings& siblings, const Observation& observation) {
  const Name& culprit = observation.culprit;
  if (culprit.kind == "node") {
    // One that is gone took its events with it.
    const bool is_gone = observation.detector == "node-lost" && survey.lacks("node", "", culprit.name);
    return is_gone || (observation.detector == "node-event" &&
                       (is_ready_node(survey, culprit.name) || survey.lacks("node", "", culprit.name)));
  }
  if (culprit.kind != "pod") return false;
  const bool from_events =
      std::all_of(observation.lines.begin(), observation.lines.end(), [](const EvidenceLine& line) {
        return line.reason.find("event") != std::string::npos ||
               line.at.file.find("event") != std::string::npos;
      });
  if (!from_events) return false;
  const Object* pod = survey.find("pod", culprit.space, culprit.name);
  if (pod != nullptr) return pod_health(*pod) == Health::healthy;
  if (survey.inventory.lists_all("pod", culprit.space)) return true;
  // Its workload goes on in other pods, all of them well.
  bool goes_on = false;
  const auto [from, to] = siblings.equal_range(without_hashes(culprit.name));
  for (auto place = from; place != to; ++place) {
    const Object& other = *place->second;
    if (!other.space.empty() && !culprit.space.empty() && other.space != culprit.space) continue;
    if (pod_health(other) != Health::healthy) return false;
    goes_on = true;
  }
  return goes_on;
}

// States that somebody may well have meant.
bool may_be_meant(std::string_view detector) {
  static constexpr std::array<std::string_view, 10> states = {
      "workload-zero-replicas", "node-cordoned",         "budget-blocks",        "rollout-paused",
      "cronjob-suspended",      "policy-denies-ingress", "policy-denies-egress", "policy-denies-dns",
      "scaler-no-room",         "rollout-partition"};
  return std::ranges::find(states, detector) != states.end();
}

// What a pod of a Job came to before another one did the work says little; and whether there is a fault is a
// question of now.
void weigh_what_is_over(const Survey& survey, Observations* all) {
  Siblings siblings;
  if (!survey.complains) {
    for (const Object* pod : survey.each("pod")) siblings.emplace(without_hashes(pod->name), pod);
  }
  for (Observation& observation : *all) {
    if (observation.verdict != Verdict::fault) continue;
    const Object* pod = survey.find("pod", observation.culprit.space, observation.culprit.name);
    const bool retried = observation.culprit.kind == "pod" && pod != nullptr && was_retried(survey, *pod);
    const bool meant = !survey.complains && may_be_meant(observation.detector);
    if (retried || meant || (!survey.complains && is_over(survey, siblings, observation)))
      observation.weight *= 0.4;
  }
}

}  // namespace

std::vector<Observation> detect(const Inventory& inventory, const std::string& question,
                                const ListeningPorts& listening) {
  const Survey survey(inventory, question, listening);
  Observations all;
  for (const Detector detector : detectors) detector(survey, &all);
  std::erase_if(all, [](const Observation& observation) {
    return observation.lines.empty() || observation.cause.empty();
  });
  merge_siblings(survey, &all);
  const Focus focus(survey);
  weigh_what_is_over(survey, &all);
  settle(survey, &all);
  for (Observation& observation : all) {
    observation.strength = observation.weight;
    observation.weight = focus.weigh(observation);
    for (EvidenceLine& line : observation.lines) line.score = observation.weight;
  }
  return all;
}

}  // namespace carrel
