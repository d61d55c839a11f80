// What is well: the objects that the question names, where they run as they should. detect() takes it back
// where anything else is wrong with them.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

// A question that leaves open whether there is a fault at all.
bool asks_whether(const Survey& survey) {
  if (survey.only_whether ||
      survey.asks({"any problem", "any issue", "any error", "any fault", "healthy", "anything wrong",
                   "reports that", "what is broken", "something broken"}))
    return true;
  // A sentence that begins like a question of yes or no; "what is the cause" does not.
  for (std::size_t at = 0; at != std::string::npos && at < survey.question.size();) {
    const std::string_view sentence = trim(std::string_view(survey.question).substr(at));
    for (const std::string_view start : {"is ", "are ", "does ", "do ", "did ", "has ", "have "}) {
      if (sentence.substr(0, start.size()) == start) return true;
    }
    at = survey.question.find_first_of(".?!", at);
    if (at != std::string::npos) ++at;
  }
  return false;
}

bool belongs(const Object& pod, const Object& workload) {
  if (pod.space != workload.space) return false;
  const auto [kind, name] = workload_of(pod);
  if (name == workload.name) return true;
  const Value& selector = workload["spec"]["selector"]["matchLabels"];
  return selector.size() > 0 && selects(selector, pod["metadata"]["labels"]);
}

const Value& ready_of(const Object& pod) {
  for (const Value& condition : pod["status"]["conditions"].items) {
    if (condition["type"].text() == "Ready" && condition["status"].text() == "True") return condition;
  }
  const Value& first = pod["status"]["containerStatuses"][0]["ready"];
  return first.exists() ? first : pod["status"]["phase"];
}

// The object's row of a table, where the bundle has one: it tells in a line what the object tells in many.
const Object* row_of(const Survey& survey, const Object& object) {
  const auto& all = survey.inventory.all();
  const auto row = std::find_if(all.begin(), all.end(), [&](const Object& other) {
    return other.source == Object::Source::table && other.kind == object.kind &&
           other.space == object.space && other.name == object.name && other.file != nullptr &&
           other.value != nullptr;
  });
  return row == all.end() ? nullptr : &*row;
}

void cite_row(const Survey& survey, Observation* made, const Object& object) {
  if (object.source == Object::Source::table) return;
  if (const Object* row = row_of(survey, object); row != nullptr)
    cite(made, *row, *row->value, "its row in the table");
}

void cite_pod(Observation* made, const Object& pod) {
  cite(made, pod, ready_of(pod), "the pod is Ready");
  cite(made, pod, pod["status"]["containerStatuses"][0]["restartCount"], "its restarts");
  cite(made, pod, pod["status"]["phase"], "its phase");
}

void tell_pod(const Survey& survey, const Object& pod, double weight, Observations* out) {
  const auto restarts = restarts_of(pod);
  Observation& made =
      report(out, "no-fault", restarts == 0 ? weight : weight * 0.6, pod,
             fmt::format("No fault found: {} is Running and Ready with {} restarts; it is healthy.",
                         described(pod), restarts));
  made.verdict = Verdict::no_fault;
  cite_pod(&made, pod);
  suggest(&made, fmt::format("kubectl -n {} describe pod {}", pod.space, pod.name),
          "shows its state and events");
  (void)survey;
}

void tell_workload(const Survey& survey, const Object& workload, double weight, Observations* out) {
  const Value& status = workload["status"];
  const Value& ready =
      status["readyReplicas"].exists() ? status["readyReplicas"] : status["availableReplicas"];
  const auto wanted = workload["spec"]["replicas"].integer().value_or(1);
  if (!ready.integer() || *ready.integer() < wanted || wanted == 0) return;
  // Old pods that are well say nothing of a change that does not get on.
  if (status["updatedReplicas"].integer().value_or(wanted) < wanted) return;
  std::string pods;
  const Object* example = nullptr;
  std::int64_t restarts = 0;
  std::size_t count = 0;
  for (const Object* pod : survey.each("pod")) {
    if (!belongs(*pod, workload)) continue;
    if (pod_health(*pod) == Health::unhealthy) return;
    restarts = std::max(restarts, restarts_of(*pod));
    if (example == nullptr) example = pod;
    ++count;
  }
  if (example != nullptr) {
    pods = fmt::format(" and its pod{} {} {} Running and Ready with {} restarts", count > 1 ? "s" : "",
                       count > 1 ? fmt::format("{} and {} more", example->name, count - 1) : example->name,
                       count > 1 ? "are" : "is", restarts);
  }
  Observation& made = report(out, "no-fault",
                             restarts > 0 ? weight * 0.6
                             : example    ? weight + 0.02
                                          : weight * 0.7,
                             workload,
                             fmt::format("No fault found: {} is {}/{} available{}.", described(workload),
                                         ready.text(), wanted, pods));
  made.verdict = Verdict::no_fault;
  cite(&made, workload, ready, "how many replicas are ready");
  for (const Value& condition : status["conditions"].items) {
    if (condition["type"].text() == "Available") cite(&made, workload, condition, "it is available");
  }
  if (example) cite_pod(&made, *example);
  suggest(&made, fmt::format("kubectl -n {} describe {} {}", workload.space, workload.kind, workload.name),
          "shows its conditions and events");
}

