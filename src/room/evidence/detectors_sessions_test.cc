// What a database's own account of its sessions leads to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/combine.h"
#include "room/evidence/detector_case.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;

std::vector<Observation> told(const std::string& text) {
  return detect_in_files({{"mysql/innodb-status.txt", text}}, "Why do updates hang?");
}

const std::string waiting =
    "---TRANSACTION 9017, ACTIVE 31 sec starting index read\n"
    "LOCK WAIT 2 lock struct(s), heap size 1128, 1 row lock(s)\n"
    "MySQL thread id 88, OS thread handle 13, query id 812 10.0.0.2 shop updating\n";
const std::string holding =
    "---TRANSACTION 9002, ACTIVE 4062 sec\n"
    "211 lock struct(s), heap size 24696, 48810 row lock(s), undo log entries 48810\n"
    "MySQL thread id 51, OS thread handle 12, query id 811 10.0.0.3 nightly\n";

TEST(Sessions, TheOldestTransactionThatHoldsLocksIsTold) {
  const auto found =
      told("LIST OF TRANSACTIONS FOR EACH SESSION:\n" + waiting + holding + "--------\nFILE I/O\n");
  const Observation* one = find_by(found, "transaction-holds-locks");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause, HasSubstr("open for 4062 s holds 48810 row locks"));
  EXPECT_THAT(one->cause, HasSubstr("MySQL thread 51 of nightly"));
  ASSERT_EQ(one->lines.size(), 3u);
  EXPECT_EQ(one->lines[0].at.line, 5u);
}

TEST(Sessions, WhereNobodyWaitsOrNobodyHoldsNothingIsTold) {
  for (const std::string& text :
       {waiting, holding, waiting + "---TRANSACTION 1, not started\n0 row lock(s)\n",
        std::string("---TRANSACTION , ACTIVE  sec\n---TRANSACTION ")})
    EXPECT_EQ(find_by(told(text), "transaction-holds-locks"), nullptr) << text;
}

TEST(Sessions, TheFirstOfThoseThatWaitForEachOtherIsTold) {
  const std::string waits =
      "  pid  | blocked_by |         query\n-------+------------+-----------------------\n"
      " 18877 | {18342}    | ALTER TABLE bookings\n 18900 | {18877}    | INSERT INTO bookings\n"
      " 18903 | {18877}    | UPDATE bookings\n(3 rows)\n";
  const std::string sessions =
      "  pid  | usename | state\n-------+---------+---------------------\n 18342 | analyst | idle in "
      "transaction\n";
  const auto cause = [](const std::string& text) {
    const auto found = told(text);
    const Observation* one = find_by(found, "session-holds-locks");
    return one == nullptr ? "" : one->cause;
  };
  EXPECT_EQ(cause(waits + "\n" + sessions),
            "PostgreSQL session 18342 (analyst, idle in transaction) holds a lock that 18877 waits for "
            "(ALTER TABLE "
            "bookings), and 2 others wait behind it.");
  EXPECT_THAT(cause(waits), HasSubstr("PostgreSQL session 18342 holds a lock"));
  EXPECT_EQ(cause("pid | blocked_by\n----+-----\n1 | {2}\n2 | {1}\n"), "") << "they wait for each other";
  EXPECT_EQ(cause("pid | blocked_by\n----+-----\n1 | {}\n2 | x\n"), "");
  EXPECT_EQ(cause(" blocked_pid | blocking_pid | blocked_query\n-------------+--------------+-----\n 7 | 5 | "
                  "SELECT 1\n"),
            "PostgreSQL session 5 holds a lock that 7 waits for (SELECT 1).");
}

TEST(Sessions, ASlotThatNobodyReadsFillsTheDisk) {
  const auto cause = [](const std::string& active, const std::string& kept) {
    const auto found = told(
        " slot_name | slot_type | active | wal_status | "
        "retained\n-----------+-----------+--------+------------+----------\n"
        " feed      | logical   | " +
        active + "      | reserved   | " + kept + "\n");
    const Observation* one = find_by(found, unread_slot);
    return one == nullptr ? "" : one->cause;
  };
  EXPECT_EQ(
      cause("f", "46 GB"),
      "The replication slot feed is inactive: nobody reads it, so the server keeps its WAL for it (46 GB) "
      "and that fills the disk.");
  EXPECT_EQ(cause("t", "46 GB"), "");
  EXPECT_EQ(cause("f", "48 MB"), "") << "that is little";
}

