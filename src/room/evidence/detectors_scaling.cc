// Autoscalers and disruption budgets.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "room/evidence/detectors.h"

namespace carrel {
namespace {

void suggest_scaler(Observation* made, const Object& scaler, std::string_view target) {
  suggest(made, fmt::format("kubectl -n {} describe {} {}", scaler.space, scaler.kind, scaler.name),
          "shows its targets and conditions");
  suggest(made, fmt::format("kubectl -n {} describe deployment {}", scaler.space, target),
          "shows the requests of its containers");
  suggest(made, fmt::format("kubectl top pods -n {}", scaler.space), "shows the usage now");
}

// autoscaling/v1 has one CPU percentage, v2 a list of metrics.
void check_requests(const Object& scaler, const PodSpec& target, Observations* out) {
  struct Metric {
    std::string resource;
    const Value* place;
  };
  std::vector<Metric> metrics;
  const Value& old_form = scaler["spec"]["targetCPUUtilizationPercentage"];
  if (old_form.exists()) metrics.push_back({"cpu", &old_form});
  for (const Value& metric : scaler["spec"]["metrics"].items) {
    const Value& resource = metric["resource"];
    const Value& goal = resource["target"];
    const Value& utilization = goal["averageUtilization"].exists() ? goal["averageUtilization"]
                                                                   : resource["targetAverageUtilization"];
    if (metric["type"].text() == "Resource" && utilization.exists()) {
      metrics.push_back({std::string(resource["name"].text()), goal.exists() ? &goal : &utilization});
    }
  }
  for (const Metric& metric : metrics) {
    for (const Value& container : (*target.spec)["containers"].items) {
      const Value& resources = container["resources"];
      if (resources["requests"][metric.resource].exists() || resources["limits"][metric.resource].exists())
        continue;
      Observation& made =
          report(out, "scaler-no-requests", 0.93, scaler,
                 fmt::format("{} cannot scale {}: it targets {} utilization, a percentage of the {} request, "
                             "but container {} has no "
                             "resource requests for {}, so the utilization cannot be computed.",
                             described(scaler), target.owner->name, metric.resource, metric.resource,
                             container["name"].text(), metric.resource));
      cite(&made, scaler, *metric.place, "what the autoscaler aims at");
      cite_span(&made, *target.owner, container["name"], container["image"],
                "the container without requests");
      cite(&made, scaler, scaler["spec"]["scaleTargetRef"], "what it scales");
      suggest_scaler(&made, scaler, target.owner->name);
      return;
    }
  }
}

// True where an autoscaler gets its metrics, whatever its events tell of times when it did not.
bool scales(const Survey& survey, const Object& scaler) {
  const auto& conditions = scaler["status"]["conditions"].items;
  const auto active = std::ranges::find_if(
      conditions, [](const Value& condition) { return condition["type"].text() == "ScalingActive"; });
  if (active != conditions.end()) return (*active)["status"].text() == "True";
  return std::ranges::any_of(survey.about(scaler, true), [](const Happening* happening) {
    return happening->reason == "SuccessfulRescale";
  });
}

// "to 2 from 7" of "Scaled down replica set web-5d8f to 2 from 7".
struct Step {
  std::string to, from;
};

Step step_of(std::string_view message) {
  const std::size_t at = message.rfind(" to ");
  if (at == std::string_view::npos || !message.starts_with("Scaled down ")) return {};
  const std::string_view rest = message.substr(at + 4);
  const std::size_t from = rest.find(" from ");
  if (from == std::string_view::npos) return {};
  return {std::string(rest.substr(0, from)), std::string(rest.substr(from + 6))};
}

// Text of `argocd app get` that says that what is changed is set back, and where.
struct SelfHeal {
  const Document* document = nullptr;
  std::uint32_t line = 0;
};

SelfHeal heals_of(const Survey& survey, const std::string& workload) {
  for (const Document& document : survey.inventory.documents()) {
    if (document.text.find("Sync Policy:") == std::string::npos ||
        document.text.find(workload) == std::string::npos)
      continue;
    for (std::uint32_t number = 1; number <= document.starts.size(); ++number) {
      const std::string_view line = document.line(number);
      const bool heals = (line.starts_with("Sync Policy:") && has(line, "selfheal")) ||
                         (line.starts_with("Self Heal:") && has(line, "true"));
      if (heals) return {&document, number};
    }
  }
  return {};
}

// What an autoscaler raises, something else lowers again and again.
void check_set_back(const Survey& survey, const Object& scaler, Observations* out) {
  constexpr std::int64_t again = 2;
  const std::string target(scaler["spec"]["scaleTargetRef"]["name"].text());
  std::map<std::string, const Happening*, std::less<>> raised;  // by the size that the autoscaler wanted
  for (const Happening* happening : survey.about(scaler, true)) {
    if (happening->reason == "SuccessfulRescale")
      raised.emplace(between(happening->message->text(), "New size: ", ";"), happening);
  }
  const Happening* lowered = nullptr;
  std::string to;
  std::int64_t times = 0;
  for (const Happening& happening : survey.happenings()) {
    if (happening.reason != "ScalingReplicaSet" || happening.name != target) continue;
    const Step step = step_of(happening.message->text());
    const auto wanted = raised.find(step.from);
    if (wanted == raised.end() || raised.contains(step.to) || (lowered != nullptr && step.to != to)) continue;
    to = step.to;
    if (lowered == nullptr) lowered = &happening;
    // What was raised to one size that often was lowered as often.
    times += std::max(happening.count, wanted->second->count);
  }
  if (times < again) return;
  const SelfHeal heals = heals_of(survey, target);
  const Object* manifest = nullptr;
  for (const Object& object : survey.inventory.all()) {
    if (object.kind == "deployment" && object.name == target && (object["spec"]["replicas"].text() == to))
      manifest = &object;
  }
  const std::string by = heals.document != nullptr
                             ? fmt::format("Argo CD's self-heal sets it to what git says{}",
                                           manifest == nullptr ? "" : fmt::format(", replicas: {}", to))
                             : "something else than the autoscaler sets its replicas";
  Observation& made = report(out, "replicas-set-back", heals.document != nullptr ? 0.9 : 0.84, scaler,
                             fmt::format("{} falls back to {} replicas each time after {} has raised it: {}.",
                                         described("deployment", "", target), to, described(scaler), by));
  if (heals.document != nullptr) cite_line(&made, *heals.document, heals.line, "what is changed is set back");
  if (manifest != nullptr)
    cite(&made, *manifest, (*manifest)["spec"]["replicas"], "the replicas of the manifest");
  cite(&made, *lowered);
  cite(&made, *raised.begin()->second);
  suggest_scaler(&made, scaler, target);
}

// What an autoscaler scales.
struct Scaled {
  std::string kind;
  std::string_view name;
};

// KEDA's ScaledObject means a Deployment where it says no kind (keda.sh/v1alpha1).
Scaled scaled_by(const Object& scaler) {
  const Value& reference = scaler["spec"]["scaleTargetRef"];
  return {reference["kind"].text().empty() ? "deployment" : resource_name(reference["kind"].text()),
          reference["name"].text()};
}

void tell_missing_target(const Survey& survey, const Object& scaler, const Scaled& target,
                         Observations* out) {
  const std::string near = nearest(survey, target.kind, scaler.space, target.name);
  Observation& made =
      report_missing(out, "scaler-target-missing", 0.9, target.kind, scaler.space, target.name,
                     fmt::format("{} cannot scale: its scaleTargetRef names {}, which does not exist{}.",
                                 described(scaler), described(target.kind, "", target.name),
                                 near.empty() ? "" : fmt::format("; there is {}", near)));
  cite(&made, scaler, scaler["spec"]["scaleTargetRef"], "what it scales");
  if (const Object* one = survey.find(target.kind, scaler.space, near))
    cite(&made, *one, (*one)["metadata"]["name"], "what there is");
  looked_for(&made, survey, target.kind, scaler.space);
  suggest(&made, fmt::format("kubectl -n {} describe {} {}", scaler.space, scaler.kind, scaler.name),
          "shows its target and conditions");
  suggest(&made, fmt::format("kubectl get all -n {}", scaler.space), "shows what there is to scale");
}

// True where a condition of its own tells what keeps it from scaling.
bool tell_conditions(const Object& scaler, std::string_view name, Observations* out) {
  bool told = false;
  const std::string who = described(scaler);
  for (const Value& condition : scaler["status"]["conditions"].items) {
    const std::string_view type = condition["type"].text();
    const std::string_view status = condition["status"].text();
    const std::string_view message = condition["message"].text();
    Observation* made = nullptr;
    if (type == "Ready" && status == "False" && scaler.kind == "scaledobject") {
      made = &report(out, "scaler-not-ready", 0.84, scaler,
                     fmt::format("{} cannot scale {}: {} ({})", who, name, brief(message, 170),
                                 condition["reason"].text()));
      cite_span(made, scaler, condition["message"], condition["reason"], "why it does not scale");
    } else if (condition["reason"].text() == "ScalingDisabled") {
      continue;  // what it scales is at 0 replicas, which turns it off
    } else if ((type == "ScalingActive" || type == "AbleToScale") && status == "False") {
      const bool no_request = has(message, "missing request for");
      made =
          &report(out, "scaler-no-metrics", no_request ? 0.92 : 0.82, scaler,
                  fmt::format("{} cannot scale {}: {} ({})", who, name,
                              no_request ? "its containers have no resource requests" : "it gets no metrics",
                              brief(message, 170)));
      cite_span(made, scaler, condition["message"], condition["reason"], "why it does not scale");
    } else if (type == "ScalingLimited" && status == "True" && has(message, "maximum replica count")) {
      made = &report(out, "scaler-at-maximum", 0.62, scaler,
                     fmt::format("{} is at its maximum of {} replicas and cannot scale {} further.", who,
                                 scaler["spec"]["maxReplicas"].text(), name));
      cite_span(made, scaler, condition["message"], condition["type"], "what limits it");
      cite(made, scaler, scaler["spec"]["maxReplicas"], "its maximum");
    }
    if (made == nullptr) continue;
    suggest_scaler(made, scaler, name);
    told = true;
  }
  return told;
}

// True where its bounds leave it no room, or it is at the upper one.
bool tell_bounds(const Object& scaler, std::string_view name, bool told, Observations* out) {
  const auto least = scaler["spec"]["minReplicas"].integer();
  const auto most = scaler["spec"]["maxReplicas"].integer();
  const auto now = scaler["status"]["currentReplicas"].integer();
  const std::string who = described(scaler);
  Observation* made = nullptr;
  if (least && most && *least >= *most) {
    made = &report(out, "scaler-no-room", 0.72, scaler,
                   fmt::format("{} cannot scale {}: minReplicas {} and maxReplicas {} leave it no room.", who,
                               name, *least, *most));
    cite_span(made, scaler, scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"], "its bounds");
  } else if (!told && most && now && *now >= *most && *most > 0) {
    made = &report(out, "scaler-at-maximum", 0.45, scaler,
                   fmt::format("{} runs {} of at most {} replicas and cannot scale {} further.", who, *now,
                               *most, name));
    cite(made, scaler, scaler["status"]["currentReplicas"], "how many replicas there are");
    cite(made, scaler, scaler["spec"]["maxReplicas"], "its maximum");
  }
  if (made != nullptr) suggest_scaler(made, scaler, name);
  return made != nullptr;
}

void tell_failed_metrics(const Survey& survey, const Object& scaler, std::string_view name,
                         Observations* out) {
  const bool over = scales(survey, scaler);
  for (const Happening* happening : survey.about(scaler)) {
    if (happening->reason.substr(0, 9) != "FailedGet" && happening->reason != "FailedComputeMetricsReplicas")
      continue;
    const bool no_request = has(happening->message->text(), "missing request for");
    Observation& made =
        report(out, "scaler-no-metrics",
               over         ? 0.15
               : no_request ? 0.92
                            : 0.8,
               scaler,
               fmt::format("{} cannot scale {}: {} ({})", described(scaler), name,
                           no_request ? "its containers have no resource requests" : "it gets no metrics",
                           brief(happening->message->text(), 170)));
    cite(&made, *happening);
    suggest_scaler(&made, scaler, name);
    return;
  }
}

// An autoscaler that is taken for broken although what it measures asks for no more replicas.
void tell_content(const Survey& survey, const Object& scaler, std::string_view name, Observations* out) {
  const bool asked = survey.asks({"hpa", "autoscal"}) && (survey.names(scaler.name) || survey.names(name));
  const Value& status = scaler["status"];
  if (!asked || !scales(survey, scaler) || status["currentMetrics"].size() == 0 ||
      status["currentReplicas"].text() != status["desiredReplicas"].text())
    return;
  std::string measured;
  const Value* shown = nullptr;
  for (const Value& metric : scaler["spec"]["metrics"].items) {
    const Value& resource = metric["resource"];
    const auto goal = resource["target"]["averageUtilization"].integer();
    for (const Value& current : status["currentMetrics"].items) {
      if (current["resource"]["name"].text() != resource["name"].text()) continue;
      const Value& now = current["resource"]["current"]["averageUtilization"];
      if (!goal || !now.integer() || *now.integer() > *goal) return;
      measured += fmt::format("{}{} is at {}% of its request, below the target of {}%",
                              measured.empty() ? "" : ", ", resource["name"].text(), *now.integer(), *goal);
      shown = &now;
    }
  }
  if (shown == nullptr) return;
  Observation& made =
      report(out, scaler_content, 0.5, scaler,
             fmt::format("No fault found: {} works as it should: {}, so {} {} are enough.", described(scaler),
                         measured, status["desiredReplicas"].text(), "replicas"));
  made.verdict = Verdict::no_fault;
  cite(&made, scaler, *shown, "what it measures and aims at");
  for (const Value& condition : status["conditions"].items)
    cite_span(&made, scaler, condition["type"], condition["message"], "its condition");
  suggest_scaler(&made, scaler, name);
}

// A direction that its behaviour turns off. Source: selectPolicy of autoscaling/v2's HPAScalingRules.
void check_turned_off(const Survey& survey, const Object& scaler, Observations* out) {
  const auto tell = [&](const char* rules, const char* way, bool asked) {
    const Value& policy = scaler["spec"]["behavior"][rules]["selectPolicy"];
    if (policy.text() != "Disabled") return;
    Observation& made =
        report(out, "scaler-turned-off", asked ? 0.9 : 0.4, scaler,
               fmt::format("{} never scales {}: its behavior turns that off ({}.selectPolicy is "
                           "Disabled).",
                           described(scaler), way, rules));
    cite(&made, scaler, policy, "what turns it off");
    cite(&made, scaler, scaler["spec"]["scaleTargetRef"], "what it scales");
    suggest(&made,
            fmt::format("kubectl -n {} describe horizontalpodautoscaler {}", scaler.space, scaler.name),
            "shows its behavior and its metrics");
  };
  const bool stays = survey.asks({"stay", "not scale", "never scale", "scale", "scaling", "replica"});
  const bool down = survey.asks({"down", "too many", "shrink", "fewer", "idle"});
  tell("scaleUp", "up", stays && !down);
  tell("scaleDown", "down", stays && down);
}

void check_scaler(const Survey& survey, const Object& scaler, Observations* out) {
  check_turned_off(survey, scaler, out);
  const Scaled target = scaled_by(scaler);
  if (target.name.empty()) return;
  if (survey.find(target.kind, scaler.space, target.name) == nullptr &&
      survey.lacks(target.kind, scaler.space, target.name)) {
    tell_missing_target(survey, scaler, target, out);
    return;
  }
  for (const PodSpec& pods : survey.pod_specs()) {
    if (pods.owner->kind == target.kind && pods.owner->space == scaler.space &&
        pods.owner->name == target.name && tells_all(*pods.owner))
      check_requests(scaler, pods, out);
  }
  const bool told = tell_conditions(scaler, target.name, out);
  const bool bound = tell_bounds(scaler, target.name, told, out);
  if (told) return;
  tell_failed_metrics(survey, scaler, target.name, out);
  if (!bound) tell_content(survey, scaler, target.name, out);
}

// Two autoscalers of one workload: each undoes what the other decides.
void check_rivals(const Survey& survey, Observations* out) {
  std::map<std::string, const Object*> first;
  for (const Object* scaler : survey.each("horizontalpodautoscaler")) {
    const Value& target = (*scaler)["spec"]["scaleTargetRef"];
    if (target["name"].text().empty()) continue;
    const auto [place, added] = first.emplace(
        fmt::format("{}/{}/{}", scaler->space, target["kind"].text(), target["name"].text()), scaler);
    if (added || place->second->name == scaler->name) continue;
    const Object& other = *place->second;
    Observation& made = report(
        out, "scaler-rivals", 0.84, *scaler,
        fmt::format("Two autoscalers scale {} {} in namespace {}, {} and {}: each undoes what the "
                    "other decides, so its replicas go up and down.",
                    target["kind"].text(), target["name"].text(), scaler->space, other.name, scaler->name));
    cite(&made, other, other["spec"]["scaleTargetRef"], "what the one scales");
    cite(&made, *scaler, target, "what the other scales");
    suggest(&made, fmt::format("kubectl get all -n {}", scaler->space),
            "shows which autoscalers there are and what they scale");
  }
}

// The replicas of the workload that a budget without a status counts, where it demands them all.
const Value* all_demanded(const Survey& survey, const Object& budget, const Object** owner) {
  const auto least = budget["spec"]["minAvailable"].integer();
  if (!least) return nullptr;
  for (const PodSpec& pods : survey.pod_specs()) {
    const Value& replicas = (*pods.owner)["spec"]["replicas"];
    if (pods.is_pod || pods.owner->space != budget.space || !replicas.integer()) continue;
    if (!selector_matches(budget["spec"]["selector"], *pods.labels) || *replicas.integer() > *least) continue;
    *owner = pods.owner;
    return &replicas;
  }
  return nullptr;
}

void check_budget(const Survey& survey, const Object& budget, Observations* out) {
  const Value& allowed = budget["status"]["disruptionsAllowed"];
  const Value& spec = budget["spec"];
  const Object* owner = nullptr;
  const Value* replicas = budget["status"].exists() ? nullptr : all_demanded(survey, budget, &owner);
  const bool none = replicas != nullptr || spec["maxUnavailable"].text() == "0" ||
                    spec["maxUnavailable"].text() == "0%" || spec["minAvailable"].text() == "100%";
  const bool blocks = allowed.exists() && allowed.integer() == 0;
  if (!none && !blocks) return;
  const bool asked = survey.asks({"drain", "evict", "disrupt", "upgrade", "pdb", "maintenance", "node"});
  std::string drained = "a node drain";
  for (const Object* node : survey.each("node")) {
    if ((*node)["spec"]["unschedulable"].is_true()) drained = fmt::format("the drain of node {}", node->name);
  }
  const Value& rule = spec["maxUnavailable"].exists() ? spec["maxUnavailable"] : spec["minAvailable"];
  Observation& made = report(
      out, "budget-blocks", asked ? 0.75 : 0.4, budget,
      fmt::format("{} allows no disruption ({} {}{}{}), so evictions such as {} are blocked.",
                  described(budget), spec["maxUnavailable"].exists() ? "maxUnavailable" : "minAvailable",
                  rule.text(), blocks ? ", disruptionsAllowed 0" : "",
                  replicas ? fmt::format(", all {} replicas", replicas->text()) : "", drained));
  cite(&made, budget, rule, "what the budget demands");
  if (replicas) cite(&made, *owner, *replicas, "how many replicas there are");
  cite(&made, budget, allowed.exists() ? allowed : rule, "how many disruptions it allows now");
  suggest(&made, fmt::format("kubectl -n {} describe poddisruptionbudget {}", budget.space, budget.name),
          "shows the pods it counts");
}

}  // namespace

void detect_scaling(const Survey& survey, Observations* out) {
  for (const char* kind : {"horizontalpodautoscaler", "scaledobject"}) {
    for (const Object* scaler : survey.each(kind)) {
      check_scaler(survey, *scaler, out);
      check_set_back(survey, *scaler, out);
    }
  }
  check_rivals(survey, out);
  for (const Object* budget : survey.each("poddisruptionbudget")) {
    if (tells_all(*budget) || (*budget)["status"]["disruptionsAllowed"].exists())
      check_budget(survey, *budget, out);
  }
}

}  // namespace carrel