// Where no pod is in the bundle: the workloads (of the namespace that is named), if all are available.
void tell_workloads(const Survey& survey, double weight, Observations* out) {
  std::vector<const Object*> all;
  for (const char* kind : {"deployment", "statefulset", "daemonset"}) {
    for (const Object* workload : survey.each(kind)) all.push_back(workload);
  }
  const bool one_named =
      std::any_of(all.begin(), all.end(), [&](const Object* one) { return survey.names(one->space); });
  Observations found;
  for (const Object* workload : all) {
    if (one_named && !survey.names(workload->space)) continue;
    const std::size_t before = found.size();
    tell_workload(survey, *workload, weight, &found);
    if (found.size() == before) return;  // one that is not available, or whose status is not known
  }
  for (Observation& observation : found) out->push_back(std::move(observation));
}

}  // namespace

// A pod of a Job that failed before another one did its work: no fault, whatever its log says.
void tell_retried(const Survey& survey, Observations* out) {
  for (const Object* pod : survey.each("pod")) {
    if (!was_retried(survey, *pod)) continue;
    const std::string job_name = job_of(survey, *pod);
    Observation& made =
        report(out, "retried", 0.3, *pod,
               job_name.empty()
                   ? fmt::format("No fault found: {} failed, but another pod does its work.", described(*pod))
                   : fmt::format("No fault found: {} failed, but another pod of its Job {} did the work.",
                                 described(*pod), job_name));
    made.verdict = Verdict::no_fault;
    cite(&made, *pod, (*pod)["status"]["phase"], "its phase");
    const Object* job = survey.find("job", pod->space, job_name);
    if (job != nullptr) cite(&made, *job, (*job)["status"]["succeeded"], "pods of its Job that succeeded");
    suggest(&made, fmt::format("kubectl -n {} describe pod {}", pod->space, pod->name), "shows its end");
  }
}

// Certificates, where they are asked for and all are well.
void tell_certificates(const Survey& survey, double weight, Observations* out) {
  if (!survey.asks({"certificate", "tls"})) return;
  const Object* told = nullptr;
  Observation made;
  for (const Object* certificate : survey.each("certificate")) {
    const Value* ready = nullptr;
    for (const Value& condition : (*certificate)["status"]["conditions"].items) {
      if (condition["type"].text() == "Ready" && condition["status"].text() == "True") ready = &condition;
    }
    if (ready == nullptr) return;
    bool named = survey.names(certificate->name);
    for (const Value& name : (*certificate)["spec"]["dnsNames"].items) named |= survey.names(name.text());
    if (told != nullptr && !named) continue;
    told = certificate;
    made = Observation();
    cite(&made, *certificate, *ready, "it is Ready");
    cite(&made, *certificate, (*certificate)["status"]["notAfter"], "it is valid until then");
    cite(&made, *certificate, (*certificate)["status"]["renewalTime"], "when it is renewed next");
  }
  if (told == nullptr) return;
  const std::size_t count = survey.each("certificate").size();
  Observation& kept =
      report(out, "no-fault", weight, *told,
             fmt::format("No fault found: {} is Ready{}{}.", described(*told),
                         (*told)["status"]["notAfter"].exists()
                             ? fmt::format(" and valid until {}", (*told)["status"]["notAfter"].text())
                             : "",
                         count > 1 ? fmt::format(", and so are the other {} certificates", count - 1) : ""));
  kept.verdict = Verdict::no_fault;
  kept.lines = std::move(made.lines);
  suggest(&kept, fmt::format("kubectl -n {} describe certificate {}", told->space, told->name),
          "shows its conditions and events");
}

// Manifests alone, which tell nothing of what runs: no detector found anything that is missing or does not
// fit.
void tell_manifests(const Survey& survey, double weight, Observations* out) {
  std::vector<const Object*> made;
  for (const char* kind : {"deployment", "statefulset", "daemonset", "cronjob"}) {
    for (const Object* workload : survey.each(kind)) {
      if (!tells_all(*workload) || (*workload)["status"].size() > 0) return;
      made.push_back(workload);
    }
  }
  if (made.empty() || !survey.each("pod").empty()) return;
  Observation& found =
      report(out, "no-fault", weight * 0.9, *made.front(),
             fmt::format("No fault found: in the manifests of {}{} selectors and labels, ports, and the "
                         "names of what is referred to fit together; nothing tells how they run.",
                         described(*made.front()),
                         made.size() > 1 ? fmt::format(" and {} more workloads", made.size() - 1) : ""));
  found.verdict = Verdict::no_fault;
  // Of the Services one is shown, that is asked about where there is such a one.
  const auto& services = survey.each("service");
  const auto named =
      std::ranges::find_if(services, [&](const Object* service) { return survey.names(service->name); });
  for (const Object* service : services) {
    if (named != services.end() ? !survey.names(service->name) : service != services.front()) continue;
    cite(&found, *service, (*service)["spec"]["selector"], "whom the Service selects");
    for (const PodSpec* pods : survey.selected(service->space, (*service)["spec"]["selector"]))
      cite(&found, *pods->owner, *pods->labels, "the labels of its pods");
    cite(&found, *service, (*service)["spec"]["ports"], "where the Service sends requests");
  }
  for (const Object* workload : made) cite(&found, *workload, (*workload)["metadata"]["name"], "looked at");
  lack(&found, "the state of the objects in the cluster");
  suggest(&found, fmt::format("kubectl get pods -n {}", made.front()->space), "shows how they run");
}

