#include "room/evidence/log_cascade.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/text.h"
#include "record/limits.h"
#include "room/evidence/log_findings.h"
#include "room/evidence/mechanism.h"
#include "room/evidence/relations.h"

namespace carrel {
namespace {

constexpr double kComplains = 0.35;  // the least weight of a finding that is followed
constexpr double kAnswers = 0.3;     // and of one that may be its root
constexpr double kOwnFailure = 0.1;  // Mechanism::root of what explains itself

bool has_any_folded(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return contains_folded(text, word); });
}

bool runs_control_plane(const Observation& log) {
  return has_any_folded(log.culprit.name, {"etcd", "kube-apiserver"});
}

// True where a client of the API server repeats what the server, or the etcd behind it, answered.
bool complains_of_control_plane(const Observation& log) {
  return !runs_control_plane(log) &&
         (log.detector == "log-leader-election" ||
          has_any_folded(log.cause, {"etcdserver:", "the server has received too many"}));
}

// True where a server only repeats that its peer refused the handshake: the peer's log says why.
bool was_refused_by_peer(const Observation& log) {
  return log.detector == "log-tls-failed" && has_any_folded(log.cause, {"remote error: tls"});
}

// True where the finding shows the failure of something else.
bool complains(const Observation& log) {
  static constexpr std::array<std::string_view, 19> kOfOthers = {"log-replication",
                                                                 "log-route-timeout",
                                                                 "log-upstream-failed",
                                                                 "log-statement-timeout",
                                                                 "log-connection-refused",
                                                                 "log-connection-lost",
                                                                 "log-timeout",
                                                                 "log-unreachable",
                                                                 "log-circuit-open",
                                                                 "log-dns",
                                                                 "log-cache-unreachable",
                                                                 "log-broker-unreachable",
                                                                 "log-database-unreachable",
                                                                 "log-writes-refused",
                                                                 "log-snapshot-unsaved",
                                                                 "log-publish-blocked",
                                                                 "log-publish-timeout",
                                                                 "log-stale-read",
                                                                 "log-slow"};
  return std::find(kOfOthers.begin(), kOfOthers.end(), log.detector) != kOfOthers.end() ||
         complains_of_control_plane(log) || was_refused_by_peer(log);
}

// True where a database's locks can be what holds it up. What a database prints of its sessions has no pod.
bool waits_for_locks(const Observation& log) {
  return log.detector == "log-statement-timeout" || log.detector == "log-deadlock" ||
         (log.detector == "log-timeout" &&
          has_any_folded(log.cause, {"db", "sql", "query", "lock", "database"}));
}

// A pool of connections that is used up because none of them gets on.
bool fills_up(const Observation& log) {
  return log.detector == "log-too-many-connections";
}

bool publishes(const Observation& log) {
  return log.detector == "log-publish-blocked" || log.detector == "log-publish-timeout";
}

bool loses_connections(const Observation& log) {
  return log.detector == "log-connection-lost" || log.detector == "log-connection-refused" ||
         log.detector == "log-upstream-failed";
}

bool waits_for_answer(const Observation& log) {
  return log.detector == "log-slow" || log.detector == "log-timeout" ||
         log.detector == "log-statement-timeout";
}

