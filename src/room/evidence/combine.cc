#include "room/evidence/combine.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "base/text.h"
#include "record/limits.h"
#include "room/evidence/chains.h"
#include "room/evidence/detectors.h"
#include "room/evidence/log_findings.h"
#include "room/evidence/relations.h"
#include "room/evidence/telling.h"

namespace carrel {
namespace {

// A fault that weighs less is none where something shows health.
constexpr double kEnough = 0.4;
constexpr double kEnoughIfAsked = 0.45;     // "is there a fault?"
constexpr double kEnoughIfTakenFor = 0.33;  // "why does it fail?"

bool is_control_plane(const Name& culprit) {
  static constexpr std::array<std::string_view, 5> kParts = {"etcd-", "kube-apiserver-", "kube-scheduler-",
                                                             "kube-controller-manager-", "coredns-"};
  return culprit.space == "kube-system" &&
         std::any_of(kParts.begin(), kParts.end(),
                     [&](std::string_view part) { return culprit.name.starts_with(part); });
}

// A process that the kernel killed because its whole node was out of memory, where the events or the kernel's
// log name it, is told by its container as if its own limit had been too low.
void tell_nodes_out_of_memory(std::vector<Observation>* objects) {
  for (Observation& node : *objects) {
    if (node.detector != "node-event" || !has_any(node.cause, {"SystemOOM"})) continue;
    for (Observation& killed : *objects) {
      if (killed.detector != "container-out-of-memory" || killed.weight <= node.weight) continue;
      const std::string& container = killed.culprit.name;
      if (container.empty() || !has_name(node.cause, without_added(container), false)) continue;
      node.weight = std::min(0.97, killed.weight + 0.02);
      node.cause += fmt::format(" {}", killed.cause.substr(0, killed.cause.find(':')));
      node.cause = std::string(cut_utf8(node.cause, limit::sentence));
      cite_also(&node, killed, 1);
      killed.weight *= 0.9;
    }
  }
}

// What a pod logged whose work another one did is over.
void weigh_what_was_retried(const std::vector<Observation>& objects, std::vector<Observation>* logs) {
  for (const Observation& retried : objects) {
    if (retried.detector != "retried") continue;
    for (Observation& log : *logs) {
      const bool same =
          log.culprit.name == retried.culprit.name && log.culprit.space == retried.culprit.space;
      if (same && log.verdict == Verdict::fault) log.weight *= 0.4;
    }
  }
}

// How near an observation is to what the question names.
class Relevance {
 public:
  Relevance(const Question& question, const std::vector<Observation>& a, const std::vector<Observation>& b)
      : question_(question) {
    for (const auto* all : {&a, &b}) {
      for (const Observation& observation : *all) {
        if (!observation.culprit.space.empty()) spaces_.insert(to_lower(observation.culprit.space));
      }
    }
    for (const auto* all : {&a, &b}) {
      for (const Observation& observation : *all) {
        if (named(observation) && observation.culprit.kind == "pod") pods_.insert(observation.culprit.name);
        named_ |= named(observation);
        exact_ |= exact(observation.culprit);
        space_ |= !observation.culprit.space.empty() && question.has_word(observation.culprit.space);
      }
    }
  }

  double of(const Observation& observation) const {
    // Who asks which one it is does not know its name.
    if (observation.detector == uses_most || observation.detector == pods_counted) return 1;
    // What was measured, or changed, of nobody by name may be of whoever is asked about.
    if (observation.culprit.name.empty() && !observation.detector.starts_with("log-")) return 1;
    const bool system =
        observation.culprit.space.starts_with("kube-") && !question_.has_word(observation.culprit.space);
    // What serves metrics to autoscalers and to `kubectl top` alone; where one of those is harmed it is
    // lifted.
    if (serves_metrics(observation.culprit) && !named(observation)) return 0.45;
    // What runs on a node suffers with it, and all suffer with the control plane, whatever their names.
    if (observation.culprit.kind == "node" && !exact(observation.culprit)) return 0.95;
    if (is_control_plane(observation.culprit)) return 0.85;
    double factor = system ? 0.75 : 1.0;
    if (exact_ && !exact(observation.culprit))
      factor *= named(observation) ? 0.9 : 0.7;
    else if (named_ && !named(observation))
      factor *= 0.7;
    if (space_ && !observation.culprit.space.empty() && !question_.has_word(observation.culprit.space))
      factor *= 0.8;
    return factor;
  }

