#include "room/engine/saved_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/engine/fake_engine_reference.h"

namespace carrel {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t batch = 64;

FakeEngine engine() {
  FakeEngine made(FakeEngine::bytes_and({}), [](std::uint32_t, const std::string&) { return std::string(); });
  EXPECT_TRUE(made.open({.context = 4096, .sequence = 4096, .sequences = 2, .batch = batch, .threads = 2}));
  return made;
}

StateOrigin origin() {
  return {"the key", "library 1", "amx", 2, batch, false};
}

Tokens tokens(std::size_t count) {
  Tokens out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(static_cast<Token>(i % 250));
  return out;
}

// The blob of an engine that has read these.
std::string blob_of(const Tokens& read, const StateOrigin& from = origin()) {
  FakeEngine reader = engine();
  reader.sequences_[0] = read;
  std::string memory(64 << 10, '\0');
  const std::size_t size = save_prefix(reader, from, read, memory);
  EXPECT_GT(size, 0U);
  memory.resize(size);
  return memory;
}

TEST(SavedState, IsTakenUpWholeWhereAllTokensAreTheSame) {
  const Tokens prefix = tokens(150);
  FakeEngine next = engine();
  const Restored restored = restore_prefix(next, blob_of(prefix), origin(), prefix);
  EXPECT_EQ(restored.tokens, 150U);
  EXPECT_EQ(restored.why_less, "");
  EXPECT_EQ(next.sequences_[0], prefix);
}

// Only up to where a schedule without the state has a border, too: steps of 43, the last of up to 64.
TEST(SavedState, IsOtherwiseTakenUpToTheLastBorderOfWhatIsCommon) {
  struct Case {
    std::size_t saved, ours, common, expected;
  };
  for (const Case& one :
       {Case{150, 200, 150, 86}, Case{200, 150, 150, 86}, Case{200, 200, 190, 172}, Case{200, 128, 128, 86},
        Case{128, 300, 128, 86}, Case{200, 200, 63, 43}, Case{129, 300, 129, 129}, Case{64, 65, 64, 0},
        Case{63, 64, 63, 0}, Case{200, 200, 42, 0}, Case{0, 10, 0, 0}, Case{10, 0, 0, 0}}) {
    Tokens saved = tokens(one.saved), ours = tokens(one.ours);
    if (one.common < std::min(one.saved, one.ours)) ours[one.common] = 251;
    EXPECT_EQ(reusable_tokens(saved, ours, batch), one.expected) << one.saved << " " << one.ours;
    if (one.saved == 0 || one.ours == 0) continue;
    FakeEngine next = engine();
    const Restored restored = restore_prefix(next, blob_of(saved), origin(), ours);
    EXPECT_EQ(restored.tokens, one.expected);
    EXPECT_EQ(next.sequences_[0], Tokens(ours.begin(), ours.begin() + static_cast<long>(one.expected)));
    EXPECT_EQ(restored.why_less.empty(), one.expected == one.ours);
  }
}

TEST(SavedState, OfAModelThatCannotForgetIsTakenWholeOrNotAtAll) {
  FakeEngine next = engine();
  next.can_truncate_ = false;
  const Restored part = restore_prefix(next, blob_of(tokens(150)), origin(), tokens(200));
  EXPECT_EQ(part.tokens, 0U);
  EXPECT_THAT(part.why_less, HasSubstr("whole or not at all"));
  EXPECT_TRUE(next.sequences_[0].empty());
  EXPECT_EQ(restore_prefix(next, blob_of(tokens(150)), origin(), tokens(150)).tokens, 150U);
}

TEST(SavedState, MadeUnderOtherCircumstancesIsNotUsed) {
  const Tokens prefix = tokens(150);
  const std::string blob = blob_of(prefix);
  const std::pair<const char*, void (*)(StateOrigin&)> changes[] = {
      {"something else", [](StateOrigin& here) { here.key = "another key"; }},
      {"version of the engine", [](StateOrigin& here) { here.library = "library 2"; }},
      {"processor", [](StateOrigin& here) { here.backend = "haswell"; }},
      {"threads", [](StateOrigin& here) { here.threads = 4; }},
      {"batches", [](StateOrigin& here) { here.batch = 128; }},
      {"exactness", [](StateOrigin& here) { here.exact = true; }},
  };
  for (const auto& [why, change] : changes) {
    StateOrigin here = origin();
    change(here);
    FakeEngine next = engine();
    const Restored restored = restore_prefix(next, blob, here, prefix);
    EXPECT_EQ(restored.tokens, 0U) << why;
    EXPECT_THAT(restored.why_less, HasSubstr(why));
    EXPECT_TRUE(next.sequences_[0].empty());
  }
}

TEST(SavedState, ACutOrChangedBlobIsNotUsed) {
  const Tokens prefix = tokens(150);
  const std::string blob = blob_of(prefix);
  for (std::size_t kept = 0; kept < blob.size(); ++kept) {
    FakeEngine next = engine();
    EXPECT_EQ(restore_prefix(next, blob.substr(0, kept), origin(), prefix).tokens, 0U) << kept;
    EXPECT_TRUE(next.sequences_[0].empty());
  }
  FakeEngine next = engine();
  EXPECT_EQ(restore_prefix(next, blob + "x", origin(), prefix).tokens, 0U);
  std::string of_another_version = blob;
  of_another_version[std::string("carrel state ").size()] = '1';
  EXPECT_EQ(restore_prefix(next, of_another_version, origin(), prefix).tokens, 0U);
  // A header that claims to be longer than there are bytes.
  std::string claims = blob;
  claims.replace(std::string("carrel state 2\n").size(), 8, 8, '\xff');
  EXPECT_EQ(restore_prefix(next, claims, origin(), prefix).tokens, 0U);
}

TEST(SavedState, ThatDoesNotFitIsNotWritten) {
  const Tokens prefix = tokens(150);
  const std::size_t size = blob_of(prefix).size();
  FakeEngine reader = engine();
  reader.sequences_[0] = prefix;
  std::string memory(size, '\0');
  EXPECT_EQ(save_prefix(reader, origin(), prefix, {memory.data(), size - 1}), 0U);
  EXPECT_EQ(save_prefix(reader, origin(), prefix, {memory.data(), 10}), 0U);
  EXPECT_EQ(save_prefix(reader, origin(), prefix, {}), 0U);
  EXPECT_EQ(save_prefix(reader, origin(), prefix, memory), size);
}

}  // namespace
}  // namespace carrel
