#include "room/evidence/chains.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/brief.h"
#include "base/text.h"
#include "record/limits.h"
#include "room/evidence/blame.h"
#include "room/evidence/detectors.h"
#include "room/evidence/host_chains.h"
#include "room/evidence/log_cascade.h"
#include "room/evidence/log_findings.h"
#include "room/evidence/relations.h"
#include "room/evidence/telling.h"

namespace carrel {
namespace {

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
  std::vector<std::size_t> not_ready;
  for (std::size_t j = 0; j < objects->size(); ++j) {
    if (is_not_ready((*objects)[j])) not_ready.push_back(j);
  }
  for (int step = 0; step < kSteps && !not_ready.empty(); ++step) {
    bool moved = false;
    for (std::size_t i = 0; i < objects->size(); ++i) {
      Observation& one = (*objects)[i];
      for (const std::size_t j : not_ready) {
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
        if (one.weight >= other.weight && other.weight >= kTold && waits_for(one, other))
          one.weight = other.weight - 0.005;
      }
    }
  }
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

// The table of a statement, or MongoDB's collection: the word behind FROM, INTO, UPDATE or find; empty: none.
std::string_view table_of(std::string_view statement) {
  for (const std::string_view word :
       {" FROM ", " INTO ", "UPDATE ", " from ", " into ", "update ", "\"find ", "\"aggregate "}) {
    const std::size_t at = statement.find(word);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = statement.substr(at + word.size());
    return rest.substr(0, rest.find_first_of(" ;,()\"\\`"));
  }
  return {};
}

// The statement in which a trace's time goes is slow because it reads the whole table, where its database
// says so.
void tell_why_a_statement_is_slow(std::vector<Observation>* objects, std::vector<double>* of_objects,
                                  std::vector<Observation>* logs, std::vector<double>* of_logs) {
  for (std::size_t i = 0; i < objects->size(); ++i) {
    const Observation& call = (*objects)[i];
    if (call.detector != "trace-slowest-call" && call.detector != "trace-repeated-call") continue;
    const std::string_view table = table_of(call.lines.front().quote);
    if (table.size() < 3) continue;
    const auto blame = [&](std::vector<Observation>* all, std::vector<double>* relevances) {
      for (std::size_t j = 0; j < all->size(); ++j) {
        Observation& scan = (*all)[j];
        const bool same = std::ranges::any_of(scan.lines, [&](const EvidenceLine& line) {
          return line.quote.find(table) != std::string::npos;
        });
        if (!has_any(scan.detector, {"rows-examined", "sequential-scan", "plan-reads-all"}) || !same)
          continue;
        scan.weight = std::max(scan.weight, std::min(kStrongestOfLog, call.weight + 0.02));
        (*relevances)[j] = std::max((*relevances)[j], (*of_objects)[i]);
        cite_first(&scan, call);
      }
    };
    blame(logs, of_logs);
    blame(objects, of_objects);
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
        // A query that sums by container names no pod.
        const bool own = grown.culprit.kind == "container"
                             ? full.cause.starts_with("Container " + grown.culprit.name + " ")
                             : same_component(grown, full);
        if (!ran_out || full.weight < 0.3 || !own) continue;
        while (full.cause.ends_with('.')) full.cause.pop_back();
        const std::string more = "; " + shortened(grown.cause, limit::sentence / 2);
        full.cause = std::string(cut_utf8(full.cause, limit::sentence - more.size())) + more;
        cite_first(&full, grown, 3);
        grown.weight = std::min(grown.weight, full.weight * 0.9);
      }
    }
  }
}

// A setting that bounds what a log complains of, by its key.
bool bounds(const Observation& change, const Observation& log) {
  struct Row {
    std::initializer_list<std::string_view> logs, keys;
  };
  static const std::array<Row, 4> kRows = {
      {{{"log-message-too-large"}, {"size", "body", "max"}},
       {{"log-timeout", "log-statement-timeout", "log-upstream-failed"}, {"timeout"}},
       {{"log-too-many-connections"}, {"pool", "connection"}},
       {{"log-rate-limited"}, {"rate", "burst", "quota"}}}};
  const std::size_t told = change.cause.find("): ");
  if (told == std::string::npos) return false;
  const std::string_view key =
      std::string_view(change.cause).substr(told, change.cause.find(" from ", told) - told);
  return std::ranges::any_of(kRows, [&](const Row& row) {
    return std::ranges::find(row.logs, log.detector) != row.logs.end() &&
           std::ranges::any_of(row.keys, [&](std::string_view word) { return has(key, word); });
  });
}

