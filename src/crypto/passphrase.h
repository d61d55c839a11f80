// A passphrase, asked for on the terminal and not shown while it is typed.
#pragma once

#include <string>
#include <string_view>

#include "crypto/secret.h"

namespace carrel {

// What was typed, wiped when it goes.
class Passphrase {
 public:
  static constexpr std::size_t longest = 1024;  // bytes

  Passphrase() { text_.reserve(longest); }  // so that growing leaves no copy behind
  Passphrase(Passphrase&&) noexcept = default;
  Passphrase& operator=(Passphrase&&) = delete;
  ~Passphrase() { wipe(text_); }

  void add(char c) { text_ += c; }
  std::string_view text() const { return text_; }

 private:
  std::string text_;
};

// Asks at /dev/tty, because stdin may be something else. `instead` says what to do where there is no terminal
// (an Error of Code::usage), as "name a key file with --map-key". A signal to end gets its due only after the
// terminal shows again what is typed; where the program goes on from there, Code::interrupted.
Result<Passphrase> ask_passphrase(std::string_view question, std::string_view instead);

// A new one, asked for twice. Error: Code::usage where the two differ.
Result<Passphrase> ask_new_passphrase(std::string_view question, std::string_view instead);

}  // namespace carrel
