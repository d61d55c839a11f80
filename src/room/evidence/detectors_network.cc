// Services: what they select, and which ports they mean.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/brief.h"
#include "base/edit_distance.h"
#include "base/text.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

// True where a workload shares a label with a selector, or a part of its name with the Service: else it is
// just another one.
bool is_related(const PodSpec& pods, const Object& service, const Value& selector) {
  constexpr std::size_t most_edits = 2;
  const std::string& name = pods.owner->name;
  const std::string_view first = std::string_view(name).substr(0, name.find('-'));
  if (std::string_view(service.name).substr(0, service.name.find('-')) == first ||
      service.name.find(name) != std::string::npos || name.find(service.name) != std::string::npos)
    return true;
  return std::ranges::any_of(selector.members, [&](const auto& member) {
    const Value& label = (*pods.labels)[member.first];
    return label.exists() && edit_distance(label.text(), member.second.text(), most_edits) <= most_edits;
  });
}

// Whose labels come nearest to a selector that matches nothing: most pairs in common, else a name in common.
const PodSpec* nearest_pods(const Survey& survey, const Object& service, const Value& selector) {
  const PodSpec* best = nullptr;
  std::size_t most = 0;
  for (const PodSpec& pods : survey.pod_specs()) {
    if (pods.owner->space != service.space) continue;
    std::size_t score = 0;
    for (const auto& [key, value] : selector.members) {
      const Value& label = (*pods.labels)[key];
      if (label.exists() && label.text() == value.text()) {
        score += 4;
      } else if (label.exists()) {
        score += 2;
      }
    }
    if (service.name.find(pods.owner->name) != std::string::npos ||
        pods.owner->name.find(service.name) != std::string::npos) {
      score += 3;
    }
    if (!pods.is_pod) ++score;
    if (score > most && score > 1 && is_related(pods, service, selector)) {
      most = score;
      best = &pods;
    }
  }
  return best;
}

void suggest_service(Observation* made, const Object& service) {
  suggest(made, fmt::format("kubectl -n {} get endpoints {}", service.space, service.name),
          "shows whether the Service has endpoints");
  suggest(made, fmt::format("kubectl get pods -n {} --show-labels", service.space),
          "shows the labels of the pods");
  suggest(made, fmt::format("kubectl -n {} describe service {}", service.space, service.name),
          "shows selector, ports and endpoints");
}

bool shares_label(const Value& selector, const Value& labels) {
  return std::ranges::any_of(selector.members, [&](const auto& member) {
    return labels[member.first].exists() && labels[member.first].text() == member.second.text();
  });
}

