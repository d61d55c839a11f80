// NetworkPolicies: what they leave of the traffic that the pods' own specs show to be needed. All policies
// that select a pod add up (networking.k8s.io/v1): what none of them allows is dropped.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/edit_distance.h"
#include "room/evidence/detectors.h"
#include "room/evidence/needs.h"

namespace carrel {
namespace {

constexpr std::size_t most_monitors = 64, most_policies = 256, most_endpoints = 4;  // of one

bool governs(const Object& policy, std::string_view direction) {
  const Value& types = policy["spec"]["policyTypes"];
  if (types.size() == 0) return direction == "Ingress" || policy["spec"]["egress"].exists();
  return std::any_of(types.items.begin(), types.items.end(),
                     [&](const Value& type) { return type.text() == direction; });
}

std::vector<const Object*> policies_of(const Survey& survey, const PodSpec& pods,
                                       std::string_view direction) {
  std::vector<const Object*> found;
  for (const Object* policy : survey.each("networkpolicy")) {
    if (policy->space == pods.owner->space && tells_all(*policy) && governs(*policy, direction) &&
        selector_matches((*policy)["spec"]["podSelector"], *pods.labels)) {
      found.push_back(policy);
    }
  }
  return found;
}

bool space_matches(const Object& policy, const Value& peer, const Object* space, std::string_view name) {
  const Value& spaces = peer["namespaceSelector"];
  if (!spaces.exists()) return name == policy.space;
  // The API server gives every namespace its name as this label.
  const std::string_view wanted = spaces["matchLabels"]["kubernetes.io/metadata.name"].text();
  if (!wanted.empty() && (wanted != name || spaces["matchLabels"].size() == 1)) return wanted == name;
  if (space == nullptr) return true;  // cannot be told
  return selector_matches(spaces, (*space)["metadata"]["labels"]);
}

bool labels_match(const Value& peer, const PodSpec& pods) {
  return !peer["podSelector"].exists() || selector_matches(peer["podSelector"], *pods.labels);
}

bool peer_matches(const Survey& survey, const Object& policy, const Value& peer, const PodSpec& pods) {
  if (peer["ipBlock"].exists()) return true;  // cannot be told from labels
  const Object* space = survey.find("namespace", "", pods.owner->space);
  return space_matches(policy, peer, space, pods.owner->space) && labels_match(peer, pods);
}

// The namespace of which a peer speaks by name: its policy's own, or the one that it names; empty: others.
std::string_view space_named_by(const Object& policy, const Value& peer) {
  const Value& spaces = peer["namespaceSelector"];
  return spaces.exists() ? spaces["matchLabels"]["kubernetes.io/metadata.name"].text() : policy.space;
}

// The namespaces of which the bundle has pods, and those that it has without any.
struct Spaces {
  std::set<std::string_view> with_pods;
  std::vector<const Object*> without_pods;

