// One and the same incident, written down in each layout that Carrel reads: the format is named, and the
// cause is found, cited where it stands.
//
// The incident: the disk of postgres-0 in namespace shop is full; it crashes while it writes, and the api
// cannot connect.
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/bundle/made_archive.h"
#include "room/worker/check.h"
#include "room/worker/read.h"

namespace carrel {
namespace {

using made::Files;

// ---- The incident ----
const std::vector<std::pair<std::string, std::string>>& postgres_lines() {
  static const std::vector<std::pair<std::string, std::string>> lines = {
      {"2025-03-04T10:00:01.100Z", "LOG:  starting PostgreSQL 15.4 on x86_64-pc-linux-gnu"},
      {"2025-03-04T10:00:01.300Z",
       "LOG:  database system was interrupted; last known up at 2025-03-04 09:58:13 UTC"},
      {"2025-03-04T10:00:02.100Z",
       "PANIC:  could not write to file \"pg_wal/xlogtemp.31\": No space left on device"},
      {"2025-03-04T10:00:02.200Z", "LOG:  startup process (PID 28) was terminated by signal 6: Aborted"},
      {"2025-03-04T10:00:02.300Z", "LOG:  database system is shut down"},
  };
  return lines;
}

const std::vector<std::pair<std::string, std::string>>& api_lines() {
  static const std::vector<std::pair<std::string, std::string>> lines = {
      {"2025-03-04T10:00:05.000Z", "INFO listening on :8080"},
      {"2025-03-04T10:00:06.000Z",
       "ERROR cannot connect to database: dial tcp 10.96.0.7:5432: connect: connection refused"},
      {"2025-03-04T10:00:16.000Z",
       "ERROR cannot connect to database: dial tcp 10.96.0.7:5432: connect: connection refused"},
  };
  return lines;
}

std::string plain_log(const std::vector<std::pair<std::string, std::string>>& lines) {
  std::string text;
  for (const auto& [time, message] : lines) text += time + " " + message + "\n";
  return text;
}

std::string escaped(std::string text) {
  for (std::size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

std::string pod(const std::string& name, const std::string& container, bool ready) {
  const std::string state =
      ready
          ? R"("state": {"running": {"startedAt": "2025-03-04T10:00:04Z"}})"
          : R"("state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}},
     "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "2025-03-04T10:00:03Z"}})";
  return fmt::format(R"({{"apiVersion": "v1", "kind": "Pod",
   "metadata": {{"name": "{0}", "namespace": "shop", "uid": "u-{0}"}},
   "spec": {{"nodeName": "worker-a", "containers": [{{"name": "{1}", "image": "repo/{1}:1"}}]}},
   "status": {{"phase": "Running", "containerStatuses": [{{"name": "{1}", "ready": {2}, "restartCount": {3},
     {4}}}]}}}})",
                     name, container, ready, ready ? 0 : 14, state);
}

std::string list(const std::string& kind, const std::string& items) {
  return fmt::format("{{\"apiVersion\": \"v1\", \"kind\": \"{}\", \"items\": [\n{}\n]}}\n", kind, items);
}

std::string pods() {
  return list("PodList",
              pod("postgres-0", "postgres", false) + ",\n" + pod("api-7c9d5b8f6d-4xk2p", "api", true));
}

std::string events() {
  return list("EventList",
              R"({"apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": "BackOff", "count": 61,
  "metadata": {"name": "postgres-0.17a", "namespace": "shop"}, "message": "Back-off restarting failed container postgres",
  "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "postgres-0"}, "lastTimestamp": "2025-03-04T10:05:00Z"})");
}

// The same objects in YAML, as must-gather and older bundles have them. JSON is YAML.
std::string yaml_of(const std::string& json) {
  return "---\n" + json;
}

