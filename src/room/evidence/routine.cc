#include "room/evidence/routine.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/phrase_set.h"
#include "base/text.h"
#include "room/evidence/question.h"

namespace carrel {
namespace {

struct Row {
  std::string_view phrase;
  std::string_view also = {};                 // stands in the line, too
  std::vector<std::string_view> unless = {};  // words of a question to which it may well be the answer
};

// By who writes it. Each comes where nothing is wrong, too.
const std::vector<Row>& rows() {
  static const std::vector<Row> kRows = {
      // kube-apiserver: a request was answered after its client had left; a client showed an old token; a
      // connection to etcd that was given up for another; a watch that begins anew.
      {"post-timeout activity"},
      {"unable to authenticate the request", "", {"401", "unauthorized", "token", "login", "authenticat"}},
      {"addrconn.createtransport failed to connect", "operation was canceled"},
      {"addrconn.createtransport failed to connect", "context canceled"},
      {"required revision has been compacted"},
      {"too old resource version"},
      {"unexpected watch close"},
      {"watch of ", "ended with:"},
      {"failed to watch", "too many requests", {"429", "too many", "rate limit"}},
      {"tls handshake error", "eof", {"tls", "certificate", "handshake"}},
      {"use of closed network connection"},
      {"http: superfluous response.writeheader"},
      {"timeout or abort while handling"},
      // The kubelet and containerd: a container that ended while it was looked at; more name servers than are
      // used.
      {"inotify_add_watch /sys/fs/cgroup", "no such file or directory"},
      {"failed to create existing container"},
      {"containerstatus from runtime service failed", "notfound"},
      {"deletecontainer returned error", "notfound"},
      {"partial failure issuing cadvisor"},
      {"unable to fetch container log stats"},
      {"nameserver limits exceeded", "", {"dns", "resolv"}},
      {"nameserver limits were exceeded", "", {"dns", "resolv"}},
      {"failed to get network stats", "no such file"},
      {"error proxying data from client to backend"},
      {"failed to handle event task_exit", "", {"zombie", "terminating"}},
      {"cleanup warnings time="},
      {"execsync for", "no running task found"},
      {"failed to get podsandbox status for container event"},
      // CoreDNS: a folder of additions that is empty.
      {"no files matching import glob pattern"},
      // Controllers: an object changed between reading and writing, or went in between.
      {"the object has been modified"},
      {"nodes \"", "not found", {"node"}},
      // PostgreSQL: clients that leave or only knock; an automatic vacuum that makes way for a statement;
      // jobs that make
      // sure by a unique key that only one of them runs.
      {"incomplete startup packet"},
      {"could not receive data from client"},
      {"unexpected eof on client connection"},
      {"could not send data to client"},
      {"connection to client lost"},
      {"canceling autovacuum task", "", {"vacuum", "bloat"}},
      {"while vacuuming", "", {"vacuum", "bloat"}},
      {"while scanning block", "", {"vacuum", "bloat", "corrupt"}},
      {"there is already a transaction in progress"},
      {"there is no transaction in progress"},
      {"duplicate key value", "lock_pkey", {"lock"}},
      {"duplicate key value", "shedlock", {"lock"}},
      // MySQL and MariaDB: clients that leave; names of clients that are not looked up; what it says of its
      // certificate.
      {"got an error reading communication packets",
       "",
       {"connection", "packet", "mysql", "maria", "database"}},
      {"got timeout reading communication packets",
       "",
       {"connection", "packet", "mysql", "maria", "database"}},
      {"ca certificate ca.pem is self signed"},
      {"insecure configuration for --secure-file-priv"},
      {"could not be resolved: name or service not known", "ip address", {"dns", "resolv"}},
      // SQL Server: what it says itself to be no more than information; passwords that clients got wrong.
      {"this is an informational message"},
      {"logon", "error: 18456", {"login", "log in", "password", "authenticat", "18456"}},
      // Cassandra: what it cannot tell a node that is restarted.
      {"dropping message of type gossip_digest"},
      // MongoDB, Redis, RabbitMQ: clients that leave; no IPv6; advice about the host.
      {"authenticationabandoned"},
      {"unable to gather storage statistics"},
      {"soft rlimits for open file descriptors too low", "", {"file", "descriptor"}},
      {"could not create server tcp listening socket ::"},
      {"tcp backlog setting of"},
      {"memory overcommit must be enabled"},
      {"transparent huge pages"},
      {"client unexpectedly closed tcp connection"},
      {"missed heartbeats from client",
       "",
       {"heartbeat", "consum", "queue", "message", "connection", "rabbit"}},
      {"closing amqp connection", "", {"amqp", "rabbit", "connection", "consum", "queue", "message"}},
      // Kafka and ZooKeeper: clients that leave; groups that share out anew.
      {"unable to read additional data from client"},
      {"attempt to heartbeat failed since group is rebalancing",
       "",
       {"rebalanc", "lag", "consum", "kafka", "message", "process"}},
      {"error while fetching metadata",
       "leader_not_available",
       {"leader", "produc", "topic", "kafka", "broker", "message"}},
      // Elasticsearch and OpenSearch: what will be another way in a later version.
      {"deprecation", "deprecated"},
      {"parameter is deprecated"},
      {"setting was deprecated"},
      // nginx: large requests that go through a file; clients that leave, scan, or are old.
      {"while ssl handshaking", "", {"tls", "ssl", "certificate", "handshake"}},
      {"a client request body is buffered to a temporary file"},
      {"an upstream response is buffered to a temporary file"},
      {"while sending to client", "broken pipe"},
      {"client prematurely closed connection"},
      // Envoy: it asks for its settings again.
      {"grpc config stream", "", {"envoy", "istio", "mesh", "sidecar"}},
      // Java: clients that leave or scan; a pool that was asleep with its machine; defaults.
      {"further occurrences of http request parsing errors"},
      {"clientabortexception"},
      {"thread starvation or clock leap detected",
       "",
       {"slow", "pause", "clock", "cpu", "hang", "freez", "latency", "time", "second"}},
      {"spring.jpa.open-in-view is enabled"},
      {"illegal reflective access"},
      // Node: clients that leave; advice.
      {"maxlistenersexceededwarning", "", {"memory", "leak", "oom", "slow"}},
      {"deprecationwarning:"},
      {"experimentalwarning:"},
      {"error: aborted", "econnreset", {"abort", "reset", "connection", "network", "load"}},
      {"\"message\":\"aborted\"", "econnreset", {"abort", "reset", "connection", "network", "load"}},
      // Python: advice.
      {"insecurerequestwarning"},
      {"userwarning:"},
      {"futurewarning:"},
      {"pkg_resources is deprecated"},
      // Prometheus, Grafana, Loki: samples that come late; what looks for news of itself; who left.
      {"error on ingesting out-of-order samples", "", {"sample", "metric", "gap", "prometheus"}},
      {"error on ingesting samples with different value", "", {"sample", "metric", "gap", "prometheus"}},
      {"error on ingesting samples that are too old", "", {"sample", "metric", "gap", "prometheus"}},
      {"failed to get plugins repo", "", {"plugin"}},
      {"failed to check for update", "", {"update"}},
      {"update check failed", "", {"update"}},
      {"failed to look up user based on cookie", "", {"login", "session", "cookie"}},
      {"error processing request: context canceled"},
      {"err=\"context canceled\""},
      {"websocket: close 1006", "", {"websocket", "live", "disconnect", "drop", "connection"}},
      {"websocket: close 1001", "", {"websocket", "live", "disconnect", "drop", "connection"}},
      // Elixir: clients that leave.
      {"dbconnection.connectionerror", "exited"},
      {"bandit.transporterror", "closed"},
      // Jenkins: agents that come and go. Harbor: pulls that are tried before there is a token, images
      // without signatures.
      {"i/o error in channel", "", {"agent", "build", "node"}},
      {"unauthorized to access repository", "", {"401", "unauthor", "pull", "push", "login"}},
      {".sig not found", "artifact", {"sign", "cosign"}},
      // Columns of `ip -s link`.
      {"packets errors dropped"},
      // Web applications: forms of old sessions, and who tries names and passwords; sshd, likewise.
      {"<csrf", "", {"csrf", "403", "forbidden", "login"}},
      {"no route matches [", "", {"404", "route", "not found"}},
      {"failed authentication attempt", "", {"login", "log in", "authenticat", "password"}},
      {"kex_exchange_identification", "", {"ssh"}},
      {"failed password for", "", {"ssh", "login", "log in", "password"}},
      {"banner exchange", "connection from", {"ssh"}},
      // Anybody: what will be another way in a later version.
      {"is deprecated and will be removed"},
      // The kernel: what its hardware does not offer, and how it measures itself.
      {"lowering kernel.perf_event_max_sample_rate"},
      {"acpi error: ae_not_found"},
      {"acpi bios error"},
      {"direct firmware load for", "", {"firmware", "driver", "wifi", "bluetooth", "network"}},
      {"mlx5_cmd_out_err", "access_reg"},
      {"perf: interrupt took too long"},
      {"systemd-journald", "suppressed"},
  };
  return kRows;
}

}  // namespace

bool is_routine(std::string_view line, const Question& question) {
  static const PhraseSet kSet = [] {
    std::vector<std::string> phrases;
    for (const Row& row : rows()) phrases.emplace_back(row.phrase);
    return PhraseSet(phrases);
  }();
  std::vector<PhraseSet::Match> matches;
  kSet.find(line, &matches);
  return std::ranges::any_of(matches, [&](const PhraseSet::Match& match) {
    const Row& row = rows()[match.phrase];
    const bool asked = std::ranges::any_of(
        row.unless, [&](std::string_view word) { return contains_folded(question.text(), word); });
    return !asked && (row.also.empty() || contains_folded(line, row.also));
  });
}

}  // namespace carrel
