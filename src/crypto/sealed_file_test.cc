#include "crypto/sealed_file.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carrel {
namespace {

using testing::HasSubstr;

Result<std::string> open_with(RecipientSecret secret, std::string_view sealed, std::size_t piece) {
  FileOpener opener(std::move(secret));
  std::string plain;
  for (std::size_t at = 0; at < sealed.size(); at += piece) {
    if (Status added = opener.add(sealed.substr(at, piece), &plain); !added) return added.error();
  }
  if (Status ended = opener.finish(&plain); !ended) return ended.error();
  return plain;
}

RecipientSecret copy_of(const RecipientKeys& keys) {
  auto again = recipient_keys_of_text(recipient_secret_text(keys.secret));
  return std::move(again->secret);
}

std::string sealed_for(const std::vector<RecipientKey>& recipients, std::string_view plain) {
  FileSealer sealer(recipients);
  std::string sealed = sealer.add(plain.substr(0, plain.size() / 3));
  sealed += sealer.add(plain.substr(plain.size() / 3));
  return sealed + sealer.finish();
}

TEST(SealedFile, EachRecipientOpensItHoweverItIsCut) {
  const RecipientKeys one = random_recipient_keys(), two = random_recipient_keys();
  for (const std::size_t size : {0UL, 1UL, 200'000UL}) {
    const std::string plain(size, 'p');
    const std::string sealed = sealed_for({one.recipient, two.recipient}, plain);
    EXPECT_TRUE(sealed.starts_with(sealed_file_magic));
    for (const RecipientKeys* keys : {&one, &two}) {
      for (const std::size_t piece : {1UL, 97UL, 1'000'000UL}) {
        const auto opened = open_with(copy_of(*keys), sealed, piece);
        ASSERT_TRUE(opened) << opened.error().what;
        EXPECT_TRUE(*opened == plain);
      }
    }
  }
}

TEST(SealedFile, AnotherKeyDoesNotOpenIt) {
  const auto opened =
      open_with(random_recipient_keys().secret, sealed_for({random_recipient_keys().recipient}, "x"), 50);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::bad_input);
  EXPECT_THAT(opened.error().what, HasSubstr("sealed for another key"));
}

TEST(SealedFile, CutOrChangedAnywhereIsAnError) {
  const RecipientKeys keys = random_recipient_keys();
  const std::string sealed = sealed_for({keys.recipient}, "some bytes of an archive");
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    EXPECT_FALSE(open_with(copy_of(keys), sealed.substr(0, at), 64)) << at;
    std::string changed = sealed;
    changed[at] ^= 4;
    EXPECT_FALSE(open_with(copy_of(keys), changed, 64)) << at;
  }
}

}  // namespace
}  // namespace carrel