void tell_selects_nothing(const Survey& survey, const Object& service, const Value& selector,
                          Observations* out) {
  const PodSpec* near = nearest_pods(survey, service, selector);
  const bool any = std::any_of(survey.pod_specs().begin(), survey.pod_specs().end(),
                               [&](const PodSpec& pods) { return pods.owner->space == service.space; });
  if (!any && !survey.inventory.lists_all("pod", service.space)) return;
  // Of a kind of workload that was not collected there may be pods of any label: only those of the Service's
  // own name, or with another of the labels that it selects by, are told of then.
  const bool listed = survey.inventory.lists_all("pod", service.space) ||
                      survey.inventory.lists_all("statefulset", service.space);
  const bool has_pods = std::ranges::any_of(survey.pod_specs(), [&](const PodSpec& pods) {
    return pods.is_pod && pods.owner->space == service.space;
  });
  const bool is_near =
      near != nullptr && (near->owner->name == service.name || shares_label(selector, *near->labels));
  if (!listed && !has_pods && !is_near) return;
  // A table of pods without their labels leaves open which of them it selects.
  const auto is_unlabelled = [&](const Object* pod) {
    return pod->space == service.space && !tells_all(*pod) && !(*pod)["metadata"]["labels"].exists();
  };
  if (near == nullptr && std::ranges::any_of(survey.each("pod"), is_unlabelled)) return;
  std::string differs;
  const Value* wanted = &selector;
  const Value* found = near ? near->labels : &Value::null();
  if (near != nullptr) {
    for (const auto& [key, value] : selector.members) {
      const Value& label = (*near->labels)[key];
      if (label.text() == value.text() && label.exists()) continue;
      if (!differs.empty()) continue;
      wanted = &value;
      if (label.exists()) found = &label;
      differs = label.exists()
                    ? fmt::format("the pods of {} {} are labelled {}={}, not {}={}", near->owner->kind,
                                  near->owner->name, key, label.text(), key, value.text())
                    : fmt::format("the pods of {} {} have no label {} (they have {})", near->owner->kind,
                                  near->owner->name, key, brief(label_text(*near->labels), 60));
    }
  }
  // Which of an operator's pods plays a part is known to it alone, and a part may be played by none.
  const bool is_role = std::ranges::any_of(selector.members, [&](const auto& member) {
    return has(member.first, "role") && near != nullptr &&
           (*near->labels)[member.first].text() != member.second.text();
  });
  Observation& made =
      report(out, "service-selects-nothing",
             is_role ? 0.35
             : near  ? 0.92
             : any   ? 0.75
                     : 0.55,
             service,
             fmt::format("{} has no endpoints: its selector {} matches no pods{}{}.", described(service),
                         brief(label_text(selector), 90), differs.empty() ? "" : "; ", differs));
  cite_span(&made, service, *wanted, selector, "the selector of the Service");
  if (near != nullptr) {
    cite(&made, *near->owner, *found, "the labels of the pods");
    cite(&made, *near->owner, *near->labels, "all labels of the pods");
  }
  looked_for(&made, survey, "pod", service.space);
  suggest_service(&made, service);
}

// True where a container of the pods declares the port that a Service sends to.
bool declares(const std::vector<const PodSpec*>& matched, const Value& target) {
  return std::ranges::any_of(matched, [&](const PodSpec* pods) {
    return std::ranges::any_of((*pods->spec)["containers"].items, [&](const Value& container) {
      return std::ranges::any_of(container["ports"].items, [&](const Value& one) {
        return one["containerPort"].text() == target.text() || one["name"].text() == target.text();
      });
    });
  });
}

void check_ports(const Object& service, const std::vector<const PodSpec*>& matched, Observations* out) {
  const auto& ports = service["spec"]["ports"].items;
  // A container need not declare the ports that it listens on, and one of several is often left out.
  const bool some_declared =
      std::ranges::any_of(ports, [&](const Value& port) { return declares(matched, target_port_of(port)); });
  for (const Value& port : service["spec"]["ports"].items) {
    const Value& target = target_port_of(port);
    if (target.text().empty() || target.text() == "0") continue;
    const auto number = target.integer();
    bool reached = false, judged = false;
    std::string offered;
    std::set<std::string_view> named;  // the ports that stand in `offered`
    const PodSpec* example = nullptr;
    const Value* its_ports = &Value::null();
    bool declared = false;
    for (const PodSpec* pods : matched) {
      if (!tells_all(*pods->owner) && pods->owner->source != Object::Source::describe) continue;
      for (const Value& container : (*pods->spec)["containers"].items) {
        const std::int64_t stock = listening_port(container);
        for (const Value& one : container["ports"].items) {
          judged = true;
          const bool same =
              number ? one["containerPort"].integer() == number : one["name"].text() == target.text();
          reached = reached || (same && (stock == 0 || !number || stock == *number));
          declared = declared || same;
          const bool is_new = named.insert(one["containerPort"].text()).second;
          if (offered.size() < 60 && is_new) {
            offered += fmt::format(
                "{}{}{}", offered.empty() ? "" : ", ", one["containerPort"].text(),
                number || one["name"].text().empty() ? "" : fmt::format(" ({})", one["name"].text()));
          }
          example = pods;
          its_ports = &container["ports"];
        }
        if (stock != 0 && number) {
          judged = true;
          reached = reached || stock == *number;
          if (offered.empty() || stock != *number) offered = fmt::format("{}", stock);
          if (example == nullptr) {
            example = pods;
            its_ports = &container["image"];
          }
        }
        if (!number && container["ports"].size() == 0) {
          judged = true;
          if (example == nullptr) {
            example = pods;
            its_ports = &container["name"];
          }
        }
      }
    }
    if (reached || !judged || example == nullptr) continue;
    // A port that the pod declares may be set where this does not look.
    Observation& made =
        report(out, "service-target-port",
               declared        ? 0.6
               : !number       ? 0.88
               : some_declared ? 0.3
                               : 0.84,
               service,
               fmt::format("{} sends port {} to targetPort {}, but the pods of {} {} listen on port {}, so "
                           "connections are refused "
                           "(wrong targetPort).",
                           described(service), port["port"].text(), target.text(), example->owner->kind,
                           example->owner->name, offered.empty() ? "none of that name" : offered));
    cite_span(&made, service, target, port["port"], "the target port of the Service");
    cite(&made, *example->owner, *its_ports, "the ports of the container");
    suggest(&made, fmt::format("kubectl -n {} get service {} -o yaml", service.space, service.name),
            "shows its ports");
    suggest(&made, fmt::format("kubectl -n {} get endpoints {}", service.space, service.name),
            "shows where it sends to");
  }
}

