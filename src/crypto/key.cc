#include "crypto/key.h"

#include <algorithm>
#include <tuple>

#include <sodium.h>

#include "crypto/key_line.h"

namespace carrel {
namespace {

static_assert(SecretKey::size() == crypto_secretstream_xchacha20poly1305_KEYBYTES);
static_assert(SecretKey::size() == crypto_kdf_KEYBYTES);
static_assert(std::tuple_size_v<Salt> == crypto_pwhash_SALTBYTES);

constexpr std::string_view key_label = "carrel-key-1";

Error no_memory() {
  return {Code::machine, "there is not the memory to work on a passphrase", "free some: it takes 256 MiB"};
}

}  // namespace

void wipe(std::span<unsigned char> bytes) {
  sodium_memzero(bytes.data(), bytes.size());
}

void wipe(std::string& text) {
  sodium_memzero(text.data(), text.size());
}

Status prepare_crypto() {
  if (sodium_init() >= 0) return {};
  return Error{Code::machine, "the kernel gives no random numbers", "see that getrandom(2) works here"};
}

SecretKey random_key() {
  SecretKey key;
  randombytes_buf(key.data(), key.size());
  return key;
}

Salt random_salt() {
  Salt salt;
  randombytes_buf(salt.data(), salt.size());
  return salt;
}

Result<SecretKey> key_of_passphrase(std::string_view passphrase, const Salt& salt) {
  if (Status ready = prepare_crypto(); !ready) return ready.error();
  SecretKey key;
  if (crypto_pwhash(key.data(), key.size(), passphrase.data(), passphrase.size(), salt.data(),
                    crypto_pwhash_OPSLIMIT_MODERATE, crypto_pwhash_MEMLIMIT_MODERATE,
                    crypto_pwhash_ALG_ARGON2ID13) != 0)
    return no_memory();
  return key;
}

SecretKey derive_key(const SecretKey& from, std::string_view purpose, std::uint64_t number) {
  std::array<char, crypto_kdf_CONTEXTBYTES> context{};
  std::copy_n(purpose.begin(), std::min(purpose.size(), context.size()), context.begin());
  SecretKey key;
  crypto_kdf_derive_from_key(key.data(), key.size(), number, context.data(), from.data());
  return key;
}

std::string key_text(const SecretKey& key) {
  return key_line(key_label, {key.data(), key.size()});
}

Result<SecretKey> key_of_text(std::string_view text) {
  SecretKey key;
  if (Status read = read_key_line(key_label, text, {key.data(), key.size()}); !read) return read.error();
  return key;
}

Result<std::string> hash_password(std::string_view password) {
  if (Status ready = prepare_crypto(); !ready) return ready.error();
  std::string hash(crypto_pwhash_STRBYTES, '\0');
  if (crypto_pwhash_str(hash.data(), password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                        crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
    return no_memory();
  hash.resize(hash.find('\0'));
  return hash;
}

bool is_password(std::string_view password, const std::string& hash) {
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

}  // namespace carrel
