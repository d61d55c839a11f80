#include "collect/redact/map_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collect/redact/redactor.h"

namespace carrel {
namespace {

using testing::HasSubstr;

SecretKey same_key(unsigned char fill) {
  SecretKey key;
  std::fill(key.data(), key.data() + SecretKey::size(), fill);
  return key;
}

Unlock unlock_with(unsigned char fill) {
  return [fill](const std::optional<Salt>&) -> Result<SecretKey> { return same_key(fill); };
}

std::string made_map() {
  return seal_map({{"redacted-password-1", "hunter2"}, {"redacted-key-2", std::string("a\n b\0c", 6)}},
                  lock_with_key(same_key(7)));
}

TEST(MapFile, IsReadAsItWasWritten) {
  const std::string bytes = made_map();
  EXPECT_EQ(bytes.find("hunter2"), std::string::npos);
  const auto entries = open_map(bytes, unlock_with(7));
  ASSERT_TRUE(entries) << entries.error().what;
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[0].pseudonym, "redacted-password-1");
  EXPECT_EQ((*entries)[0].value, "hunter2");
  EXPECT_EQ((*entries)[1].value, std::string("a\n b\0c", 6));
}

TEST(MapFile, OpensWithItsKeyAlone) {
  const auto entries = open_map(made_map(), unlock_with(8));
  ASSERT_FALSE(entries);
  EXPECT_EQ(entries.error().code, Code::bad_input);
  EXPECT_THAT(entries.error().what, HasSubstr("this is not its key"));
}

TEST(MapFile, CutOrChangedAnywhereDoesNotOpen) {
  const std::string bytes = made_map();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(open_map(bytes.substr(0, size), unlock_with(7))) << size;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] ^= 1;
    EXPECT_FALSE(open_map(changed, unlock_with(7))) << at;
  }
}

TEST(MapFile, TakesAPassphrase) {
  const auto lock = lock_with_passphrase("correct horse");
  ASSERT_TRUE(lock) << lock.error().what;
  const std::string bytes = seal_map({{"redacted-token-1", "t"}}, *lock);
  const auto ask = [](std::string_view passphrase) {
    return [passphrase](const std::optional<Salt>& salt) { return key_of_passphrase(passphrase, *salt); };
  };
  EXPECT_TRUE(open_map(bytes, ask("correct horse")));
  EXPECT_FALSE(open_map(bytes, ask("correct horses")));
}

TEST(MapFile, AReplyIsReadBack) {
  const RedactionPlan plan;
  auto pseudonyms = Pseudonyms::create(true);
  Redactor redactor(plan, &*pseudonyms);
  const std::string text =
      "password=hunter2 postgres://app:hunter2@db.example.com:5432/orders token=\"x-9-y z\"\n";
  std::string out;
  redactor.begin("x");
  redactor.feed(text, &out);
  redactor.finish(&out);
  ASSERT_NE(out, text);
  std::size_t unknown = 0;
  EXPECT_EQ(reveal(out, pseudonyms->kept(), &unknown), text);
  EXPECT_EQ(unknown, 0U);
}

TEST(MapFile, PseudonymsAreWords) {
  const std::vector<Pseudonyms::Entry> entries = {{"redacted-host-3", "db"}, {"redacted-host-31", "cache"}};
  std::size_t unknown = 0;
  EXPECT_EQ(reveal("redacted-host-3, redacted-host-31 redacted-host-3-replica redacted-host-32 redacted- x",
                   entries, &unknown),
            "db, cache db-replica redacted-host-32 redacted- x");
  EXPECT_EQ(unknown, 1U);
}

}  // namespace
}  // namespace carrel