// ---- The layouts ----
Files troubleshoot(const std::string& top) {
  return {{top + "version.yaml", "apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\n"},
          {top + "cluster-resources/pods/shop.json", pods()},
          {top + "cluster-resources/events/shop.json", events()},
          {top + "cluster-resources/pods/logs/shop/postgres-0/postgres-previous.log",
           plain_log(postgres_lines())},
          {top + "cluster-resources/pods/logs/shop/api-7c9d5b8f6d-4xk2p/api.log", plain_log(api_lines())}};
}

// Newer ones have each log once, and links to it in a folder for each collector; a kind's YAML is a link too.
std::string troubleshoot_with_links() {
  std::string tar;
  for (const auto& [name, body] : troubleshoot("bundle/")) tar += made::tar_file(name, body);
  const std::string logs = "../cluster-resources/pods/logs/shop/";
  for (const auto& [name, target] : std::vector<std::pair<std::string, std::string>>{
           {"bundle/cluster-resources/pods/shop.yaml", "shop.json"},
           {"bundle/all-logs/postgres-0-previous.log", logs + "postgres-0/postgres-previous.log"},
           {"bundle/all-logs/api-7c9d5b8f6d-4xk2p.log", logs + "api-7c9d5b8f6d-4xk2p/api.log"}})
    tar += made::tar_header(name, 0, '2', target);
  return made::gzip(tar + made::tar_end);
}

// Before cluster-resources/pods/logs there was a folder for each collector of logs.
Files old_troubleshoot() {
  return {{"version.yaml", "apiVersion: troubleshoot.sh/v1beta1\n"},
          {"cluster-resources/pods/shop.json", pods()},
          {"cluster-resources/pods/shop.yaml", yaml_of(pods())},
          {"cluster-resources/events/shop.json", events()},
          {"all-logs/postgres-0/postgres-previous.log", plain_log(postgres_lines())},
          {"all-logs/api-7c9d5b8f6d-4xk2p/api.log", plain_log(api_lines())}};
}

Files dump() {
  const auto framed = [](const std::string& container, const std::string& name, const std::string& log) {
    return fmt::format(
        "==== START logs for container {0} of pod shop/{1} ====\n{2}==== END logs for container {0} of "
        "pod shop/{1} ====\n",
        container, name, log);
  };
  return {
      {"nodes.json", list("NodeList", "")},
      {"shop/pods.json", pods()},
      {"shop/events.json", events()},
      {"shop/replication-controllers.json", list("ReplicationControllerList", "")},
      {"shop/postgres-0/logs.txt", framed("postgres", "postgres-0", plain_log(postgres_lines()))},
      {"shop/api-7c9d5b8f6d-4xk2p/logs.txt", framed("api", "api-7c9d5b8f6d-4xk2p", plain_log(api_lines()))}};
}

Files must_gather() {
  const std::string top = "must-gather.local.1/registry-sha256-ab/";
  const std::string shop = top + "namespaces/shop/";
  return {{top + "version", "openshift/must-gather\n4.14\n"},
          {top + "timestamp", "2025-03-04 10:06:00\n"},
          {top + "cluster-scoped-resources/core/nodes.yaml", yaml_of(list("NodeList", ""))},
          {shop + "core/pods.yaml", yaml_of(pods())},
          {shop + "core/events.yaml", yaml_of(events())},
          {shop + "pods/postgres-0/postgres-0.yaml", yaml_of(pod("postgres-0", "postgres", false) + "\n")},
          {shop + "pods/postgres-0/postgres/postgres/logs/previous.log", plain_log(postgres_lines())},
          {shop + "pods/api-7c9d5b8f6d-4xk2p/api/api/logs/current.log", plain_log(api_lines())}};
}

