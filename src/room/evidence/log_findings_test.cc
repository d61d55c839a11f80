#include "room/evidence/log_findings.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "record/limits.h"
#include "room/evidence/mine.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<Observation> findings(const std::string& text, const std::string& question = "") {
  LogMiner miner(question);
  miner.begin(
      {"logs/shop/api-5d8f7b9c6-j4k8n/api.log", TextFile::Kind::log, "shop", "api-5d8f7b9c6-j4k8n", "api"});
  miner.add(text);
  miner.end();
  return miner.observations();
}

TEST(LogFindings, SayTheMechanismAndQuoteTheMessage) {
  const auto found = findings(
      "10:00:00 INFO up\n2025-06-20 10:00:01 ERROR c.s.Db - Can't connect to MySQL server on 'db.shop'\n");
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].detector, "log-database-unreachable");
  EXPECT_EQ(
      found[0].cause,
      "Pod api-5d8f7b9c6-j4k8n cannot connect to its database: Can't connect to MySQL server on 'db.shop'");
  EXPECT_EQ(found[0].lines[0].at.line, 2u);
  EXPECT_EQ(found[0].culprit.name, "api-5d8f7b9c6-j4k8n");
}

TEST(LogFindings, APlainFileIsCalledByItsName) {
  TextFile file{"var/Api.log", TextFile::Kind::log, "", "", "Api"};
  file.plain = true;
  const auto cause = [&](const std::string& question, const std::string& text) {
    LogMiner miner(question);
    miner.begin(file);
    miner.add(text);
    miner.end();
    const auto found = miner.observations();
    return found.empty() ? std::string() : found[0].cause;
  };
  EXPECT_EQ(cause("", "ERROR Can't connect to MySQL server on 'db.shop'\n"),
            "Api.log cannot connect to its database: Can't connect to MySQL server on 'db.shop'");
  EXPECT_THAT(cause("Is Api well?", "INFO listening on port 8080\n"),
              HasSubstr("the log of Api.log holds no error"));
}

TEST(LogFindings, TheSlowestOfSlowQueriesIsTold) {
  const auto all = findings(
      "LOG:  slow query took 201 ms: select a from customers\n"
      "LOG:  slow query took 8137 ms: select b from shipments\n",
      "Why is the page so slow?");
  ASSERT_FALSE(all.empty());
  EXPECT_THAT(all[0].lines[0].quote, HasSubstr("shipments"));
}

TEST(LogFindings, OfLinesThatDifferInTheirTimesTheLongestIsShown) {
  std::string log;
  for (const char* const took : {"21", "34", "8137", "25", "40"})
    log += fmt::format("INFO GET /orders/{} completed in {} ms\n", log.size(), took);
  const auto all = findings(log, "Why is the page so slow?");
  ASSERT_FALSE(all.empty());
  EXPECT_THAT(all[0].lines[0].quote, HasSubstr("8137 ms"));
  EXPECT_EQ(all[0].lines[0].at.line, 3u);
}

TEST(LogFindings, AChangeJustBeforeTheFirstErrorIsToldWithIt) {
  const auto all = findings(
      "INFO ready\nINFO flag 'refunds-v2' changed: false -> true\n"
      "ERROR NullPointerException: ledgerClient is null\n",
      "Why does the refund button fail?");
  ASSERT_FALSE(all.empty());
  EXPECT_THAT(all[0].cause, HasSubstr("refunds-v2"));
}

TEST(LogFindings, AFlagThatWasTurnedOnJustBeforeIsToldWithIt) {
  const auto all = findings(
      "INFO ready\nINFO  flags: shop.tax-v2 off -> on (rule \"100% rollout\", changed by s.okafor)\n"
      "ERROR cannot place order: TypeError: Cannot read properties of undefined (reading 'rate')\n",
      "What changed?");
  ASSERT_FALSE(all.empty());
  EXPECT_THAT(all[0].cause, HasSubstr("shop.tax-v2 off -> on"));
}

