#include "room/evidence/blame.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/ascii.h"
#include "room/evidence/detectors.h"
#include "room/evidence/relations.h"
#include "room/evidence/telling.h"

namespace carrel {
namespace {

// Who is to blame, and for which complaints.
struct Blame {
  bool (*is_root)(const Observation& finding);
  bool (*is_for)(const Observation& root, const Observation& complaint);
};

void take_blame(Observation* root, double* relevance, const Observation& victim, double of_victim) {
  root->weight = std::max(root->weight, std::min(kOfWhatIsWaitedFor, victim.weight + 0.01));
  *relevance = std::max(*relevance, of_victim);
  cite_also(root, victim, 1);
}

bool complains(const Observation& log) {
  return log.verdict == Verdict::fault && log.weight >= kTold;
}

// Roots and victims may be of one list.
void lay_blame(const Blame& blame, std::vector<Observation>* roots, std::vector<double>* relevances,
               const std::vector<Observation>& victims, const std::vector<double>& of_victims) {
  for (std::size_t i = 0; i < roots->size(); ++i) {
    Observation& root = (*roots)[i];
    if (!blame.is_root(root)) continue;
    for (std::size_t j = 0; j < victims.size(); ++j) {
      if (&victims[j] != &root && complains(victims[j]) && blame.is_for(root, victims[j]))
        take_blame(&root, &(*relevances)[i], victims[j], of_victims[j]);
    }
  }
}

bool speaks_of(const Observation& log, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(log.lines, [&](const EvidenceLine& line) {
    return std::ranges::any_of(words, [&](std::string_view word) { return has(line.quote, word); });
  });
}

bool names(const Observation& log, std::string_view name) {
  return !name.empty() && std::ranges::any_of(log.lines, [&](const EvidenceLine& line) {
    return has_name(line.quote, name, false);
  });
}

// What times out or breaks off where large packets get lost on the way does so for them.
constexpr Blame the_path = {
    [](const Observation& path) { return path.detector == path_mtu; },
    [](const Observation&, const Observation& log) {
      return has_any(log.detector, {"timeout", "timed-out", "connection-broken", "connection-lost"});
    }};

// Whoever has no space left on a file system without inodes lacks those, however many bytes are free.
constexpr Blame the_inodes = {
    [](const Observation& full) { return full.detector == no_inodes; },
    [](const Observation&, const Observation& log) { return log.detector == "log-disk-full"; }};

// ":8080" and "refused" in one line.
bool is_refused_at(const EvidenceLine& line, const std::string& port) {
  const std::size_t at = line.quote.find(port), behind = at + port.size();
  return at != std::string::npos && (behind == line.quote.size() || !is_digit(line.quote[behind])) &&
         has(line.quote, "refused");
}

// Whoever is refused at the port that a Service sends to, where nothing listens, is refused for that.
constexpr Blame the_target_port = {
    [](const Observation& service) { return service.detector.starts_with("service-target-"); },
    [](const Observation& service, const Observation& log) {
      const std::string port = fmt::format(":{}", between(service.cause, "to targetPort ", ","));
      return port.size() > 1 && std::ranges::any_of(log.lines, [&](const EvidenceLine& line) {
               return is_refused_at(line, port);
             });
    }};

// What a call within the cluster fails of that goes through a proxy is the proxy's answer.
constexpr Blame the_proxy = {[](const Observation& call) { return call.detector == proxied_call; },
                             [](const Observation& call, const Observation& log) {
                               return names(log, between(call.cause, "Calls to ", ".")) ||
                                      speaks_of(log, {"squid"});
                             }};

// Whoever is refused with a password that was changed after it started is refused for that.
constexpr Blame the_stale_settings = {
    [](const Observation& stale) { return stale.detector == stale_settings; },
    [](const Observation& stale, const Observation& log) {
      return same_component(stale, log) &&
             has_any(log.detector, {"authentication", "credential", "token-expired"});
    }};

// Statements that time out and pools that run dry come of who holds the locks that they wait for.
constexpr Blame who_holds_locks = {
    [](const Observation& holder) { return holder.detector == "session-holds-locks"; },
    [](const Observation&, const Observation& log) {
      return has_any(log.detector,
                     {"statement-timeout", "too-many-connections", "idle-in-transaction", "lock-wait"});
    }};

// A key of the cloud that is to be deleted is why somebody is refused its use.
constexpr Blame the_key = {
    [](const Observation& key) { return key.detector == cloud_key; },
    [](const Observation&, const Observation& log) { return speaks_of(log, {"kms"}); }};

// Who may not take its role is refused all that the role may do.
constexpr Blame the_trust = {
    [](const Observation& role) { return role.detector == cloud_trust; },
    [](const Observation& role, const Observation& log) {
      return same_component(role, log) &&
             has_any(log.detector, {"forbidden", "denied", "credential", "authentication", "role"});
    }};

// What was taken away in the cloud just before what needs it is not reached, or refused, is why.
constexpr Blame what_was_taken_away = {
    [](const Observation& call) {
      constexpr double kFits = 0.7;  // the time speaks for it
      return (call.detector == cloud_call || call.detector == cloud_port) && call.weight >= kFits;
    },
    [](const Observation&, const Observation& log) {
      return has_any(log.detector,
                     {"unreachable", "timeout", "timed-out", "connection", "forbidden", "denied",
                      "credential", "authentication", "-dns", "not-found", "object-missing"});
    }};

// Who is reset by a sidecar that takes only mutual TLS is reset for that.
constexpr Blame the_mesh = {
    [](const Observation& server) { return server.detector == "log-plaintext-refused"; },
    [](const Observation& server, const Observation& log) {
      return has_any(log.detector, {"connection-"}) && names(log, without_added(server.culprit.name));
    }};

// Writes to a search cluster fail for its disk that is nearly full.
constexpr Blame the_watermark = {
    [](const Observation& full) { return full.detector == "log-disk-watermark"; },
    [](const Observation&, const Observation& log) {
      return speaks_of(log, {"_bulk", "elasticsearch", "opensearch", "output:es"});
    }};

// What cannot resolve a name yields to what its name server says of itself; but the cluster's own names are
// looked up without the upstream server.
constexpr Blame the_name_server = {
    [](const Observation& server) {
      return server.detector == "log-dns-loop" || server.detector == "log-dns-upstream";
    },
    [](const Observation& server, const Observation& log) {
      const bool own_name = !log.lines.empty() && log.lines.front().quote.find(".svc") != std::string::npos;
      return log.detector == "log-dns" && (server.detector == "log-dns-loop" || !own_name);
    }};

// What cannot connect from a node whose kernel drops packets yields to that.
constexpr Blame the_kernel = {
    [](const Observation& server) { return server.detector == "log-connection-table-full"; },
    [](const Observation&, const Observation& log) {
      return has_any(log.detector, {"-dns", "-unreachable", "-timeout"});
    }};

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

void blame_in_logs(std::vector<Observation>* logs, std::vector<double>* relevances) {
  for (const Blame* blame : {&the_name_server, &the_kernel, &the_watermark, &the_mesh})
    lay_blame(*blame, logs, relevances, *logs, *relevances);
}

void blame_objects(std::vector<Observation>* objects, std::vector<double>* relevances,
                   const std::vector<Observation>& logs, const std::vector<double>& of_logs) {
  for (const Blame* blame :
       {&the_path, &the_inodes, &the_target_port, &the_proxy, &the_stale_settings, &the_key, &the_trust})
    lay_blame(*blame, objects, relevances, logs, of_logs);
  // Of several things that were taken away the first fits best.
  const auto first = std::ranges::find_if(*objects, what_was_taken_away.is_root);
  if (first == objects->end()) return;
  const auto i = static_cast<std::size_t>(first - objects->begin());
  for (std::size_t j = 0; j < logs.size(); ++j) {
    if (complains(logs[j]) && what_was_taken_away.is_for(*first, logs[j]))
      take_blame(&*first, &(*relevances)[i], logs[j], of_logs[j]);
  }
}

void blame_who_holds_locks(std::vector<Observation>* objects, std::vector<double>* relevances,
                           const std::vector<Observation>& logs, const std::vector<double>& of_logs) {
  lay_blame(who_holds_locks, objects, relevances, logs, of_logs);
}

}  // namespace carrel