std::string describe() {
  return "Name:             postgres-0\nNamespace:        shop\nNode:             worker-a/10.0.0.4\nLabels: "
         "          "
         "app=postgres\nStatus:           Running\nContainers:\n  postgres:\n    Image:          "
         "repo/postgres:1\n    "
         "State:          Waiting\n      Reason:       CrashLoopBackOff\n    Last State:     Terminated\n    "
         "  Reason:    "
         "   Error\n      Exit Code:    1\n    Ready:          False\n    Restart Count:  14\nEvents:\n  "
         "Type     Reason  "
         " Age   From     Message\n  ----     ------   ----  ----     -------\n  Warning  BackOff  5m (x61 "
         "over 14m)  "
         "kubelet  Back-off restarting failed container postgres\n";
}

std::string get_pods() {
  return "NAMESPACE   NAME                   READY   STATUS             RESTARTS   AGE   IP          NODE    "
         "   NOMINATED "
         "NODE   READINESS GATES\nshop        postgres-0             0/1     CrashLoopBackOff   14         "
         "20m   10.1.0.5 "
         "   worker-a   <none>           <none>\nshop        api-7c9d5b8f6d-4xk2p   1/1     Running          "
         "  0          "
         "20m   10.1.0.6    worker-a   <none>           <none>\n";
}

Files sos() {
  const std::string top = "sosreport-worker-a-2025-03-04/";
  const std::string kubernetes = top + "sos_commands/kubernetes/";
  return {
      {top + "version.txt", "sosreport: 4.5\n"},
      {top + "sos_logs/sos.log", "2025-03-04 10:06:00,000 INFO: running\n"},
      {kubernetes + "cluster-info/shop/kubectl_--namespace_shop_get_-o_json_pods", pods()},
      {kubernetes + "cluster-info/shop/kubectl_--namespace_shop_get_events", ""},
      {kubernetes + "cluster-info/shop/podlogs/postgres-0/kubectl_logs_-p", plain_log(postgres_lines())},
      {kubernetes + "cluster-info/shop/podlogs/api-7c9d5b8f6d-4xk2p/kubectl_logs", plain_log(api_lines())}};
}

Files kubectl_text() {
  return {{"pods.txt", get_pods()},
          {"postgres.txt", describe()},
          {"postgres-previous.log", plain_log(postgres_lines())},
          {"api.log", plain_log(api_lines())}};
}

// The same under names that say nothing.
Files nameless_text() {
  return {{"1", get_pods()},
          {"2", describe()},
          {"3.log", plain_log(postgres_lines())},
          {"4.log", plain_log(api_lines())}};
}

Files kubectl_objects() {
  return {{"out1.txt", pods()},
          {"out2.txt", "apiVersion: v1\nitems: []\nkind: List\n"},
          {"postgres.log", plain_log(postgres_lines())},
          {"api.log", plain_log(api_lines())}};
}

// `kubectl get pods -o yaml`, as it is printed.
std::string yaml_pods() {
  return R"(apiVersion: v1
items:
- apiVersion: v1
  kind: Pod
  metadata:
    labels:
      app: postgres
    name: postgres-0
    namespace: shop
    uid: u-postgres-0
  spec:
    containers:
    - image: repo/postgres:1
      name: postgres
    nodeName: worker-a
  status:
    containerStatuses:
    - lastState:
        terminated:
          exitCode: 1
          finishedAt: "2025-03-04T10:00:03Z"
          reason: Error
      name: postgres
      ready: false
      restartCount: 14
      state:
        waiting:
          message: back-off 5m0s restarting failed container
          reason: CrashLoopBackOff
    phase: Running
- apiVersion: v1
  kind: Pod
  metadata:
    name: api-7c9d5b8f6d-4xk2p
    namespace: shop
    uid: u-api
  spec:
    containers:
    - image: repo/api:1
      name: api
    nodeName: worker-a
  status:
    containerStatuses:
    - name: api
      ready: true
      restartCount: 0
      state:
        running:
          startedAt: "2025-03-04T10:00:04Z"
    phase: Running
kind: List
metadata:
  resourceVersion: ""
)";
}

Files kubectl_yaml() {
  return {{"pods.yaml", yaml_pods()},
          {"postgres.log", plain_log(postgres_lines())},
          {"api.log", plain_log(api_lines())}};
}

