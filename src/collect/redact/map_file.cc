#include "collect/redact/map_file.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "crypto/sealed_stream.h"

namespace carrel {
namespace {

constexpr std::string_view magic = "carrel map 1\n";
constexpr std::string_view with_key = "key\n";
constexpr std::string_view with_passphrase = "passphrase ";
constexpr std::string_view context = "pseudonyms";

Error no_map(std::string_view why) {
  return {Code::bad_input, fmt::format("this is no map of pseudonyms: {}", why),
          "give the file that --map named when the text was redacted"};
}

std::string hex(const Salt& salt) {
  std::string text;
  for (const unsigned char byte : salt) text += fmt::format("{:02x}", byte);
  return text;
}

std::optional<Salt> salt_of(std::string_view text) {
  Salt salt{};
  if (text.size() != salt.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < salt.size(); ++i) {
    const char* const begin = text.data() + i * 2;
    const auto [end, error] = std::from_chars(begin, begin + 2, salt[i], 16);
    if (error != std::errc() || end != begin + 2) return std::nullopt;
  }
  return salt;
}

// "PSEUDONYM LENGTH\nVALUE\n", again and again.
Result<std::vector<Pseudonyms::Entry>> read_entries(std::string_view plain) {
  std::vector<Pseudonyms::Entry> entries;
  while (!plain.empty()) {
    const std::size_t line = plain.find('\n');
    const std::size_t space = plain.substr(0, line).find(' ');
    if (line == std::string_view::npos || space == std::string_view::npos)
      return no_map("an entry has no length");
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(plain.data() + space + 1, plain.data() + line, size);
    if (error != std::errc() || end != plain.data() + line || size + 1 > plain.size() - line - 1)
      return no_map("an entry has no right length");
    entries.push_back({std::string(plain.substr(0, space)), std::string(plain.substr(line + 1, size))});
    plain.remove_prefix(line + 1 + size + 1);
  }
  return entries;
}

bool in_pseudonym(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

// Does it end as a pseudonym does, with '-' and a number?
bool is_pseudonym(std::string_view word) {
  const std::size_t dash = word.rfind('-');
  return dash != std::string_view::npos && dash > pseudonym_prefix.size() && dash + 1 < word.size() &&
         word.find_first_not_of("0123456789", dash + 1) == std::string_view::npos;
}

}  // namespace

MapLock lock_with_key(SecretKey key) {
  return {std::move(key), std::nullopt};
}

Result<MapLock> lock_with_passphrase(std::string_view passphrase) {
  const Salt salt = random_salt();
  auto key = key_of_passphrase(passphrase, salt);
  if (!key) return key.error();
  return MapLock{std::move(*key), salt};
}

std::string seal_map(const std::vector<Pseudonyms::Entry>& entries, const MapLock& lock) {
  std::string plain;
  for (const Pseudonyms::Entry& each : entries)
    plain += fmt::format("{} {}\n{}\n", each.pseudonym, each.value.size(), each.value);
  std::string bytes(magic);
  bytes += lock.salt ? fmt::format("{}{}\n", with_passphrase, hex(*lock.salt)) : std::string(with_key);
  bytes += seal(lock.key, context, plain);
  wipe(plain);
  return bytes;
}

Result<std::vector<Pseudonyms::Entry>> open_map(std::string_view bytes, const Unlock& unlock) {
  if (!bytes.starts_with(magic)) return no_map("it begins otherwise");
  bytes.remove_prefix(magic.size());
  const std::size_t line = bytes.find('\n');
  if (line == std::string_view::npos) return no_map("it is cut short");
  const std::string_view how = bytes.substr(0, line + 1);
  std::optional<Salt> salt;
  if (how.starts_with(with_passphrase)) {
    salt = salt_of(how.substr(with_passphrase.size(), how.size() - with_passphrase.size() - 1));
    if (!salt) return no_map("its salt is damaged");
  } else if (how != with_key) {
    return no_map("it does not say how it is sealed");
  }
  auto key = unlock(salt);
  if (!key) return key.error();
  auto plain = open_sealed(*key, context, bytes.substr(line + 1));
  if (!plain) {
    return Error{Code::bad_input, "the map cannot be opened: it was changed, or this is not its key",
                 salt ? "type the passphrase again" : "give the key that it was made with"};
  }
  auto entries = read_entries(*plain);
  wipe(*plain);
  return entries;
}

std::string reveal(std::string_view text, const std::vector<Pseudonyms::Entry>& entries,
                   std::size_t* unknown) {
  std::unordered_map<std::string_view, const std::string*> values;
  for (const Pseudonyms::Entry& each : entries) values[each.pseudonym] = &each.value;
  *unknown = 0;
  std::string out;
  for (;;) {
    const std::size_t begin = text.find(pseudonym_prefix);
    if (begin == std::string_view::npos) break;
    std::size_t end = begin;
    while (end < text.size() && in_pseudonym(text[end])) ++end;
    // "redacted-host-3-replica" was "db-replica": the longest pseudonym that the word begins with.
    std::size_t stop = end;
    while (stop > begin && !(is_pseudonym(text.substr(begin, stop - begin)) &&
                             values.contains(text.substr(begin, stop - begin)))) {
      stop = text.substr(begin, stop - begin).rfind('-') == std::string_view::npos
                 ? begin
                 : begin + text.substr(begin, stop - begin).rfind('-');
    }
    out += text.substr(0, begin);
    if (stop > begin) {
      out += *values[text.substr(begin, stop - begin)];
    } else {
      if (is_pseudonym(text.substr(begin, end - begin))) ++*unknown;
      stop = end;
      out += text.substr(begin, end - begin);
    }
    text.remove_prefix(stop);
  }
  out += text;
  return out;
}

}  // namespace carrel
