// Secrets that are known by their own look: a fixed beginning, and so many characters of an alphabet.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "collect/redact/sight.h"

namespace carrel {

enum class Alphabet : std::uint8_t {
  digits,
  hex,
  capitals,  // A-Z and 0-9
  alphanumeric,
  url,    // alphanumeric, '-' and '_'
  token,  // url and '.', '=', '+', '/', '%'
  crypt,  // alphanumeric, '.', '/', '$', ',', '=', '+', '-'
  scram,  // crypt and ':'
};

struct Shape {
  std::string_view begin;  // as it is written; the anchor is its lower case
  Alphabet alphabet;
  std::uint16_t least;  // characters behind the beginning
  std::uint16_t most;
  std::string_view label;
  std::string_view needs = {};  // must stand among them
};

std::span<const Shape> shapes();

// Masks a secret of this shape whose beginning is the anchor.
void find_shape(const Sight& sight, const Shape& shape, Masks* masks);

// "eyJ": a JSON Web Token or a JSON Web Encryption (RFC 7519, RFC 7516).
void find_jwt(const Sight& sight, Masks* masks);

// "LS0tLS1CRUdJTi": base64 of a text that begins as a private key does.
void find_base64_private_key(const Sight& sight, Masks* masks);

}  // namespace carrel
