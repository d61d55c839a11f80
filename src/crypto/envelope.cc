#include "crypto/envelope.h"

#include <tuple>

#include <sodium.h>

#include "crypto/key_line.h"

namespace carrel {
namespace {

static_assert(std::tuple_size_v<Envelope> == SecretKey::size() + crypto_box_SEALBYTES);
static_assert(RecipientSecret::size() == crypto_box_SECRETKEYBYTES);

constexpr std::string_view recipient_label = "carrel-recipient-1";
constexpr std::string_view secret_label = "carrel-recipient-secret-1";

RecipientKey recipient_of(const RecipientSecret& secret) {
  RecipientKey recipient{};
  crypto_scalarmult_base(recipient.data(), secret.data());
  return recipient;
}

}  // namespace

RecipientKeys random_recipient_keys() {
  RecipientKeys keys;
  crypto_box_keypair(keys.recipient.data(), keys.secret.data());
  return keys;
}

Envelope put_in_envelope(const RecipientKey& to, const SecretKey& key) {
  Envelope envelope{};
  crypto_box_seal(envelope.data(), key.data(), key.size(), to.data());
  return envelope;
}

Result<SecretKey> open_envelope(const RecipientSecret& secret, const Envelope& envelope) {
  SecretKey key;
  if (crypto_box_seal_open(key.data(), envelope.data(), envelope.size(), recipient_of(secret).data(),
                           secret.data()) != 0)
    return Error{Code::bad_input, "it is sealed to another recipient, or was changed",
                 "take the secret key of the recipient it was encrypted to"};
  return key;
}

std::string recipient_text(const RecipientKey& key) {
  return key_line(recipient_label, key);
}

std::string recipient_secret_text(const RecipientSecret& secret) {
  return key_line(secret_label, {secret.data(), secret.size()});
}

Result<RecipientKey> recipient_of_text(std::string_view text) {
  RecipientKey key{};
  if (Status read = read_key_line(recipient_label, text, key); !read) return read.error();
  return key;
}

Result<RecipientKeys> recipient_keys_of_text(std::string_view text) {
  RecipientKeys keys;
  if (Status read = read_key_line(secret_label, text, {keys.secret.data(), keys.secret.size()}); !read)
    return read.error();
  keys.recipient = recipient_of(keys.secret);
  return keys;
}

}  // namespace carrel
