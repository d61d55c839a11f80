// Keys, sealed streams, signatures and envelopes: what opens, and what must not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/envelope.h"
#include "crypto/key.h"
#include "crypto/sealed_stream.h"
#include "crypto/sign.h"

namespace carrel {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Crypto : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(prepare_crypto()); }
  const SecretKey key_ = random_key();
};

std::string text_of(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + i / 251);
  return text;
}

TEST_F(Crypto, OpensWhatItSealedAtEverySizeAboutAChunk) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, sealed_chunk - 1, sealed_chunk,
                                 sealed_chunk + 1, 2 * sealed_chunk, 3 * sealed_chunk + 7}) {
    const std::string plain = text_of(size);
    const auto opened = open_sealed(key_, "a", seal(key_, "a", plain));
    ASSERT_TRUE(opened) << size << ": " << opened.error().what;
    EXPECT_EQ(*opened, plain);
  }
}

TEST_F(Crypto, PiecesMakeNoDifference) {
  const std::string plain = text_of(2 * sealed_chunk + 100);
  for (const std::size_t piece : {std::size_t{1} << 9, std::size_t{65537}, std::size_t{7777}}) {
    Sealer sealer(key_, "a");
    std::string sealed;
    for (std::size_t at = 0; at < plain.size(); at += piece) sealed += sealer.add(plain.substr(at, piece));
    sealed += sealer.finish();
    Opener opener(key_, "a");
    std::string opened;
    for (std::size_t at = 0; at < sealed.size(); at += piece)
      ASSERT_TRUE(opener.add(std::string_view(sealed).substr(at, piece), &opened));
    ASSERT_TRUE(opener.finish(&opened));
    EXPECT_EQ(opened, plain);
  }
}

TEST_F(Crypto, NoCutOpens) {
  // Through the head, at and about the borders of the chunks, and before the end.
  const std::string sealed = seal(key_, "a", text_of(2 * sealed_chunk));
  std::vector<std::size_t> cuts;
  for (std::size_t cut = 0; cut < 80; ++cut) cuts.push_back(cut);
  for (const std::size_t border : {40 + sealed_chunk + 17, sealed.size()}) {
    for (std::size_t back = 0; back < 20; ++back) cuts.push_back(border - back);
  }
  for (const std::size_t cut : cuts) {
    if (cut == sealed.size()) continue;
    EXPECT_FALSE(open_sealed(key_, "a", sealed.substr(0, cut))) << cut;
  }
}

TEST_F(Crypto, NoChangedByteOpens) {
  const std::string sealed = seal(key_, "a", text_of(300));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(open_sealed(key_, "a", changed)) << i;
  }
  EXPECT_FALSE(open_sealed(key_, "a", sealed + "x"));
}

TEST_F(Crypto, NeitherAnotherKeyNorAnotherContextOpens) {
  const std::string sealed = seal(key_, "object 1", "text");
  EXPECT_FALSE(open_sealed(random_key(), "object 1", sealed));
  EXPECT_FALSE(open_sealed(key_, "object 2", sealed));
}

TEST_F(Crypto, ChunksThatChangedPlacesDoNotOpen) {
  std::string sealed = seal(key_, "a", text_of(3 * sealed_chunk));
  const std::size_t chunk = sealed_chunk + 17;
  const std::string first = sealed.substr(40, chunk), second = sealed.substr(40 + chunk, chunk);
  sealed.replace(40, chunk, second);
  sealed.replace(40 + chunk, chunk, first);
  EXPECT_FALSE(open_sealed(key_, "a", sealed));
}

TEST_F(Crypto, AnOpenerThatFailedGivesNothingMore) {
  std::string sealed = seal(key_, "a", text_of(2 * sealed_chunk));
  sealed[50] = static_cast<char>(sealed[50] ^ 1);
  Opener opener(key_, "a");
  std::string plain;
  EXPECT_FALSE(opener.add(sealed, &plain));
  EXPECT_FALSE(opener.add(seal(key_, "a", "more"), &plain));
  EXPECT_FALSE(opener.finish(&plain));
  EXPECT_EQ(plain, "");
}