// A node that is asked about, and is Ready and short of nothing.
void tell_node(const Survey& survey, const Object& node, double weight, Observations* out) {
  const Value* ready = nullptr;
  for (const Value& condition : node["status"]["conditions"].items) {
    const bool is_ready = condition["type"].text() == "Ready";
    if (condition["status"].text() != (is_ready ? "True" : "False")) return;
    if (is_ready) ready = &condition;
  }
  if (ready == nullptr) return;
  Observation& made =
      report(out, "no-fault", weight, node,
             fmt::format("No fault found: {} is Ready and reports no pressure.", described(node)));
  made.verdict = Verdict::no_fault;
  cite_row(survey, &made, node);
  cite(&made, node, *ready, "it is Ready");
  suggest(&made, fmt::format("kubectl describe node {}", node.name), "shows its conditions and events");
}

void detect_health(const Survey& survey, Observations* out) {
  tell_retried(survey, out);
  const double weight = asks_whether(survey) ? 0.52 : 0.32;
  if (survey.only_whether) tell_certificates(survey, weight, out);
  for (const Object* node : survey.each("node")) {
    if (survey.names(node->name)) tell_node(survey, *node, weight, out);
  }
  const std::size_t before = out->size();
  for (const char* kind : {"deployment", "statefulset", "daemonset"}) {
    for (const Object* workload : survey.each(kind)) {
      if (survey.names(workload->name)) tell_workload(survey, *workload, weight, out);
    }
  }
  for (const Object* pod : survey.each("pod")) {
    const bool named = survey.names(pod->name) || survey.names(workload_of(*pod).second);
    const bool runs = pod_health(*pod) == Health::healthy && (*pod)["status"]["phase"].text() != "Succeeded";
    if (named && runs && out->size() == before) tell_pod(survey, *pod, weight, out);
  }
  if (out->size() > before) return;
  // Nothing is named: every pod that there is, or every one of the namespace that is named.
  std::vector<const Object*> looked;
  std::set<std::string> spaces;
  std::int64_t restarts = 0;
  for (const Object* pod : survey.each("pod")) spaces.insert(pod->space);
  const bool one_named = std::any_of(spaces.begin(), spaces.end(),
                                     [&](const std::string& space) { return survey.names(space); });
  for (const Object* pod : survey.each("pod")) {
    if (one_named && !survey.names(pod->space)) continue;
    if (was_retried(survey, *pod) || is_changing(survey, *pod)) continue;
    if (pod_health(*pod) != Health::healthy) return;
    restarts = std::max(restarts, restarts_of(*pod));
    looked.push_back(pod);
  }
  if (looked.empty()) {
    tell_workloads(survey, weight, out);
    if (survey.only_whether) tell_manifests(survey, weight, out);
    return;
  }
  // Pods that run again after a restart are well now; only where the question leaves it open is that enough,
  // and where something else is wrong that weighs more.
  if (restarts > (!survey.complains ? 20 : asks_whether(survey) ? 3 : 0)) return;
  const std::string where = one_named ? fmt::format(" in namespace {}", looked.front()->space) : "";
  Observation& made = report(
      out, "no-fault", weight * 0.8, *looked.front(),
      looked.size() == 1
          ? fmt::format(
                "No fault found: {} is Running and Ready (or completed) with {} restarts; it is healthy.",
                described(*looked[0]), restarts)
          : fmt::format(
                "No fault found: all {} pods{} are Running and Ready (or completed) with {} restarts; "
                "they are healthy.",
                looked.size(), where, restarts == 0 ? "0" : fmt::format("at most {}", restarts)));
  made.verdict = Verdict::no_fault;
  cite_row(survey, &made, *looked.front());
  for (const Object* node : survey.each("node")) {
    if (row_of(survey, *node) == nullptr) continue;
    cite_row(survey, &made, *node);
    break;
  }
  cite_pod(&made, *looked.front());
  for (const Object* pod : looked) cite(&made, *pod, ready_of(*pod), "a pod that is Ready");
  looked_for(&made, survey, "pod", one_named ? looked.front()->space : "*");
}

}  // namespace carrel
