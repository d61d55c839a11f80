#include "room/evidence/combine.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "base/text.h"
#include "record/limits.h"
#include "room/evidence/detectors.h"
#include "room/evidence/log_cascade.h"
#include "room/evidence/log_findings.h"
#include "room/evidence/mechanism.h"
#include "room/evidence/relations.h"

namespace carrel {
namespace {

// A fault that weighs less is none where something shows health.
constexpr double kEnough = 0.4;
constexpr double kEnoughIfAsked = 0.45;     // "is there a fault?"
constexpr double kEnoughIfTakenFor = 0.33;  // "why does it fail?"
constexpr double kOfWhatIsWaitedFor = 0.985;

void cite_also(Observation* to, const Observation& from, std::size_t most) {
  for (const EvidenceLine& line : from.lines) {
    if (to->lines.size() >= limit::citations || most == 0) return;
    const bool cited = std::any_of(to->lines.begin(), to->lines.end(), [&](const EvidenceLine& other) {
      return other.at.file == line.at.file && other.at.line == line.at.line;
    });
    if (cited) continue;
    to->lines.push_back(line);
    --most;
  }
}

// Its deciding lines behind that of `to`.
void cite_first(Observation* to, const Observation& from, std::size_t most = 1) {
  if (to->lines.empty()) return;
  const std::size_t count = std::min(most, from.lines.size());
  to->lines.insert(to->lines.begin() + 1, from.lines.begin(),
                   from.lines.begin() + static_cast<std::ptrdiff_t>(count));
  if (to->lines.size() > limit::citations) to->lines.resize(limit::citations);
}

void add_commands(Observation* to, const Observation& from) {
  for (const Command& command : from.commands) {
    const bool there = std::any_of(to->commands.begin(), to->commands.end(),
                                   [&](const Command& other) { return other.command == command.command; });
    if (!there && to->commands.size() < limit::commands) to->commands.push_back(command);
  }
}

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

// True where an observation is that something is not ready, which says so itself.
bool is_not_ready(const Observation& observation) {
  return observation.verdict == Verdict::fault &&
         has_any(observation.detector, {"delivery-failed", "custom-resource", "certificate-not-ready"});
}

// True where the one cannot be well before the other is: it lacks what the other is to make, names the other
// as what it waits for, or the other was made for it.
bool waits_for(const Observation& one, const Observation& other) {
  if (&one == &other || !is_not_ready(other) || one.verdict != Verdict::fault || one.culprit == other.culprit)
    return false;
  if (!other.makes.name.empty()) {
    return has_any(one.detector, {"not-started", "missing", "volume", "certificate", "ingress"}) &&
           one.culprit.space == other.culprit.space &&
           one.cause.find("Secret " + other.makes.name) != std::string::npos &&
           has_name(one.cause, other.makes.name, false);
  }
  if (!is_not_ready(one)) return false;
  // A request names no more than its issuer's kind.
  const bool is_issuer = one.culprit.kind == "certificaterequest" && other.culprit.kind == "clusterissuer" &&
                         has_any(one.cause, {"ClusterIssuer"});
  if (is_issuer) return true;
  if (one.culprit.space != other.culprit.space) return false;
  const std::string& name = other.culprit.name;
  // cert-manager's names: "shop-tls", its request "shop-tls-1", the order and the challenges of that.
  const bool is_child = has_any(one.culprit.kind, {"certificate", "order"}) &&
                        has_any(other.culprit.kind, {"certificaterequest", "order", "challenge"}) &&
                        name.starts_with(one.culprit.name + "-");
  if (is_child) return true;
  return one.culprit.name != name &&
         std::any_of(one.lines.begin(), one.lines.end(), [&](const EvidenceLine& line) {
           return line.quote.find("not ready") != std::string::npos && has_name(line.quote, name, false);
         });
}

// What waits for another that is not ready yields to it, over as many steps as there are.
void follow_what_is_waited_for(std::vector<Observation>* objects, std::vector<double>* relevances) {
  constexpr int kSteps = 4;
  for (int step = 0; step < kSteps; ++step) {
    bool moved = false;
    for (std::size_t i = 0; i < objects->size(); ++i) {
      Observation& one = (*objects)[i];
      for (std::size_t j = 0; j < objects->size(); ++j) {
        Observation& other = (*objects)[j];
        const double lifted = std::max(other.weight, std::min(kOfWhatIsWaitedFor, one.weight + 0.01));
        const double relevance = std::max((*relevances)[i], (*relevances)[j]);
        const bool is_more = lifted > other.weight || relevance > (*relevances)[j];
        if (!is_more || !waits_for(one, other)) continue;
        other.weight = lifted;
        (*relevances)[j] = relevance;
        cite_also(&other, one, 1);
        moved = true;
      }
    }
    if (!moved) break;
  }
  // However certain it is in itself, it comes behind what it waits for.
  for (int step = 0; step < kSteps; ++step) {
    for (Observation& one : *objects) {
      for (const Observation& other : *objects) {
        if (one.weight >= other.weight && other.weight >= kEnough && waits_for(one, other))
          one.weight = other.weight - 0.005;
      }
    }
  }
}

// A cause in at most `most` bytes: who, what, and the part of the quoted message that tells.
std::string shortened(std::string_view cause, std::size_t most) {
  cause = trim(cause);
  while (cause.ends_with('.')) cause.remove_suffix(1);
  if (cause.size() <= most) return std::string(cause);
  const std::size_t colon = cause.find(": ");
  if (colon != std::string_view::npos && colon + 22 < most) {
    const std::string message(cause.substr(colon + 2));
    const MechanismMatch match = find_mechanism(message);
    return std::string(cause.substr(0, colon + 2)) +
           telling_part(message, match.begin, match.end, most - colon - 2);
  }
  return std::string(cut_words(cause, most));
}

// What controllers say of an object that they cannot deliver is often only that; their log says why.
void tell_controllers_word(std::vector<Observation>* objects, std::vector<Observation>* logs) {
  for (Observation& object : *objects) {
    const bool asks = object.verdict == Verdict::fault && object.culprit.name.size() >= 4 &&
                      has_any(object.detector, {"delivery-failed", "scaler-not-ready", "custom-resource"});
    if (!asks) continue;
    Observation* told = nullptr;
    for (Observation& log : *logs) {
      // A pod's: what a tool printed of an object is what the detectors read.
      const bool fault = log.verdict == Verdict::fault && log.weight >= 0.4 && log.detector != "log-error" &&
                         !log.culprit.name.empty();
      const bool names =
          fault && std::any_of(log.lines.begin(), log.lines.end(), [&](const EvidenceLine& line) {
            return has_name(line.quote, object.culprit.name, false);
          });
      if (names && (told == nullptr || log.weight > told->weight)) told = &log;
    }
    if (told == nullptr) continue;
    while (object.cause.ends_with('.')) object.cause.pop_back();
    const std::size_t room = limit::sentence - std::min(object.cause.size() + 2, limit::sentence);
    if (room >= 60) object.cause += "; " + shortened(told->cause, room);
    cite_first(&object, *told);
    object.weight = std::max(object.weight, std::min(kStrongestOfLog, told->weight + 0.02));
    told->weight *= 0.9;
  }
}

// A node's services log errors as long as they live; of one that is Ready and short of nothing they tell
// little.
void trust_ready_nodes(const std::vector<Observation>& objects, std::vector<Observation>* logs) {
  for (const Observation& well : objects) {
    if (well.verdict != Verdict::no_fault || well.culprit.kind != "node") continue;
    for (Observation& log : *logs) {
      if (log.detector == "log-error" && same_component(well, log)) log.weight *= 0.5;
    }
  }
}

// Whoever is evicted for want of disk while another one fills it is its victim, be it the one that is asked
// about.
void blame_who_fills_the_disk(std::vector<Observation>* objects, std::vector<double>* relevances) {
  for (std::size_t i = 0; i < objects->size(); ++i) {
    Observation& filled = (*objects)[i];
    if (filled.detector != disk_filled) continue;
    for (std::size_t j = 0; j < objects->size(); ++j) {
      Observation& victim = (*objects)[j];
      const bool evicted = victim.detector == "node-event" || victim.detector == "pod-evicted";
      if (!evicted || !has_any(victim.cause, {"ephemeral-storage"})) continue;
      filled.weight = std::max(filled.weight, std::min(kOfWhatIsWaitedFor, victim.weight + 0.01));
      (*relevances)[i] = std::max((*relevances)[i], (*relevances)[j]);
      cite_also(&filled, victim, 1);
    }
  }
}

// The table of a statement: the word behind FROM, INTO or UPDATE; empty: none.
std::string_view table_of(std::string_view statement) {
  for (const std::string_view word : {" FROM ", " INTO ", "UPDATE ", " from ", " into ", "update "}) {
    const std::size_t at = statement.find(word);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = statement.substr(at + word.size());
    return rest.substr(0, rest.find_first_of(" ;,()\"\\`"));
  }
  return {};
}

// The statement in which a trace's time goes is slow because it reads the whole table, where its database
// says so.
void tell_why_a_statement_is_slow(const std::vector<Observation>& objects,
                                  const std::vector<double>& relevances, std::vector<Observation>* logs,
                                  std::vector<double>* of_logs) {
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const Observation& call = objects[i];
    if (call.detector != "trace-slowest-call" && call.detector != "trace-repeated-call") continue;
    const std::string_view table = table_of(call.lines.front().quote);
    if (table.size() < 3) continue;
    for (std::size_t j = 0; j < logs->size(); ++j) {
      Observation& scan = (*logs)[j];
      const bool same = std::ranges::any_of(
          scan.lines, [&](const EvidenceLine& line) { return line.quote.find(table) != std::string::npos; });
      if (!has_any(scan.detector, {"rows-examined", "sequential-scan"}) || !same) continue;
      scan.weight = std::max(scan.weight, std::min(kStrongestOfLog, call.weight + 0.02));
      (*of_logs)[j] = std::max((*of_logs)[j], relevances[i]);
      cite_first(&scan, call);
    }
  }
}

// The other pod of a StatefulSet that a line names; empty: none.
std::string other_pod_in(const EvidenceLine& line, const std::string& set, const std::string& pod) {
  for (int ordinal = 0; ordinal < 10; ++ordinal) {
    std::string other = fmt::format("{}-{}", set, ordinal);
    if (other != pod && has_name(line.quote, other, false)) return other;
  }
  return {};
}

// A StatefulSet whose first pod needs those that are only made once it is ready: its log names one.
void tell_circles(std::vector<Observation>* objects, std::vector<double>* relevances,
                  const std::vector<Observation>& logs, const std::vector<double>& of_logs) {
  for (std::size_t i = 0; i < objects->size(); ++i) {
    Observation& order = (*objects)[i];
    if (order.detector != "stateful-order") continue;
    for (std::size_t j = 0; j < logs.size(); ++j) {
      const Observation& log = logs[j];
      const bool own = log.verdict == Verdict::fault && log.culprit.space == order.culprit.space &&
                       log.culprit.name.starts_with(order.culprit.name + "-");
      if (!own) continue;
      const auto line = std::ranges::find_if(log.lines, [&](const EvidenceLine& each) {
        return !other_pod_in(each, order.culprit.name, log.culprit.name).empty();
      });
      if (line == log.lines.end()) continue;
      while (order.cause.ends_with('.')) order.cause.pop_back();
      order.cause = std::string(
          cut_utf8(fmt::format("{}; and {} needs {} to become ready (a deadlock)", order.cause,
                               log.culprit.name, other_pod_in(*line, order.culprit.name, log.culprit.name)),
                   limit::sentence));
      order.weight = std::max(order.weight, std::min(kOfWhatIsWaitedFor, std::max(0.9, log.weight + 0.04)));
      (*relevances)[i] = std::max((*relevances)[i], of_logs[j]);
      order.lines.insert(order.lines.begin(), *line);
      if (order.lines.size() > limit::citations) order.lines.resize(limit::citations);
      break;
    }
  }
}

// What ran out of memory, or of what else there is only so much of, is told with what was seen to grow in it.
void tell_what_grows(std::vector<Observation>* objects, std::vector<Observation>* logs) {
  for (Observation& grown : *objects) {
    if (grown.detector != only_grows) continue;
    for (auto* all : {objects, logs}) {
      for (Observation& full : *all) {
        const bool ran_out = has_any(full.detector, {"heap-exhausted", "out-of-memory", "memory-leak",
                                                     "open-files", "too-many-connections", "memory-near"});
        if (!ran_out || full.weight < 0.3 || !same_component(grown, full)) continue;
        while (full.cause.ends_with('.')) full.cause.pop_back();
        const std::string more = "; " + shortened(grown.cause, limit::sentence / 2);
        full.cause = std::string(cut_utf8(full.cause, limit::sentence - more.size())) + more;
        cite_first(&full, grown, 3);
        grown.weight = std::min(grown.weight, full.weight * 0.9);
      }
    }
  }
}

// Who asks what fails since a release is told what that changed.
void tell_what_was_changed(std::vector<Observation>* objects, std::vector<Observation>* logs) {
  constexpr std::size_t kMost = 120;
  for (const Observation& change : *objects) {
    if (change.detector != changed_setting || change.weight < kEnough) continue;
    const auto strongest = std::ranges::max_element(
        *logs, {}, [](const Observation& log) { return log.verdict == Verdict::fault ? log.weight : 0; });
    if (strongest == logs->end() || strongest->weight < change.weight || strongest->lines.empty()) return;
    const std::size_t told = change.cause.find("): ");
    if (told == std::string::npos) continue;
    const std::string more =
        "; changed: " + shortened(std::string_view(change.cause).substr(told + 3), kMost);
    strongest->cause = shortened(strongest->cause, limit::sentence - more.size()) + more;
    cite_first(&*strongest, change, 3);
  }
}

// Who gets no connection is told who holds them.
void tell_who_holds_connections(std::vector<Observation>* objects, std::vector<Observation>* logs) {
  for (Observation& holder : *objects) {
    if (holder.detector != holds_connections) continue;
    for (Observation& full : *logs) {
      if (full.detector != "log-too-many-connections") continue;
      const std::string more = "; " + shortened(holder.cause, limit::sentence / 2);
      full.cause = shortened(full.cause, limit::sentence - more.size()) + more;
      cite_first(&full, holder, 3);
      holder.weight = std::min(holder.weight, full.weight * 0.9);
    }
  }
}

// A webhook whose service has no pod that answers is told with what keeps its pod from running.
void tell_why_webhooks_fail(std::vector<Observation>* objects) {
  constexpr std::string_view kNobody = "no endpoints available for service \"";
  for (Observation& webhook : *objects) {
    if (webhook.detector != "webhook-failing") continue;
    const std::size_t at = webhook.lines.front().quote.find(kNobody);
    if (at == std::string::npos) continue;
    std::string service = webhook.lines.front().quote.substr(at + kNobody.size());
    service.resize(std::min(service.size(), service.find_first_of("\"\\")));
    const std::string head = webhook.cause.substr(0, webhook.cause.find(": ")) + "; ";
    const std::size_t room = limit::sentence - std::min(head.size(), limit::sentence / 2);
    // The strongest of those that can be told whole.
    const auto rank = [&](const Observation& object) {
      return std::pair(std::min(object.cause.find("; "), object.cause.size()) <= room, object.weight);
    };
    const Observation* root = nullptr;
    for (const Observation& object : *objects) {
      const bool own = object.verdict == Verdict::fault && object.culprit.name != service &&
                       without_added(object.culprit.name) == service && object.detector != "pod-not-ready";
      if (own && (root == nullptr || rank(object) > rank(*root))) root = &object;
    }
    if (root == nullptr || service.size() < 3) continue;
    webhook.cause = head + std::string(cut_words(root->cause, room));
    webhook.cause = std::string(cut_utf8(webhook.cause, limit::sentence));
    cite_first(&webhook, *root, 2);
    add_commands(&webhook, *root);
  }
}

// The names and addresses in what an alert says and is labelled with: whatever has a digit or a mark of names
// inside.
std::set<std::string> names_in(const Observation& alert) {
  constexpr std::size_t kLeast = 5;
  std::set<std::string> out;
  for (const EvidenceLine& line : alert.lines) {
    std::string_view rest = line.quote;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find_first_of(" ,;\"'()[]{}=\n"), rest.size());
      std::string_view word = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      while (word.ends_with('.') || word.ends_with(':')) word.remove_suffix(1);
      const bool marked = word.find_first_of("-./_", 1) != std::string_view::npos;
      if (marked && word.size() >= kLeast) out.emplace(word);
    }
  }
  return out;
}