std::string journal_export() {
  std::string text;
  int number = 0;
  for (const auto& [unit, lines] :
       {std::pair{"postgresql.service", postgres_lines()}, std::pair{"api.service", api_lines()}}) {
    for (const auto& [time, message] : lines) {
      text += fmt::format(
          "__CURSOR=s=1;i={0};b=2\n__REALTIME_TIMESTAMP=174108240{0}000000\n_BOOT_ID=ab\nPRIORITY=6\n_"
          "SYSTEMD_UNIT={1}\n"
          "SYSLOG_IDENTIFIER=app\n_CMDLINE=/usr/bin/app --fail-fast --timeout=30\nMESSAGE={2}\n\n",
          number++, unit, message);
    }
  }
  return text;
}

std::string journal_json() {
  std::string text;
  for (const auto& lines : {postgres_lines(), api_lines()}) {
    for (const auto& [time, message] : lines) {
      text += fmt::format(
          "{{\"__REALTIME_TIMESTAMP\":\"1741082401000000\",\"_SYSTEMD_UNIT\":\"app.service\",\"PRIORITY\":"
          "\"6\",\"MESSAGE\":"
          "\"{}\"}}\n",
          escaped(message));
    }
  }
  return text;
}

std::string journal_text() {
  std::string text = "-- Journal begins at Tue 2025-03-04 09:00:00 UTC. --\n";
  for (const auto& lines : {postgres_lines(), api_lines()}) {
    for (const auto& [time, message] : lines)
      text += fmt::format("Mar 04 {} db-host app[812]: {}\n", time.substr(11, 8), message);
  }
  return text;
}

std::string docker_json(const std::vector<std::pair<std::string, std::string>>& lines) {
  std::string text;
  for (const auto& [time, message] : lines)
    text +=
        fmt::format("{{\"log\":\"{}\\n\",\"stream\":\"stderr\",\"time\":\"{}\"}}\n", escaped(message), time);
  return text;
}

std::string packed(const Files& files) {
  return made::archive_of(files, "pax", "gzip");
}

struct Layout {
  std::string name;
  std::string format;
  std::string bytes;
};

std::vector<Layout> layouts() {
  const std::string bundle = "support bundle (troubleshoot)";
  return {
      {"troubleshoot", bundle, packed(troubleshoot("support-bundle-2025-03-04T10_06_00/"))},
      {"nested_top_folders", bundle, packed(troubleshoot("upload/ticket-17/support-bundle/"))},
      {"no_top_folder", bundle, packed(troubleshoot(""))},
      {"old_troubleshoot_with_yaml_aliases", bundle, packed(old_troubleshoot())},
      {"troubleshoot_with_links", bundle, troubleshoot_with_links()},
      {"tar_in_a_tar", bundle,
       packed({{"upload/README.txt", "from the customer\n"},
               {"upload/bundle.tar.gz", packed(troubleshoot("support-bundle/"))}})},
      {"plain_tar_in_a_tar", bundle,
       packed({{"bundle.tar", made::archive_of(troubleshoot("b/"), "pax", "none")}})},
      {"cluster_info_dump", "kubectl cluster-info dump", packed(dump())},
      {"must_gather", "must-gather", packed(must_gather())},
      {"sos", "sos report", packed(sos())},
      {"sos_with_rotated_logs", "sos report",
       packed({{"sos/sos_logs/sos.log", "x\n"},
               {"sos/var/log/messages-20250304.gz", made::gzip(journal_text())}})},
      {"kubectl_text", "saved kubectl output", packed(kubectl_text())},
      {"kubectl_text_without_names", "saved kubectl output", packed(nameless_text())},
      {"kubectl_objects", "folder with Kubernetes objects", packed(kubectl_objects())},
      {"kubectl_yaml", "folder with Kubernetes objects", packed(kubectl_yaml())},
      {"kubectl_logs_alone", "folder of text", packed({{"postgres.txt", plain_log(postgres_lines())}})},
      {"journald_export", "journald export", packed({{"journal.export", journal_export()}})},
      {"journald_json", "journald JSON", packed({{"journal.json", journal_json()}})},
      {"journald_text", "journal or syslog", packed({{"journal", journal_text()}})},
      {"journald_export_alone", "journald export", journal_export()},
      {"docker_json", "docker logs (JSON)",
       packed(
           {{"3f2a-json.log", docker_json(postgres_lines())}, {"99ab-json.log", docker_json(api_lines())}})},
      {"docker_json_without_names", "docker logs (JSON)", packed({{"first", docker_json(postgres_lines())}})},
  };
}