void add_change(const Observation& change, Observation* log) {
  constexpr std::size_t kMost = 120;
  const std::size_t told = change.cause.find("): ");
  if (told == std::string::npos) return;
  const std::string more = "; changed: " + shortened(std::string_view(change.cause).substr(told + 3), kMost);
  log->cause = shortened(log->cause, limit::sentence - more.size()) + more;
  cite_first(log, change, 3);
}

// Who asks what fails since a release, or since a time, is told what was changed: only then it weighs enough;
// and what is refused for its size, its time or its number is told with the setting that bounds it.
void tell_what_was_changed(std::vector<Observation>* objects, std::vector<Observation>* logs) {
  for (const Observation& change : *objects) {
    if (change.detector != changed_setting) continue;
    const auto bounded = std::ranges::find_if(
        *logs, [&](const Observation& log) { return log.verdict == Verdict::fault && bounds(change, log); });
    if (bounded != logs->end()) {
      add_change(change, &*bounded);
      return;
    }
  }
  for (const Observation& change : *objects) {
    if (change.detector != changed_setting || change.weight < kTold) continue;
    const auto strongest = std::ranges::max_element(
        *logs, {}, [](const Observation& log) { return log.verdict == Verdict::fault ? log.weight : 0; });
    if (strongest == logs->end() || strongest->weight < change.weight || strongest->lines.empty()) return;
    add_change(change, &*strongest);
  }
}

// Who gets no connection is told who holds them.
void tell_who_holds_connections(std::vector<Observation>* objects, std::vector<Observation>* logs) {
  for (Observation& holder : *objects) {
    if (holder.detector != holds_connections) continue;
    const double asked = holder.weight;  // more than a symptom's where the question is who holds them
    for (Observation& full : *logs) {
      if (full.detector != "log-too-many-connections") continue;
      full.weight = std::max(full.weight, std::min(kStrongestOfLog, asked));
      tell_with(&full, &holder, 3);
    }
  }
}

// Whose writes are refused is told with the server that only copies another one: that it was sent to, where
// its name tells so, else the only one there is.
void tell_who_takes_no_writes(std::vector<Observation>* objects, std::vector<Observation>* logs,
                              std::vector<double>* of_logs) {
  for (std::size_t i = 0; i < logs->size(); ++i) {
    Observation& log = (*logs)[i];
    if (log.detector != "log-writes-refused" || log.lines.empty()) continue;
    Observation* replica = nullptr;
    std::size_t replicas = 0;
    for (Observation& object : *objects) {
      if (object.detector != only_copies) continue;
      ++replicas;
      const bool named = has_name(log.lines[0].quote, object.culprit.name, false);
      if (replica == nullptr || named) replica = &object;
      if (named) replicas = 0;
    }
    if (replica != nullptr && replicas <= 1) {
      tell_with(&log, replica, 1);
      continue;
    }
    const auto failover = std::ranges::find(*logs, "log-failover", &Observation::detector);
    if (failover == logs->end()) continue;
    log.weight = std::max(log.weight, failover->weight);
    (*of_logs)[i] = std::max((*of_logs)[i], (*of_logs)[static_cast<std::size_t>(failover - logs->begin())]);
    tell_with(&log, &*failover, 1);
  }
}

// Who is refused by another container of its own pod ("localhost:9090") yields to what that one says.
void yield_to_the_own_server(std::vector<Observation>* logs) {
  for (Observation& refused : *logs) {
    const bool own = refused.detector == "log-connection-refused" && !refused.lines.empty() &&
                     has_any(refused.lines.front().quote, {"localhost:", "127.0.0.1:", "[::1]:"});
    if (!own) continue;
    for (Observation& other : *logs) {
      const bool same_pod =
          &other != &refused && other.culprit.kind == "pod" && other.culprit.name == refused.culprit.name &&
          other.culprit.space == refused.culprit.space && other.detector != refused.detector;
      if (!same_pod || other.verdict != Verdict::fault || other.weight < kTold || only_warns(other)) continue;
      other.weight = std::max(other.weight, std::min(kStrongestOfLog, refused.weight + 0.01));
      cite_also(&other, refused, 1);
      refused.weight *= 0.6;
      break;
    }
  }
}

// The namespace of a service in its address: "policy" of "https://hooks.policy.svc:443/"; empty: none.
std::string space_in_address(std::string_view text, const std::string& service) {
  const std::string mark = "://" + service + ".";
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + mark.size());
  const std::size_t end = rest.find(".svc");
  return end < limit::name ? std::string(rest.substr(0, end)) : "";
}

