#include "crypto/key_line.h"

#include <fmt/format.h>
#include <sodium.h>

namespace carrel {
namespace {

constexpr int form = sodium_base64_VARIANT_ORIGINAL;

std::string_view without_space_around(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

}  // namespace

std::string key_line(std::string_view label, std::span<const unsigned char> bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), form), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), form);
  text.pop_back();  // the NUL that libsodium counts in
  std::string line = fmt::format("{}:{}", label, text);
  sodium_memzero(text.data(), text.size());
  return line;
}

Status read_key_line(std::string_view label, std::string_view text, std::span<unsigned char> bytes) {
  const Error wrong{Code::bad_input, fmt::format("this is no key of the kind {}", label),
                    fmt::format("its one line begins with \"{}:\"", label)};
  text = without_space_around(text);
  if (!text.starts_with(label) || !text.substr(label.size()).starts_with(':')) return wrong;
  text.remove_prefix(label.size() + 1);
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size, &end, form) !=
          0 ||
      size != bytes.size() || end != text.data() + text.size())
    return wrong;
  return {};
}

}  // namespace carrel
