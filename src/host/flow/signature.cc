#include "host/flow/signature.h"

#include <fmt/format.h>

#include "crypto/file_signature.h"
#include "crypto/key_file.h"

namespace carrel {

Result<std::optional<Check>> check_signature(const Settings& settings, const Input& input) {
  const std::string& trusted = settings.text("signed-by");
  if (trusted.empty()) return std::optional<Check>();
  const auto key = read_key_file(trusted, verifying_key_of_text);
  if (!key) return key.error();
  const auto has = has_file_signature(input.path(), *key, input.sha256());
  if (!has) return has.error();
  Check check{"signature", Check::Verdict::pass, fmt::format("signed with the key of {}", trusted)};
  if (!*has) {
    check.verdict = Check::Verdict::warn;
    check.detail = fmt::format("not signed: there is no {}", signature_path(input.path()));
  }
  return std::optional(std::move(check));
}

}  // namespace carrel