TEST(LogFindings, AFlagThatIsNowEnabledIsToldWithWhatFailsSince) {
  const auto all = findings(
      "INFO ready\nINFO UnleashFetcher - feature vat-engine-v2 is now ENABLED (was DISABLED)\n"
      "ERROR NullPointerException: table is null\n",
      "Why does the order fail?");
  ASSERT_FALSE(all.empty());
  EXPECT_THAT(all[0].cause, HasSubstr("vat-engine-v2 is now ENABLED"));
}

TEST(LogFindings, WhoeverAnsweredBadlyIsNamed) {
  const auto all = findings(
      "level=info msg=\"code sent\" channel=mail\n"
      "level=error msg=\"code not sent\" provider=acme status=503 attempt=1\n",
      "Why do codes not arrive?");
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].detector, "log-upstream-failed");
  EXPECT_THAT(all[0].cause, HasSubstr("code not sent (provider=acme, status=503)"));
}

TEST(LogFindings, OfAMessageThatCannotBeReadItIsToldWhichItIs) {
  std::string log;
  for (int i = 0; i < 3; ++i) {
    log += fmt::format(
        "2025-11-04 06:4{}:05.600 WARN  [consumer-0-C-1] o.s.k.l.DefaultErrorHandler - Seek to current after "
        "exception for placed-7@48213377; nested exception is "
        "org.apache.kafka.common.errors.RecordDeserializationException: "
        "Error deserializing key/value for partition placed-7 at offset 48213377. If needed, please seek "
        "past.\n"
        "Caused by: org.apache.kafka.common.errors.SerializationException: Unknown magic byte!\n"
        "2025-11-04 06:4{}:25.590 INFO  [consumer-0-C-1] c.a.f.Listener - order {} allocated\n",
        i, i, 7171429 + i);
  }
  const auto all = findings(log, "Why does the lag of the consumer grow?");
  ASSERT_FALSE(all.empty());
  EXPECT_THAT(all[0].cause, HasSubstr("placed-7"));
}

TEST(LogFindings, ASlowLogsStatementIsToldWithWhatItReads) {
  const auto all = findings(
      "# Time: 2025-09-30T02:04:49.204216Z\n# User@Host: api[api] @  [10.30.4.59]  Id: 797975\n"
      "# Query_time: 1.983957  Lock_time: 0.000002 Rows_sent: 1  Rows_examined: 8412906\n"
      "SET timestamp=1759197889;\nSELECT id FROM customers WHERE LOWER(email) = 'a@b.example';\n",
      "Why is the login slow?");
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].detector, "log-rows-examined");
  EXPECT_THAT(all[0].cause, HasSubstr("SELECT id FROM customers WHERE LOWER(email)"));
  EXPECT_EQ(all[0].lines.back().at.line, 5u);
}

TEST(LogFindings, WhatKubectlSaysOfAPodThatIsGoneIsNoCause) {
  LogMiner miner("Why did web-7c6d8f9b55-q8vzt disappear?");
  miner.begin({"kubectl/describe-pod-web-7c6d8f9b55-q8vzt.txt", TextFile::Kind::tool_output, "", "", ""});
  miner.add("Error from server (NotFound): pods \"web-7c6d8f9b55-q8vzt\" not found\n");
  miner.end();
  const auto all = miner.observations();
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].verdict, Verdict::insufficient_evidence);
  EXPECT_THAT(all[0].cause, HasSubstr("the pod no longer existed when it was collected"));
}

TEST(LogFindings, WhoTriesAgainHasNotGivenUp) {
  const std::string log = "WARN fetch failed, retrying attempt=1 err=\"net/http: TLS handshake timeout\"\n";
  EXPECT_LT(findings(log, "Is there a fault?")[0].weight, findings(log, "Why does it fail?")[0].weight * 0.7);
}