// What components are called that give the service which a mechanism misses.
bool provides(const Observation& provider, const Observation& log) {
  struct Row {
    std::string_view detector;
    std::initializer_list<std::string_view> names;
  };
  static const std::array<Row, 11> kRows = {{
      {"log-replication",
       {"kafka", "postgres", "pg-", "mysql", "maria", "mongo", "redis", "cassandra", "etcd"}},
      {"log-dns", {"coredns", "kube-dns", "node-local-dns"}},
      {"log-broker-unreachable", {"kafka", "rabbit", "nats", "pulsar", "activemq", "zookeeper", "redpanda"}},
      {"log-cache-unreachable", {"redis", "memcache", "valkey", "hazelcast"}},
      {"log-database-unreachable", {"postgres", "mysql", "maria", "mongo", "cassandra", "cockroach", "-db-"}},
      {"log-writes-refused", {"redis", "elasticsearch", "opensearch", "postgres", "mysql", "maria", "mongo"}},
      {"log-snapshot-unsaved", {"redis", "valkey", "cache"}},
      {"log-publish-blocked", {"rabbit", "broker", "activemq"}},
      {"log-publish-timeout", {"rabbit", "broker", "activemq", "kafka", "nats"}},
      {"log-stale-read", {"postgres", "pg-", "mysql", "maria", "mongo", "-db-"}},
      {"log-slow", {"postgres", "pg-", "mysql", "maria", "mongo", "cassandra", "cockroach"}},
  }};
  if (complains_of_control_plane(log)) return runs_control_plane(provider);
  const auto row = std::find_if(kRows.begin(), kRows.end(),
                                [&](const Row& each) { return each.detector == log.detector; });
  if (waits_for_answer(log) &&
      has_any_folded(provider.detector,
                     {"log-disk-saturated", "log-storage-cluster-full", "log-file-server-silent"}))
    return true;
  if (row == kRows.end() || !has_any_folded(provider.culprit.name, row->names)) return false;
  return log.detector != "log-slow" || has_any_folded(log.cause, {"db", "sql", "query", "queries"});
}

// A pod's name without its generated endings: "inventory" of "inventory-7c8d9f6b5-cccc3".
std::string_view service_of(std::string_view pod) {
  for (int round = 0; round < 2; ++round) {
    const std::size_t dash = pod.rfind('-');
    if (dash == std::string_view::npos) break;
    const std::string_view ending = pod.substr(dash + 1);
    const bool digit = ending.find_first_of("0123456789") != std::string_view::npos;
    const bool generated = digit || (ending.size() == 5 && ending.find_first_of("aeiou") == ending.npos);
    if (!generated) break;
    pod = pod.substr(0, dash);
  }
  return pod;
}

// True where a text names the service as a host: "http://inventory:8080", "(auth)", not "/api/v1".
bool names_host(std::string_view text, std::string_view service) {
  if (service.size() < 2) return false;
  for (std::size_t at = text.find(service); at != std::string_view::npos; at = text.find(service, at + 1)) {
    const std::string_view ahead = text.substr(0, at);
    const std::string_view behind = text.substr(at + service.size());
    const bool address = ahead.ends_with("//") || ahead.ends_with("@");
    const bool apart =
        ahead.empty() || std::string_view(" (\"'=[,").find(ahead.back()) != std::string_view::npos;
    const bool ends =
        behind.empty() || std::string_view(" )\"',]:./").find(behind[0]) != std::string_view::npos;
    if (!ends || !(address || apart) || ahead.ends_with("caller ") || ahead.ends_with("client ")) continue;
    // A short word alone ("api failed") is hardly a host.
    const bool port = behind.size() > 1 && behind[0] == ':' && behind[1] >= '0' && behind[1] <= '9';
    if (address || port || service.size() >= 4) return true;
  }
  return false;
}

bool names_as_host(const Observation& log, std::string_view service) {
  return std::any_of(log.lines.begin(), log.lines.end(),
                     [&](const EvidenceLine& line) { return names_host(line.quote, service); });
}

// True where the other log says that it refused the certificate of this one: it names it as a host, or is its
// neighbour.
bool refused(const Observation& other, const Observation& log) {
  return other.detector.starts_with("log-certificate") &&
         (other.culprit.space == log.culprit.space || names_as_host(other, service_of(log.culprit.name)));
}

// A plan that is saved beside the logs is of no namespace; that of a database is of its own.
bool waits_for_query(const Observation& log, const Observation& scan) {
  const bool near = scan.culprit.space.empty() || scan.culprit.space == log.culprit.space;
  return near && waits_for_answer(log) &&
         has_any_folded(log.cause, {"db", "sql", "query", "select ", "database"});
}

enum Link { kUnlinked, kNear, kKind, kNamed };

