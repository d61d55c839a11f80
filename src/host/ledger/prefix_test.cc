// States of think rooms among the objects of a ledger: kept, found again, refused, and gone in time.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "base/fd.h"
#include "host/ledger/made_ledger.h"

namespace carrel {
namespace {

constexpr std::uint64_t plenty = 1 << 20;

class PrefixTest : public MadeLedger {
 protected:
  std::string path_of(const std::string& sha256) const {
    return data_ + "/tenants/acme/objects/" + sha256.substr(0, 2) + "/" + sha256.substr(2);
  }
  static std::vector<std::string> keys(const Ledger& ledger) {
    auto rows = ledger.prefixes();
    EXPECT_TRUE(rows);
    std::vector<std::string> out;
    for (const PrefixRow& row : *rows) out.push_back(row.key);
    return out;
  }
  // Times of use have milliseconds.
  static void wait() { std::this_thread::sleep_for(std::chrono::milliseconds(3)); }
};

TEST_F(PrefixTest, IsFoundUnderItsKeyAloneAndInItsLedgerAlone) {
  Ledger ledger = open();
  const RunRow run = finished(ledger, "20260101-000000-000001");
  ASSERT_TRUE(*ledger.keep_prefix("key a", run.id, "the state", plenty));
  EXPECT_EQ(*ledger.take_prefix("key a"), "the state");
  EXPECT_EQ(*ledger.take_prefix("key b"), "");
  Ledger other = open("globex");
  EXPECT_EQ(*other.take_prefix("key a"), "");
  EXPECT_EQ(ledger.prefixes()->at(0).run, run.id);
  EXPECT_FALSE(ledger.keep_prefix("key c", "20260101-000000-00000f", "of no run", plenty));
  EXPECT_EQ(keys(ledger), std::vector<std::string>{"key a"});
  EXPECT_TRUE(audit(data_).sound()) << broken(audit(data_));
}

TEST_F(PrefixTest, ANewerStateTakesThePlaceOfTheOldOne) {
  Ledger ledger = open();
  const RunRow run = finished(ledger, "20260101-000000-000001");
  ASSERT_TRUE(*ledger.keep_prefix("key", run.id, "the old state", plenty));
  const std::string old = ledger.prefixes()->at(0).sha256;
  ASSERT_TRUE(*ledger.keep_prefix("key", run.id, "the new state", plenty));
  EXPECT_EQ(*ledger.take_prefix("key"), "the new state");
  EXPECT_FALSE(std::filesystem::exists(path_of(old)));
  // The same again, and the same bytes under two keys, stay while one row names them.
  ASSERT_TRUE(*ledger.keep_prefix("key", run.id, "the new state", plenty));
  ASSERT_TRUE(*ledger.keep_prefix("other", run.id, "the new state", plenty));
  ASSERT_TRUE(*ledger.keep_prefix("key", run.id, "another state", plenty));
  EXPECT_EQ(*ledger.take_prefix("other"), "the new state");
}

TEST_F(PrefixTest, TheLongestUnusedGoFirst) {
  Ledger ledger = open();
  const RunRow run = finished(ledger, "20260101-000000-000001");
  const std::string state(400, 's');
  for (const char* const key : {"a", "b", "c"}) {
    ASSERT_TRUE(*ledger.keep_prefix(key, run.id, state + key, 1300));
    wait();
  }
  ASSERT_TRUE(ledger.take_prefix("a"));  // now b is the one that was used longest ago
  wait();
  const std::string gone = ledger.prefixes()->at(2).sha256;
  ASSERT_TRUE(*ledger.keep_prefix("d", run.id, state + "d", 1300));
  EXPECT_EQ(keys(ledger), (std::vector<std::string>{"d", "a", "c"}));
  EXPECT_FALSE(std::filesystem::exists(path_of(gone)));
  // One that alone is too large is not kept, and nothing goes for it.
  EXPECT_FALSE(*ledger.keep_prefix("e", run.id, std::string(1301, 'e'), 1300));
  EXPECT_EQ(keys(ledger).size(), 3U);
  // A smaller limit holds from the next one on.
  ASSERT_TRUE(*ledger.keep_prefix("f", run.id, state + "f", 900));
  EXPECT_EQ(keys(ledger).size(), 2U);
  EXPECT_TRUE(audit(data_).sound()) << broken(audit(data_));
}

TEST_F(PrefixTest, OneThatWasChangedIsRefusedAndForgotten) {
  Ledger ledger = open();
  const RunRow run = finished(ledger, "20260101-000000-000001");
  for (const bool gone : {false, true}) {
    ASSERT_TRUE(*ledger.keep_prefix("key", run.id, "the state", plenty));
    const std::string path = path_of(ledger.prefixes()->at(0).sha256);
    std::filesystem::remove(path);
    if (!gone) std::ofstream(path) << "the State";
    EXPECT_FALSE(audit(data_).sound()) << "verify sees it, too";
    EXPECT_FALSE(ledger.take_prefix("key"));
    EXPECT_EQ(*ledger.take_prefix("key"), "");
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_TRUE(audit(data_).sound()) << broken(audit(data_));
  }
}

TEST_F(PrefixTest, GoesWithItsRun) {
  Ledger ledger = open();
  const RunRow one = finished(ledger, "20260101-000000-000001");
  const RunRow two = finished(ledger, "20260101-000000-000002");
  ASSERT_TRUE(*ledger.keep_prefix("a", one.id, "a state of the first", plenty));
  ASSERT_TRUE(*ledger.keep_prefix("b", two.id, "a state of the second", plenty));
  const std::string first = ledger.prefixes()->at(1).sha256;
  PurgeWish wish;
  wish.subject = one.id;
  auto purged = ledger.purge(wish);
  ASSERT_TRUE(purged) << purged.error().what;
  EXPECT_TRUE(*ledger.was_purged(one.id));
  EXPECT_FALSE(*ledger.was_purged(two.id));
  EXPECT_EQ(keys(ledger), std::vector<std::string>{"b"});
  EXPECT_FALSE(std::filesystem::exists(path_of(first)));
  EXPECT_EQ(*ledger.take_prefix("b"), "a state of the second");
  ASSERT_TRUE(ledger.purge({}));
  EXPECT_TRUE(keys(ledger).empty());
  EXPECT_TRUE(audit(data_).sound()) << broken(audit(data_));
}

TEST_F(PrefixTest, OfASealedLedgerIsSealed) {
  Ledger ledger = open("acme", key_from(7));
  const RunRow run = finished(ledger, "20260101-000000-000001");
  ASSERT_TRUE(*ledger.keep_prefix("key", run.id, "what the engine knew", plenty));
  const auto stored = read_file(path_of(ledger.prefixes()->at(0).sha256), 4096);
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->find("engine"), std::string::npos);
  EXPECT_EQ(*ledger.take_prefix("key"), "what the engine knew");
  auto locked = Ledger::open_existing(data_, "acme");
  ASSERT_TRUE(locked);
  EXPECT_FALSE(locked->take_prefix("key"));
  EXPECT_EQ(locked->prefixes()->size(), 1U);
  EXPECT_TRUE(audit(data_).sound());
}

}  // namespace
}  // namespace carrel