  // Whether the question names its culprit, or what it or another finding of the same pod tells of.
  bool named(const Observation& observation) const {
    const std::string& culprit = observation.culprit.name;
    if (observation.culprit.kind != "namespace" && question_.names(culprit)) return true;
    if (observation.culprit.kind == "pod" && pods_.contains(culprit)) return true;
    return std::any_of(question_.identifiers().begin(), question_.identifiers().end(),
                       [&](const std::string& word) {
                         // Every name of a namespace's objects is told with it.
                         if (word.size() < 4 || spaces_.contains(word)) return false;
                         return contains_folded(observation.cause, word) || without_added(word) == culprit;
                       });
  }

 private:
  bool exact(const Name& culprit) const {
    return culprit.kind != "namespace" && culprit.name.find('-') != std::string::npos &&
           question_.has_word(to_lower(culprit.name));
  }

  const Question& question_;
  std::set<std::string> spaces_;  // namespaces of what was found
  std::set<std::string> pods_;    // that are named
  bool named_ = false;
  bool exact_ = false;
  bool space_ = false;
};

// What an object's own state shows comes before what a log does not hold.
void put_state_before_logs(std::vector<Observation>* observations) {
  double quiet = 0;
  for (const Observation& observation : *observations) {
    if (observation.detector == "log-quiet") quiet = std::max(quiet, observation.weight);
  }
  for (Observation& observation : *observations) {
    if (observation.detector == "no-fault") observation.weight = std::max(observation.weight, quiet + 0.01);
  }
}

void join_health(std::vector<Observation>* observations) {
  put_state_before_logs(observations);
  Observation* best = nullptr;
  for (Observation& observation : *observations) {
    if (observation.verdict == Verdict::no_fault && (best == nullptr || observation.weight > best->weight)) {
      best = &observation;
    }
  }
  if (best == nullptr) return;
  for (const Observation& other : *observations) {
    const bool related = other.culprit.name == best->culprit.name || same_component(*best, other) ||
                         same_component(other, *best);
    if (&other != best && other.verdict == Verdict::no_fault && related) cite_also(best, other, 2);
  }
}

// True for what shows that the very thing that is asked about is well.
bool answers(const Observation& observation) {
  return observation.detector == run_succeeded || observation.detector == scaler_content;
}

// Who asks why something fails has seen it fail: that what was looked at is well is no answer to that; but a
// run that is complete did not fail.
void doubt_health(std::vector<Observation>* observations) {
  constexpr std::string_view kHealth = "No fault found: ";
  for (Observation& observation : *observations) {
    if (observation.verdict != Verdict::no_fault || answers(observation)) continue;
    observation.verdict = Verdict::insufficient_evidence;
    observation.detector = "unexplained";
    observation.missing = {"logs, events or measurements of the time at which it happens"};
    if (observation.cause.starts_with(kHealth))
      observation.cause.replace(0, kHealth.size(), "What causes it cannot be determined from the bundle: ");
    observation.cause = std::string(cut_utf8(observation.cause, limit::sentence));
  }
}

// How many bytes at the start of both are the same whole words.
std::size_t common_subject(std::string_view a, std::string_view b) {
  std::size_t common = 0;
  for (std::size_t at = 0; at < std::min(a.size(), b.size()) && a[at] == b[at]; ++at) {
    if (a[at] == ' ') common = at + 1;
  }
  return common >= 8 ? common : 0;
}

// True where an autoscaler that is asked about is content, and nothing else of what is named is at fault;
// what its own description says is no other.
bool is_content(const std::vector<Observation>& all, const Relevance& relevance) {
  const auto content = std::ranges::find(all, scaler_content, &Observation::detector);
  if (content == all.end()) return false;
  return std::ranges::none_of(all, [&](const Observation& other) {
    return other.verdict == Verdict::fault && other.weight >= kEnoughIfAsked && relevance.named(other) &&
           !other.lines.empty() && other.lines.front().at.file != content->lines.front().at.file;
  });
}

// Two independent causes in one sentence, where several are asked for.
void name_both(std::vector<Observation>* observations, const Question& question, const Relevance& relevance) {
  if (!question.several() || observations->size() < 2) return;
  const Observation& first = (*observations)[0];
  if (first.verdict != Verdict::fault) return;
  const Observation* second = nullptr;
  for (std::size_t i = 1; i < observations->size() && second == nullptr; ++i) {
    const Observation& other = (*observations)[i];
    // Who says that there are two is told a second that is certain, however little it shows.
    const Mechanism* mechanism = mechanism_of(other.detector);
    static constexpr std::array<std::string_view, 5> kSaysTwo = {"two", "both", "independently", "separately",
                                                                 "unrelated"};
    const bool says_two =
        std::ranges::any_of(kSaysTwo, [&](std::string_view word) { return question.has_word(word); });
    const bool counted = says_two && mechanism != nullptr && mechanism->fault && mechanism->root >= 0.1;
    const bool strong = other.verdict == Verdict::fault && other.weight >= (counted ? 0.35 : 0.5) &&
                        other.weight >= (counted ? 0.4 : 0.7) * first.weight;
    // Two detectors of objects that blame one object tell of one fault; a log may tell of several.
    const bool logs = first.detector.starts_with("log-") || other.detector.starts_with("log-");
    const auto blames = [](const Observation& one, const Name& whom) {
      return !whom.name.empty() && (one.culprit == whom || has_name(one.cause, whom.name, false));
    };
    const bool same = !logs && (blames(first, other.culprit) || blames(other, first.culprit));
    // Two errors of one program that nothing here explains are two all the same.
    const bool unlike = other.detector != first.detector ||
                        (logs && !first.lines.empty() && !other.lines.empty() &&
                         first.lines[0].at.line != other.lines[0].at.line && first.detector == "log-error");
    const bool apart = unlike && !same && !is_symptom(other);
    if (strong && apart && (relevance.named(other) || !relevance.named(first))) second = &other;
  }
  if (second == nullptr) return;
  Observation both = first;
  both.detector = "two-faults";
  const std::size_t common = common_subject(first.cause, second->cause);
  const std::string lead =
      common == 0 ? "Two faults: " : fmt::format("Two faults: {} ", trim(first.cause.substr(0, common)));
  const std::string_view one = std::string_view(first.cause).substr(common);
  const std::string_view two = std::string_view(second->cause).substr(common);
  const std::size_t room = limit::sentence - std::min(lead.size() + 11, limit::sentence - 80);
  const std::size_t half = room / 2;
  const std::string short_two = shortened(two, std::max(half, room - std::min(room, one.size())));
  both.cause = fmt::format("{}(1) {}; (2) {}.", lead, shortened(one, room - short_two.size()), short_two);
  both.cause = std::string(cut_utf8(both.cause, limit::sentence));
  if (both.lines.size() > 3) both.lines.resize(3);
  cite_also(&both, *second, 2);
  add_commands(&both, *second);
  observations->insert(observations->begin(), std::move(both));
}

}  // namespace

std::vector<Observation> combine(std::vector<Observation> of_objects, std::vector<Observation> of_logs,
                                 const Question& question) {
  tell_nodes_out_of_memory(&of_objects);
  weigh_what_was_retried(of_objects, &of_logs);
  const Relevance relevance(question, of_objects, of_logs);
  std::vector<double> relevances, of_each;
  for (const Observation& object : of_objects) relevances.push_back(relevance.of(object));
  for (const Observation& log : of_logs) of_each.push_back(relevance.of(log));
  // The log explains a symptom of its component: the strongest such finding becomes the root. Who asks about
  // the symptom asks about the root, too.
  for (std::size_t i = 0; i < of_objects.size(); ++i) {
    Observation& object = of_objects[i];
    if (object.verdict != Verdict::fault || object.weight < 0.3) continue;
    Observation* root = nullptr;
    for (Observation& log : of_logs) {
      if (log.verdict != Verdict::fault || log.weight < 0.4) continue;
      const bool fits =
          keeps_from_running(log, object) || (same_component(object, log) && is_root_of(log, object));
      if (fits && (root == nullptr || log.weight > root->weight)) root = &log;
    }
    if (root == nullptr) continue;
    root->weight = std::min(kStrongestOfLog, std::max(root->weight, object.weight) + 0.05);
    double& lifted = of_each[static_cast<std::size_t>(root - of_logs.data())];
    lifted = std::max(lifted, relevances[i]);
    object.weight = std::min(object.weight, root->weight - 0.01);
    cite_also(root, object, 1);
    add_commands(root, object);
  }
  // An object explains what the log complains of.
  for (std::size_t i = 0; i < of_logs.size(); ++i) {
    Observation& log = of_logs[i];
    if (log.verdict != Verdict::fault || log.weight < 0.45) continue;
    Observation* root = nullptr;
    for (Observation& object : of_objects) {
      if (root != nullptr && root->strength >= object.strength) continue;
      if (explains(object, log) || (!same_component(object, log) && keeps_dependency_down(object, log)))
        root = &object;
    }
    if (root == nullptr) continue;
    root->weight = std::min(0.97, std::max(root->weight, log.weight + 0.03));
    cite_also(root, log, 1);
    double& lifted = relevances[static_cast<std::size_t>(root - of_objects.data())];
    lifted = std::max(lifted, of_each[i]);
    log.weight *= 0.85;
  }
  tell_chains(&of_objects, &relevances, &of_logs, &of_each, question);
  relevances.insert(relevances.end(), of_each.begin(), of_each.end());

  std::vector<Observation> all = std::move(of_objects);
  all.insert(all.end(), std::make_move_iterator(of_logs.begin()), std::make_move_iterator(of_logs.end()));
  for (std::size_t i = 0; i < all.size(); ++i) all[i].weight *= relevances[i];
  join_health(&all);
  const bool unready = std::any_of(all.begin(), all.end(), [](const Observation& observation) {
    return observation.detector == "pod-not-ready";
  });
  double worst = 0;
  bool healthy = false, answered = false;
  for (const Observation& observation : all) {
    if (observation.verdict != Verdict::no_fault) worst = std::max(worst, observation.weight);
    // That one log holds no error says nothing of pods that are not ready, nor to who asks why there is
    // trouble.
    const bool says_little = observation.detector == "log-quiet" && (unready || question.asks_reason());
    healthy |= observation.verdict == Verdict::no_fault && !says_little;
    // Whoever asks about an alert by its name is told what that is, whatever else there is.
    answered |= observation.verdict == Verdict::no_fault && observation.culprit.kind == "alert" &&
                question.names(observation.culprit.name);
  }
  const double enough = question.whether()                           ? kEnoughIfAsked
                        : question.asks_reason() && !question.open() ? kEnoughIfTakenFor
                                                                     : kEnough;
  const bool no_fault = (healthy && worst < enough) || answered || is_content(all, relevance);
  std::stable_sort(all.begin(), all.end(), [&](const Observation& a, const Observation& b) {
    const bool first = (a.verdict == Verdict::no_fault) == no_fault;
    const bool second = (b.verdict == Verdict::no_fault) == no_fault;
    return first != second ? first : a.weight > b.weight;
  });
  if (question.has_word("why") && !question.whether()) doubt_health(&all);
  name_both(&all, question, relevance);
  return all;
}

}  // namespace carrel