TEST(LogFindings, TheMessageOfACauseGoesOnBelowIt) {
  const auto all = findings(
      "2025-09-30T17:22:10.000Z ERROR 1 --- [main] o.s.boot.SpringApplication : Application run failed\n"
      "org.springframework.beans.factory.BeanCreationException: Error creating bean 'entityManagerFactory'\n"
      "\tat org.springframework.boot.SpringApplication.run(SpringApplication.java:335)\n"
      "Caused by: org.flywaydb.core.api.exception.FlywayValidateException: Validate failed: Migrations have "
      "failed validation\n"
      "Migration checksum mismatch for migration version 42\n"
      "-> Applied to database : 1338501223\n"
      "\tat org.flywaydb.core.Flyway.migrate(Flyway.java:196)\n",
      "Why does it crash?");
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].detector, "log-migration-failed");
  EXPECT_THAT(all[0].cause, HasSubstr("checksum mismatch for migration version 42"));
}

TEST(LogFindings, OfAMessageThatCannotBeReadItIsToldWhereItLies) {
  const auto all = findings(
      "2025-10-21 03:12:58,346 ERROR [c-1] o.s.k.l.KafkaMessageListenerContainer - Consumer exception\n"
      "java.lang.IllegalStateException: This error handler cannot process 'SerializationException's "
      "directly; "
      "please consider configuring an 'ErrorHandlingDeserializer' in the value and/or key deserializer\n"
      "\tat org.springframework.kafka.listener.DefaultErrorHandler.handle(DefaultErrorHandler.java:192)\n"
      "Caused by: org.apache.kafka.common.errors.RecordDeserializationException: Error deserializing VALUE "
      "for "
      "partition orders-3 at offset 884213. If needed, please seek past the record to continue.\n"
      "\tat org.apache.kafka.clients.consumer.internals.CompletedFetch.fetch(CompletedFetch.java:346)\n"
      "Caused by: org.apache.kafka.common.errors.SerializationException: Unknown magic byte!\n"
      "\tat io.confluent.kafka.serializers.AbstractKafkaSchemaSerDe.get(AbstractKafkaSchemaSerDe.java:649)\n",
      "Why does the consumer make no progress?");
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].detector, "log-message-unreadable");
  EXPECT_THAT(all[0].cause, HasSubstr("partition orders-3 at offset 884213"));
}

TEST(LogFindings, ASettingThatIsMissingIsWhyWhatStandsInItsPlaceIsNotReached) {
  const auto all = findings(
      "2025-09-25T08:00:03.350Z warn: REDIS_URL not set, falling back to redis://127.0.0.1:6379\n"
      "2025-09-25T08:00:11.164Z error: [ioredis] Unhandled error event: Error: connect ECONNREFUSED "
      "127.0.0.1:6379\n"
      "2025-09-25T08:00:12.164Z error: [ioredis] Unhandled error event: Error: connect ECONNREFUSED "
      "127.0.0.1:6379\n",
      "Why does it answer 503?");
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].detector, "log-config-missing");
  EXPECT_THAT(all[0].cause, HasSubstr("REDIS_URL not set"));
}

TEST(LogFindings, WhatAProbeFoundComesBeforeThatItFailed) {
  const auto all = findings(
      "# HELP probe_failed_due_to_regex Indicates if probe failed due to regex\n"
      "level=error msg=\"Body did not match regular expression\" regexp=\"Sign in\"\n"
      "level=error msg=\"Probe failed\" duration_seconds=0.099\n",
      "Why does the probe fail?");
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].detector, "log-probe-unexpected");
  for (const Observation& each : all) EXPECT_THAT(each.cause, Not(HasSubstr("# HELP")));
}

TEST(LogFindings, AMemberThatIsTooStaleSaysSoAtLevelInfo) {
  const auto all = findings(
      R"({"t":{"$date":"2025-11-27T05:42:15.626+00:00"},"s":"I","c":"REPL","id":5579708,"ctx":"BackgroundSync",)"
      R"("msg":"We are too stale to use candidate as a sync source.","attr":{"candidate":"docs-0:27017"}})"
      "\n",
      "Why does docs-2 stay in RECOVERING?");
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].detector, "log-replica-stale");
}