// True where an Endpoints object or a slice of the service has an address that is ready; nothing when there
// is none.
std::optional<bool> has_endpoints(const Survey& survey, const Object& service, const Object** shown,
                                  const Value** place) {
  std::optional<bool> any;
  if (const Object* endpoints = survey.find("endpoints", service.space, service.name); endpoints) {
    any = false;
    *shown = endpoints;
    *place = (*endpoints)["subsets"].exists() ? &(*endpoints)["subsets"] : &(*endpoints)["metadata"]["name"];
    for (const Value& subset : (*endpoints)["subsets"].items) {
      if (subset["addresses"].size() > 0) return true;
    }
  }
  for (const Object* slice : survey.each("endpointslice")) {
    if (slice->space != service.space || !tells_all(*slice)) continue;
    if ((*slice)["metadata"]["labels"]["kubernetes.io/service-name"].text() != service.name) continue;
    any = false;
    *shown = slice;
    *place = &(*slice)["endpoints"];
    for (const Value& endpoint : (*slice)["endpoints"].items) {
      if (!endpoint["conditions"]["ready"].exists() || endpoint["conditions"]["ready"].is_true()) return true;
    }
  }
  return any;
}

// "registry/team/orders:1.2" without its tag: another release of the same program is no stranger.
std::string_view program_of(const PodSpec& pods) {
  std::string_view image = (*pods.spec)["containers"][0]["image"].text();
  image = image.substr(0, image.find('@'));
  const auto colon = image.find(':', image.rfind('/') == std::string_view::npos ? 0 : image.rfind('/'));
  return image.substr(0, colon);
}

// What gets no requests: the pods of a Job, what has ended, what has no replicas.
bool serves_nothing(const PodSpec& pods) {
  const Object& owner = *pods.owner;
  const std::string kind = workload_of(owner).first;
  const std::string_view phase = pods.is_pod ? owner["status"]["phase"].text() : std::string_view();
  return kind == "job" || kind == "cronjob" || phase == "Succeeded" || phase == "Failed" ||
         owner["spec"]["replicas"].text() == "0";
}