  explicit Spaces(const Survey& survey) {
    for (const PodSpec& one : survey.pod_specs()) with_pods.insert(one.owner->space);
    without_pods = survey.each("namespace");
    std::erase_if(without_pods, [&](const Object* space) { return with_pods.contains(space->name); });
  }
};

// True where whom a peer lets in may be in a namespace whose pods the bundle does not have.
bool may_be_elsewhere(const Survey& survey, const Spaces& spaces, const Object& policy, const Value& peer) {
  const std::string_view named = space_named_by(policy, peer);
  if (!named.empty() && !spaces.with_pods.contains(named)) return !survey.lacks("namespace", "", named);
  return std::ranges::any_of(spaces.without_pods, [&](const Object* space) {
    return space_matches(policy, peer, space, space->name);
  });
}

// `ports` of a rule against a port number and the names the container gives it.
bool port_allowed(const Value& ports, std::int64_t port, const PodSpec* target) {
  if (ports.size() == 0 || port == 0) return true;
  for (const Value& one : ports.items) {
    if (!one["port"].exists()) return true;
    const auto number = one["port"].integer();
    const auto end = one["endPort"].integer();
    if (number && (*number == port || (end && *number <= port && port <= *end))) return true;
    if (number || target == nullptr) continue;
    for (const Value& container : (*target->spec)["containers"].items) {
      for (const Value& named : container["ports"].items) {
        if (named["name"].text() == one["port"].text() && named["containerPort"].integer() == port)
          return true;
      }
    }
  }
  return false;
}

bool allows(const Survey& survey, const std::vector<const Object*>& policies, const char* rules,
            const char* peers, const PodSpec& other, std::int64_t port, const PodSpec* target) {
  for (const Object* policy : policies) {
    for (const Value& rule : (*policy)["spec"][rules].items) {
      if (!port_allowed(rule["ports"], port, target)) continue;
      const Value& list = rule[peers];
      if (list.size() == 0) return true;
      for (const Value& peer : list.items) {
        if (peer_matches(survey, *policy, peer, other)) return true;
      }
    }
  }
  return false;
}

std::string peer_text(const Value& peer) {
  const std::string labels = label_text(peer["podSelector"]["matchLabels"]);
  const std::string spaces = label_text(peer["namespaceSelector"]["matchLabels"]);
  std::string pods = labels.empty() ? "" : fmt::format("pods labelled {}", labels);
  if (spaces.empty()) return pods;
  return fmt::format("{}{}namespaces labelled {}", pods, pods.empty() ? "" : " in ", spaces);
}

// True where the labels that a peer is known by stand in a quote.
bool is_quoted(const Observation& made, const Value& peer) {
  for (const char* selector : {"podSelector", "namespaceSelector"}) {
    for (const auto& label : peer[selector]["matchLabels"].members) {
      const bool stands = std::ranges::any_of(made.lines, [&](const EvidenceLine& line) {
        return line.quote.find(label.first) != std::string::npos &&
               line.quote.find(label.second.text()) != std::string::npos;
      });
      if (!stands) return false;
    }
  }
  return true;
}

// What the rules let in or out, in words, as far as a quote of them goes: "pods labelled app=api, port 80".
std::string rules_text(const Object& policy, const char* rules, const char* peers) {
  Observation quoted;
  cite(&quoted, policy, policy["spec"][rules], "");
  std::string text;
  for (const Value& rule : policy["spec"][rules].items) {
    for (const Value& peer : rule[peers].items) {
      const std::string said = peer_text(peer);
      if (!said.empty() && is_quoted(quoted, peer))
        text += fmt::format("{}{}", text.empty() ? "" : ", ", said);
    }
    for (const Value& port : rule["ports"].items) {
      if (port["port"].exists())
        text += fmt::format("{}port {}", text.empty() ? "" : ", ", port["port"].text());
    }
  }
  return text.empty() && policy["spec"][rules].size() > 0 ? "what it lists" : brief(text, 90);
}

std::string chosen_text(const Object& policy) {
  const std::string labels = label_text(policy["spec"]["podSelector"]["matchLabels"]);
  return labels.empty() ? "all pods of the namespace" : fmt::format("pods labelled {}", brief(labels, 60));
}

void suggest_policy(Observation* made, const Object& policy) {
  suggest(made, fmt::format("kubectl -n {} describe networkpolicy {}", policy.space, policy.name),
          "shows what it selects and allows");
  suggest(made, fmt::format("kubectl get networkpolicies -n {}", policy.space), "shows the other policies");
  suggest(made, fmt::format("kubectl get pods -n {} --show-labels", policy.space),
          "shows the labels of the pods");
}

void check_egress(const Survey& survey, Observations* out) {
  const bool asked = survey.asks({"dns", "resolv", "resolution", "lookup", "host name", "hostname"});
  std::set<const Object*> told;
  for (const PodSpec& pods : survey.pod_specs()) {
    const auto policies = policies_of(survey, pods, "Egress");
    if (policies.empty()) continue;
    std::size_t rules = 0;
    bool dns = false;
    for (const Object* policy : policies) {
      for (const Value& rule : (*policy)["spec"]["egress"].items) {
        ++rules;
        // OpenShift's DNS pods listen on 5353.
        dns = dns || port_allowed(rule["ports"], 53, nullptr) || port_allowed(rule["ports"], 5353, nullptr);
      }
    }
    const Object& policy = *policies.front();
    if (dns || !told.insert(&policy).second) continue;
    const Value& egress = policy["spec"]["egress"];
    Observation& made = report(
        out, rules == 0 ? "policy-denies-egress" : "policy-denies-dns",
        rules == 0 ? 0.87
        : asked    ? 0.96
                   : 0.78,
        policy,
        rules == 0
            ? fmt::format(
                  "{} blocks all egress of {}, DNS included: pods such as {} cannot resolve names or reach "
                  "their backends.",
                  described(policy), chosen_text(policy), pods.owner->name)
            : fmt::format("{} allows {} egress to {} only and not to DNS (port 53), so pods such as {} "
                          "cannot resolve "
                          "names.",
                          described(policy), chosen_text(policy), rules_text(policy, "egress", "to"),
                          pods.owner->name));
    cite(&made, policy, policy["metadata"]["name"], "the policy");
    cite(&made, policy, egress.exists() ? egress : policy["spec"]["policyTypes"], "what it allows to leave");
    cite(&made, policy, policy["spec"]["podSelector"], "the pods that it is for");
    cite(&made, policy, policy["spec"]["policyTypes"], "the directions it governs");
    suggest_policy(&made, policy);
    lack(&made, "a name resolution tried from inside the pod");
  }
}

// Whether any of a policy's rules lets in somebody who is there, or may be where the bundle does not reach.
bool lets_in_somebody(const Survey& survey, const Spaces& spaces, const Object& policy) {
  for (const Value& rule : policy["spec"]["ingress"].items) {
    if (rule["from"].size() == 0) return true;
    for (const Value& peer : rule["from"].items) {
      if (may_be_elsewhere(survey, spaces, policy, peer) ||
          std::ranges::any_of(survey.pod_specs(), [&](const PodSpec& other) {
            return peer_matches(survey, policy, peer, other);
          }))
        return true;
    }
  }
  return false;
}

// True where a Service sends to the pods: somebody is meant to connect to them.
bool is_served(const Survey& survey, const PodSpec& pods) {
  return std::ranges::any_of(survey.each("service"), [&](const Object* service) {
    const Value& selector = (*service)["spec"]["selector"];
    return service->space == pods.owner->space && selector.size() > 0 && selects(selector, *pods.labels);
  });
}

void check_denied_ingress(const Survey& survey, Observations* out) {
  const Spaces spaces(survey);
  std::map<const Object*, bool> open;  // policies that let somebody in
  std::set<const Object*> told;
  for (const PodSpec& pods : survey.pod_specs()) {
    const auto policies = policies_of(survey, pods, "Ingress");
    if (policies.empty()) continue;
    const Object* allowing = nullptr;
    bool reachable = false;
    for (const Object* one : policies) {
      const auto [entry, is_new] = open.try_emplace(one, false);
      if (is_new) entry->second = lets_in_somebody(survey, spaces, *one);
      reachable = reachable || entry->second;
      if (allowing == nullptr && (*one)["spec"]["ingress"].size() > 0) allowing = one;
    }
    const Object& policy = allowing == nullptr ? *policies.front() : *allowing;
    // A worker to which nobody connects is well shut off.
    if (reachable || !is_served(survey, pods) || !told.insert(&policy).second) continue;
    Observation& made = report(
        out, "policy-denies-ingress", allowing == nullptr ? 0.8 : 0.76, policy,
        allowing == nullptr
            ? fmt::format("{} blocks all ingress to {}, and no other policy allows any, so nothing can "
                          "connect to {}.",
                          described(policy), chosen_text(policy), pods.owner->name)
            : fmt::format(
                  "{} allows ingress to {} only from {}, but no pod carries that, so connections to {} are "
                  "blocked.",
                  described(policy), chosen_text(policy), rules_text(policy, "ingress", "from"),
                  pods.owner->name));
    cite(&made, policy, policy["metadata"]["name"], "the policy");
    cite(&made, policy,
         policy["spec"]["ingress"].exists() ? policy["spec"]["ingress"] : policy["spec"]["policyTypes"],
         "what it lets in");
    cite(&made, policy, policy["spec"]["podSelector"], "the pods that it is for");
    suggest_policy(&made, policy);
  }
}

// Labels that a policy lets in and that no pod has, though the pods of that namespace are known: whoever had
// them goes by others now.
void check_peers(const Survey& survey, const Object& policy, Observations* out) {
  constexpr std::size_t most_peers = 16;
  std::size_t looked = 0;
  for (const Value& rule : policy["spec"]["ingress"].items) {
    for (const Value& peer : rule["from"].items) {
      const std::string_view space = space_named_by(policy, peer);
      if (peer["podSelector"].size() == 0 || space.empty() || ++looked > most_peers) continue;
      const PodSpec* other = nullptr;
      bool met = false;
      for (const PodSpec& pods : survey.pod_specs()) {
        if (pods.owner->space != space || !tells_all(*pods.owner)) continue;
        met = met || labels_match(peer, pods);
        // One that is asked about, or else one behind another door than the policy's own pods.
        const bool own =
            space == policy.space && selector_matches(policy["spec"]["podSelector"], *pods.labels);
        if (!own && (other == nullptr || survey.names(workload_of(*pods.owner).second))) other = &pods;
      }
      if (met || other == nullptr) continue;
      const bool asked = survey.asks({"connect", "reach", "timeout", "time out", "times out", "timed out",
                                      "unreachable", "refused", "traffic", "fail", "network"});
      Observation& made = report(
          out, "policy-peer-missing", asked ? 0.84 : 0.5, policy,
          fmt::format(
              "{} lets only {} in to {}, but no pod of namespace {} has these labels; {} has {}, so its "
              "connections are dropped.",
              described(policy), peer_text(peer), chosen_text(policy), space, other->owner->name,
              brief(label_text(*other->labels), 60)));
      cite(&made, policy, peer, "whom the policy lets in");
      cite(&made, *other->owner, *other->labels, "the labels of a pod there");
      cite(&made, policy, policy["metadata"]["name"], "the policy");
      suggest_policy(&made, policy);
    }
  }
}

// The policy whose rules come nearest to letting these pods pass, and the peer of it that has their labels
// while their namespace lacks its own; null where there is none.
struct Nearest {
  const Object* policy = nullptr;
  const Value* peer = nullptr;
};

Nearest nearest(const std::vector<const Object*>& policies, const char* rules, const char* peers,
                const PodSpec& other) {
  Nearest found{policies.front(), nullptr};
  for (const Object* policy : policies) {
    const Value& list = (*policy)["spec"][rules];
    if (list.size() == 0) continue;
    if ((*found.policy)["spec"][rules].size() == 0) found.policy = policy;
    for (const Value& rule : list.items) {
      for (const Value& peer : rule[peers].items) {
        if (peer["podSelector"].size() > 0 && labels_match(peer, other)) return {policy, &peer};
      }
    }
  }
  return found;
}

// One connection that a pod's own spec shows: client, Service, the pods behind it.
void check_connection(const Survey& survey, const PodSpec& client, const Object& service,
                      const Mention& mention, const PodSpec& target, Observations* out) {
  std::int64_t port = 0;
  for (const Value& one : service["spec"]["ports"].items) {
    if (mention.port != 0 && one["port"].integer() != mention.port) continue;
    port = one["targetPort"].integer().value_or(
        one["targetPort"].exists() ? 0 : one["port"].integer().value_or(0));
    break;
  }
  const auto inward = policies_of(survey, target, "Ingress");
  const auto outward = policies_of(survey, client, "Egress");
  const bool in = inward.empty() || allows(survey, inward, "ingress", "from", client, port, &target);
  const bool away = outward.empty() || allows(survey, outward, "egress", "to", target, port, &target);
  if (in && away) return;
  const char* rules = in ? "egress" : "ingress";
  const char* peers = in ? "to" : "from";
  const auto& all = in ? outward : inward;
  const PodSpec& other = in ? target : client;
  // Which does not fit: the port, where any would pass; the namespace, where the pods' labels fit; or those.
  const bool wrong_port = port != 0 && allows(survey, all, rules, peers, other, 0, &target);
  const Nearest near = nearest(all, rules, peers, other);
  const Object& policy = *near.policy;
  const bool wrong_space = !wrong_port && near.peer != nullptr;
  const std::string allowed = wrong_space ? peer_text(*near.peer) : rules_text(policy, rules, peers);
  const Object* space = survey.find("namespace", "", other.owner->space);
  bool dns = !in;
  for (const Object* one : outward) {
    for (const Value& rule : (*one)["spec"]["egress"].items)
      dns = dns || port_allowed(rule["ports"], 53, nullptr);
  }
  const auto unfit = [&] {
    if (wrong_port) return fmt::format("{} listens on port {}", target.owner->name, port);
    if (!wrong_space)
      return fmt::format("{} has the labels {}", other.owner->name, brief(label_text(*other.labels), 60));
    if (space == nullptr || !(*near.peer)["namespaceSelector"].exists())
      return fmt::format("{} is in namespace {}", other.owner->name, other.owner->space);
    return fmt::format("namespace {} has the labels {}", other.owner->space,
                       brief(label_text((*space)["metadata"]["labels"]), 80));
  };
  Observation& made = report(
      out, in ? "policy-blocks-egress" : "policy-blocks-ingress", 0.93, policy,
      fmt::format("{} blocks the traffic from {} to Service {}: it allows {} {} {} {}, but {}{}.",
                  described(policy), client.owner->name, service.name, rules, in ? "of" : "to",
                  chosen_text(policy),
                  allowed.empty() ? "not at all" : fmt::format("only {} {}", in ? "to" : "from", allowed),
                  unfit(), dns ? "" : "; DNS (port 53) is not allowed either"));
  const Value& list = policy["spec"][rules];
  cite(&made, policy,
       wrong_space     ? *near.peer
       : list.exists() ? list
                       : policy["spec"]["policyTypes"],
       "what the policy allows");
  if (wrong_space && space != nullptr)
    cite(&made, *space, (*space)["metadata"]["labels"], "the labels of the namespace");
  cite(&made, policy, policy["metadata"]["name"], "the policy");
  cite(&made, *client.owner, *client.labels, "the labels of the client");
  cite(&made, *client.owner, *mention.place, "what the client connects to");
  suggest_policy(&made, policy);
}

struct Scraped {
  std::int64_t port = 0;  // 0: it cannot be told
  const Object* object = nullptr;
  const Value* place = nullptr;  // where it stands
};

// The port that a monitor scrapes on these pods: its endpoint names one of the Service's or the container's.
Scraped scraped_port(const Survey& survey, const Object& monitor, const Value& endpoint,
                     const PodSpec& target) {
  const Value& wanted = endpoint["port"].exists() ? endpoint["port"] : endpoint["targetPort"];
  if (const auto number = wanted.integer()) return {*number, &monitor, &wanted};
  if (wanted.text().empty()) return {};
  const auto container_port = [&](std::string_view name) -> Scraped {
    for (const Value& container : (*target.spec)["containers"].items) {
      for (const Value& port : container["ports"].items) {
        if (port["name"].text() != name) continue;
        return {port["containerPort"].integer().value_or(0), target.owner, &port};
      }
    }
    return {};
  };
  for (const Object* service : survey.each("service")) {
    const Value& selector = (*service)["spec"]["selector"];
    if (service->space != target.owner->space || selector.size() == 0 || !selects(selector, *target.labels))
      continue;
    for (const Value& port : (*service)["spec"]["ports"].items) {
      if (port["name"].text() != wanted.text()) continue;
      const Value& behind = target_port_of(port);
      if (const auto number = behind.integer()) return {*number, service, &port};
      return container_port(behind.text());
    }
  }
  return container_port(wanted.text());
}

// One of the pods that a monitor scrapes: a PodMonitor chooses pods by their labels, a ServiceMonitor
// Services by theirs; null: none. One is as all that the same labels choose.
const PodSpec* scraped_pods(const Survey& survey, const Object& monitor) {
  const Value& chosen = monitor["spec"]["selector"]["matchLabels"];
  const auto first = [&](const Value& labels) -> const PodSpec* {
    if (labels.size() == 0) return nullptr;
    const auto pods = survey.selected(monitor.space, labels);
    return pods.empty() ? nullptr : pods.front();
  };
  if (monitor.kind == "podmonitor") return first(chosen);
  for (const Object* service : survey.each("service")) {
    const bool is_chosen = service->space == monitor.space && chosen.size() > 0 &&
                           selects(chosen, (*service)["metadata"]["labels"]);
    if (is_chosen) return first((*service)["spec"]["selector"]);
  }
  return nullptr;
}

// A monitor whose port no policy of the pods lets in, whoever asks. Source: monitoring.coreos.com/v1.
void check_scraping(const Survey& survey, const Object& monitor, Observations* out) {
  const Value& spec = monitor["spec"];
  const char* endpoints = monitor.kind == "podmonitor" ? "podMetricsEndpoints" : "endpoints";
  const PodSpec* target = scraped_pods(survey, monitor);
  if (target == nullptr) return;
  const auto policies = policies_of(survey, *target, "Ingress");
  for (std::size_t i = 0; i < spec[endpoints].size() && i < most_endpoints; ++i) {
    const Value& endpoint = spec[endpoints][i];
    const Scraped scraped = scraped_port(survey, monitor, endpoint, *target);
    const bool let_in = std::ranges::any_of(policies, [&](const Object* policy) {
      return std::ranges::any_of((*policy)["spec"]["ingress"].items, [&](const Value& rule) {
        return port_allowed(rule["ports"], scraped.port, target);
      });
    });
    if (scraped.port == 0 || policies.empty() || let_in) continue;
    // Of those that let something in, the one that speaks of monitoring.
    const Object* policy = policies.front();
    for (const Object* one : policies) {
      const bool of_monitoring = has(one->name, "prometheus") || has(one->name, "monitor") ||
                                 has(one->name, "metrics") || has(one->name, "scrape");
      if (of_monitoring || (*policy)["spec"]["ingress"].size() == 0) policy = one;
      if (of_monitoring) break;
    }
    const std::string allowed = rules_text(*policy, "ingress", "from");
    Observation& made = report(
        out, "policy-blocks-ingress", 0.93, *policy,
        fmt::format("{} blocks the scraping of {}: it lets in {}, but the metrics of {} are on port {}, "
                    "which no policy allows.",
                    described(*policy), target->owner->name, allowed.empty() ? "nothing" : allowed,
                    target->owner->name, scraped.port));
    const Value& rules = (*policy)["spec"]["ingress"];
    cite(&made, *policy, rules.exists() ? rules : (*policy)["spec"]["policyTypes"],
         "what the policy lets in");
    cite(&made, *policy, (*policy)["metadata"]["name"], "the policy");
    cite(&made, *scraped.object, *scraped.place, "the port of the metrics");
    cite(&made, monitor, endpoint, "what is scraped");
    suggest_policy(&made, *policy);
    return;
  }
}

// Who calls whom, as the question tells: the pods of a policy and others that it names, of other workloads.
void check_asked_pairs(const Survey& survey, std::set<std::string>* told, Observations* out) {
  constexpr std::size_t most_named = 6;
  std::map<std::pair<std::string, std::string>, const PodSpec*> named;
  for (const PodSpec& pods : survey.pod_specs()) {
    const std::string name = workload_of(*pods.owner).second;
    if (named.size() < most_named && survey.names(name))
      named.emplace(std::pair(pods.owner->space, name), &pods);
  }
  for (const auto& [to, called] : named) {
    const PodSpec& target = *called;
    if (policies_of(survey, target, "Ingress").empty()) continue;
    const auto& services = survey.each("service");
    const auto service = std::ranges::find_if(services, [&](const Object* each) {
      const Value& selector = (*each)["spec"]["selector"];
      return each->space == target.owner->space && selector.size() > 0 && selects(selector, *target.labels);
    });
    if (service == services.end()) continue;
    for (const auto& [from, client] : named) {
      if (from == to ||
          !told->insert(fmt::format("{}/{}/{}/{}", from.first, from.second, to.first, (*service)->name))
               .second)
        continue;
      const Mention mention{.host = (*service)->name, .place = &(*client->owner)["metadata"]["name"]};
      check_connection(survey, *client, **service, mention, target, out);
    }
  }
}

// Whether what is sent from a namespace may be let in by any policy of another.
bool may_come_from(const Survey& survey, std::string_view policies_of, const Object& space) {
  for (const Object* policy : survey.each("networkpolicy")) {
    if (policy->space != policies_of || !governs(*policy, "Ingress")) continue;
    if (!tells_all(*policy)) return true;
    const Value& rules = (*policy)["spec"]["ingress"];
    for (std::size_t i = 0; i < rules.size() && i < most_policies; ++i) {
      const Value& peers = rules[i]["from"];
      if (peers.size() == 0 || peers.size() > most_policies) return true;  // everybody, or too many to tell
      const bool lets_in = std::ranges::any_of(peers.items, [&](const Value& peer) {
        return peer["ipBlock"].exists() || space_matches(*policy, peer, &space, space.name);
      });
      if (lets_in) return true;
    }
  }
  return false;
}

// A label by which a policy lets namespaces in.
struct SpaceLabel {
  std::string_view key;
  const Value* value = nullptr;
};

// Those that are alone in their selector; a namespace's name as a label is its name.
std::vector<SpaceLabel> space_labels_of(const Object& policy) {
  std::vector<SpaceLabel> out;
  const Value& rules = policy["spec"]["ingress"];
  for (std::size_t i = 0; i < rules.size() && i < most_policies; ++i) {
    const Value& peers = rules[i]["from"];
    for (std::size_t j = 0; j < peers.size() && j < most_policies; ++j) {
      const Value& wanted = peers[j]["namespaceSelector"]["matchLabels"];
      if (wanted.members.size() != 1) continue;
      const auto& [key, value] = *wanted.members.begin();
      if (key != "kubernetes.io/metadata.name" && value.text().size() <= limit::name)
        out.push_back({key, &value});
    }
  }
  return out;
}

// Whose traffic a policy governs: " to web", where its pods are known.
std::string governed_by(const Survey& survey, const Object& policy) {
  const Value& chosen = policy["spec"]["podSelector"]["matchLabels"];
  if (chosen.size() == 0) return {};
  const auto pods = survey.selected(policy.space, chosen);
  return pods.empty() ? "" : " to " + workload_of(*pods.front()->owner).second;
}

void tell_shut_out(const Survey& survey, const Object& policy, const SpaceLabel& wanted, const Object& space,
                   const char* detector, const Object& culprit, Observations* out) {
  const Value& labels = space["metadata"]["labels"];
  const Value& label = labels[wanted.key];
  Observation& made = report(
      out, detector, 0.9, culprit,
      fmt::format("{} lets in only namespaces labelled {}={}, but namespace {} {}: what its pods send{} "
                  "is dropped.",
                  described(policy), wanted.key, brief(wanted.value->text(), 60), space.name,
                  label.exists() ? fmt::format("is labelled {}={}", wanted.key, brief(label.text(), 60))
                                 : fmt::format("has no label {}", wanted.key),
                  governed_by(survey, policy)));
  cite(&made, policy, *wanted.value, "whom the policy lets in");
  cite(&made, space, label.exists() ? label : labels, "how the namespace is labelled");
  suggest(&made, fmt::format("kubectl -n {} get networkpolicy {} -o yaml", policy.space, policy.name),
          "shows whom it lets in");
  suggest(&made, fmt::format("kubectl get namespace {} -o yaml", space.name), "shows its labels");
}

// A policy lets in namespaces by a label that one which is asked about has with nearly the same value:
// mistyped, it is shut out.
void check_mistyped_spaces(const Survey& survey, const std::vector<const Object*>& asked,
                           const Object& policy, Observations* out) {
  constexpr std::size_t most_edits = 2;
  for (const SpaceLabel& wanted : space_labels_of(policy)) {
    for (const Object* space : asked) {
      const Value& label = (*space)["metadata"]["labels"][wanted.key];
      const bool nearly = label.exists() && label.text() != wanted.value->text() &&
                          label.text().size() <= limit::name &&
                          edit_distance(label.text(), wanted.value->text(), most_edits) <= most_edits;
      if (!nearly || space->name == policy.space || may_come_from(survey, policy.space, *space)) continue;
      tell_shut_out(survey, policy, wanted, *space, "policy-space-mistyped", *space, out);
      return;
    }
  }
}

// A policy lets in the namespace of a name by a label that it does not have.
void check_unlabelled_spaces(const Survey& survey, const Object& policy, Observations* out) {
  for (const SpaceLabel& wanted : space_labels_of(policy)) {
    const Object* space = survey.find("namespace", "", wanted.value->text());
    if (space == nullptr || !tells_all(*space) || space->name == policy.space ||
        (*space)["metadata"]["labels"][wanted.key].exists() || may_come_from(survey, policy.space, *space))
      continue;
    tell_shut_out(survey, policy, wanted, *space, "policy-space-unlabelled", policy, out);
    return;
  }
}

}  // namespace

void detect_policies(const Survey& survey, Observations* out) {
  if (survey.each("networkpolicy").empty()) return;
  check_egress(survey, out);
  check_denied_ingress(survey, out);
  const auto& policies = survey.each("networkpolicy");
  std::vector<const Object*> asked;
  for (const Object* space : survey.each("namespace")) {
    if (asked.size() < most_endpoints && survey.names(space->name)) asked.push_back(space);
  }
  for (std::size_t i = 0; i < policies.size() && i < most_policies; ++i) {
    if (!tells_all(*policies[i]) || !governs(*policies[i], "Ingress")) continue;
    check_peers(survey, *policies[i], out);
    check_mistyped_spaces(survey, asked, *policies[i], out);
    check_unlabelled_spaces(survey, *policies[i], out);
  }
  for (const char* kind : {"servicemonitor", "podmonitor"}) {
    const auto& monitors = survey.each(kind);
    for (std::size_t i = 0; i < monitors.size() && i < most_monitors; ++i)
      check_scraping(survey, *monitors[i], out);
  }
  std::set<std::string> told;
  for (const PodSpec& client : survey.pod_specs()) {
    for (const Mention& mention : hosts_of(*client.spec)) {
      const auto dot = mention.host.find('.');
      std::string space = client.owner->space;
      if (dot != std::string::npos) {
        const std::string rest = mention.host.substr(dot + 1);
        space = rest.substr(0, rest.find('.'));
      }
      const Object* service = survey.find("service", space, mention.host.substr(0, dot));
      if (service == nullptr || (*service)["spec"]["selector"].size() == 0) continue;
      for (const PodSpec* target : survey.selected(space, (*service)["spec"]["selector"])) {
        const auto [kind, name] = workload_of(*client.owner);
        if (!told.insert(fmt::format("{}/{}/{}/{}", client.owner->space, name, space, service->name)).second)
          continue;
        check_connection(survey, client, *service, mention, *target, out);
      }
    }
  }
  check_asked_pairs(survey, &told, out);
}

}  // namespace carrel
