#include "room/evidence/mechanism.h"

#include <set>

#include <gtest/gtest.h>

namespace carrel {
namespace {

struct NamedText {
  const char* text;
  const char* name;
};

class Mechanisms : public ::testing::TestWithParam<NamedText> {};

TEST_P(Mechanisms, AreRecognised) {
  const MechanismMatch match = find_mechanism(GetParam().text);
  ASSERT_NE(match.mechanism, nullptr) << GetParam().text;
  EXPECT_EQ(match.mechanism->name, GetParam().name) << GetParam().text;
  EXPECT_LT(match.begin, match.end);
}

INSTANTIATE_TEST_SUITE_P(
    Messages, Mechanisms,
    ::testing::Values(
        NamedText{"handler panic: nil pointer dereference path=/items status=500", "null-reference"},
        NamedText{"GET /items status=500", "upstream-failed"},
        NamedText{"POST http://quote:3000/quote -> 500, giving up after 2 attempts", "upstream-failed"},
        NamedText{"We are too stale to use candidate as a sync source. Denylisting this sync source",
                  "replica-stale"},
        NamedText{"consumer poll timeout has expired. This means the time between subsequent calls to poll() "
                  "was longer than the configured max.poll.interval.ms",
                  "poll-interval"},
        NamedText{"Calico node 'worker-1' is already using the IPv4 address 172.17.0.1.", "address-conflict"},
        NamedText{"Body did not match regular expression", "probe-unexpected"},
        NamedText{"many-to-many matching not allowed: matching labels must be unique on one side",
                  "rule-failed"},
        NamedText{"admission webhook \"validate.kyverno.svc-fail\" denied the request: resource "
                  "Deployment/web/front was blocked due to the following policies: require-non-root",
                  "admission-denied"},
        NamedText{"failed calling webhook \"mutate.io\": no endpoints available for service \"mutate\"",
                  "webhook-failed"},
        NamedText{"publish confirm timed out after 10000ms", "publish-timeout"},
        NamedText{"publish confirm not received within 10s: context deadline exceeded", "publish-timeout"},
        NamedText{"login failed {\"err\":\"LDAPS connect: getaddrinfo EAI_AGAIN ldap.corp.example\"}", "dns"},
        NamedText{"login failed: invalid credentials for user k.vos", "authentication-failed"},
        NamedText{"Knex: Timeout acquiring a connection. The pool is probably full. Are you missing a "
                  ".transacting(trx) call?",
                  "too-many-connections"},
        NamedText{"failed to create fsnotify watcher: too many open files", "inotify-limit"},
        NamedText{"inotify_add_watch /sys/fs/cgroup: no space left on device", "inotify-limit"},
        NamedText{"accept tcp [::]:8080: accept4: too many open files", "open-files"},
        NamedText{"status=bounced (host mx.example.org[203.0.113.40] said: 550 5.7.26 SPF check failed)",
                  "mail-refused"},
        NamedText{
            "bootstrap check failure [1] of [1]: max virtual memory areas vm.max_map_count [65530] is too "
            "low",
            "map-count"},
        NamedText{
            "\"Ignoring ingress because of error while validating ingress class\" ingress=\"web/front\"",
            "ingress-ignored"},
        NamedText{"->  Seq Scan on parcels  (cost=0.00..1.10 rows=1)", "sequential-scan"},
        NamedText{"process 30417 still waiting for AccessExclusiveLock on relation 16492 of database 1",
                  "lock-wait"},
        NamedText{"FlywayValidateException: Validate failed: Migrations have failed validation",
                  "migration-failed"},
        NamedText{"slow fdatasync took 2101ms, expected-duration 1s", "slow-disk"},
        NamedText{"nf_conntrack: nf_conntrack: table full, dropping packet", "connection-table-full"},
        NamedText{"pods \"build-7\" is forbidden: exceeded quota: ci, requested: limits.memory=4Gi",
                  "quota-used-up"},
        NamedText{"this cluster currently has [1000]/[1000] maximum normal shards open", "shard-limit"},
        NamedText{"DB::Exception: Too many parts (300). Merges are processing slower than inserts",
                  "too-many-parts"},
        NamedText{"Health check failed: 1 full osd(s) (OSD_FULL)", "storage-cluster-full"},
        NamedText{"nats: API error: code=503 err_code=10077 description=maximum bytes exceeded",
                  "stream-full"},
        NamedText{"PRECONDITION_FAILED - delivery acknowledgement on channel 3 timed out",
                  "consumer-too-slow"},
        NamedText{"Client scheduled to be closed ASAP for overcoming of output buffer limits.",
                  "replica-buffer"},
        NamedText{"I/O error trying to sync with MASTER: connection lost", "replication-broken"},
        NamedText{"| 812 | app | shop | Query | 29 | Waiting for table metadata lock | SELECT 1 |",
                  "metadata-lock"},
        NamedText{"The key {7c1d} was not found in the key ring.", "key-ring"},
        NamedText{"Skipping endpoint a.b because owner id does not match, found: \"x\"", "owner-mismatch"},
        NamedText{"all available instance types exceed limits for nodepool: \"ci\"", "node-limit"},
        NamedText{"AADSTS7000222: The provided client secret keys are expired", "credential-expired"},
        NamedText{"fork: Resource temporarily unavailable (11)", "process-limit"},
        NamedText{"java.lang.OutOfMemoryError: unable to create new native thread", "process-limit"},
        NamedText{"nfs: server files01 not responding, still trying", "file-server-silent"},
        NamedText{"\"POST /v1/export HTTP/1.1\" 504 UT response_timeout - \"-\" 412 24 5000 -",
                  "route-timeout"},
        NamedText{"\"GET /a HTTP/2\" 404 NR route_not_found - \"-\" 0 0 0 -", "no-route"},
        NamedText{"RecordTooLargeException: The message is 2085463 bytes when serialized which is larger "
                  "than 1048576",
                  "message-too-large"},
        NamedText{"client intended to send too large body: 3145728 bytes", "message-too-large"},
        NamedText{"org.apache.kafka.common.errors.SerializationException: Unknown magic byte!",
                  "message-unreadable"},
        NamedText{"ValueError: could not convert string to float: '1.299,00'", "value-unreadable"},
        NamedText{"ERROR: invalid input syntax for type integer: \"x\"", "value-unreadable"},
        NamedText{"\"- - -\" 0 NR filter_chain_not_found - \"-\" 0 0 0", "plaintext-refused"},
        NamedText{"remote error: tls: unknown CA", "certificate-untrusted"},
        NamedText{"535 5.7.8 Authentication credentials invalid", "authentication-failed"},
        NamedText{"rpc error: code = ResourceExhausted desc = etcdserver: mvcc: database space exceeded",
                  "etcd-full"},
        NamedText{"unable to create lock in backend: repository is already locked by PID 22",
                  "repository-locked"},
        NamedText{"paramiko.ssh_exception.BadHostKeyException: Host key for server 'sftp' does not match",
                  "host-key-changed"},
        NamedText{"UnicodeDecodeError: 'utf-8' codec can't decode byte 0xe0", "encoding"},
        NamedText{"load location: unknown time zone Europe/Berlin", "time-zone"},
        NamedText{"java.time.zone.ZoneRulesException: Unknown time-zone ID: Europe/Kyiv", "time-zone"},
        NamedText{"zoneinfo.ZoneInfoNotFoundError: 'No time zone found with key Europe/Oslo'", "time-zone"},
        NamedText{"longer than \"00:00:01\". This could be caused by thread pool starvation.",
                  "threads-starved"},
        NamedText{"spec.selector: Invalid value: v1.LabelSelector{}: field is immutable", "field-immutable"},
        NamedText{"# Query_time: 12.366609  Lock_time: 0.000004 Rows_sent: 1  Rows_examined: 8413005",
                  "rows-examined"},
        NamedText{"* Vault is sealed", "sealed"},
        NamedText{"database is not accepting commands that assign new XIDs to avoid wraparound data loss",
                  "transaction-ids"},
        NamedText{"PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted", "heap-exhausted"},
        NamedText{"503 UO upstream_reset_before_response_started{overflow}", "pending-limit"},
        NamedText{"10.0.0.9 - - [05/May/2025:08:41:00 +0000] \"GET /export HTTP/1.1\" 500 0", "answers-5xx"},
        NamedText{"System clock wrong by 311.2 seconds", "clock"},
        NamedText{"\"Part of the existing bootstrap client certificate in /etc/kubernetes/kubelet.conf is "
                  "expired\" expiration=\"2024-05-14T07:05:41Z\"",
                  "certificate-ended"},
        NamedText{"\"Too many requests, please try again later\" priorityLevel=workload-low inflight=400",
                  "api-overloaded"},
        NamedText{"connection.blocked received, low on memory", "publish-blocked"},
        NamedText{"OOM command not allowed when used memory > 'maxmemory'.", "memory-bound"},
        NamedText{"eno2: NIC Link is Down", "link-down"},
        NamedText{"UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress",
                  "release-locked"},
        NamedText{"Cannot evict pod as it would violate the pod's disruption budget.", "budget"},
        NamedText{"license valid until 2024-03-11, running in restricted mode", "license"},
        NamedText{"failed to run Kubelet: running with swap on is not supported", "config-invalid"},
        NamedText{
            "MISCONF Redis is configured to save RDB snapshots, but is currently unable to persist to disk",
            "snapshot-unsaved"},
        NamedText{"stale read detected on the reader endpoint", "stale-read"},
        NamedText{"sda await 812 ms, util 100%", "disk-saturated"},
        NamedText{"container throttled for 640 ms of the last second", "cpu-throttled"},
        NamedText{"READONLY You can't write against a read only replica.", "writes-refused"},
        NamedText{"memory resource limit alarm set on node 'rabbit@mq-0'", "resource-alarm"},
        NamedText{"mnesia_event got {inconsistent_database, running_partitioned_network, x}", "partition"},
        NamedText{"RequestTimeTooSkewed: the difference is too large. status code: 403", "clock"},
        NamedText{"consumer lag on topic orders is 120000", "consumer-lag"},
        NamedText{"FlywayMigrateException: column \"a\" already exists", "migration-failed"},
        NamedText{"requested WAL segment 0000003E has already been removed", "replication"},
        NamedText{"Error while fetching metadata: {orders.v2=TOPIC_AUTHORIZATION_FAILED}", "topic-refused"},
        NamedText{
            "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current "
            "time 2025-03-11T08:02:46Z is before 2025-03-11T08:06:58Z",
            "certificate-not-yet-valid"},
        NamedText{"delivery failed: 554 5.7.1 Relay access denied", "relay-denied"},
        NamedText{"NVRM: Xid (PCI:0000:c1:00): 79, GPU has fallen off the bus.", "gpu-lost"},
        NamedText{"ERROR: nextval: reached maximum value of sequence \"event_seq\" (2147483647)",
                  "sequence-exhausted"},
        NamedText{"LDAP: error code 49 - data 532", "authentication-failed"},
        NamedText{"curl: (22) The requested URL returned error: 403", "forbidden"},
        NamedText{"GC(7) Pause Full (Allocation Failure) 3891M->3870M 4000ms", "gc"},
        NamedText{"x509: certificate has expired or is not yet valid", "certificate-expired"},
        NamedText{"tls: failed to verify certificate: x509: certificate signed by unknown authority",
                  "certificate-untrusted"},
        NamedText{"FATAL: password authentication failed for user \"app\"", "authentication-failed"},
        NamedText{"pods is forbidden: User \"system:serviceaccount:a:b\" cannot list resource \"pods\"",
                  "forbidden"},
        NamedText{"java.lang.OutOfMemoryError: Java heap space", "heap-exhausted"},
        NamedText{"RecursionError: maximum recursion depth exceeded", "stack-overflow"},
        NamedText{"write /data/x: no space left on device", "disk-full"},
        NamedText{"mkdir /data: Read-only file system", "read-only"},
        NamedText{"open /etc/app.conf: permission denied", "permission-denied"},
        NamedText{"dial tcp: lookup db.shop on 10.96.0.10:53: no such host", "dns"},
        NamedText{
            "could not connect to server: Connection refused; is the server running on 10.0.0.5 port :5432",
            "database-unreachable"},
        NamedText{"Could not connect to Redis at cache:6379: Connection refused", "cache-unreachable"},
        NamedText{"Failed to retrieve sessions from redis: TimeoutError", "cache-unreachable"},
        NamedText{"Connection to node -1 (kafka/10.0.0.9:9092) could not be established. Broker may not be "
                  "available.",
                  "broker-unreachable"},
        NamedText{"FATAL: sorry, too many clients already", "too-many-connections"},
        NamedText{"HikariPool-1 - Connection is not available, request timed out after 30000ms",
                  "too-many-connections"},
        NamedText{"Deadlock found when trying to get lock; try restarting transaction", "deadlock"},
        NamedText{"Payment API call failed: HTTP 429 Too Many Requests", "rate-limited"},
        NamedText{"PullImage \"img.example/a:1\" failed: failed to pull and unpack image "
                  "\"img.example/a:1\": failed to "
                  "resolve reference \"img.example/a:1\": failed to do request: dial tcp 10.60.0.9:443: "
                  "connect: no route "
                  "to host",
                  "registry-unreachable"},
        NamedText{"503 UF TLS_error:|268435581:SSL routines:CERTIFICATE_VERIFY_FAILED:verify cert failed: "
                  "verify SAN list",
                  "certificate-name"},
        NamedText{"relay replied 452 4.5.3 Daily sending quota exceeded for account shop, message dropped",
                  "mail-refused"},
        NamedText{"+switch-master mymaster redis-0.redis 6379 redis-1.redis 6379", "failover"},
        NamedText{"2 shop.example. AAAA: read udp 10.1.0.7:3086->10.2.0.2:53: i/o timeout", "dns-upstream"},
        NamedText{"lookup shop.example on 10.9.0.10:53: read udp 10.1.0.7:3086->10.9.0.10:53: i/o timeout",
                  "dns"},
        NamedText{"listen tcp :8080: bind: address already in use", "port-in-use"},
        NamedText{"net/http: invalid header field value for \"Private-Token\"", "header-invalid"},
        NamedText{"NumberFormatException: For input string: \"tcp://10.43.118.20:8080\"", "service-link"},
        NamedText{"error: Dirty database version 47. Fix and force version.", "migration-dirty"},
        NamedText{"I/O error on POST request for \"http://a.b.svc/\": Connection reset", "connection-broken"},
        NamedText{"print_req_error: I/O error, dev sda, sector 4711", "disk-fault"},
        NamedText{"Failed to bind properties under 'a.port' to int", "config-invalid"},
        NamedText{"upstream prematurely closed connection", "upstream-failed"},
        NamedText{"dial tcp 10.0.0.7:8080: connect: connection refused", "connection-refused"},
        NamedText{"read tcp: connection reset by peer", "connection-lost"},
        NamedText{"/bin/sh: syntax error: unexpected \"fi\"", "shell-syntax"},
        NamedText{"sh: 1: wgett: not found", "command-missing"},
        NamedText{"exec user process caused: exec format error", "exec-format"},
        NamedText{"ModuleNotFoundError: No module named 'flask'", "module-missing"},
        NamedText{"Error: Missing required environment variable: STRIPE_KEY", "config-missing"},
        NamedText{"System.NullReferenceException: Object reference not set to an instance", "null-reference"},
        NamedText{"FileNotFoundError: [Errno 2] No such file or directory: '/config/app.yaml'",
                  "file-missing"},
        NamedText{"relation \"orders\" does not exist", "sql-refused"},
        NamedText{"running_partitioned_network", "partition"},
        NamedText{"namespaces \"shop\" not found", "object-missing"},
        NamedText{"context deadline exceeded", "timeout"},
        NamedText{"WARN High CPU usage detected: 89% average", "cpu-hot"}));

TEST(Mechanism, OrdinaryTextShowsNone) {
  for (const char* text :
       {"", "GET /healthz 200", "started worker 3", "room for improvement", "listening on :8080",
        "deadlock detection is disabled in this build", "connection pool started with max=10 min=2",
        "JVM Metaspace 120M of 256M used", "redis maxmemory is unlimited",
        "reconcile finished, sync duration=1.2s", "replica lag is 0.2s, within limits",
        "Cluster partition reassignment in progress", "query returned 500 rows", "cache 300 -> 500 entries",
        "http 500ms p99", "SENTRY_DSN is not set, error reporting is disabled"}) {
    EXPECT_EQ(find_mechanism(text).mechanism, nullptr) << text;
  }
}

TEST(Mechanism, AFailureInOrdinaryWordsIsOne) {
  for (const auto& [text, name] : std::vector<std::pair<std::string, std::string>>{
           {"replication finished with error: standby is behind", "replication"},
           {"deadlock detected, detection is enabled, transaction failed", "deadlock"},
           {"upstream returned 500", "upstream-failed"},
           {"upstream returned 503, in progress: failed", "upstream-failed"}}) {
    ASSERT_NE(find_mechanism(text).mechanism, nullptr) << text;
    EXPECT_EQ(find_mechanism(text).mechanism->name, name) << text;
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
