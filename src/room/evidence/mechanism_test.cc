#include "room/evidence/mechanism.h"

#include <set>

#include <gtest/gtest.h>

namespace carrel {
namespace {

struct Sample {
  const char* text;
  const char* name;
};

class Mechanisms : public ::testing::TestWithParam<Sample> {};

TEST_P(Mechanisms, AreRecognised) {
  const MechanismMatch match = find_mechanism(GetParam().text);
  ASSERT_NE(match.mechanism, nullptr) << GetParam().text;
  EXPECT_EQ(match.mechanism->name, GetParam().name) << GetParam().text;
  EXPECT_LT(match.begin, match.end);
}

INSTANTIATE_TEST_SUITE_P(
    Messages, Mechanisms,
    ::testing::Values(
        Sample{"handler panic: nil pointer dereference path=/items status=500", "null-reference"},
        Sample{"GET /items status=500", "upstream-failed"},
        Sample{"slow fdatasync took 2101ms, expected-duration 1s", "slow-disk"},
        Sample{"nf_conntrack: nf_conntrack: table full, dropping packet", "connection-table-full"},
        Sample{"pods \"build-7\" is forbidden: exceeded quota: ci, requested: limits.memory=4Gi",
               "quota-used-up"},
        Sample{"this cluster currently has [1000]/[1000] maximum normal shards open", "shard-limit"},
        Sample{"DB::Exception: Too many parts (300). Merges are processing slower than inserts",
               "too-many-parts"},
        Sample{"Health check failed: 1 full osd(s) (OSD_FULL)", "storage-cluster-full"},
        Sample{"nats: API error: code=503 err_code=10077 description=maximum bytes exceeded", "stream-full"},
        Sample{"PRECONDITION_FAILED - delivery acknowledgement on channel 3 timed out", "consumer-too-slow"},
        Sample{"Client scheduled to be closed ASAP for overcoming of output buffer limits.",
               "replica-buffer"},
        Sample{"I/O error trying to sync with MASTER: connection lost", "replication-broken"},
        Sample{"| 812 | app | shop | Query | 29 | Waiting for table metadata lock | SELECT 1 |",
               "metadata-lock"},
        Sample{"The key {7c1d} was not found in the key ring.", "key-ring"},
        Sample{"Skipping endpoint a.b because owner id does not match, found: \"x\"", "owner-mismatch"},
        Sample{"all available instance types exceed limits for nodepool: \"ci\"", "node-limit"},
        Sample{"AADSTS7000222: The provided client secret keys are expired", "credential-expired"},
        Sample{"fork: Resource temporarily unavailable (11)", "process-limit"},
        Sample{"java.lang.OutOfMemoryError: unable to create new native thread", "process-limit"},
        Sample{"nfs: server files01 not responding, still trying", "file-server-silent"},
        Sample{"* Vault is sealed", "sealed"},
        Sample{"database is not accepting commands that assign new XIDs to avoid wraparound data loss",
               "transaction-ids"},
        Sample{"PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted", "heap-exhausted"},
        Sample{"503 UO upstream_reset_before_response_started{overflow}", "pending-limit"},
        Sample{"10.0.0.9 - - [05/May/2025:08:41:00 +0000] \"GET /export HTTP/1.1\" 500 0", "answers-5xx"},
        Sample{"System clock wrong by 311.2 seconds", "clock"},
        Sample{"\"Part of the existing bootstrap client certificate in /etc/kubernetes/kubelet.conf is "
               "expired\" expiration=\"2024-05-14T07:05:41Z\"",
               "certificate-ended"},
        Sample{"\"Too many requests, please try again later\" priorityLevel=workload-low inflight=400",
               "api-overloaded"},
        Sample{"connection.blocked received, low on memory", "publish-blocked"},
        Sample{"OOM command not allowed when used memory > 'maxmemory'.", "memory-bound"},
        Sample{"eno2: NIC Link is Down", "link-down"},
        Sample{"UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress",
               "release-locked"},
        Sample{"Cannot evict pod as it would violate the pod's disruption budget.", "budget"},
        Sample{"license valid until 2024-03-11, running in restricted mode", "license"},
        Sample{"failed to run Kubelet: running with swap on is not supported", "config-invalid"},
        Sample{
            "MISCONF Redis is configured to save RDB snapshots, but is currently unable to persist to disk",
            "snapshot-unsaved"},
        Sample{"stale read detected on the reader endpoint", "stale-read"},
        Sample{"sda await 812 ms, util 100%", "disk-saturated"},
        Sample{"container throttled for 640 ms of the last second", "cpu-throttled"},
        Sample{"READONLY You can't write against a read only replica.", "writes-refused"},
        Sample{"memory resource limit alarm set on node 'rabbit@mq-0'", "resource-alarm"},
        Sample{"mnesia_event got {inconsistent_database, running_partitioned_network, x}", "partition"},
        Sample{"RequestTimeTooSkewed: the difference is too large. status code: 403", "clock"},
        Sample{"consumer lag on topic orders is 120000", "consumer-lag"},
        Sample{"FlywayMigrateException: column \"a\" already exists", "migration-failed"},
        Sample{"requested WAL segment 0000003E has already been removed", "replication"},
        Sample{"LDAP: error code 49 - data 532", "authentication-failed"},
        Sample{"curl: (22) The requested URL returned error: 403", "forbidden"},
        Sample{"GC(7) Pause Full (Allocation Failure) 3891M->3870M 4000ms", "gc"},
        Sample{"x509: certificate has expired or is not yet valid", "certificate-expired"},
        Sample{"tls: failed to verify certificate: x509: certificate signed by unknown authority",
               "certificate-untrusted"},
        Sample{"FATAL: password authentication failed for user \"app\"", "authentication-failed"},
        Sample{"pods is forbidden: User \"system:serviceaccount:a:b\" cannot list resource \"pods\"",
               "forbidden"},
        Sample{"java.lang.OutOfMemoryError: Java heap space", "heap-exhausted"},
        Sample{"RecursionError: maximum recursion depth exceeded", "stack-overflow"},
        Sample{"write /data/x: no space left on device", "disk-full"},
        Sample{"mkdir /data: Read-only file system", "read-only"},
        Sample{"open /etc/app.conf: permission denied", "permission-denied"},
        Sample{"dial tcp: lookup db.shop on 10.96.0.10:53: no such host", "dns"},
        Sample{
            "could not connect to server: Connection refused; is the server running on 10.0.0.5 port :5432",
            "database-unreachable"},
        Sample{"Could not connect to Redis at cache:6379: Connection refused", "cache-unreachable"},
        Sample{"Failed to retrieve sessions from redis: TimeoutError", "cache-unreachable"},
        Sample{"Connection to node -1 (kafka/10.0.0.9:9092) could not be established. Broker may not be "
               "available.",
               "broker-unreachable"},
        Sample{"FATAL: sorry, too many clients already", "too-many-connections"},
        Sample{"HikariPool-1 - Connection is not available, request timed out after 30000ms",
               "too-many-connections"},
        Sample{"Deadlock found when trying to get lock; try restarting transaction", "deadlock"},
        Sample{"Payment API call failed: HTTP 429 Too Many Requests", "rate-limited"},
        Sample{"listen tcp :8080: bind: address already in use", "port-in-use"},
        Sample{"upstream prematurely closed connection", "upstream-failed"},
        Sample{"dial tcp 10.0.0.7:8080: connect: connection refused", "connection-refused"},
        Sample{"read tcp: connection reset by peer", "connection-lost"},
        Sample{"/bin/sh: syntax error: unexpected \"fi\"", "shell-syntax"},
        Sample{"sh: 1: wgett: not found", "command-missing"},
        Sample{"exec user process caused: exec format error", "exec-format"},
        Sample{"ModuleNotFoundError: No module named 'flask'", "module-missing"},
        Sample{"Error: Missing required environment variable: STRIPE_KEY", "config-missing"},
        Sample{"System.NullReferenceException: Object reference not set to an instance", "null-reference"},
        Sample{"FileNotFoundError: [Errno 2] No such file or directory: '/config/app.yaml'", "file-missing"},
        Sample{"relation \"orders\" does not exist", "sql-refused"},
        Sample{"running_partitioned_network", "partition"},
        Sample{"namespaces \"shop\" not found", "object-missing"},
        Sample{"context deadline exceeded", "timeout"},
        Sample{"WARN High CPU usage detected: 89% average", "cpu-hot"}));

TEST(Mechanism, OrdinaryTextShowsNone) {
  for (const char* text :
       {"", "GET /healthz 200", "started worker 3", "room for improvement", "listening on :8080"}) {
    EXPECT_EQ(find_mechanism(text).mechanism, nullptr) << text;
  }
}

TEST(Mechanism, TableIsSound) {
  std::set<std::string> names;
  for (const Mechanism& mechanism : mechanisms()) {
    EXPECT_TRUE(names.insert(mechanism.name).second) << mechanism.name;
    EXPECT_FALSE(mechanism.phrases.empty()) << mechanism.name;
    EXPECT_FALSE(mechanism.says.empty()) << mechanism.name;
    EXPECT_LE(mechanism.root, 0.15) << mechanism.name;
    for (const auto* phrases : {&mechanism.phrases, &mechanism.also}) {
      for (const std::string& phrase : *phrases) {
        for (char c : phrase) EXPECT_FALSE(c >= 'A' && c <= 'Z') << phrase;
      }
    }
  }
  EXPECT_GE(names.size(), 40u);
}

}  // namespace
}  // namespace carrel