TEST(LogFindings, AnIngressThatIsIgnoredIsToldAtLevelInfo) {
  const auto all = findings(
      "I0415 08:16:06.330518 7 store.go:436] \"Ignoring ingress because of error while validating ingress "
      "class\" "
      "ingress=\"web/front\" error=\"no object matching key \\\"nginx-internal\\\" in local store\"\n",
      "Why does it answer 404?");
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].detector, "log-ingress-ignored");
  EXPECT_THAT(all[0].cause, HasSubstr("nginx-internal"));
}

TEST(LogFindings, AnEventThatIsOnlyANameIsToldWithItsFields) {
  const auto all = findings(
      R"({"level":"info","event":"flag_changed","flag":"tax-v2","old":"0%","new":"50%"})"
      "\n"
      R"({"level":"error","event":"tax_failed","region":"US-CO","engine":"v2","exc":"KeyError: 'jurisdiction'"})"
      "\n",
      "What is the cause?");
  ASSERT_FALSE(all.empty());
  EXPECT_THAT(all[0].cause, HasSubstr("tax_failed: KeyError: 'jurisdiction' (region=US-CO, engine=v2)"));
  EXPECT_THAT(all[0].cause, HasSubstr("flag_changed (flag=tax-v2, old=0%, new=50%)"));
}

TEST(LogFindings, WhatCannotBeArchivedFillsTheDisk) {
  const auto all = findings(
      "2026-02-10 18:50:43 UTC [31] LOG:  archive command failed with exit code 103\n"
      "2026-02-12 06:31:14 UTC [88] PANIC:  could not write to file \"pg_wal/xlogtemp.88\": No space left on "
      "device\n",
      "Why does it crash?");
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].detector, "log-wal-unarchived");
  EXPECT_THAT(all[0].cause, HasSubstr("No space left on device"));
}

TEST(LogFindings, OfTwoThatAreCertainTheOneThatExplainsMoreComesFirst) {
  std::string log;
  for (int i = 0; i < 30; ++i) {
    log += fmt::format(
        "2025-10-13 03:0{}:10 UTC [64] ERROR:  duplicate key value violates unique constraint \"u\"\n",
        i % 10);
    log += fmt::format(
        "2025-10-13 03:1{}:26 UTC [45] ERROR:  database is not accepting commands that assign new XIDs to "
        "avoid "
        "wraparound data loss in database \"billing\"\n",
        i % 10);
  }
  const auto all =
      findings(log, "The billing database refuses all writes of api-5d8f7b9c6-j4k8n since 03:02. Why?");
  ASSERT_GE(all.size(), 2u);
  EXPECT_EQ(all[0].detector, "log-transaction-ids");
  EXPECT_GT(all[0].weight, all[1].weight);
}

TEST(LogFindings, AnAlarmThatWasClearedIsOver) {
  const auto all = findings(
      "2025-09-08 22:00:00.1+00:00 [warning] <0.5.0> memory resource limit alarm set on node 'rabbit@mq-0'.\n"
      "2025-09-08 22:00:03.1+00:00 [warning] <0.5.0> memory resource limit alarm cleared on node "
      "'rabbit@mq-0'\n"
      "2025-09-09 06:12:03.5+00:00 [warning] <0.4.0> disk resource limit alarm set on node 'rabbit@mq-0'.\n",
      "Why is nothing published?");
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].detector, "log-resource-alarm");
  EXPECT_THAT(all[0].cause, HasSubstr("publishers: disk resource limit alarm set"));
}

TEST(LogFindings, ALockIsToldWithWhoHoldsIt) {
  const auto all = findings(
      "2025-10-14 02:00:25 UTC [20411] LOG:  process 20411 still waiting for AccessShareLock on relation "
      "16587 of "
      "database 1 after 1000.0 ms\n"
      "2025-10-14 02:00:25 UTC [20411] DETAIL:  Process holding the lock: 20388. Wait queue: 20411.\n"
      "2025-10-14 02:23:21 UTC [20388] LOG:  duration: 1398410 ms  statement: VACUUM FULL products;\n");
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].detector, "log-lock-wait");
  EXPECT_THAT(all[0].cause, HasSubstr("holding the lock: 20388"));
  EXPECT_THAT(all[0].cause, HasSubstr("VACUUM FULL"));
}