// An alert is a symptom: who asks why it fires is told what was found of those that it names.
void tell_why_alerts_fire(std::vector<Observation>* objects, std::vector<double>* of_objects,
                          std::vector<Observation>* logs, std::vector<double>* of_logs) {
  constexpr double kTells = 0.25;
  for (std::size_t i = 0; i < objects->size(); ++i) {
    Observation& alert = (*objects)[i];
    if (alert.detector != "alert" || alert.verdict != Verdict::fault || alert.weight < kEnough) continue;
    const std::set<std::string> names = names_in(alert);
    const auto is_of = [&](const Observation& other) {
      if (other.verdict != Verdict::fault || other.detector == "alert" || other.weight < kTells) return false;
      if (other.detector == "pod-not-ready") return false;
      const bool same = !alert.culprit.name.empty() && same_component(alert, other);
      return same || std::ranges::any_of(names, [&](const std::string& name) {
               return other.culprit.name == name || without_added(other.culprit.name) == name ||
                      std::ranges::any_of(other.lines, [&](const EvidenceLine& line) {
                        return line.quote.find(name) != std::string::npos;
                      });
             });
    };
    Observation* root = nullptr;
    double* relevance = nullptr;
    const auto look = [&](std::vector<Observation>* all, std::vector<double>* relevances) {
      for (std::size_t j = 0; j < all->size(); ++j) {
        Observation& other = (*all)[j];
        if (!is_of(other) || (root != nullptr && other.weight <= root->weight)) continue;
        root = &other;
        relevance = &(*relevances)[j];
      }
    };
    look(objects, of_objects);
    look(logs, of_logs);
    if (root == nullptr) continue;
    root->weight = std::max(root->weight, std::min(kStrongestOfLog, alert.weight + 0.02));
    *relevance = std::max(*relevance, (*of_objects)[i]);
    cite_also(root, alert, 1);
    alert.weight *= 0.9;
  }
}

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

