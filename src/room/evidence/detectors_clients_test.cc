#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

std::vector<Observation> found_in(const std::vector<std::pair<std::string, std::string>>& files) {
  return detect_in_files(files, "Who uses up the Redis connections?");
}

std::string client(int id, const std::string& name, int idle) {
  return "id=" + std::to_string(id) + " addr=10.1.2.3:5100 laddr=10.1.2.9:6379 fd=8 name=" + name +
         " age=90000 idle=" + std::to_string(idle) + " flags=N db=0 cmd=get\n";
}

TEST(Clients, WhoHoldsMostConnectionsIsToldFromTheirList) {
  std::string list;
  for (int i = 0; i < 90; ++i) list += client(i, "reports", 80'000);
  for (int i = 90; i < 110; ++i) list += client(i, "web", 2);
  const auto found = found_in({{"redis/client-list.txt", list}});
  const Observation* one = find_by(found, "holds-most-connections");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->cause,
            "reports holds 90 connections, and the next client, web, 20; most of them have been idle for "
            "hours: it does "
            "not close them (a leak).");
}

TEST(Clients, ACountIsOfAllWhereAListIsASample) {
  std::string list;
  for (int i = 0; i < 60; ++i) list += client(i, "reports", 80'000);
  const auto found = found_in({{"redis/client-list-sample.txt", list},
                               {"redis/by-name.txt", "   9381 name=reports\n    480 name=web\n"}});
  const Observation* one = find_by(found, "holds-most-connections");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause,
              ::testing::StartsWith("reports holds 9381 connections, and the next client, web, 480; most"));
  EXPECT_EQ(one->lines[0].at.file, "redis/by-name.txt");
  EXPECT_EQ(one->lines[1].quote, "    480 name=web");
  EXPECT_EQ(one->lines[2].at.file, "redis/client-list-sample.txt");
}

TEST(Clients, SessionsOfADatabaseAreAddedUpByTheirProgram) {
  const std::string sessions =
      " application_name | usename | client_addr | state | count \n"
      "------------------+---------+-------------+-------+-------\n"
      " reports          | ro      | 10.0.14.20  | idle  |    80 \n"
      " reports          | ro      | 10.0.14.21  | idle  |    70 \n"
      " orders           | rw      | 10.0.11.31  | idle  |    18 \n"
      "                  | admin   |             |       |     6 \n(4 rows)\n";
  const std::string limit = "\n max_connections \n-----------------\n 200\n(1 row)\n";
  const auto found = found_in({{"pg/activity.txt", sessions + limit}});
  const Observation* one = find_by(found, "holds-most-connections");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->cause, "reports holds 150 of the 200 connections, and the next client, orders, 18.");
  EXPECT_EQ(one->lines[0].quote, " reports          | ro      | 10.0.14.20  | idle  |    80 ");
  EXPECT_EQ(one->lines[2].quote, " 200");
  std::string list = " pid | usename | state \n-----+---------+-------\n";
  for (int i = 0; i < 90; ++i) list += fmt::format(" {} | {} | idle \n", i, i < 75 ? "batch" : "shop");
  const auto listed = found_in({{"pg/activity.txt", list}});
  ASSERT_NE(find_by(listed, "holds-most-connections"), nullptr);
  EXPECT_EQ(find_by(listed, "holds-most-connections")->cause,
            "batch holds 75 connections, and the next client, shop, 15.");
}

TEST(Clients, WhereNobodyHoldsMuchMoreThanTheNextNobodyIsBlamed) {
  for (const char* const text :
       {"  90 name=a\n  60 name=b\n", "  9 name=a\n  1 name=b\n", " name=\n", "99999999999 name=a\n",
        "50 name=\n", "id=1 name=a\n", "a b c name=x idle=\n"}) {
    EXPECT_EQ(find_by(found_in({{"redis/x.txt", text}}), "holds-most-connections"), nullptr) << text;
  }
}

TEST(Shards, WhyOneHasNoNodeIsWhatMostNodesSay) {
  const std::string decider =
      R"({"node_name":"n","deciders":[{"decider":"filter","decision":"NO","explanation":"node does not match index setting filters [box_type:\"warm\"]"},{"decider":"x","decision":"YES","explanation":"fine"}]})";
  const auto found = found_in(
      {{"opensearch/allocation-explain.json",
        R"({"index":"logs-1","shard":0,"unassigned_info":{"reason":"NEW_INDEX_RESTORED"},"node_allocation_decisions":[)" +
            decider + "," + decider + "]}"}});
  const Observation* one = find_by(found, "shard-unplaced");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(
      one->cause,
      "A shard of index logs-1 cannot be placed on any node (unassigned): node does not match index setting "
      "filters [box_type:\"warm\"].");
  for (const char* const odd :
       {R"({"node_allocation_decisions":[]})", R"({"index":"a","node_allocation_decisions":7})",
        R"({"index":"a","node_allocation_decisions":[{"deciders":[{"decision":"NO"}]}]})",
        R"(["node_allocation_decisions"])"}) {
    EXPECT_EQ(find_by(found_in({{"x.json", odd}}), "shard-unplaced"), nullptr) << odd;
  }
}

TEST(Changes, OfTwoRevisionsOfAReleaseTheValuesThatDifferAreTold) {
  const std::string before =
      "USER-SUPPLIED VALUES:\ndb:\n  pool:\n    max: 40\n    min: 1\nimage:\n  tag: 4.10.3\npassword: a\n";
  std::string after = before;
  after.replace(after.find("40"), 2, "4");
  after.replace(after.find("4.10.3"), 6, "4.11.0");
  after.replace(after.find("password: a"), 11, "password: b");
  const auto found = found_in({{"helm/get-values-web-revision-16.yaml", before},
                               {"helm/get-values-web-revision-17.yaml", after},
                               {"helm/get-values-api-revision-17.yaml", "db:\n  pool:\n    max: 9\n"},
                               {"helm/get-values-odd-revision-.yaml", "a: 1\n"}});
  const Observation* one = find_by(found, "changed-setting");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->cause,
            "A setting was changed (since get-values-web-revision-16.yaml): db.pool.max from 40 to 4.");
  EXPECT_EQ(one->lines[0].quote, "    max: 4");
  EXPECT_EQ(one->lines[1].quote, "    max: 40");
}

TEST(SlowCommands, TheOneThatTakesMostOfTheTimeIsTold) {
  const auto cause = [](const std::string& took) {
    Inventory inventory;
    Document piece{
        "exec-redis-0-slowlog.txt",
        " 1) 1) (integer) 7\n    2) (integer) 1759922399\n    3) (integer) " + took +
            "\n    4) 1) \"KEYS\"\n       2) \"rules:*\"\n    5) \"10.0.0.1:5\"\n"
            " 2) 1) (integer) 6\n    2) (integer) 1759922390\n    3) (integer) 12000\n    4) 1) \"GET\"\n"
            "       2) \"a\"\n",
        {}};
    piece.find_lines();
    inventory.add(std::move(piece));
    const auto found = detect(inventory, "Why is the shop slow?");
    const Observation* one = find_by(found, "slow-command");
    return one == nullptr ? "" : one->cause;
  };
  EXPECT_EQ(
      cause("4302114"),
      "Redis spends its time in the command KEYS, 1 of 2 in its slow log, of up to 4302114 microseconds: it "
      "scans all that there is; all other clients wait meanwhile.");
  EXPECT_EQ(cause("43021"), "") << "that is not long";
}

}  // namespace
}  // namespace carrel