TEST(LogFindings, NorIsWhatAnotherUnitOfTheJournalSaid) {
  const auto all = findings(
      "Nov  8 05:41:09 node-3 containerd[811]: level=error msg=\"loading failed in the beginning\"\n"
      "Nov  8 05:41:11 node-3 kubelet[909]: E1108 05:41:11.310000     909 run.go:74] \"command failed\" "
      "err=\"failed to run Kubelet: running with swap on is not supported\"\n");
  ASSERT_FALSE(all.empty());
  EXPECT_THAT(all[0].cause, HasSubstr("swap"));
  EXPECT_THAT(all[0].cause, Not(HasSubstr("loading failed")));
}

TEST(LogFindings, TheHoldersNumberElsewhereIsNotTheHolder) {
  const auto all = findings(
      "2025-10-14 02:00:25 UTC [20411] LOG:  process 20411 still waiting for AccessShareLock on relation 1 "
      "of database 1 "
      "after 1000.0 ms\n"
      "2025-10-14 02:00:25 UTC [20411] DETAIL:  Process holding the lock: 64. Wait queue: 20411.\n"
      "2025-10-14 02:00:26 UTC [70] LOG:  64 sessions are active now\n");
  ASSERT_FALSE(all.empty());
  EXPECT_THAT(all[0].cause, HasSubstr("holding the lock: 64"));
  EXPECT_THAT(all[0].cause, Not(HasSubstr("sessions are active")));
}

TEST(LogFindings, WhatAnotherToolSaidBeforeIsNoPartOfIt) {
  const auto all = findings(
      "mc: <ERROR> Unable to load certificates\n"
      "pg_dump: error: aborting because of server version mismatch\n"
      "pg_dump: detail: server version: 17.2; pg_dump version: 15.6\n");
  ASSERT_FALSE(all.empty());
  EXPECT_THAT(all[0].cause, HasSubstr("pg_dump version: 15.6"));
  EXPECT_THAT(all[0].cause, Not(HasSubstr("certificates")));
}

TEST(LogFindings, WhatIsToldInOneBreathWithItsCauseYieldsToThat) {
  const auto all = findings(
      "2025-12-04T14:41:06Z WARN s3: put failed status=403 code=RequestTimeTooSkewed message=\"The "
      "difference is too "
      "large\"\n"
      "2025-12-04T14:41:06Z ERROR http: POST /upload rejected by the upload store\n"
      "2025-12-04T14:43:06Z INFO http: GET /health\n",
      "Why do uploads to the upload store fail?");
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].detector, "log-clock");
  const auto apart = findings(
      "2025-12-04T14:41:06Z WARN s3: put failed code=RequestTimeTooSkewed\n"
      "2025-12-04T14:42:06Z INFO a\n2025-12-04T14:42:07Z INFO b\n2025-12-04T14:42:08Z INFO c\n"
      "2025-12-04T14:43:06Z ERROR http: POST /upload rejected by the upload store\n",
      "Why do uploads to the upload store fail?");
  ASSERT_FALSE(apart.empty());
  EXPECT_EQ(apart[0].detector, "log-error") << "nothing tells that the two belong together";
}

TEST(LogFindings, ThatSomethingFailedYieldsToWhy) {
  const auto all = findings(
      "2025-05-02T01:00:03Z pg_dump: error: aborting because of server version mismatch\n"
      "2025-05-02T01:00:03Z pg_dump: detail: server version: 16.2; pg_dump version: 15.6\n"
      "2025-05-02T01:00:05Z ERROR backup failed rc=1\n",
      "What happened to the backup?");
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].detector, "log-version") << all[0].cause;
}

TEST(LogFindings, ALogOfNoPodIsItsComponents) {
  LogMiner miner("Where does it start?");
  miner.begin({"case/logs/pricing.log", TextFile::Kind::log, "", "", "pricing"});
  miner.add("ERROR No space left on device\n");
  miner.end();
  EXPECT_EQ(miner.observations().at(0).culprit.name, "pricing");
}

