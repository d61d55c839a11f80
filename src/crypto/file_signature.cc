#include "crypto/file_signature.h"

#include <cerrno>

#include "crypto/key_file.h"
#include "crypto/key_line.h"

namespace carrel {
namespace {

constexpr std::string_view signature_label = "carrel-file-signature-1";
constexpr std::string_view signed_prefix = "carrel file 1\n";

std::string signed_message(std::string_view digest) {
  return std::string(signed_prefix) + std::string(digest);
}

}  // namespace

std::string signature_path(const std::string& file) {
  return file + ".sig";
}

std::string file_signature_text(const SigningKeys& keys, std::string_view digest) {
  return key_line(signature_label, sign(keys.secret, signed_message(digest)));
}

Result<bool> is_file_signature(std::string_view line, const VerifyingKey& key, std::string_view digest) {
  Signature signature{};
  if (Status read = read_key_line(signature_label, line, signature); !read) return read.error();
  return is_signed(key, signed_message(digest), signature);
}

Result<bool> has_file_signature(const std::string& file, const VerifyingKey& key, std::string_view digest) {
  const std::string beside = signature_path(file);
  // That there is none has to be certain: one that cannot be looked at may be one that does not hold.
  if (::access(beside.c_str(), F_OK) != 0 && errno == ENOENT) return false;
  const auto line = read_file(beside, key_file_bytes);
  if (!line) return line.error();
  auto holds = is_file_signature(*line, key, digest);
  if (!holds) return std::move(holds.error()).in(beside);
  if (*holds) return true;
  return Error{Code::bad_input, file + " is not what was signed with that key",
               "ask the sender for it again, and for the key that it was signed with"};
}

}  // namespace carrel