// A selector that takes in the pods of another program: they get a part of the requests and cannot answer
// them.
void check_strangers(const Object& service, const std::vector<const PodSpec*>& matched, Observations* out) {
  const auto belongs = [&](const PodSpec& pods) {
    const std::string name = workload_of(*pods.owner).second;
    return name == service.name || name.starts_with(service.name + "-v");
  };
  const auto own =
      std::find_if(matched.begin(), matched.end(), [&](const PodSpec* pods) { return belongs(*pods); });
  if (own == matched.end() || program_of(**own).empty()) return;
  for (const PodSpec* pods : matched) {
    if (belongs(*pods) || serves_nothing(*pods) || program_of(*pods).empty() ||
        program_of(*pods) == program_of(**own))
      continue;
    const auto [kind, name] = workload_of(*pods->owner);
    const Value& selector = service["spec"]["selector"];
    Observation& made =
        report(out, "service-selects-stranger", 0.66, service,
               fmt::format("{} also sends requests to the pods of {}: its selector {} "
                           "matches their labels as well as those of {}, "
                           "so part of the requests reach the wrong program.",
                           described(service), described(kind, "", name), brief(label_text(selector), 60),
                           workload_of(*(*own)->owner).second));
    cite(&made, service, selector, "the selector of the Service");
    cite(&made, *pods->owner, *pods->labels, "the labels of the other program's pods");
    cite(&made, *pods->owner, (*pods->spec)["containers"][0]["image"], "the other program");
    suggest(&made, fmt::format("kubectl get pods -n {} --show-labels", service.space),
            "shows which pods have the labels it selects");
    return;
  }
}

void check_service(const Survey& survey, const Object& service, Observations* out) {
  const Value& spec = service["spec"];
  const Value& selector = spec["selector"];
  const std::string_view type = spec["type"].text();
  if (type == "ExternalName") {
    const std::string_view host = spec["externalName"].text();
    const auto dot = host.find('.');
    if (host.find(".svc") != std::string_view::npos && dot != std::string_view::npos) {
      const std::string_view rest = host.substr(dot + 1);
      const std::string_view space = rest.substr(0, rest.find('.'));
      if (survey.lacks("service", space, host.substr(0, dot))) {
        Observation& made =
            report(out, "service-external-name", 0.85, service,
                   fmt::format("{} is an ExternalName for {}, but there is no such Service in namespace {}.",
                               described(service), host, space));
        cite(&made, service, spec["externalName"], "the name it stands for");
        looked_for(&made, survey, "service", space);
      }
    }
    return;
  }
  if (type == "LoadBalancer" && service["status"].exists() &&
      service["status"]["loadBalancer"]["ingress"].size() == 0 && tells_all(service)) {
    const Happening* telling = nullptr;
    for (const Happening* happening : survey.about(service)) telling = happening;
    Observation& made =
        report(out, "service-load-balancer", telling ? 0.75 : 0.5, service,
               fmt::format("{} has type LoadBalancer but no external address was given to it (pending){}.",
                           described(service), telling ? ": " + brief(telling->message->text(), 150) : ""));
    if (telling) cite(&made, *telling);
    cite(&made, service, spec["type"], "the type of the Service");
    cite(&made, service, service["status"], "no address yet");
    suggest_service(&made, service);
  }
  if (selector.size() == 0) return;
  const auto matched = survey.selected(service.space, selector);
  const Object* shown = nullptr;
  const Value* place = nullptr;
  const auto endpoints = has_endpoints(survey, service, &shown, &place);
  if (matched.empty()) {
    // Rows of `get pods` may have labels too, without a spec.
    for (const Object* pod : survey.each("pod")) {
      if (pod->space == service.space && selects(selector, (*pod)["metadata"]["labels"])) return;
    }
    if (endpoints.value_or(false)) return;
    tell_selects_nothing(survey, service, selector, out);
    return;
  }
  check_strangers(service, matched, out);
  check_ports(service, matched, out);
  bool pods_known = false, ready = false, all_at_zero = true;
  const PodSpec* unready = nullptr;
  for (const PodSpec* pods : matched) {
    all_at_zero &= !pods->is_pod && (*pods->owner)["spec"]["replicas"].text() == "0";
    if (!pods->is_pod) continue;
    pods_known = true;
    ready = ready || pods->health != Health::unhealthy;
    if (pods->health == Health::unhealthy) unready = pods;
  }
  if (endpoints && !*endpoints && (ready || !pods_known)) {
    // That its workload is scaled to zero is told of that.
    Observation& made = report(out, "service-no-endpoints", all_at_zero ? 0.3 : 0.55, service,
                               fmt::format("{} has no ready endpoints although its selector {} matches pods.",
                                           described(service), brief(label_text(selector), 80)));
    cite(&made, *shown, *place, "the endpoints");
    cite(&made, service, selector, "the selector of the Service");
    suggest_service(&made, service);
  } else if (pods_known && !ready && unready != nullptr) {
    Observation& made =
        report(out, "service-no-ready-pods", 0.36, service,
               fmt::format("{} has no ready endpoints because none of its pods is ready (for one, pod {}).",
                           described(service), unready->owner->name));
    if (shown) cite(&made, *shown, *place, "the endpoints");
    cite(&made, *unready->owner, (*unready->owner)["status"]["phase"], "the state of a pod");
    suggest_service(&made, service);
  }
}