TEST(LogFindings, WhatAPhraseIntroducesIsToldWithIt) {
  const auto all = findings(
      "ERROR Amazon.S3.AmazonS3Exception: User: arn:aws:sts::418230917755:assumed-role/eks-prod-document-api/"
      "document-api-1767000003 is not authorized to perform: kms:Decrypt on resource: "
      "arn:aws:kms:eu-west-1:418230917755:key/0b7c9f4e-9d1a-4f7e-8d0b-3f0c8a1f2e6d because no identity-based "
      "policy "
      "allows the kms:Decrypt action\n");
  ASSERT_FALSE(all.empty());
  EXPECT_THAT(all[0].cause, HasSubstr("kms:Decrypt"));
}

TEST(LogFindings, AStatementThatChangesATableIsToldBeforeThoseBehindIt) {
  const std::string row =
      "| 8836{} | app | 10.0.0.9:5191{} | shop | Query | {} | Waiting for table metadata lock | ";
  std::string rows;
  for (int i = 0; i < 5; ++i)
    rows += fmt::format(fmt::runtime(row), i, i, 40 - i) + "SELECT COUNT(*) FROM customers |\n";
  rows +=
      "| 88347 | migrator | 10.0.0.7:40020 | shop | Query | 2844 | Waiting for table metadata lock | ALTER "
      "TABLE "
      "customers ADD COLUMN vat int |\n";
  const auto all = findings(rows, "Why does every customer page hang?");
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].detector, "log-metadata-lock");
  EXPECT_THAT(all[0].cause, HasSubstr("ALTER TABLE customers"));
}

TEST(LogFindings, ADatabasesListTellsWhyItsClientsWait) {
  LogMiner miner("Why does every customer page hang for 60 seconds?");
  miner.begin({"logs/shop/web-0/web.log", TextFile::Kind::log, "shop", "web-0", "web"});
  miner.add(
      "2025-09-03 09:00:00 ERROR customer page: MySqlConnector.MySqlException: The Command Timeout "
      "expired\n");
  miner.end();
  miner.begin({"mysql/processlist.txt", TextFile::Kind::tool_output, "", "", ""});
  miner.add(
      "| 88347 | migrator | Query | 2844 | Waiting for table metadata lock | ALTER TABLE customers ADD a int "
      "|\n");
  miner.end();
  const auto all = miner.observations();
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].detector, "log-metadata-lock");
}

TEST(LogFindings, WhatClientsDoWrongIsNoFaultOfTheService) {
  const std::string declined =
      R"({"level":"error","msg":"charge rejected by issuer","status":402,"code":"card_declined"})"
      "\n";
  const std::string failed = R"({"level":"error","msg":"charge rejected by issuer","status":500})"
                             "\n";
  const char* question = "Somebody saw red lines in the log of payments. Is something wrong with payments?";
  EXPECT_LT(findings(declined, question)[0].weight, 0.45);
  EXPECT_GT(findings(failed, question)[0].weight, 0.45);
}

TEST(LogFindings, LeaveCredentialsOut) {
  const auto found = findings("ERROR could not connect to postgres://app:secret@db:5432/shop\n");
  EXPECT_THAT(found[0].cause, HasSubstr("postgres://db:5432/shop"));
  EXPECT_THAT(found[0].cause, Not(HasSubstr("secret")));
}

TEST(LogFindings, AddTheSettingThatExplains) {
  const auto found = findings(
      "2025-10-08 15:15:22 INFO  c.Token - Issuing session token with expiry: 30 seconds\n"
      "2025-10-08 15:16:30 ERROR c.Token - Session token has expired\n");
  EXPECT_THAT(found[0].cause, HasSubstr("expiry: 30 seconds"));
  EXPECT_EQ(found[0].lines.size(), 2u);
}

