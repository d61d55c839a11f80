#include "host/ledger/vault.h"

#include "crypto/sealed_stream.h"

namespace carrel {
namespace {

constexpr std::string_view text_context = "ledger text";
constexpr std::string_view object_context = "ledger object";
constexpr std::string_view check_context = "ledger key check";

}  // namespace

Error locked_error() {
  return {Code::usage, "this tenant's ledger is sealed and its key was not given",
          "name a command that prints it with --key-command, or give the passphrase at a terminal"};
}

Vault Vault::locked_vault() {
  Vault vault;
  vault.sealed_ = true;
  return vault;
}

Vault::Vault(const SecretKey& key)
    : sealed_(true), texts_(derive_key(key, "ldg text")), objects_(derive_key(key, "ldg objs")) {}

std::string Vault::hide(std::string_view text) const {
  if (!sealed_) return std::string(text);
  return seal(*texts_, text_context, text);
}

std::string Vault::reveal(std::string_view stored) const {
  if (!sealed_) return std::string(stored);
  if (locked()) return std::string(sealed_text);
  auto text = open_sealed(*texts_, text_context, stored);
  return text ? std::move(*text) : std::string(sealed_text);
}

std::string Vault::hide_object(std::string_view bytes) const {
  return sealed_ ? seal(*objects_, object_context, bytes) : std::string(bytes);
}

Result<std::string> Vault::reveal_object(std::string stored) const {
  if (!sealed_) return stored;
  if (locked()) return locked_error();
  auto bytes = open_sealed(*objects_, object_context, stored);
  if (bytes) return bytes;
  return Error{Code::machine, "a stored object does not open with this tenant's key",
               "restore the tenant's folder from a backup"};
}

std::string Vault::key_check() const {
  return seal(*texts_, check_context, "carrel");
}

bool Vault::fits(std::string_view key_check) const {
  return sealed_ && !locked() && open_sealed(*texts_, check_context, key_check);
}

}  // namespace carrel
