// Keys for data at rest: made at random, from a passphrase, or from another key.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "crypto/secret.h"

namespace carrel {

// A symmetric key, for sealed_stream.h.
using SecretKey = Secret<32>;

SecretKey random_key();

// Kept beside what a passphrase protects; not secret.
using Salt = std::array<unsigned char, 16>;
Salt random_salt();

// Argon2id (RFC 9106) with libsodium's "moderate" costs: 256 MiB and about a second of one core. Error:
// Code::machine where that memory is not to be had.
Result<SecretKey> key_of_passphrase(std::string_view passphrase, const Salt& salt);

// A key for one purpose that tells nothing of the key it comes from (BLAKE2b). Purpose: eight characters.
SecretKey derive_key(const SecretKey& from, std::string_view purpose, std::uint64_t number = 0);

// As a line of text, for files and key commands: "carrel-key-1:" and the key in base64. Reading passes over
// white space around it; the error (Code::bad_input) never repeats what was read.
std::string key_text(const SecretKey& key);
Result<SecretKey> key_of_text(std::string_view text);

// A password as it is stored, and whether this is it: Argon2id with "interactive" costs and a salt of its
// own.
Result<std::string> hash_password(std::string_view password);
bool is_password(std::string_view password, const std::string& hash);

}  // namespace carrel