// A broker that takes no more is told with the queue that nobody empties.
void tell_what_fills_the_broker(std::vector<Observation>* objects, std::vector<Observation>* logs) {
  Observation* queue = nullptr;
  for (Observation& object : *objects) {
    if (object.detector == unread_queue && (queue == nullptr || object.weight > queue->weight))
      queue = &object;
  }
  for (Observation& alarm : *logs) {
    if (queue == nullptr || alarm.detector != "log-resource-alarm") continue;
    tell_with(&alarm, queue, 2);
  }
}

// A database's disk that is full is told with the slot for which it keeps its log.
void tell_what_keeps_the_log(std::vector<Observation>* objects, std::vector<Observation>* logs) {
  for (Observation& slot : *objects) {
    if (slot.detector != unread_slot) continue;
    for (Observation& full : *logs) {
      const bool of_log =
          full.detector == "log-disk-full" && has_any(full.lines.front().quote, {"pg_wal", "pg_xlog", "WAL"});
      if (of_log) tell_with(&full, &slot, 2);
    }
  }
}

// A CronJob that waits for its last run is told with what that run waits for.
void tell_what_the_run_waits_for(std::vector<Observation>* objects, std::vector<Observation>* logs) {
  Observation* holder = nullptr;
  for (auto* all : {objects, logs}) {
    for (Observation& other : *all) {
      const bool holds = other.weight >= kTold && has_any(other.detector, {"idle-in-transaction", "lock-wait",
                                                                           "holds-locks", "deadlock"});
      if (holds && (holder == nullptr || other.weight > holder->weight)) holder = &other;
    }
  }
  if (holder == nullptr) return;
  for (Observation& blocked : *objects) {
    if (blocked.detector == "cronjob-blocked") tell_with(&blocked, holder, 2);
  }
}

// The strongest of what is found of the pods behind an API that does not answer; null: nothing is.
Observation* behind_api(const Observation& api, std::vector<Observation>* objects,
                        std::vector<Observation>* logs) {
  Observation* root = nullptr;
  for (auto* all : {objects, logs}) {
    for (Observation& other : *all) {
      // "endpoints for service/prometheus-adapter in ... have no addresses"
      const bool is_behind = other.verdict == Verdict::fault && other.culprit.kind == "pod" &&
                             !other.culprit.name.empty() && other.detector != "pod-not-ready" &&
                             has_name(api.cause, without_added(other.culprit.name), false);
      if (is_behind && (root == nullptr || other.weight > root->weight)) root = &other;
    }
  }
  return root;
}

// Who gets no metrics is told why the API that serves them does not.
void tell_why_there_are_no_metrics(std::vector<Observation>* objects, std::vector<Observation>* logs) {
  constexpr int kMostApis = 8;
  int apis = 0;
  for (Observation& api : *objects) {
    // "v1beta1.custom.metrics.k8s.io"
    const std::string& name = api.culprit.name;
    if (api.detector != "apiservice-unavailable" || name.find("metrics") == std::string::npos) continue;
    if (++apis > kMostApis) return;
    const std::string group = name.substr(name.find('.') + 1);
    Observation* root = behind_api(api, objects, logs);
    for (Observation& scaler : *objects) {
      const bool is_its = scaler.detector == "scaler-no-metrics" &&
                          std::ranges::any_of(scaler.lines, [&](const EvidenceLine& line) {
                            return has_name(line.quote, group, false);
                          });
      if (!is_its) continue;
      tell_with(&scaler, root == nullptr ? &api : root, 2);
      if (root != nullptr) cite_first(&scaler, api);
    }
  }
}

// A webhook whose service has no pod that answers is told with what keeps its pod from running.
void tell_why_webhooks_fail(std::vector<Observation>* objects) {
  constexpr std::string_view kNobody = "no endpoints available for service ";
  for (Observation& webhook : *objects) {
    if (webhook.detector != "webhook-failing") continue;
    const std::size_t at = webhook.lines.front().quote.find(kNobody);
    if (at == std::string::npos) continue;
    // Its quotation marks are escaped where the document is JSON.
    std::string_view named = std::string_view(webhook.lines.front().quote).substr(at + kNobody.size());
    named.remove_prefix(std::min(named.find_first_not_of("\"\\"), named.size()));
    const std::string service(named.substr(0, named.find_first_of("\"\\")));
    const std::string head = webhook.cause.substr(0, webhook.cause.find(": ")) + "; ";
    const std::size_t room = limit::sentence - std::min(head.size(), limit::sentence / 2);
    // The strongest of those that can be told whole.
    const auto rank = [&](const Observation& object) {
      return std::pair(std::min(object.cause.find("; "), object.cause.size()) <= room, object.weight);
    };
    const auto best_of = [&](const auto& is_own) {
      const Observation* best = nullptr;
      for (const Observation& object : *objects) {
        const bool own =
            object.verdict == Verdict::fault && object.detector != "pod-not-ready" && is_own(object.culprit);
        if (own && (best == nullptr || rank(object) > rank(*best))) best = &object;
      }
      return best;
    };
    if (service.size() < 3) continue;
    const Observation* root = best_of([&](const Name& culprit) {
      return culprit.name != service && without_added(culprit.name) == service;
    });
    // A service that the bundle does not have, and whatever fails where it is:
    // "https://hooks.policy.svc:443/".
    const std::string space = space_in_address(webhook.lines.front().quote, service);
    if (root == nullptr && !space.empty())
      root = best_of([&](const Name& culprit) { return culprit.kind == "pod" && culprit.space == space; });
    if (root == nullptr) continue;
    webhook.cause = head + std::string(cut_words(root->cause, room));
    webhook.cause = std::string(cut_utf8(webhook.cause, limit::sentence));
    cite_first(&webhook, *root, 2);
    add_commands(&webhook, *root);
  }
}