TEST(LogFindings, ConditionsCountWhenSlownessIsAskedFor) {
  const std::string text =
      "INFO profiler - renderTemplate(): 81% of total CPU time\nINFO profiler - parse(): 4% of total CPU "
      "time\n";
  const auto slow = findings(text, "Why is the api slow?");
  EXPECT_EQ(slow[0].detector, "log-cpu-hot");
  EXPECT_THAT(slow[0].cause, HasSubstr("renderTemplate(): 81%"));
  EXPECT_EQ(findings(text, "Why is the pod pending?")[0].verdict, Verdict::no_fault);
}

TEST(LogFindings, QuietLogsAreAnAnswer) {
  const auto found = findings("level=info msg=\"ready\"\nlevel=info msg=\"0 errors\"\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].verdict, Verdict::no_fault);
  EXPECT_THAT(found[0].cause, HasSubstr("No fault found"));
  EXPECT_FALSE(found[0].lines.empty());
}

TEST(LogFindings, KeepToTheTimeThatIsAskedFor) {
  std::string text;
  for (int i = 0; i < 60; ++i) {
    const int minute = i;
    const std::string time =
        "2025-09-14T" + std::string(minute < 10 ? "13:0" : "13:") + std::to_string(minute);
    text += time + ":00Z INFO served\n";
    if (minute < 20) text += time + ":10Z ERROR redis: dial tcp 10.0.0.1:6379: connect: connection refused\n";
    if (minute == 45) text += time + ":10Z ERROR tx aborted: pq: deadlock detected\n";
    if (minute > 55) text += time + ":10Z ERROR redis: dial tcp 10.0.0.1:6379: connect: connection refused\n";
  }
  EXPECT_EQ(findings(text)[0].detector, "log-cache-unreachable");
  EXPECT_EQ(findings(text, "Why did it fail around 13:45?")[0].detector, "log-deadlock");
  const auto late = findings(text, "Which errors came between 13:50 and 14:00, and why?");
  EXPECT_EQ(late[0].detector, "log-cache-unreachable");
  EXPECT_THAT(late[0].lines[0].quote, HasSubstr("13:56:10"));
  const auto none = findings(text, "Were there any errors between 13:30 and 13:40?");
  ASSERT_EQ(none.size(), 1u);
  EXPECT_EQ(none[0].verdict, Verdict::no_fault);
  EXPECT_THAT(none[0].cause, HasSubstr("outside that time"));
}

TEST(LogFindings, ALeakIsTheRootOfWhatRunsOut) {
  std::string text = "2025-09-14 13:59:10 WARN pool - Connection leak detection triggered for connection 4\n";
  for (int i = 0; i < 30; ++i)
    text += "2025-09-14 14:08:20 ERROR sql - Connection is not available, request timed out after 30001ms\n";
  const auto found = findings(text);
  EXPECT_EQ(found[0].detector, "log-memory-leak");
  EXPECT_THAT(found[0].cause, HasSubstr("request timed out after 30001ms"));
  EXPECT_EQ(found[0].lines.size(), 2u);
}

TEST(LogFindings, TellWhatChangedWhereThatIsAsked) {
  const auto found = findings(
      "2025-09-14 14:00:00 INFO configuration reloaded: max_bytes changed from 1048576 to 1024\n"
      "2025-09-14 14:00:09 ERROR import rejected: payload of 48211 bytes exceeds max_bytes\n",
      "Imports fail since the deploy. What changed?");
  EXPECT_THAT(found[0].cause, HasSubstr("changed from 1048576 to 1024"));
}

TEST(LogFindings, WhatAToolOfAShellSaysIsAnError) {
  const auto found = findings("waiting for db\nnc: bad address 'db'\nwaiting for db\n");
  EXPECT_EQ(found[0].detector, "log-dns");
  EXPECT_GE(found[0].weight, 0.5);
}

// "cannot pull" and "HTTP 500" are what is to be explained.
TEST(LogFindings, AFailureThatIsOnlyShownYieldsToOneThatIsExplained) {
  const auto found = findings(
      "ERROR start of web: ErrImagePull\nERROR start of web: ErrImagePull\n"
      "ERROR pull of web: 429 Too Many Requests: rate limit exceeded\n");
  ASSERT_EQ(found.size(), 2U);
  const bool first = found[0].detector == "log-rate-limited";
  EXPECT_EQ(found[first ? 0 : 1].detector, "log-rate-limited");
  EXPECT_GT(found[first ? 0 : 1].weight, found[first ? 1 : 0].weight);
}

TEST(LogFindings, TheKernelsWordNeedsNoLevel) {
  const auto found = findings(
      "Mar 18 07:44:00 n1 sshd[77]: session opened\n"
      "Mar 18 07:44:10 n1 kernel: nfs: server nas02 not responding, still trying\n");
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].detector, "log-file-server-silent");
  EXPECT_GE(found[0].weight, 0.5);
}