// Who asks why something fails has seen it fail: that what was looked at is well is no answer to that.
void doubt_health(std::vector<Observation>* observations) {
  constexpr std::string_view kHealth = "No fault found: ";
  for (Observation& observation : *observations) {
    if (observation.verdict != Verdict::no_fault) continue;
    observation.verdict = Verdict::insufficient_evidence;
    observation.detector = "unexplained";
    observation.missing = {"logs, events or measurements of the time at which it happens"};
    if (observation.cause.starts_with(kHealth))
      observation.cause.replace(0, kHealth.size(), "Nothing in the bundle explains it: ");
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

// Two independent causes in one sentence, where several are asked for.
void name_both(std::vector<Observation>* observations, const Question& question, const Relevance& relevance) {
  if (!question.several() || observations->size() < 2) return;
  const Observation& first = (*observations)[0];
  if (first.verdict != Verdict::fault) return;
  const Observation* second = nullptr;
  for (std::size_t i = 1; i < observations->size() && second == nullptr; ++i) {
    const Observation& other = (*observations)[i];
    const bool strong =
        other.verdict == Verdict::fault && other.weight >= 0.5 && other.weight >= 0.7 * first.weight;
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
  blame_who_fills_the_disk(&of_objects, &relevances);
  if (question.whether()) trust_ready_nodes(of_objects, &of_logs);
  tell_what_grows(&of_objects, &of_logs);
  tell_who_holds_connections(&of_objects, &of_logs);
  if (question.about_change()) tell_what_was_changed(&of_objects, &of_logs);
  tell_why_webhooks_fail(&of_objects);
  tell_why_a_statement_is_slow(of_objects, relevances, &of_logs, &of_each);
  tell_controllers_word(&of_objects, &of_logs);
  lift_roots(&of_logs, &of_each);
  if (question.asks_reason()) tell_why_alerts_fire(&of_objects, &relevances, &of_logs, &of_each);
  tell_circles(&of_objects, &relevances, of_logs, of_each);
  follow_what_is_waited_for(&of_objects, &relevances);
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
  const double enough = question.whether()       ? kEnoughIfAsked
                        : question.asks_reason() ? kEnoughIfTakenFor
                                                 : kEnough;
  const bool no_fault = (healthy && worst < enough) || answered;
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
