#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;

std::vector<Observation> listed(const std::string& table, const std::string& question) {
  Inventory inventory;
  Document file{"rabbitmq/list_queues.txt", table, {}};
  file.find_lines();
  inventory.add(std::move(file));
  return detect(inventory, question);
}

TEST(Queues, OneThatNobodyReadsIsTold) {
  const auto found = listed(
      "Timeout: 60.0 seconds ...\nListing queues for vhost / ...\n"
      "name\tmessages_ready\tmessages_unacknowledged\tconsumers\n"
      "letters\t9127\t0\t0\nreminders\t3\t1\t1\nidle\t0\t0\t0\n",
      "Why are no letters sent?");
  const Observation* one = find_by(found, "queue-unread");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->cause, "Queue letters has 9127 messages and no consumer: nobody reads it.");
  EXPECT_EQ(one->lines[0].at.line, 4u);
  EXPECT_EQ(std::count_if(found.begin(), found.end(),
                          [](const Observation& each) { return each.detector == "queue-unread"; }),
            1);
}

TEST(Queues, OneThatIsKeptAsideWeighsLittle) {
  const auto found =
      listed("name\tmessages\tconsumers\norders.dlq\t6120331\t0\n", "Why can nothing be published?");
  const Observation* one = find_by(found, "queue-unread");
  ASSERT_NE(one, nullptr);
  EXPECT_LT(one->weight, 0.3);
}

TEST(Queues, OfSeveralTablesEachHasItsOwnColumns) {
  std::string table;
  for (int i = 0; i < 50'000; ++i) table += "name\tmessages\tconsumers\n";
  const auto found = listed(table + "a\t5\t1\nconsumers\tname\tmessages\n0\tb\t7\n", "Why?");
  const Observation* one = find_by(found, "queue-unread");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->culprit.name, "b");
}

TEST(Queues, ColumnsMayBeSetBelowEachOther) {
  const auto found = listed(
      "name             type      messages_ready   consumers   state\n"
      "orders.invoice   classic   3                2           running\n"
      "orders.audit     classic   4127733          0           running\n",
      "Why can nothing be published?");
  const Observation* one = find_by(found, "queue-unread");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->cause, "Queue orders.audit has 4127733 messages and no consumer: nobody reads it.");
}

std::vector<Observation> read_in_vain(const std::string& group, const std::string& offsets) {
  Inventory inventory;
  for (const auto& [path, text] :
       {std::pair("kafka/describe-group.txt", group), std::pair("kafka/end-offsets.txt", offsets)}) {
    Document file{path, text, {}};
    file.find_lines();
    inventory.add(std::move(file));
  }
  return detect(inventory, "Why is nothing scored?");
}

TEST(Topics, OneThatNeverHadAMessageIsToldWithTheOneThatIsMeant) {
  const std::string head = "GROUP   TOPIC    PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG  CONSUMER-ID\n";
  const auto found = read_in_vain("\n" + head + "scorer  payment-made  0  0  0  0  scorer-1\n",
                                  "payment-made:0:0\npayments.made.v1:0:7712\npayments.made.v1:1:9\n");
  const Observation* one = find_by(found, "topic-empty");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(
      one->cause,
      "Consumer group scorer reads topic payment-made, in which there has never been a message (its log "
      "ends at 0); the messages are in payments.made.v1: it may be the wrong topic.");
  EXPECT_EQ(one->lines[0].at.line, 3u);
  EXPECT_EQ(one->lines[1].quote, "payments.made.v1:0:7712");
  EXPECT_EQ(find_by(read_in_vain(head + "scorer  payment-made  0  4  5  1  scorer-1\n", ""), "topic-empty"),
            nullptr);
  EXPECT_EQ(find_by(read_in_vain(head + "scorer  payment-made\n", "::\n:1:2\nx:\n"), "topic-empty"), nullptr);
}

TEST(Topics, ManyListsAreReadInTime) {
  Inventory inventory;
  std::string offsets;
  for (int i = 0; i < 20'000; ++i)
    offsets += "t" + std::to_string(i % 3000) + ".x:" + std::to_string(i) + ":7\n";
  const auto add = [&](const std::string& path, const std::string& text) {
    Document file{path, text, {}};
    file.find_lines();
    inventory.add(std::move(file));
  };
  add("kafka/end-offsets.txt", offsets);
  std::string list = "GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET\n";
  for (int i = 0; i < 200; ++i) list += "g q" + std::to_string(i) + " 0 0 0\n";
  for (int i = 0; i < 3000; ++i) add("kafka/describe-" + std::to_string(i) + ".txt", list);
  const auto found = detect(inventory, "Why?");
  EXPECT_LE(std::count_if(found.begin(), found.end(),
                          [](const Observation& each) { return each.detector == "topic-empty"; }),
            32 * 64);
}

TEST(Queues, TablesOfAnotherFormAreLeftAlone) {
  for (const char* const table : {"name\tconsumers\nletters\t0\n", "name\tmessages\tconsumers\nletters\t\n",
                                  "name\tmessages\tconsumers\n\t5\t0\n", "name\tmessages\tconsumers"}) {
    EXPECT_EQ(find_by(listed(table, "Why?"), "queue-unread"), nullptr) << table;
  }
  const std::string long_name(2000, 'q');
  EXPECT_EQ(find_by(listed("name\tmessages\tconsumers\n" + long_name + "\t5\t0\n", "Why?"), "queue-unread"),
            nullptr);
}

}  // namespace
}  // namespace carrel