TEST_F(Crypto, APassphraseWithItsSaltIsTheSameKeyAgain) {
  const Salt salt = random_salt();
  const auto key = key_of_passphrase("correct horse", salt);
  ASSERT_TRUE(key);
  const std::string sealed = seal(*key, "a", "text");
  EXPECT_TRUE(open_sealed(*key_of_passphrase("correct horse", salt), "a", sealed));
  EXPECT_FALSE(open_sealed(*key_of_passphrase("correct hors", random_salt()), "a", sealed));
}

TEST_F(Crypto, DerivedKeysDifferByPurposeAndNumber) {
  const std::string sealed = seal(derive_key(key_, "objects_"), "a", "text");
  EXPECT_TRUE(open_sealed(derive_key(key_, "objects_"), "a", sealed));
  EXPECT_FALSE(open_sealed(derive_key(key_, "prefixes"), "a", sealed));
  EXPECT_FALSE(open_sealed(derive_key(key_, "objects_", 1), "a", sealed));
}

TEST_F(Crypto, KeysAreReadBackFromTheirText) {
  const auto again = key_of_text("\n" + key_text(key_) + "  \n");
  ASSERT_TRUE(again);
  EXPECT_TRUE(open_sealed(*again, "a", seal(key_, "a", "text")));
}

TEST_F(Crypto, WhatIsNoKeyIsRefusedAndNotRepeated) {
  const std::string text = key_text(key_);
  for (const std::string& wrong :
       {std::string(), std::string("secret-words"), text.substr(0, text.size() - 1), text + "AAAA",
        text + " x", "carrel-key-2" + text.substr(12), recipient_text(random_recipient_keys().recipient)}) {
    const auto read = key_of_text(wrong);
    ASSERT_FALSE(read) << wrong;
    EXPECT_EQ(read.error().code, Code::bad_input);
    EXPECT_THAT(read.error().what + read.error().remedy, Not(HasSubstr("secret-words")));
  }
}

TEST_F(Crypto, ASignatureHoldsForItsMessageAndKeyAlone) {
  const SigningKeys keys = random_signing_keys();
  Signature signature = sign(keys.secret, "entry 1");
  EXPECT_TRUE(is_signed(keys.verifying, "entry 1", signature));
  EXPECT_FALSE(is_signed(keys.verifying, "entry 2", signature));
  EXPECT_FALSE(is_signed(random_signing_keys().verifying, "entry 1", signature));
  signature[0] ^= 1;
  EXPECT_FALSE(is_signed(keys.verifying, "entry 1", signature));
}

TEST_F(Crypto, SigningKeysAreReadBackFromTheirText) {
  const SigningKeys keys = random_signing_keys();
  const auto again = signing_keys_of_text(signing_key_text(keys.secret));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->verifying, keys.verifying);
  EXPECT_TRUE(
      is_signed(*verifying_key_of_text(verifying_key_text(keys.verifying)), "m", sign(again->secret, "m")));
  EXPECT_FALSE(verifying_key_of_text(signing_key_text(keys.secret)));
}

TEST_F(Crypto, OnlyTheRecipientOpensAnEnvelope) {
  const RecipientKeys keys = random_recipient_keys();
  Envelope envelope = put_in_envelope(keys.recipient, key_);
  const auto opened = open_envelope(keys.secret, envelope);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(open_sealed(*opened, "a", seal(key_, "a", "text")));
  EXPECT_FALSE(open_envelope(random_recipient_keys().secret, envelope));
  envelope[40] ^= 1;
  EXPECT_FALSE(open_envelope(keys.secret, envelope));
  const auto again = recipient_keys_of_text(recipient_secret_text(keys.secret));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->recipient, keys.recipient);
  EXPECT_EQ(*recipient_of_text(recipient_text(keys.recipient)), keys.recipient);
}

TEST_F(Crypto, PasswordsAreKeptAsHashes) {
  const auto hash = hash_password("open sesame");
  ASSERT_TRUE(hash);
  EXPECT_THAT(*hash, StartsWith("$argon2id$"));
  EXPECT_TRUE(is_password("open sesame", *hash));
  EXPECT_FALSE(is_password("open sesamE", *hash));
  EXPECT_FALSE(is_password("open sesame", "no hash"));
}

}  // namespace
}  // namespace carrel