class EveryLayout : public testing::TestWithParam<Layout> {};

TEST_P(EveryLayout, IsNamedAndTheCauseIsFound) {
  ReadJob job;
  job.bundle_name = "incident.tar.gz";
  job.packed_bytes = GetParam().bytes.size();
  job.question = "What is the root cause?";
  const Fd fd = made::file_of(GetParam().bytes);
  const auto read = read_room(fd.get(), job, {});
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->format, GetParam().format);
  ASSERT_FALSE(read->findings.empty());
  const Finding& cause = read->findings.front();
  EXPECT_EQ(cause.detector, "log-disk-full") << cause.cause;
  ASSERT_FALSE(cause.evidence.empty());
  const EvidenceLine& line = read->lines[cause.evidence.front()];
  EXPECT_THAT(line.quote, testing::HasSubstr("No space left on device"));

  // Each pod is there once, however often it is written down.
  for (const Searched& searched : read->searched) {
    if (searched.kind == "pod") {
      EXPECT_EQ(searched.count, 2U);
    }
  }
  // What is cited is found again by the room that reads it anew.
  CheckJob check;
  check.bundle_name = job.bundle_name;
  check.packed_bytes = job.packed_bytes;
  check.citations.push_back({line.at, line.quote});
  const Fd again = made::file_of(GetParam().bytes);
  const auto checked = check_room(again.get(), check, {});
  ASSERT_TRUE(checked) << checked.error().what;
  EXPECT_EQ(checked->citations[0], CheckResult::Place::found) << line.at.file << ":" << line.at.line;
}

INSTANTIATE_TEST_SUITE_P(Layouts, EveryLayout, testing::ValuesIn(layouts()),
                         [](const auto& layout) { return layout.param.name; });

TEST(Layouts, AnArchiveInsideThatIsDamagedIsTold) {
  std::string inner = packed(troubleshoot("b/"));
  inner.resize(inner.size() / 2);
  const std::string bytes =
      packed({{"a.log", "all well\n"}, {"inner.tar.gz", inner}, {"z.log", "ERROR at the end\n"}});
  const Fd fd = made::file_of(bytes);
  ReadJob job;
  job.bundle_name = "x";
  job.packed_bytes = bytes.size();
  const auto read = read_room(fd.get(), job, {});
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_GE(read->files, 2U);
  EXPECT_THAT(read->left_out,
              testing::Contains(testing::Field(&LeftOut::reason,
                                               testing::HasSubstr("damaged archive or compressed file"))));
}

TEST(Layouts, AnArchiveTwoLevelsDownIsLeftOut) {
  const std::string bytes =
      packed({{"outer.tar.gz", packed({{"inner.tar.gz", packed({{"a.log", "x\n"}})}, {"b.log", "y\n"}})}});
  const Fd fd = made::file_of(bytes);
  ReadJob job;
  job.bundle_name = "x";
  job.packed_bytes = bytes.size();
  const auto read = read_room(fd.get(), job, {});
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->files, 1U);
  EXPECT_THAT(read->left_out,
              testing::Contains(
                  testing::Field(&LeftOut::reason, testing::HasSubstr("archive or compressed file inside"))));
}

}  // namespace
}  // namespace carrel
