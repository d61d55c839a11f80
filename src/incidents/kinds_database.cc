// Databases and those who use them.
#include <fmt/format.h>

#include "incidents/kind.h"

namespace carrel::incidents {
namespace {

void pool_exhausted(Scene& s) {
  Workload& w = s.victim();
  const std::string size = std::to_string(s.random.between(5, 20));
  const std::string text =
      s.phrase({"HikariPool-1 - Connection is not available, request timed out after 30000ms (total={0}, "
                "active={0}, idle=0, waiting=61)",
                "connection pool exhausted: {0} of {0} connections in use"},
               {"QueuePool limit of size {0} overflow 0 reached, connection timed out, timeout 30.00",
                "ResourceRequest timed out: all {0} pool slots are busy"},
               {size});
  for (Pod& pod : w.pods) s.repeat(pod, w, {Level::error, text, true}, 25);
  s.unready(w);
  s.callers_fail(w);
  s.cause(w, "The database connection pool of {0} is exhausted: all {1} connections are in use.", {size},
          {"{0} finds no free connection in its pool."});
  s.expect_name({w.name});
  s.expect({"pool"});
}

void too_many_connections(Scene& s) {
  Workload& db = s.backend(kDatabases);
  Workload& w = s.caller_of(db);
  const bool postgres = db.runtime == Runtime::postgres;
  const std::string text = postgres ? "sorry, too many clients already" : "Too many connections";
  s.repeat(db.pods.front(), db, {Level::fatal, text, true}, 30);
  for (Pod& pod : w.pods)
    s.repeat(pod, w, {Level::error, (postgres ? "FATAL: " : "Error 1040 (08004): ") + text, true}, 20);
  s.unready(w);
  s.noticed(w);
  s.cause(db, "The database {0} has reached its maximum of connections ({1}), so {2} cannot open any.",
          {text, w.name}, {"{0} refuses {2}: {1}"});
  s.expect_name({db.name, w.name});
  s.expect({"too many", "max(imum)?[ _]?(of )?connections", "connection limit"});
}

void lock_wait(Scene& s) {
  Workload& db = s.backend(kDatabases);
  Workload& w = s.caller_of(db);
  const std::string table = s.random.pick(s.words.tables);
  const int pid = s.random.between(100, 9000);
  if (db.runtime == Runtime::postgres) {
    s.repeat(db.pods.front(), db,
             {Level::info,
              fmt::format("process {} still waiting for ShareLock on transaction {} after 1000.112 ms",
                          pid + 7, s.random.between(100000, 900000)),
              true},
             12);
    s.repeat(db.pods.front(), db,
             {Level::raw,
              fmt::format("DETAIL:  Process holding the lock: {}. Wait queue: {}. CONTEXT: while updating "
                          "tuple (0,7) in relation \"{}\"",
                          pid, pid + 7, table),
              true},
             12);
  } else {
    s.repeat(
        db.pods.front(), db,
        {Level::warn,
         fmt::format("InnoDB: transaction {} has held a row lock on `app`.`{}` for 940 s", pid, table), true},
        12);
  }
  for (Pod& pod : w.pods)
    s.repeat(pod, w,
             {Level::error,
              s.phrase({"update of {0} failed: lock wait timeout exceeded",
                        "canceling statement due to lock timeout ({0})"},
                       {"{0}: statement gave up waiting for a row lock",
                        "write to {0} blocked for 60 s, rolled back"},
                       {table}),
              true},
             15);
  s.unready(w);
  s.noticed(w);
  s.cause(db, "A transaction in {0} holds a lock on {1}, so the statements of {2} wait and time out.",
          {table, w.name}, {"Lock wait on {1}: a session blocks the others."});
  s.expect_name({table, db.name});
  s.expect({"\\block", "blocks?\\b", "blocked"});
}

void deadlock(Scene& s) {
  Workload& db = s.backend(kDatabases);
  Workload& w = s.caller_of(db);
  const std::string table = s.random.pick(s.words.tables);
  s.repeat(db.pods.front(), db,
           {Level::error,
            db.runtime == Runtime::postgres
                ? "deadlock detected"
                : "InnoDB: Transactions deadlock detected, dumping detailed information.",
            true},
           10);
  for (Pod& pod : w.pods)
    s.repeat(pod, w,
             {Level::error,
              s.phrase({"deadlock found when updating {0}, transaction restarted"},
                       {"database chose the statement on {0} as deadlock victim"}, {table}),
              true},
             15);
  s.noticed(w);
  s.cause(db, "Transactions of {2} on {1} deadlock in {0}, so they are rolled back.", {table, w.name},
          {"deadlock detected in {0}"});
  s.expect({"dead ?lock"});
}

void replication_lag(Scene& s) {
  Workload& db = s.backend(kDatabases);
  Workload& w = s.caller_of(db);
  const int lag = s.random.between(300, 9000);
  if (db.pods.size() == 1) add_pod(&s.world, &db);
  Pod& replica = db.pods.back();
  s.repeat(replica, db,
           {Level::warn,
            db.runtime == Runtime::postgres
                ? fmt::format("replication lag is {} s, recovery is paused by a conflicting query", lag)
                : fmt::format("Replica SQL thread is {} seconds behind the source", lag),
            true},
           14);
  for (Pod& pod : w.pods)
    s.repeat(
        pod, w,
        {Level::warn, s.phrase({"record just written is not there on the reader", "stale read detected"},
                               {"reader returned an outdated version", "read-after-write check failed"})},
        12);
  s.noticed(w);
  s.cause(db, "The replica {2} of {0} lags {1} s behind, so readers see old data.",
          {std::to_string(lag), replica.name}, {"Replication lag of {0}: {1} seconds."});
  s.expect_name({db.name, replica.name});
  s.expect({"lag", "behind", "replica"});
}

void migration_failed(Scene& s) {
  Workload& w = s.victim();
  const std::string table = s.random.pick(s.words.tables);
  const std::string version = std::to_string(s.random.between(12, 240));
  const std::string text =
      s.phrase({"migration {1} failed: column \"region\" of relation \"{0}\" already exists",
                "Flyway: Migration of schema to version {1} failed: relation \"{0}\" does not exist"},
               {"applying change set {1}: duplicate key value violates unique constraint \"{0}_pkey\"",
                "Dirty database version {1} ({0}). Fix and force version."},
               {table, version});
  s.crash(w, 1, {{Level::info, "running migrations"}, {Level::fatal, text, true}});
  s.callers_fail(w);
  s.cause(w, "{0} ends at start because database migration {1} fails on {2}.", {version, table},
          {"The migration to version {1} failed."});
  s.expect_name({version, table});
  s.expect({"migrat", "change ?set", "dirty", "flyway", "version"});
}

void password_rejected(Scene& s) {
  Workload& db = s.backend(kDatabases);
  Workload& w = s.caller_of(db);
  const std::string user = s.phrase({"app_rw", "svc_writer"}, {"portal", "batch_user"});
  const std::string text =
      db.runtime == Runtime::postgres
          ? fmt::format("password authentication failed for user \"{}\"", user)
          : fmt::format("Access denied for user '{}'@'10.244.1.8' (using password: YES)", user);
  s.repeat(db.pods.front(), db, {Level::fatal, text, true}, 20);
  s.crash(w, 1, {{Level::info, "connecting to the database"}, {Level::fatal, text, true}});
  s.noticed(w);
  s.callers_fail(w);
  s.cause(w, "{0} crashes because the database {1} rejects its password for user {2}.", {db.name, user},
          {"Authentication of {2} at {1} fails."});
  s.expect_name({user, w.name});
  s.expect({"password", "authenticat", "access denied", "credential"});
}

void disk_neighbour(Scene& s) {
  Workload& db = s.backend(kDatabases);
  Workload& w = s.caller_of(db);
  Workload& hog = s.other({&w});
  const std::string node = db.pods.front().node;
  for (Pod& pod : hog.pods) pod.node = node;
  const std::string device = s.random.chance(50) ? "nvme1n1" : "sdb";
  const int wait = s.random.between(400, 3000);
  const Speaker monitor{Style::syslog, node + " iostat[901]:", 1};
  s.repeat("host-logs/" + node + "/iostat.log", monitor,
           {Level::info,
            fmt::format("{} await {} ms, util 100%, top writer: pod {}", device, wait, hog.pods.front().name),
            true},
           10);
  s.repeat(
      db.pods.front(), db,
      {Level::info,
       db.runtime == Runtime::postgres
           ? fmt::format(
                 "checkpoint complete: wrote 9121 buffers (55.7%); write=269.4 s, sync={}.3 s, total=331.2 s",
                 wait / 20)
           : fmt::format(
                 "InnoDB: page_cleaner: 1000ms intended loop took {}ms. The settings might not be optimal.",
                 wait * 10),
       true},
      8);
  for (Pod& pod : hog.pods)
    s.repeat(
        pod, hog,
        {Level::info, s.phrase({"wrote 4 GiB of temporary files"}, {"spilled 900 partitions to local disk"})},
        8);
  for (Pod& pod : w.pods)
    s.repeat(pod, w,
             {Level::error, s.phrase({"query took {0} ms", "statement timeout after {0} ms"},
                                     {"commit needed {0} ms", "database answered after {0} ms"},
                                     {std::to_string(wait * 9)})},
             15);
  s.noticed(w);
  s.label.difficulty = "hard";
  s.culprit("deployment", hog.space, hog.name);
  s.cause(db, "{0} is slow because {1} on the same node writes so much that the disk is saturated.",
          {hog.name}, {"Disk I/O of the neighbour {1} slows {0} down."});
  s.expect_name({hog.name, node, device});
  s.expect({"disk", "i/?o", "util", "await", "writ"});
}

void wraparound(Scene& s) {
  Workload& db = s.backend({Runtime::postgres});
  Workload& w = s.caller_of(db);
  const std::string text =
      "database is not accepting commands to avoid wraparound data loss in database \"app\"";
  s.repeat(db.pods.front(), db, {Level::error, text, true}, 20);
  for (Pod& pod : w.pods) s.repeat(pod, w, {Level::error, "write refused by the database"}, 12);
  s.noticed(w);
  s.cause(db, "{0} takes no writes because its transaction ids are used up (wraparound protection).", {},
          {"wraparound in {0}"});
  s.expect({"wrap-?around", "transaction id"});
}

}  // namespace

Kinds database_kinds() {
  return {
      {"pool-exhausted", "database", "the connection pool of a service is exhausted", pool_exhausted},
      {"too-many-connections", "database", "the database has reached its connections", too_many_connections},
      {"lock-wait", "database", "a transaction holds a lock that others wait for", lock_wait},
      {"deadlock", "database", "transactions deadlock", deadlock},
      {"replication-lag", "database", "a replica lags behind", replication_lag},
      {"migration-failed", "database", "a schema migration fails at start", migration_failed},
      {"password-rejected", "database", "the database rejects the password", password_rejected},
      {"disk-neighbour", "database", "a neighbour saturates the disk of the database", disk_neighbour},
      {"wraparound", "database", "the transaction ids are used up", wraparound, true},
  };
}

}  // namespace carrel::incidents
