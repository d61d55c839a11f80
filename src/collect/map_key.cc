#include "collect/map_key.h"

#include <cstdio>
#include <filesystem>

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"

namespace carrel {
namespace {

constexpr std::size_t key_file_bytes = 4096;
constexpr std::size_t longest_passphrase = 1024;
constexpr std::size_t shortest_passphrase = 8;

// Echo is off while it lives.
class Silence {
 public:
  explicit Silence(int terminal) : terminal_(terminal), known_(tcgetattr(terminal, &before_) == 0) {
    if (!known_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(terminal_, TCSAFLUSH, &silent);
  }
  ~Silence() {
    if (known_) tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  int terminal_;
  termios before_{};
  bool known_;
};

// Asked on the terminal, because stdin may be what is redacted.
Result<std::string> ask_passphrase(std::string_view question) {
  const Fd terminal(open("/dev/tty", O_RDWR | O_CLOEXEC));
  if (!terminal.valid())
    return Error{Code::usage, "there is no terminal to ask for the map's passphrase on",
                 "name a key file with --map-key"};
  const Silence silence(terminal.get());
  if (Status asked = write_all(terminal.get(), question); !asked) return asked.error();
  std::string passphrase;
  char c = 0;
  for (;;) {
    const auto got = read_some(terminal.get(), &c, 1);
    if (!got) return got.error();
    if (*got == 0 || c == '\n' || passphrase.size() >= longest_passphrase) break;
    passphrase += c;
  }
  if (Status told = write_all(terminal.get(), "\n"); !told) return told.error();
  return passphrase;
}

Result<SecretKey> read_key(const std::string& file) {
  auto text = read_file(file, key_file_bytes);
  if (!text) return text.error();
  auto key = key_of_text(*text);
  if (!key) return std::move(key.error()).in(file);
  return key;
}

Result<SecretKey> read_or_make_key(const std::string& file) {
  std::error_code error;
  if (std::filesystem::exists(file, error)) return read_key(file);
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
  auto first = ask_passphrase("Passphrase for the map: ");
  if (!first) return first.error();
  if (first->size() < shortest_passphrase)
    return Error{Code::usage, "the passphrase has fewer than 8 characters", "take a longer one"};
  auto again = ask_passphrase("Once more: ");
  if (!again) return again.error();
  if (*first != *again) return Error{Code::usage, "the two passphrases differ", "try again"};
  return lock_with_passphrase(*first);
}

Unlock unlock_map(const std::string& file) {
  return [file](const std::optional<Salt>& salt) -> Result<SecretKey> {
    if (!salt) {
      if (file.empty())
        return Error{Code::usage, "the map is sealed with a key", "name its file with --map-key"};
      return read_key(file);
    }
    auto passphrase = ask_passphrase("Passphrase of the map: ");
    if (!passphrase) return passphrase.error();
    return key_of_passphrase(*passphrase, *salt);
  };
}

}  // namespace carrel
