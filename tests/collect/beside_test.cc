// What lies beside a cluster: a real PostgreSQL, a real Prometheus, this machine.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include <sys/stat.h>

#include "desk.h"
#include "servers.h"

namespace carrel::collect_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Beside : public Desk {
 protected:
  void SetUp() override {
    Desk::SetUp();
    ::chmod(folder_.c_str(), 0755);
    std::filesystem::create_directories(folder_ + "/server");
  }
  e2e::Outcome collect_beside(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {SUPPORT_DIAG, "collect", "--no-cluster", "--out", bundle(), "--force"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
};

class Database : public Beside {
 protected:
  void SetUp() override {
    Beside::SetUp();
    const std::string initdb = postgres_program("initdb");
    ASSERT_NE(initdb, "") << "there is no PostgreSQL: setup/packages test";
    ASSERT_EQ(run_as_nobody(
                  {initdb, "-D", data(), "-U", "app", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"},
                  server()),
              0);
    running_ = std::make_unique<Running>(
        std::vector<std::string>{postgres_program("postgres"), "-D", data(), "-k", server(), "-c",
                                 "listen_addresses=", "-c", "fsync=off"},
        server());
    for (int i = 0; i < 600 && psql("SELECT 1").status != 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    ASSERT_EQ(psql("CREATE TABLE orders (id int PRIMARY KEY, status text, email text, note text, amount "
                   "numeric, at timestamptz);"
                   "INSERT INTO orders SELECT i, CASE WHEN i % 7 = 0 THEN 'failed' ELSE 'paid' END, 'user' "
                   "|| i % 3 || '@example.com',"
                   " CASE WHEN i = 1 THEN '' WHEN i = 2 THEN NULL ELSE 'a, \"b\"' END, i * 1.5, "
                   "'2024-05-14T06:00:00Z' FROM"
                   " generate_series(1, 1000) i;"
                   "CREATE TABLE \"Odd Name\" (x text); ANALYZE;")
                  .status,
              0);
  }
  std::string server() const { return folder_ + "/server"; }
  std::string data() const { return server() + "/data"; }
  std::string url() const { return "postgres:///postgres?host=" + server() + "&user=app"; }
  e2e::Outcome psql(const std::string& sql) const { return run({"psql", "-qX", "-d", url(), "-c", sql}); }

  std::unique_ptr<Running> running_;
};

TEST_F(Database, APartIsExportedAndTextIsMasked) {
  ASSERT_EQ(
      collect_beside({"--db-export", url(), "--tables", "orders,Odd Name", "--rows", "10", "--where",
                      "orders: status = 'failed'", "--mask", "status=keep", "--mask", "orders.note=null"})
          .status,
      0);
  const std::string rows = from_bundle("postgres/rows/orders.csv");
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 11);
  EXPECT_THAT(rows, AllOf(HasSubstr("id,status,email,note,amount,at\n"), HasSubstr(",failed,masked:"),
                          Not(HasSubstr("@example.com")), Not(HasSubstr(",paid,"))));
  EXPECT_EQ(from_bundle("postgres/counts/orders.csv"), "count\n142\n");
  EXPECT_THAT(from_bundle("postgres/tables.csv"), HasSubstr("public,orders,1000,"));
  EXPECT_THAT(from_bundle("postgres/columns.csv"), HasSubstr("public,orders,email,text,YES,3"));
  EXPECT_THAT(from_bundle("postgres/settings.csv"), HasSubstr("fsync,off,,command line"));
  EXPECT_THAT(from_bundle("postgres/activity.csv"), HasSubstr("support-diag"));
  EXPECT_EQ(from_bundle("postgres/counts/Odd_Name.csv"), "count\n0\n");
  EXPECT_EQ(inspect().status, 0);
}

TEST_F(Database, EqualValuesHaveEqualPseudonymsWithinABundle) {
  ASSERT_EQ(collect_beside({"--db-export", url(), "--tables", "orders", "--rows", "300"}).status, 0);
  std::istringstream rows(from_bundle("postgres/rows/orders.csv"));
  std::set<std::string> emails;
  std::string line;
  std::getline(rows, line);
  while (std::getline(rows, line)) {
    std::istringstream cells(line);
    std::string cell;
    for (int i = 0; i < 3; ++i) std::getline(cells, cell, ',');
    emails.insert(cell);
  }
  EXPECT_EQ(emails.size(), 3u);
}

TEST_F(Database, NothingCanBeWrittenAndNothingRunsLong) {
  for (const auto& [where, why] :
       {std::pair<std::string, std::string>{"true); DELETE FROM orders; SELECT (1", "multiple commands"},
        {"nextval('s') > 0", "read-only"},
        {"pg_sleep(30) IS NULL", "statement timeout"}}) {
    ASSERT_EQ(psql("CREATE SEQUENCE IF NOT EXISTS s").status, 0);
    ASSERT_EQ(
        collect_beside({"--db-export", url(), "--tables", "orders", "--where", where, "--db-timeout", "1"})
            .status,
        0);
    EXPECT_THAT(from_bundle("carrel/manifest.json"), HasSubstr(why));
    EXPECT_EQ(from_bundle("postgres/rows/orders.csv"), "");
  }
  EXPECT_THAT(psql("SELECT count(*) FROM orders").out, HasSubstr("1000"));
}

TEST_F(Database, ADatabaseThatIsNotThereIsAnEntryWithoutItsPassword) {
  const e2e::Outcome outcome = collect_beside(
      {"--config", "/etc/hostname", "--db-export", "postgres://app:s3cret@/shop?host=/nonexistent"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("/nonexistent"));
  EXPECT_THAT(from_bundle("carrel/manifest.json"),
              AllOf(HasSubstr("postgres://app@/shop"), Not(HasSubstr("s3cret"))));
}

TEST_F(Beside, APrometheusIsAskedForItsSeries) {
  ASSERT_EQ(run({"prometheus", "--version"}).status, 0) << "there is no Prometheus: setup/packages test";
  const std::string address = "127.0.0.1:" + std::to_string(free_port());
  file("server/prometheus.yml",
       "global: {scrape_interval: 200ms}\nscrape_configs: [{job_name: self, static_configs: [{targets: ['" +
           address + "']}]}]\n");
  const Running running({"prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data",
                         "--web.listen-address=" + address},
                        folder_ + "/server");
  const std::string queries = file("queries", "# of itself\nup: up\nbroken: up{\n");
  e2e::Outcome outcome;
  for (int i = 0; i < 300; ++i) {
    outcome =
        collect_beside({"--prometheus", "http://" + address, "--metrics", queries, "--metrics-range", "60s"});
    if (from_bundle("prometheus/queries/up.json").find("\"self\"") != std::string::npos) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(from_bundle("prometheus/queries/up.json"),
              AllOf(HasSubstr("\"matrix\""), HasSubstr("\"job\":\"self\"")));
  EXPECT_THAT(from_bundle("prometheus/targets.json"), HasSubstr(address));
  EXPECT_THAT(from_bundle("carrel/manifest.json"), HasSubstr("parse error"));
}

TEST_F(Beside, ThisMachineAndFilesByPattern) {
  file("etc/a.yaml", "one: 1\n");
  file("etc/b.yaml", std::string(100, 'x'));
  file("etc/c.txt", "no\n");
  ASSERT_EQ(
      collect_beside({"--host", "--config", folder_ + "/etc/*.yaml", "--config", folder_ + "/etc/*.nothing"})
          .status,
      0);
  EXPECT_THAT(from_bundle("host-collectors/system/meminfo"), HasSubstr("MemTotal"));
  EXPECT_THAT(from_bundle("host-collectors/system/df.txt"), HasSubstr("Filesystem"));
  EXPECT_EQ(from_bundle("configuration" + folder_ + "/etc/a.yaml"), "one: 1\n");
  EXPECT_EQ(from_bundle("configuration" + folder_ + "/etc/c.txt"), "");
  EXPECT_THAT(from_bundle("carrel/manifest.json"), HasSubstr("no file matches"));
  EXPECT_EQ(inspect().status, 0);
}

TEST_F(Beside, ANameThatIsNoTextIsTheSameInTheBundleAndItsManifest) {
  file("etc/n\xff.log", "one\n");
  file("etc/n\xfe.log", "two\n");
  ASSERT_EQ(collect_beside({"--config", folder_ + "/etc/*"}).status, 0);
  const e2e::Outcome outcome = inspect();
  EXPECT_EQ(outcome.status, 0) << outcome.out;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("n\\\\xff.log"), HasSubstr("n\\\\xfe.log")));
}

TEST_F(Beside, WhatCannotBeMaskedIsLeftOutAndSaid) {
  const std::string plain = file("etc/app.env", "DB_PASSWORD=hunter2x\n");
  ASSERT_EQ(run({"gzip", "-k", plain}).status, 0);
  ASSERT_EQ(run({"tar", "-cf", folder_ + "/etc/app.tar", plain}).status, 0);
  file("etc/wide.env", std::string("P\0W\0D\0=\0h\0u\0n\0t\0e\0r\0\n\0", 22));
  file("etc/keys.p12", std::string("\x30\x82\x04\x01\x02\x01\x03 password=hunter2x"));
  const e2e::Outcome outcome = collect_beside({"--config", folder_ + "/etc/*"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("app.env.gz: it is packed (gzip)"), HasSubstr("app.tar: it is packed (tar)"),
                    HasSubstr("wide.env: it is text in UTF-16"), HasSubstr("keys.p12: it is no text")));
  const std::string root = "configuration" + folder_ + "/etc/";
  EXPECT_THAT(from_bundle(root + "app.env"), HasSubstr("DB_PASSWORD=redacted-password-1"));
  for (const char* const name : {"app.env.gz", "app.tar", "wide.env", "keys.p12"})
    EXPECT_EQ(from_bundle(root + name), "") << name;
  EXPECT_EQ(inspect().status, 0);
}

TEST_F(Beside, WhereNoClusterIsAskedNothingIsSaidOfOne) {
  const e2e::Outcome nothing = collect_beside({"--prometheus", "http://127.0.0.1:1"});
  EXPECT_EQ(nothing.status, 7);
  EXPECT_THAT(nothing.err, AllOf(HasSubstr("nothing could be collected"), Not(HasSubstr("kubectl"))));
  const e2e::Outcome stream =
      run({SUPPORT_DIAG, "collect", "--no-cluster", "--config", "/etc/hostname", "--out", "-"});
  EXPECT_EQ(stream.status, 2);
  EXPECT_THAT(stream.err, HasSubstr("stdout is no file"));
}

TEST_F(Beside, AWrongCommandLineIsToldBeforeAnythingRuns) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{},
                                             {"--tables", "a"},
                                             {"--db-export", "postgres://x", "--mask", "a=b"},
                                             {"--prometheus", "https://x"},
                                             {"--prometheus", "service:monitoring/prometheus:9090"},
                                             {"--metrics", "/nonexistent", "--prometheus", "http://x"},
                                             {"--config", "relative/*"},
                                             {"--config", "/etc/../x"}}) {
    const e2e::Outcome outcome = collect_beside(words);
    EXPECT_NE(outcome.status, 0);
    EXPECT_THAT(outcome.err, HasSubstr("support-diag: "));
    EXPECT_EQ(folder_listing(), ".keep\n");
  }
}

}  // namespace
}  // namespace carrel::collect_test
