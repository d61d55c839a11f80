#include "crypto/sign.h"

#include <sodium.h>

#include "crypto/bytes_of.h"
#include "crypto/key_line.h"

namespace carrel {
namespace {

static_assert(SigningKey::size() == crypto_sign_SECRETKEYBYTES);

constexpr std::string_view signing_label = "carrel-signing-key-1";
constexpr std::string_view verifying_label = "carrel-verifying-key-1";

}  // namespace

SigningKeys random_signing_keys() {
  SigningKeys keys;
  crypto_sign_keypair(keys.verifying.data(), keys.secret.data());
  return keys;
}

Signature sign(const SigningKey& key, std::string_view message) {
  Signature signature{};
  crypto_sign_detached(signature.data(), nullptr, bytes_of(message), message.size(), key.data());
  return signature;
}

bool is_signed(const VerifyingKey& key, std::string_view message, const Signature& signature) {
  return crypto_sign_verify_detached(signature.data(), bytes_of(message), message.size(), key.data()) == 0;
}

std::string signing_key_text(const SigningKey& key) {
  return key_line(signing_label, {key.data(), crypto_sign_SEEDBYTES});
}

std::string verifying_key_text(const VerifyingKey& key) {
  return key_line(verifying_label, key);
}

Result<SigningKeys> signing_keys_of_text(std::string_view text) {
  Secret<crypto_sign_SEEDBYTES> seed;
  if (Status read = read_key_line(signing_label, text, {seed.data(), seed.size()}); !read)
    return read.error();
  SigningKeys keys;
  crypto_sign_seed_keypair(keys.verifying.data(), keys.secret.data(), seed.data());
  return keys;
}

Result<VerifyingKey> verifying_key_of_text(std::string_view text) {
  VerifyingKey key{};
  if (Status read = read_key_line(verifying_label, text, key); !read) return read.error();
  return key;
}

}  // namespace carrel
