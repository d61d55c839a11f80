// Vault: what a ledger keeps private is kept as it is, or sealed under the tenant's key, which is never in
// the home. A sealed ledger whose key is not there is locked: what is no secret can be read and verified,
// nothing can be written.
//
// The tenant's key makes two: one for texts in the database, one for objects. docs/formats/ledger.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/key.h"

namespace carrel {

// What stands in the place of a private text that cannot be opened.
inline constexpr std::string_view sealed_text = "(sealed)";

class Vault {
 public:
  // Of a ledger without a key.
  Vault() = default;
  // Of a sealed ledger, locked.
  static Vault locked_vault();
  // Of a sealed ledger with its key.
  explicit Vault(const SecretKey& key);

  bool sealed() const { return sealed_; }
  bool locked() const { return sealed_ && !texts_; }

  // A text for the database. Only of a vault that is not locked.
  std::string hide(std::string_view text) const;
  // The text again; sealed_text where the vault is locked or the bytes do not open.
  std::string reveal(std::string_view stored) const;

  // An object's bytes, as they are kept, and again. The Error of reveal_object says that the key is missing
  // (Code::usage) or that the bytes were changed (Code::machine).
  std::string hide_object(std::string_view bytes) const;
  Result<std::string> reveal_object(std::string stored) const;

  // The mark by which the right key is known, and whether this vault has it.
  std::string key_check() const;
  bool fits(std::string_view key_check) const;

 private:
  bool sealed_ = false;
  std::optional<SecretKey> texts_, objects_;
};

// The Error of a sealed ledger that is asked for what needs its key.
Error locked_error();

}  // namespace carrel
