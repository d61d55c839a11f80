// Ingresses: what they name, whose class they are of, which requests they send where.
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

// An Ingress of another namespace takes a path of a host that others serve as a whole: whose longer path
// matches gets the request, whatever namespace it is in.
void check_foreign_paths(const Survey& survey, Observations* out) {
  struct Rule {
    const Object* ingress;
    const Value* host;
    const Value* path;
  };
  constexpr std::size_t most_rules = 1024;
  std::map<std::string, std::vector<Rule>> by_host;
  std::size_t rules = 0;
  for (const Object* ingress : survey.each("ingress")) {
    if ((*ingress)["metadata"]["annotations"]["nginx.ingress.kubernetes.io/canary"].text() == "true")
      continue;
    for (const Value& rule : (*ingress)["spec"]["rules"].items) {
      if (!survey.names(rule["host"].text())) continue;
      for (const Value& path : rule["http"]["paths"].items)
        if (++rules <= most_rules)
          by_host[std::string(rule["host"].text())].push_back({ingress, &rule["host"], &path});
    }
  }
  for (const auto& [host, of_host] : by_host) {
    // Whose host it is: who serves its root.
    const auto owner = std::ranges::find_if(of_host, [](const Rule& rule) {
      return plain_path(*rule.path) == "/" || plain_path(*rule.path).empty();
    });
    if (owner == of_host.end()) continue;
    for (const Rule& rule : of_host) {
      const std::string_view path = plain_path(*rule.path);
      const std::string_view word = path.substr(std::min<std::size_t>(path.rfind('/') + 1, path.size()));
      const bool foreign = rule.ingress->space != owner->ingress->space && path.size() > 1;
      if (!foreign || word.empty() || survey.question.find(to_lower(word)) == std::string::npos) continue;
      const Value& backend = (*rule.path)["backend"]["service"]["name"];
      Observation& made = report(
          out, "ingress-foreign-path", 0.86, *rule.ingress,
          fmt::format("{} takes path {} of host {}, whose other requests {} serves: what comes there goes to "
                      "Service {} of namespace {}.",
                      described(*rule.ingress), brief(path, 60), host, described(*owner->ingress),
                      backend.text(), rule.ingress->space));
      cite(&made, *rule.ingress, (*rule.path)["path"], "the path that it takes");
      cite(&made, *rule.ingress, *rule.host, "the host that it takes it of");
      cite(&made, *rule.ingress, backend, "where such requests go");
      cite(&made, *rule.ingress, (*rule.ingress)["metadata"]["name"], "whose rule it is");
      cite(&made, *owner->ingress, *owner->host, "who serves the rest of the host");
      suggest(&made,
              fmt::format("kubectl -n {} describe ingress {}", rule.ingress->space, rule.ingress->name),
              "shows its rules");
      return;
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

// A rewrite to a part of the path that no path captures: "$2" is empty then, and every request is one for the
// root. Source: ingress-nginx, the annotation rewrite-target.
void check_rewrite(const Survey& survey, const Object& ingress, Observations* out) {
  const Value& target = ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/rewrite-target"];
  const std::size_t dollar = target.text().find('$');
  if (dollar == std::string_view::npos || dollar + 1 >= target.text().size() ||
      !is_digit(target.text()[dollar + 1]))
    return;
  const Value* path = nullptr;
  for (const Value& rule : ingress["spec"]["rules"].items) {
    for (const Value& each : rule["http"]["paths"].items) {
      if (each["path"].text().find('(') != std::string_view::npos) return;
      if (path == nullptr) path = &each["path"];
    }
  }
  if (path == nullptr) return;
  const bool asked = survey.asks({"404", "not found", "route", "path", "page", "redirect", "rewrit"});
  Observation& made = report(
      out, "ingress-rewrite", asked ? 0.9 : 0.6, ingress,
      fmt::format(
          "{} rewrites each request to {}, but its path {} has no capture group that {} could stand for: "
          "every request reaches the backend as one for the root.",
          described(ingress), target.text(), path->text(), target.text().substr(dollar, 2)));
  cite(&made, ingress, target, "what requests are rewritten to");
  cite(&made, ingress, *path, "the path, which captures nothing");
  suggest(&made, fmt::format("kubectl -n {} get ingress {} -o yaml", ingress.space, ingress.name),
          "shows its annotations and paths");
}

}  // namespace

void detect_ingresses(const Survey& survey, Observations* out) {
  check_duplicates(survey, out);
  check_foreign_paths(survey, out);
  for (const Object* ingress : survey.each("ingress")) {
    const Value& spec = (*ingress)["spec"];
    check_class(survey, *ingress, out);
    check_canary(survey, *ingress, out);
    check_rewrite(survey, *ingress, out);
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
