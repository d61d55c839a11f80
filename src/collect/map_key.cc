#include "collect/map_key.h"

#include <cstdio>
#include <filesystem>

#include "base/fd.h"
#include "base/text.h"
#include "crypto/key_file.h"
#include "crypto/passphrase.h"

namespace carrel {
namespace {

constexpr std::size_t shortest_passphrase = 8;  // characters
constexpr std::string_view instead = "name a key file with --map-key";

Result<SecretKey> read_or_make_key(const std::string& file) {
  std::error_code error;
  if (std::filesystem::exists(file, error)) return read_key_file(file, key_of_text);
  SecretKey key = random_key();
  if (Status written = write_file_durably(file, key_text(key) + "\n", 0600); !written) return written.error();
  std::fprintf(stderr, "support-diag: made the key %s: keep it, and give it to nobody\n",
               escape_for_terminal(file).c_str());
  return key;
}

}  // namespace

Result<MapLock> lock_for_new_map(const std::string& file) {
  if (!file.empty()) {
    auto key = read_or_make_key(file);
    if (!key) return key.error();
    return lock_with_key(std::move(*key));
  }
  const auto passphrase = ask_new_passphrase("Passphrase for the map: ", instead);
  if (!passphrase) return passphrase.error();
  if (passphrase->text().size() < shortest_passphrase)
    return Error{Code::usage, "the passphrase has fewer than 8 characters", "take a longer one"};
  return lock_with_passphrase(passphrase->text());
}

Unlock unlock_map(const std::string& file) {
  return [file](const std::optional<Salt>& salt) -> Result<SecretKey> {
    if (!salt) {
      if (file.empty())
        return Error{Code::usage, "the map is sealed with a key", "name its file with --map-key"};
      return read_key_file(file, key_of_text);
    }
    const auto passphrase = ask_passphrase("Passphrase of the map: ", instead);
    if (!passphrase) return passphrase.error();
    return key_of_passphrase(passphrase->text(), *salt);
  };
}

}  // namespace carrel