TEST(LogFindings, SayWhatCameJustBeforeUnlessThatIsAFindingOfItsOwn) {
  const auto plain = findings("[error] section 'outputt' names no plugin\n[error] config error, aborting.\n");
  EXPECT_THAT(plain[0].cause, HasSubstr("config error, aborting; section 'outputt'"));
  const auto other = findings(
      "2025-09-14 14:00:00 ERROR sync: certificate has expired\n"
      "2025-09-14 14:00:01 ERROR store: could not connect to redis\n");
  for (const Observation& each : other) EXPECT_THAT(each.cause, Not(HasSubstr("; ")));
}

TEST(LogFindings, CausesFitTheirLimit) {
  std::string text;
  for (int i = 0; i < 12; ++i)
    text += "ERROR " + std::string(static_cast<std::size_t>(20 + i * 30), static_cast<char>('a' + i)) +
            " failed: connection refused\n";
  for (const Observation& found : findings(text)) {
    EXPECT_LE(found.cause.size(), limit::sentence);
    EXPECT_LE(found.lines.size(), limit::citations);
  }
}

TEST(TellingPart, KeepsTheClauseWithThePhrase) {
  const std::string message =
      "handler failed for user 12 from 10.0.0.1 - Error: certificate expired - RequestID: 77";
  const std::size_t begin = message.find("certificate");
  EXPECT_EQ(telling_part(message, begin, begin + 19, 40), "Error: certificate expired - RequestID");
  EXPECT_EQ(telling_part(message, begin, begin + 19, 30), "Error: certificate expired");
  EXPECT_EQ(telling_part(message, 0, 0, 200), message);
  EXPECT_LE(telling_part(std::string(500, 'x'), 100, 110, 50).size(), 50u);
}

TEST(LogFindings, AnEmptyLineBelowWhatFailedIsSpringsOwn) {
  const auto all = findings(
      "2025-03-11T08:31:14.300Z ERROR 1 --- [main] o.s.boot.SpringApplication : Application run failed\n\n"
      "org.springframework.beans.factory.BeanCreationException: Error creating bean with name 'flyway'\n"
      "\tat org.springframework.boot.SpringApplication.run(SpringApplication.java:335)\n"
      "Caused by: org.flywaydb.core.api.exception.FlywayValidateException: Validate failed: Migrations have "
      "failed validation\n"
      "Migration checksum mismatch for migration version 38\n"
      "\tat org.flywaydb.core.Flyway.migrate(Flyway.java:196)\n",
      "Why does it crash?");
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].detector, "log-migration-failed");
}

TEST(LogFindings, AnAnswerThatIsAMissingPageIsCitedWithItsCall) {
  const auto all = findings(
      "{\"level\":\"info\",\"msg\":\"http call\",\"url\":\"http://pricing:8085/v3/quotes\",\"status\":404}\n"
      "{\"level\":\"error\",\"msg\":\"checkout failed\",\"error\":\"decode quote: invalid character 'p' "
      "after "
      "top-level value\"}\n",
      "Why does checkout fail?");
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].detector, "log-answer-not-found");
  ASSERT_GE(all[0].lines.size(), 2u);
  EXPECT_THAT(all[0].lines[1].quote, HasSubstr("/v3/quotes"));
  EXPECT_THAT(all[0].cause, HasSubstr("; it calls http://pricing:8085/v3/quotes"));
}

}  // namespace
}  // namespace carrel
