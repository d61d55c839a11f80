// Signatures: Ed25519 (RFC 8032).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/secret.h"

namespace carrel {

using VerifyingKey = std::array<unsigned char, 32>;  // public
using SigningKey = Secret<64>;                       // libsodium's form: the seed and the public key
using Signature = std::array<unsigned char, 64>;

struct SigningKeys {
  SigningKey secret;
  VerifyingKey verifying{};
};
SigningKeys random_signing_keys();

Signature sign(const SigningKey& key, std::string_view message);
bool is_signed(const VerifyingKey& key, std::string_view message, const Signature& signature);

// As lines of text: "carrel-signing-key-1:" or "carrel-verifying-key-1:" and base64. Reading passes over
// white space around them; errors (Code::bad_input) never repeat what was read.
std::string signing_key_text(const SigningKey& key);
std::string verifying_key_text(const VerifyingKey& key);
Result<SigningKeys> signing_keys_of_text(std::string_view text);
Result<VerifyingKey> verifying_key_of_text(std::string_view text);

}  // namespace carrel
