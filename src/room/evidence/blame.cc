#include "room/evidence/blame.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "room/evidence/detectors.h"
#include "room/evidence/relations.h"
#include "room/evidence/telling.h"

namespace carrel {
namespace {

void take_blame(Observation* root, double* relevance, const Observation& victim, double of_victim) {
  root->weight = std::max(root->weight, std::min(kOfWhatIsWaitedFor, victim.weight + 0.01));
  *relevance = std::max(*relevance, of_victim);
  cite_also(root, victim, 1);
}

}  // namespace

void blame_who_fills_the_disk(std::vector<Observation>* objects, std::vector<double>* relevances) {
  for (std::size_t i = 0; i < objects->size(); ++i) {
    Observation& filled = (*objects)[i];
    if (filled.detector != disk_filled) continue;
    for (std::size_t j = 0; j < objects->size(); ++j) {
      Observation& victim = (*objects)[j];
      const bool evicted = victim.detector == "node-event" || victim.detector == "pod-evicted";
      if (!evicted || !has_any(victim.cause, {"ephemeral-storage"})) continue;
      take_blame(&filled, &(*relevances)[i], victim, (*relevances)[j]);
    }
  }
}

void blame_the_inodes(std::vector<Observation>* objects, std::vector<double>* relevances,
                      const std::vector<Observation>& logs, const std::vector<double>& of_logs) {
  for (std::size_t i = 0; i < objects->size(); ++i) {
    Observation& full = (*objects)[i];
    if (full.detector != no_inodes) continue;
    for (std::size_t j = 0; j < logs.size(); ++j) {
      const bool suffers =
          logs[j].verdict == Verdict::fault && logs[j].weight >= kTold && logs[j].detector == "log-disk-full";
      if (suffers) take_blame(&full, &(*relevances)[i], logs[j], of_logs[j]);
    }
  }
}

void blame_the_path(std::vector<Observation>* objects, std::vector<double>* relevances,
                    const std::vector<Observation>& logs, const std::vector<double>& of_logs) {
  for (std::size_t i = 0; i < objects->size(); ++i) {
    Observation& path = (*objects)[i];
    if (path.detector != path_mtu) continue;
    for (std::size_t j = 0; j < logs.size(); ++j) {
      const bool suffers =
          logs[j].verdict == Verdict::fault && logs[j].weight >= kTold &&
          has_any(logs[j].detector, {"timeout", "timed-out", "connection-broken", "connection-lost"});
      if (suffers) take_blame(&path, &(*relevances)[i], logs[j], of_logs[j]);
    }
  }
}

void blame_the_mesh(std::vector<Observation>* logs, std::vector<double>* relevances) {
  for (std::size_t i = 0; i < logs->size(); ++i) {
    Observation& server = (*logs)[i];
    if (server.detector != "log-plaintext-refused" || server.culprit.name.empty()) continue;
    const std::string name(without_added(server.culprit.name));
    for (std::size_t j = 0; j < logs->size(); ++j) {
      const Observation& victim = (*logs)[j];
      const bool calls_it = std::ranges::any_of(
          victim.lines, [&](const EvidenceLine& line) { return has_name(line.quote, name, false); });
      if (i != j && calls_it && has_any(victim.detector, {"connection-"}) && victim.weight >= kTold)
        take_blame(&server, &(*relevances)[i], victim, (*relevances)[j]);
    }
  }
}

void blame_who_holds_locks(std::vector<Observation>* objects, std::vector<double>* relevances,
                           const std::vector<Observation>& logs, const std::vector<double>& of_logs) {
  for (std::size_t i = 0; i < objects->size(); ++i) {
    Observation& holder = (*objects)[i];
    if (holder.detector != "session-holds-locks") continue;
    for (std::size_t j = 0; j < logs.size(); ++j) {
      const bool suffers = logs[j].verdict == Verdict::fault && logs[j].weight >= kTold &&
                           has_any(logs[j].detector, {"statement-timeout", "too-many-connections",
                                                      "idle-in-transaction", "lock-wait"});
      if (!suffers) continue;
      take_blame(&holder, &(*relevances)[i], logs[j], of_logs[j]);
    }
  }
}

void blame_stale_settings(std::vector<Observation>* objects, std::vector<double>* relevances,
                          const std::vector<Observation>& logs, const std::vector<double>& of_logs) {
  for (std::size_t i = 0; i < objects->size(); ++i) {
    Observation& stale = (*objects)[i];
    if (stale.detector != stale_settings) continue;
    for (std::size_t j = 0; j < logs.size(); ++j) {
      const bool is_refused = logs[j].verdict == Verdict::fault && same_component(stale, logs[j]) &&
                              has_any(logs[j].detector, {"authentication", "credential", "token-expired"});
      if (!is_refused || logs[j].weight < kTold) continue;
      take_blame(&stale, &(*relevances)[i], logs[j], of_logs[j]);
      break;
    }
  }
}

void blame_what_was_taken_away(std::vector<Observation>* objects, std::vector<double>* relevances,
                               const std::vector<Observation>& logs, const std::vector<double>& of_logs) {
  constexpr double kFits = 0.7;  // the time speaks for it
  for (std::size_t i = 0; i < objects->size(); ++i) {
    Observation& call = (*objects)[i];
    const bool taken = (call.detector == cloud_call || call.detector == cloud_port) && call.weight >= kFits;
    if (!taken && call.detector != cloud_key) continue;
    for (std::size_t j = 0; j < logs.size(); ++j) {
      const auto speaks_of_keys = [](const EvidenceLine& line) {
        return has_any(line.quote, {"KMS", "kms"});
      };
      const bool suffers =
          taken ? has_any(logs[j].detector,
                          {"unreachable", "timeout", "timed-out", "connection", "forbidden", "denied",
                           "credential", "authentication", "-dns", "not-found", "object-missing"})
                : std::ranges::any_of(logs[j].lines, speaks_of_keys);
      if (!suffers || logs[j].verdict != Verdict::fault || logs[j].weight < kTold) continue;
      take_blame(&call, &(*relevances)[i], logs[j], of_logs[j]);
    }
    if (taken) return;  // the first fits best
  }
}

void blame_the_target_port(std::vector<Observation>* objects, std::vector<double>* relevances,
                           const std::vector<Observation>& logs, const std::vector<double>& of_logs) {
  for (std::size_t i = 0; i < objects->size(); ++i) {
    Observation& service = (*objects)[i];
    const std::string_view port = between(service.cause, "to targetPort ", ",");
    if (!service.detector.starts_with("service-target-") || port.empty()) continue;
    const std::string at_port = fmt::format(":{}", port);
    const auto is_refused = [&](const EvidenceLine& line) {
      const std::size_t at = line.quote.find(at_port);
      const std::size_t behind = at + at_port.size();
      return at != std::string::npos && (behind == line.quote.size() || !is_digit(line.quote[behind])) &&
             has(line.quote, "refused");
    };
    for (std::size_t j = 0; j < logs.size(); ++j) {
      const bool suffers = logs[j].verdict == Verdict::fault && logs[j].weight >= kTold &&
                           std::ranges::any_of(logs[j].lines, is_refused);
      if (suffers) take_blame(&service, &(*relevances)[i], logs[j], of_logs[j]);
    }
  }
}

void blame_the_proxy(std::vector<Observation>* objects, std::vector<double>* relevances,
                     const std::vector<Observation>& logs, const std::vector<double>& of_logs) {
  for (std::size_t i = 0; i < objects->size(); ++i) {
    Observation& call = (*objects)[i];
    if (call.detector != proxied_call) continue;
    const std::string called(between(call.cause, "Calls to ", "."));
    for (std::size_t j = 0; j < logs.size(); ++j) {
      const bool names_it = std::ranges::any_of(logs[j].lines, [&](const EvidenceLine& line) {
        return has_name(line.quote, called, false) || has(line.quote, "squid");
      });
      if (names_it && !called.empty() && logs[j].verdict == Verdict::fault && logs[j].weight >= kTold)
        take_blame(&call, &(*relevances)[i], logs[j], of_logs[j]);
    }
  }
}

void blame_the_watermark(std::vector<Observation>* logs, std::vector<double>* relevances) {
  for (std::size_t i = 0; i < logs->size(); ++i) {
    Observation& full = (*logs)[i];
    if (full.detector != "log-disk-watermark") continue;
    for (std::size_t j = 0; j < logs->size(); ++j) {
      const Observation& victim = (*logs)[j];
      const bool writes = std::ranges::any_of(victim.lines, [](const EvidenceLine& line) {
        return has(line.quote, "_bulk") || has(line.quote, "elasticsearch") ||
               has(line.quote, "opensearch") || has(line.quote, "output:es");
      });
      if (i != j && writes && victim.verdict == Verdict::fault && victim.weight >= kTold)
        take_blame(&full, &(*relevances)[i], victim, (*relevances)[j]);
    }
  }
}

void blame_the_network(std::vector<Observation>* logs, std::vector<double>* relevances) {
  for (std::size_t i = 0; i < logs->size(); ++i) {
    Observation& server = (*logs)[i];
    const bool drops = server.detector == "log-connection-table-full";
    if (!drops && server.detector != "log-dns-loop" && server.detector != "log-dns-upstream") continue;
    for (std::size_t j = 0; j < logs->size(); ++j) {
      const Observation& victim = (*logs)[j];
      // The cluster's own names are looked up without the upstream server.
      const bool own_name =
          !victim.lines.empty() && victim.lines.front().quote.find(".svc") != std::string::npos;
      const bool resolves =
          victim.detector == "log-dns" && (server.detector != "log-dns-upstream" || !own_name);
      const bool suffers =
          resolves || (drops && has_any(victim.detector, {"-unreachable", "-timeout", "-dns-upstream"}));
      if (!suffers) continue;
      take_blame(&server, &(*relevances)[i], victim, (*relevances)[j]);
    }
  }
}

}  // namespace carrel
