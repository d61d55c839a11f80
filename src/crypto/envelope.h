// Envelopes: a key sealed to somebody's public key, whom nobody else can open it for (X25519, libsodium's
// sealed box). What is encrypted "to" a recipient is a sealed stream under a random key, and that key in an
// envelope before it.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "crypto/key.h"

namespace carrel {

using RecipientKey = std::array<unsigned char, 32>;  // public
using RecipientSecret = Secret<32>;
using Envelope = std::array<unsigned char, 80>;

struct RecipientKeys {
  RecipientSecret secret;
  RecipientKey recipient{};
};
RecipientKeys random_recipient_keys();

Envelope put_in_envelope(const RecipientKey& to, const SecretKey& key);
// Error: Code::bad_input, where it was made for another or changed.
Result<SecretKey> open_envelope(const RecipientSecret& secret, const Envelope& envelope);

// As lines of text: "carrel-recipient-1:" or "carrel-recipient-secret-1:" and base64, read as key.h says.
std::string recipient_text(const RecipientKey& key);
std::string recipient_secret_text(const RecipientSecret& secret);
Result<RecipientKey> recipient_of_text(std::string_view text);
Result<RecipientKeys> recipient_keys_of_text(std::string_view text);

}  // namespace carrel
