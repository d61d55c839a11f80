// A key from the file that the user keeps it in: one line of text, as the key's own header says. The text is
// wiped. Errors: those of reading the file, and Code::bad_input with the file's name where it is no such key.
//
//   auto keys = read_key_file("support.key", recipient_keys_of_text);
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "crypto/secret.h"

namespace carrel {

inline constexpr std::size_t key_file_bytes = 4096;

template <class Key>
Result<Key> read_key_file(const std::string& file, Result<Key> (*of_text)(std::string_view)) {
  auto text = read_file(file, key_file_bytes);
  if (!text) return text.error();
  auto key = of_text(*text);
  wipe(*text);
  if (!key) return std::move(key.error()).in(file);
  return key;
}

}  // namespace carrel
