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