Link link_of(const Observation& log, const Observation& other) {
  if (other.verdict != Verdict::fault || other.weight < kAnswers || only_warns(other)) return kUnlinked;
  if (other.detector == "log-failover") return kUnlinked;  // told with what came of it (chains.cc)
  const Mechanism* shown = mechanism_of(other.detector);
  if (shown != nullptr && shown->fault && shown->root == 0) return kUnlinked;  // it explains nothing
  const bool locks = other.detector == "log-idle-in-transaction" || other.detector == "log-metadata-lock" ||
                     other.detector == "log-lock-wait";
  if (locks && (waits_for_locks(log) || fills_up(log))) return kKind;
  if (other.detector == "log-plaintext-refused" && loses_connections(log))
    return names_as_host(log, service_of(other.culprit.name)) ? kNamed : kKind;
  if (other.detector == "log-resource-alarm" && publishes(log)) return kNamed;
  if (was_refused_by_peer(other)) return kUnlinked;
  // That the answer took long is what the proxy's timeout says already.
  if (log.detector == "log-route-timeout" && other.detector == "log-slow") return kUnlinked;
  if (was_refused_by_peer(log)) return refused(other, log) ? kKind : kUnlinked;
  const bool scans = other.detector == "log-sequential-scan" || other.detector == "log-rows-examined";
  if (scans) return waits_for_query(log, other) ? kKind : kUnlinked;
  if (other.culprit.name.empty() || other.culprit.name == log.culprit.name) return kUnlinked;
  const std::string_view service = service_of(other.culprit.name);
  if (service == service_of(log.culprit.name)) return kUnlinked;
  if (provides(other, log)) return kKind;
  if (other.culprit.space != log.culprit.space) return kUnlinked;
  if (names_as_host(log, service)) return kNamed;
  const Mechanism* mechanism = mechanism_of(other.detector);
  const bool own =
      !complains(other) && mechanism != nullptr && mechanism->fault && mechanism->root >= kOwnFailure;
  return own && other.weight >= 0.5 && log.detector != "log-slow" ? kNear : kUnlinked;
}

}  // namespace

void lift_roots(std::vector<Observation>* logs, std::vector<double>* relevances) {
  const std::size_t count = logs->size();
  std::vector<std::size_t> next(count, count);
  for (std::size_t i = 0; i < count; ++i) {
    const Observation& log = (*logs)[i];
    const bool follows = complains(log) || fills_up(log) || waits_for_locks(log);
    if (log.verdict != Verdict::fault || log.weight < kComplains || !follows) continue;
    Link best = kUnlinked;
    for (std::size_t j = 0; j < count; ++j) {
      const Observation& other = (*logs)[j];
      const Link link = j == i ? kUnlinked : link_of(log, other);
      if (link == kUnlinked || link < best) continue;
      const bool better = next[i] == count || link > best ||
                          std::pair(!complains(other), other.weight) >
                              std::pair(!complains((*logs)[next[i]]), (*logs)[next[i]].weight);
      if (better) next[i] = j, best = link;
    }
  }
  std::vector<double> weights;
  for (const Observation& log : *logs) weights.push_back(log.weight);
  for (std::size_t i = 0; i < count; ++i) {
    if (next[i] == count) continue;
    std::size_t root = next[i];
    std::size_t steps = 1;
    while (next[root] != count && steps <= count) root = next[root], ++steps;
    if (steps > count || root == i) continue;  // they complain of each other
    Observation& of = (*logs)[root];
    of.weight = std::max(of.weight, std::min(kStrongestOfLog, weights[i] + 0.03));
    (*relevances)[root] = std::max((*relevances)[root], (*relevances)[i]);
    if (of.lines.size() == limit::citations) of.lines.resize(limit::citations - 1);
    if (!(*logs)[i].lines.empty()) of.lines.push_back((*logs)[i].lines.front());
    (*logs)[i].weight *= 0.85;
  }
}

}  // namespace carrel