// Nodes that drop what is sent to them: with externalTrafficPolicy Local only those take requests on which a
// pod of the Service runs.
void check_local_policy(const Survey& survey, const Object& service, Observations* out) {
  const Value& policy = service["spec"]["externalTrafficPolicy"];
  if (policy.text() != "Local") return;
  std::set<std::string> with, without;
  const Object* example = nullptr;
  const auto take = [&](const Object& pod) {
    const std::string_view node = pod["spec"]["nodeName"].text();
    if (!node.empty()) with.emplace(node), example = &pod;
  };
  const std::vector<const PodSpec*> selected = survey.selected(service.space, service["spec"]["selector"]);
  for (const PodSpec* pods : selected) {
    if (pods->is_pod) take(*pods->owner);
  }
  // A row of a table has no labels: then the name tells.
  for (const Object* pod : survey.each("pod")) {
    if (with.empty() && pod->space == service.space && pod->name.starts_with(service.name + "-")) take(*pod);
  }
  for (const Object* pod : survey.each("pod")) {
    if (example != nullptr && pod->space == service.space &&
        without_hashes(pod->name) == without_hashes(example->name))
      take(*pod);
  }
  for (const Object* node : survey.each("node")) {
    const bool control = (*node)["spec"]["taints"].size() > 0 ||
                         node->name.find("control") != std::string::npos ||
                         node->name.find("master") != std::string::npos;
    const auto& conditions = (*node)["status"]["conditions"].items;
    const bool unready = std::ranges::any_of(conditions, [](const Value& condition) {
      return condition["type"].text() == "Ready" && condition["status"].text() != "True";
    });
    if (!control && !unready && !with.contains(node->name)) without.insert(node->name);
  }
  if (with.empty() || without.empty() || example == nullptr) return;
  // A cloud's load balancer asks the nodes first and leaves those out; one that does not loses a part.
  const bool balanced = service["spec"]["type"].text() == "LoadBalancer";
  const bool a_part = survey.asks({"half", "some ", "sometimes", "sporadic", "part of", "third", "quarter",
                                   "intermittent", "now and then", "every other", "of all"});
  const bool asked = survey.asks({"time out", "timeout", "unreachable"});
  const double weight = a_part ? (balanced ? 0.8 : 0.88) : asked && !balanced ? 0.6 : 0.3;
  Observation& made =
      report(out, "service-local-policy", weight, service,
             fmt::format("{} has externalTrafficPolicy Local, and its pods run only on {}: what is sent to "
                         "{} is dropped, for "
                         "there is no local endpoint.",
                         described(service), brief(fmt::format("{}", fmt::join(with, ", ")), 80),
                         brief(fmt::format("{}", fmt::join(without, ", ")), 80)));
  cite(&made, service, policy, "only nodes with a pod of it take requests");
  cite(&made, *example, (*example)["spec"]["nodeName"], "where a pod runs");
  for (const Object* node : survey.each("node")) {
    if (without.contains(node->name)) {
      cite(&made, *node, (*node)["metadata"]["name"], "a node without one");
      break;
    }
  }
  suggest_service(&made, service);
}

}  // namespace

void detect_services(const Survey& survey, Observations* out) {
  for (const Object* service : survey.each("service")) {
    if (service->source != Object::Source::table) check_service(survey, *service, out);
    check_local_policy(survey, *service, out);
  }
}

}  // namespace carrel