TEST(Sessions, WhoHoldsALockThatAnotherWaitsForIsToldFromPgLocks) {
  const auto locks = [](const std::string& object) {
    return " locktype | classid | objid | granted |  pid\n----------+---------+-------+---------+-------\n"
           " advisory |       0 |    71 | t       | 18822\n advisory |       0 |    " +
           object + " | f       | 20417\n relation |       0 |     0 | t       | 31190\n(3 rows)\n";
  };
  const std::string sessions =
      "  pid  | usename | application_name | state\n-------+---------+------------------+-------\n"
      " 18822 | keller  | psql             | idle\n 20417 | importer | importer        | active\n";
  const auto found = detect_in_files({{"pg_locks.txt", locks("71")}, {"pg_stat_activity.txt", sessions}},
                                     "Why does the import hang?");
  const Observation* one = find_by(found, "session-holds-locks");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause, HasSubstr("18822"));
  EXPECT_THAT(one->cause, HasSubstr("keller, psql, idle"));
  // Another lock is not waited for.
  EXPECT_EQ(find_by(detect_in_files({{"pg_locks.txt", locks("72")}, {"pg_stat_activity.txt", sessions}},
                                    "Why does the import hang?"),
                    "session-holds-locks"),
            nullptr);
}

// Lists of sessions without psql's rule, locks by their relation alone, and the pod that an address is of.
TEST(Sessions, ThePodThatHoldsTheLockIsToldByItsAddress) {
  const std::string locks =
      "  pid  |        mode         | granted | "
      "relation\n-------+---------------------+---------+----------\n"
      " 48391 | AccessShareLock     | t       | invoices\n 51022 | AccessExclusiveLock | f       | "
      "invoices\n";
  const std::string sessions =
      "pid    | client_addr  | application_name | state\n48391  | 10.42.3.118  | driver           | idle in "
      "transaction\n51022  | 10.42.2.201  | driver           | active\n";
  const auto cause = [&](const std::string& address) {
    Inventory inventory;
    add_yaml(&inventory, "pods.yaml",
             object_head("v1", "Pod", "reports-0") + "status: {phase: Running, podIP: " + address + "}\n");
    for (const auto& [path, text] :
         {std::pair<std::string, std::string>("pg_locks.txt", locks), {"pg_stat_activity.txt", sessions}}) {
      Document file{path, text, {}};
      file.find_lines();
      inventory.add(std::move(file));
    }
    const auto found = detect(inventory, "Why does the migration hang?");
    const Observation* one = find_by(found, "session-holds-locks");
    return one == nullptr ? "" : one->cause;
  };
  EXPECT_EQ(
      cause("10.42.3.118"),
      "PostgreSQL session 48391 of Pod reports-0 in namespace shop (driver, idle in transaction) holds a "
      "lock that 51022 waits for (invoices).");
  EXPECT_EQ(cause("10.42.3.11"),
            "PostgreSQL session 48391 (driver, idle in transaction) holds a lock that 51022 waits for "
            "(invoices).");
}

TEST(Sessions, WhoseWritesAreRefusedIsToldWithTheReplicaThatItIsSentTo) {
  Observation log;
  log.detector = "log-writes-refused";
  log.verdict = Verdict::fault;
  log.cause = "Pod state-svc is refused its writes: the store is read-only";
  log.strength = log.weight = 0.8;
  log.lines.push_back({{"a.log", 1, 1, ""},
                       "kvs-primary:6379: READONLY You can't write against a read only replica.",
                       "",
                       1,
                       0.8});
  const std::string info = "# Replication\nrole:slave\nmaster_host:10.19.4.11\nmaster_link_status:up\n";
  const std::string question = "Why can nothing be saved?";
  const auto first = [&](const std::vector<std::pair<std::string, std::string>>& files) {
    return combine(detect_in_files(files, question), {log}, Question(question))[0].cause;
  };
  EXPECT_THAT(first({{"redis/kvs-0-info-replication.txt", info}}),
              HasSubstr("kvs-0 is a read-only replica of 10.19.4.11"));
  Observation failover = log;
  failover.detector = "log-failover";
  failover.cause = "Pod redis-node-2 made another instance the primary (a failover): +switch-master x";
  failover.weight = 0.3;
  EXPECT_THAT(combine({}, {log, failover}, Question(question))[0].cause,
              HasSubstr("made another instance the primary"));
  // Of several it is not told which.
  EXPECT_EQ(first({{"redis/kvs-0-info.txt", info}, {"redis/kvs-2-info.txt", info}}), log.cause);
}

TEST(Sessions, AServiceThatSendsToOneReplicaAloneIsTold) {
  Inventory inventory;
  add_yaml(&inventory, "services.yaml",
           object_head("v1", "Service", "kvs-primary") +
               "spec: {selector: {app: kvs, statefulset.kubernetes.io/pod-name: kvs-0}}\n");
  for (const char* const name : {"redis/kvs-0-info.txt", "redis/kvs-2-info.txt"}) {
    Document file{name, "role:slave\nmaster_host:10.19.4.11\nmaster_link_status:up\n", {}};
    file.find_lines();
    inventory.add(std::move(file));
  }
  const auto found = detect(inventory, "Why can nothing be saved?");
  const Observation* one = find_by(found, only_copies);
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->culprit.name, "kvs-primary");
  EXPECT_THAT(one->cause, HasSubstr("sends to kvs-0 alone, which is a read-only replica of 10.19.4.11"));
}

}  // namespace
}  // namespace carrel
