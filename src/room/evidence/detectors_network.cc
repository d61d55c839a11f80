// Services and Ingresses: what they select, which ports they mean, what they name.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/brief.h"
#include "base/text.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

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
    if (score > most && score > 1) {
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

const Value& target_of(const Value& port) {
  return port["targetPort"].exists() ? port["targetPort"] : port["port"];
}

void check_ports(const Object& service, const std::vector<const PodSpec*>& matched, Observations* out) {
  const auto& ports = service["spec"]["ports"].items;
  // A container need not declare the ports that it listens on, and one of several is often left out.
  const bool some_declared =
      std::ranges::any_of(ports, [&](const Value& port) { return declares(matched, target_of(port)); });
  for (const Value& port : service["spec"]["ports"].items) {
    const Value& target = target_of(port);
    if (target.text().empty() || target.text() == "0") continue;
    const auto number = target.integer();
    bool reached = false, judged = false;
    std::string offered;
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
          const bool is_new = offered.find(one["containerPort"].text()) == std::string::npos;
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
  bool pods_known = false, ready = false;
  const PodSpec* unready = nullptr;
  for (const PodSpec* pods : matched) {
    if (!pods->is_pod) continue;
    pods_known = true;
    ready = ready || pods->health != Health::unhealthy;
    if (pods->health == Health::unhealthy) unready = pods;
  }
  if (endpoints && !*endpoints && (ready || !pods_known)) {
    Observation& made = report(out, "service-no-endpoints", 0.55, service,
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

void check_backend(const Survey& survey, const Object& ingress, const Value& backend, Observations* out) {
  const Value& name =
      backend["service"]["name"].exists() ? backend["service"]["name"] : backend["serviceName"];
  const Value& number = backend["service"]["port"]["number"].exists() ? backend["service"]["port"]["number"]
                                                                      : backend["servicePort"];
  const Value& word = backend["service"]["port"]["name"];
  const Value& port = word.exists() ? word : number;
  if (name.text().empty()) return;
  const Object* service = survey.find("service", ingress.space, name.text());
  if (service == nullptr) {
    if (!survey.lacks("service", ingress.space, name.text())) return;
    const std::string near = nearest(survey, "service", ingress.space, name.text());
    Observation& made = report_missing(
        out, "ingress-backend-missing", 0.9, "service", ingress.space, name.text(),
        fmt::format("{} sends requests to Service {}, which does not exist in namespace {}, so "
                    "they fail (503){}.",
                    described(ingress), name.text(), ingress.space,
                    near.empty() ? "" : fmt::format("; there is {}", near)));
    cite(&made, ingress, name, "the Service it names");
    if (const Object* one = survey.find("service", ingress.space, near))
      cite(&made, *one, (*one)["metadata"]["name"], "the Service there is");
    looked_for(&made, survey, "service", ingress.space);
    suggest(&made, fmt::format("kubectl get all -n {}", ingress.space), "shows the Services that exist");
    return;
  }
  const Value& ports = (*service)["spec"]["ports"];
  if (port.text().empty() || ports.size() == 0) return;
  std::string offered;
  for (const Value& one : ports.items) {
    if (one["port"].text() == port.text() || one["name"].text() == port.text()) return;
    const std::string_view named = one["name"].text();
    offered += fmt::format("{}{}{}", offered.empty() ? "" : ", ", one["port"].text(),
                           named.empty() ? "" : fmt::format(" (named {})", named));
  }
  Observation& made =
      report(out, "ingress-backend-port", 0.88, ingress,
             fmt::format("{} sends requests to port {} of Service {}, but that Service has only port {}.",
                         described(ingress), port.text(), name.text(), offered));
  cite_span(&made, ingress, name, port, "the Service and port it names");
  cite(&made, *service, ports, "the ports of the Service");
  suggest(&made, fmt::format("kubectl -n {} describe ingress {}", ingress.space, ingress.name),
          "shows its backends");
}

void check_class(const Survey& survey, const Object& ingress, Observations* out) {
  const Value& by_spec = ingress["spec"]["ingressClassName"];
  const Value& by_note = ingress["metadata"]["annotations"]["kubernetes.io/ingress.class"];
  const Value& name = by_spec.exists() ? by_spec : by_note;
  const auto& classes = survey.each("ingressclass");
  if (name.text().empty()) {
    if (classes.empty() || !tells_all(ingress)) return;
    for (const Object* one : classes) {
      if ((*one)["metadata"]["annotations"]["ingressclass.kubernetes.io/is-default-class"].is_true()) return;
    }
    Observation& made = report(
        out, "ingress-no-class", 0.6, ingress,
        fmt::format("{} names no ingressClassName and no IngressClass is the default, so no controller "
                    "takes it.",
                    described(ingress)));
    cite(&made, ingress, ingress["metadata"]["name"], "the Ingress without a class");
    cite(&made, *classes.front(), (*classes.front())["metadata"]["name"], "the class there is");
    return;
  }
  const bool missing = survey.lacks("ingressclass", "", name.text());
  const bool unseen = survey.unseen("ingressclass", "", name.text());
  const bool unserved =
      ingress["status"].exists() && ingress["status"]["loadBalancer"]["ingress"].size() == 0;
  if (!missing && !(unseen && (unserved || !classes.empty()))) return;
  // Whose controller runs, that has its class, which the bundle did not list.
  const auto runs = [&](const Object* pod) {
    return has(pod->name, "ingress") && has(pod->name, to_lower(name.text())) &&
           pod_health(*pod) == Health::healthy;
  };
  if (!missing && classes.empty() && std::ranges::any_of(survey.each("pod"), runs)) return;
  const std::string others = classes.empty() ? "" : fmt::format("; there is {}", classes.front()->name);
  Observation& made = report_missing(
      out, "ingress-class-missing", missing || !classes.empty() ? 0.9 : 0.56, "ingressclass", "", name.text(),
      fmt::format("{} names the ingress class {}, which {}{}, so no ingress controller serves it.",
                  described(ingress), name.text(),
                  missing || !classes.empty() ? "does not exist" : "is not in the bundle and may not exist",
                  others));
  cite(&made, ingress, name, "the class it names");
  if (!classes.empty())
    cite(&made, *classes.front(), (*classes.front())["metadata"]["name"], "the class there is");
  looked_for(&made, survey, "ingressclass", "");
  suggest(&made, fmt::format("kubectl -n {} describe ingress {}", ingress.space, ingress.name),
          "shows class and events");
}

// "/api/v2" of "/api/v2(/|$)(.*)"
std::string_view plain_path(const Value& path) {
  std::string_view text = path["path"].text();
  text = text.substr(0, text.find_first_of("(*$?"));
  while (text.size() > 1 && text.ends_with('/')) text.remove_suffix(1);
  return text;
}

// "/api" of "/api/v2": a version, and what it is one of; empty: the path ends in no version.
std::string_view versioned_by(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return {};
  const std::string_view last = path.substr(slash + 1);
  const bool version =
      last.size() >= 2 && last.size() <= 4 && last[0] == 'v' && std::ranges::all_of(last.substr(1), is_digit);
  return version ? path.substr(0, slash) : std::string_view();
}

bool asks_for_path(const Survey& survey, std::string_view path) {
  const std::size_t at = survey.question.find(to_lower(path));
  if (at == std::string::npos) return false;
  const std::size_t end = at + path.size();
  return end == survey.question.size() || !is_alphanumeric(survey.question[end]);
}

// A version of an API that goes to whoever serves all the rest, though another version of it goes elsewhere.
void check_versions(const Survey& survey, const Object& ingress, const Value& rule, Observations* out) {
  constexpr std::size_t most_paths = 256;
  const auto& paths = rule["http"]["paths"].items;
  const auto service_of = [](const Value& path) -> const Value& {
    const Value& name = path["backend"]["service"]["name"];
    return name.exists() ? name : path["backend"]["serviceName"];
  };
  const Value *asked = nullptr, *other = nullptr, *rest = nullptr;
  for (std::size_t i = 0; i < paths.size() && i < most_paths; ++i) {
    const std::string_view path = plain_path(rule["http"]["paths"][i]);
    if (path == "/") rest = &rule["http"]["paths"][i];
    if (asked == nullptr && !versioned_by(path).empty() && asks_for_path(survey, path))
      asked = &rule["http"]["paths"][i];
  }
  if (asked == nullptr || rest == nullptr || service_of(*asked).text() != service_of(*rest).text()) return;
  for (std::size_t i = 0; i < paths.size() && i < most_paths; ++i) {
    const Value& path = rule["http"]["paths"][i];
    const bool sibling = versioned_by(plain_path(path)) == versioned_by(plain_path(*asked)) &&
                         service_of(path).text() != service_of(*asked).text();
    if (sibling) other = &path;
  }
  if (other == nullptr) return;
  Observation& made = report(
      out, "ingress-version-elsewhere",
      survey.asks({"404", "405", "not found", "html", "wrong"}) ? 0.88 : 0.6, ingress,
      fmt::format("{} routes {} to Service {}, which serves / as well, and {} to Service {}: requests for {} "
                  "may reach the "
                  "wrong Service.",
                  described(ingress), brief(plain_path(*asked), 50), service_of(*asked).text(),
                  brief(plain_path(*other), 50), service_of(*other).text(), brief(plain_path(*asked), 50)));
  cite(&made, ingress, (*asked)["path"], "the path that is asked about");
  cite(&made, ingress, service_of(*asked), "where it goes");
  cite(&made, ingress, service_of(*other), "where another version goes");
  suggest(&made, fmt::format("kubectl -n {} describe ingress {}", ingress.space, ingress.name),
          "shows its routes");
}

}  // namespace

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

void detect_services(const Survey& survey, Observations* out) {
  for (const Object* service : survey.each("service")) {
    if (service->source != Object::Source::table) check_service(survey, *service, out);
    check_local_policy(survey, *service, out);
  }
}

// Two Ingresses with one host and path: the controller takes the older one and ignores the other. Source:
// ingress-nginx, "If the same path for the same host is defined in more than one Ingress, the oldest rule
// wins".
void check_duplicates(const Survey& survey, Observations* out) {
  struct Rule {
    const Object* ingress;
    const Value* path;
  };
  std::map<std::string, Rule> first;
  for (const Object* ingress : survey.each("ingress")) {
    const Value& notes = (*ingress)["metadata"]["annotations"];
    if (notes["nginx.ingress.kubernetes.io/canary"].text() == "true") continue;
    for (const Value& rule : (*ingress)["spec"]["rules"].items) {
      for (const Value& path : rule["http"]["paths"].items) {
        const std::string key = fmt::format("{} {} {}", (*ingress)["spec"]["ingressClassName"].text(),
                                            rule["host"].text(), path["path"].text());
        const auto [place, added] = first.emplace(key, Rule{ingress, &path});
        const Object& one = *place->second.ingress;
        if (added || &one == ingress || (one.space == ingress->space && one.name == ingress->name)) continue;
        const std::string_view made_one = one["metadata"]["creationTimestamp"].text();
        const std::string_view made_other = (*ingress)["metadata"]["creationTimestamp"].text();
        const bool other_is_older = !made_other.empty() && made_other < made_one;
        const Object& older = other_is_older ? *ingress : one;
        const Object& younger = other_is_older ? one : *ingress;
        const Value& taken = other_is_older ? path : *place->second.path;
        const Value& ignored = other_is_older ? *place->second.path : path;
        const bool asked = survey.names(younger.name) || survey.names(rule["host"].text()) ||
                           survey.names(younger.space) ||
                           survey.question.find(path["path"].text()) != std::string::npos;
        Observation& made =
            report(out, "ingress-duplicate", asked ? 0.88 : 0.5, younger,
                   fmt::format("{} and {} both define host {} with path {}: the older one, {}, is taken, so "
                               "requests go to its "
                               "Service {}, and the rule of the other is ignored.",
                               described(older), described(younger), rule["host"].text(), path["path"].text(),
                               older.name, taken["backend"]["service"]["name"].text()));
        cite(&made, older, taken["path"], "the path of the one that is taken");
        cite(&made, older, taken["backend"]["service"]["name"], "where its requests go");
        cite(&made, younger, ignored["path"], "the same path of the other");
        cite(&made, older, older["metadata"]["creationTimestamp"], "when the one was made");
        cite(&made, older,
             rule["host"].exists() && &older == ingress ? rule["host"] : older["metadata"]["name"],
             "whose it is");
        suggest(&made, fmt::format("kubectl -n {} describe ingress {}", older.space, older.name),
                "shows its rules");
        return;
      }
    }
  }
}

// A share of another Ingress' requests that is sent elsewhere. Source: the annotations of ingress-nginx.
void check_canary(const Survey& survey, const Object& ingress, Observations* out) {
  const Value& notes = ingress["metadata"]["annotations"];
  const Value& weight = notes["nginx.ingress.kubernetes.io/canary-weight"];
  const Value& canary = notes["nginx.ingress.kubernetes.io/canary"];
  if (canary.text() != "true" || weight.text().empty() || weight.text() == "0") return;
  const Value& rule = ingress["spec"]["rules"][0];
  const Value& backend = rule["http"]["paths"][0]["backend"]["service"]["name"];
  const bool asked = survey.names(rule["host"].text()) || survey.names(ingress.name) ||
                     survey.asks({"quarter", "third", "percent", "%", "some of", "part of", "sometimes",
                                  "now and then", "end up"});
  Observation& made = report(
      out, "ingress-canary", asked ? 0.86 : 0.3, ingress,
      fmt::format("{} is a canary: it sends {} % of the requests for {} to Service {} and not where the "
                  "others go.",
                  described(ingress), weight.text(), rule["host"].text(), backend.text()));
  cite(&made, ingress, weight, "the share of requests that it takes");
  cite(&made, ingress, canary, "it is a canary");
  cite(&made, ingress, backend, "where they go");
  cite(&made, ingress, rule["host"], "whose requests");
  if (survey.find("service", ingress.space, backend.text()) != nullptr)
    suggest(&made, fmt::format("kubectl -n {} describe service {}", ingress.space, backend.text()),
            "shows what is behind it");
}

void detect_ingresses(const Survey& survey, Observations* out) {
  check_duplicates(survey, out);
  for (const Object* ingress : survey.each("ingress")) {
    const Value& spec = (*ingress)["spec"];
    check_class(survey, *ingress, out);
    check_canary(survey, *ingress, out);
    for (const Value& rule : spec["rules"].items) {
      check_versions(survey, *ingress, rule, out);
      for (const Value& path : rule["http"]["paths"].items)
        check_backend(survey, *ingress, path["backend"], out);
    }
    check_backend(survey, *ingress, spec["defaultBackend"], out);
    for (const Value& tls : spec["tls"].items) {
      const Value& secret = tls["secretName"];
      if (secret.text().empty() || !survey.lacks("secret", ingress->space, secret.text())) continue;
      const std::string near = nearest(survey, "secret", ingress->space, secret.text());
      Observation& made =
          report_missing(out, "ingress-tls-missing", 0.8, "secret", ingress->space, secret.text(),
                         fmt::format("{} takes its TLS certificate from Secret {}, which does not exist{}.",
                                     described(*ingress), secret.text(),
                                     near.empty() ? "" : fmt::format("; there is {}", near)));
      cite(&made, *ingress, secret, "the Secret it names");
      if (const Object* one = survey.find("secret", ingress->space, near))
        cite(&made, *one, (*one)["metadata"]["name"], "the Secret there is");
      looked_for(&made, survey, "secret", ingress->space);
      suggest(&made, fmt::format("kubectl get secrets -n {}", ingress->space),
              "shows the Secrets that exist");
    }
  }
}

}  // namespace carrel