// The names and addresses in what an alert says and is labelled with: whatever has a mark of names inside.
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
  constexpr std::size_t kMost = 32;  // alerts that are followed
  std::size_t followed = 0;
  for (std::size_t i = 0; i < objects->size(); ++i) {
    Observation& alert = (*objects)[i];
    if (alert.detector != "alert" || alert.verdict != Verdict::fault || alert.weight < kTold) continue;
    if (++followed > kMost) return;
    const std::set<std::string> names = names_in(alert);
    const auto is_of = [&](const Observation& other) {
      if (other.verdict != Verdict::fault || other.detector == "alert" || other.weight < kTells) return false;
      if (other.detector == "pod-not-ready" || only_warns(other)) return false;
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

// A container that ended and came back, of whose end no log tells, cannot be explained by what its next
// instance warned of.
void tell_untold_ends(std::vector<Observation>* objects, const std::vector<Observation>& logs,
                      const Question& question) {
  static constexpr std::array<std::string_view, 12> kEnds = {"exit",    "exited",    "end",   "ended",
                                                             "restart", "restarted", "crash", "crashed",
                                                             "die",     "died",      "stop",  "stopped"};
  if (std::ranges::none_of(kEnds, [&](std::string_view word) { return question.has_word(word); })) return;
  constexpr double kOfTheEnd = 0.5;
  for (Observation& end : *objects) {
    if (end.detector != "container-crash" || end.verdict != Verdict::fault || end.weight >= kTold ||
        end.missing.empty() ||  // its termination message tells
        !question.names(end.culprit.name))
      continue;
    const bool told = std::ranges::any_of(logs, [&](const Observation& log) {
      return log.verdict == Verdict::fault && same_component(end, log) && !only_warns(log);
    });
    if (told) continue;
    end.verdict = Verdict::insufficient_evidence;
    end.detector = "end-untold";
    end.weight = kOfTheEnd;
    end.cause =
        fmt::format("What made it end cannot be told, as no log of that instance (--previous) says: {}.",
                    cut_words(end.cause.substr(0, end.cause.find(": ")), limit::sentence / 2));
    end.missing = {"the log of the instance that ended (--previous)"};
  }
}

}  // namespace

void tell_chains(std::vector<Observation>* objects, std::vector<double>* of_objects,
                 std::vector<Observation>* logs, std::vector<double>* of_logs, const Question& question) {
  blame_who_fills_the_disk(objects, of_objects);
  if (question.whether()) trust_ready_nodes(*objects, logs);
  tell_what_grows(objects, logs);
  tell_who_holds_connections(objects, logs);
  tell_of_hosts(*objects, logs);
  tell_who_takes_no_writes(objects, logs, of_logs);
  tell_what_fills_the_broker(objects, logs);
  tell_what_keeps_the_log(objects, logs);
  blame_in_logs(logs, of_logs);
  yield_to_the_own_server(logs);
  blame_objects(objects, of_objects, *logs, *of_logs);
  tell_what_the_run_waits_for(objects, logs);
  tell_why_there_are_no_metrics(objects, logs);
  tell_what_was_changed(objects, logs);
  tell_why_webhooks_fail(objects);
  tell_why_a_statement_is_slow(objects, of_objects, logs, of_logs);
  tell_controllers_word(objects, logs);
  lift_roots(logs, of_logs);
  blame_who_holds_locks(objects, of_objects, *logs, *of_logs);
  if (question.asks_reason()) tell_why_alerts_fire(objects, of_objects, logs, of_logs);
  tell_circles(objects, of_objects, *logs, *of_logs);
  if (question.asks_reason() && !question.whether()) tell_untold_ends(objects, *logs, question);
  follow_what_is_waited_for(objects, of_objects);
}

}  // namespace carrel
