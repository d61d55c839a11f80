#include "collect/redact/shapes.h"

#include <algorithm>
#include <string>

#include "base/ascii.h"
#include "collect/redact/value_look.h"
#include "collect/redact/value_span.h"

namespace carrel {
namespace {

// Sources: each vendor's documentation of its token format.
constexpr Shape known[] = {
    {"AKIA", Alphabet::capitals, 16, 16, "cloud-key"},
    {"ASIA", Alphabet::capitals, 16, 16, "cloud-key"},
    {"AROA", Alphabet::capitals, 16, 17, "cloud-key"},
    {"AIDA", Alphabet::capitals, 16, 17, "cloud-key"},
    {"ABIA", Alphabet::capitals, 16, 16, "cloud-key"},
    {"ACCA", Alphabet::capitals, 16, 16, "cloud-key"},
    {"AIza", Alphabet::url, 35, 35, "cloud-key"},
    {"ya29.", Alphabet::url, 20, 1024, "cloud-key"},
    {"GOCSPX-", Alphabet::url, 28, 28, "cloud-key"},
    {"ghp_", Alphabet::alphanumeric, 36, 255, "token"},
    {"gho_", Alphabet::alphanumeric, 36, 255, "token"},
    {"ghu_", Alphabet::alphanumeric, 36, 255, "token"},
    {"ghs_", Alphabet::alphanumeric, 36, 255, "token"},
    {"ghr_", Alphabet::alphanumeric, 36, 255, "token"},
    {"github_pat_", Alphabet::url, 22, 255, "token"},
    {"glpat-", Alphabet::url, 20, 255, "token"},
    {"glptt-", Alphabet::url, 20, 255, "token"},
    {"gldt-", Alphabet::url, 20, 255, "token"},
    {"glrt-", Alphabet::url, 20, 255, "token"},
    {"glsa_", Alphabet::url, 32, 255, "token"},
    {"glc_", Alphabet::token, 32, 1024, "token"},
    {"xoxb-", Alphabet::url, 20, 255, "token"},
    {"xoxa-", Alphabet::url, 20, 255, "token"},
    {"xoxp-", Alphabet::url, 20, 255, "token"},
    {"xoxr-", Alphabet::url, 20, 255, "token"},
    {"xoxs-", Alphabet::url, 20, 255, "token"},
    {"xapp-", Alphabet::url, 20, 255, "token"},
    {"hooks.slack.com/services/", Alphabet::token, 20, 255, "webhook"},
    {"discord.com/api/webhooks/", Alphabet::token, 20, 255, "webhook"},
    {"sk_live_", Alphabet::alphanumeric, 16, 255, "key"},
    {"sk_test_", Alphabet::alphanumeric, 16, 255, "key"},
    {"rk_live_", Alphabet::alphanumeric, 16, 255, "key"},
    {"whsec_", Alphabet::token, 24, 255, "key"},
    {"sk-ant-", Alphabet::url, 24, 255, "key"},
    {"sk-proj-", Alphabet::url, 24, 255, "key"},
    {"sk-", Alphabet::alphanumeric, 40, 64, "key"},
    {"SG.", Alphabet::token, 60, 80, "key", "."},
    {"hf_", Alphabet::alphanumeric, 30, 64, "token"},
    {"npm_", Alphabet::alphanumeric, 36, 36, "token"},
    {"pypi-AgE", Alphabet::url, 40, 1024, "token"},
    {"dckr_pat_", Alphabet::url, 20, 64, "token"},
    {"dop_v1_", Alphabet::hex, 64, 64, "token"},
    {"doo_v1_", Alphabet::hex, 64, 64, "token"},
    {"hvs.", Alphabet::url, 20, 255, "token"},
    {"hvb.", Alphabet::url, 20, 1024, "token"},
    {"dapi", Alphabet::hex, 32, 34, "token"},
    {"shpat_", Alphabet::hex, 32, 32, "token"},
    {"shpss_", Alphabet::hex, 32, 32, "token"},
    {"NRAK-", Alphabet::capitals, 27, 27, "key"},
    {"ATATT3", Alphabet::token, 60, 255, "token"},
    {"lin_api_", Alphabet::alphanumeric, 40, 40, "key"},
    {"tskey-", Alphabet::url, 20, 255, "key"},
    {"AGE-SECRET-KEY-1", Alphabet::capitals, 50, 64, "private-key"},
    {"EAAA", Alphabet::url, 60, 255, "token"},
    {"$2a$", Alphabet::crypt, 50, 60, "password-hash"},
    {"$2b$", Alphabet::crypt, 50, 60, "password-hash"},
    {"$2y$", Alphabet::crypt, 50, 60, "password-hash"},
    {"$1$", Alphabet::crypt, 22, 40, "password-hash", "$"},
    {"$5$", Alphabet::crypt, 40, 100, "password-hash", "$"},
    {"$6$", Alphabet::crypt, 80, 130, "password-hash", "$"},
    {"$y$", Alphabet::crypt, 50, 130, "password-hash", "$"},
    {"$apr1$", Alphabet::crypt, 22, 40, "password-hash", "$"},
    {"$argon2id$", Alphabet::crypt, 40, 200, "password-hash", "$"},
    {"{SSHA}", Alphabet::token, 28, 100, "password-hash"},
    {"SCRAM-SHA-256$", Alphabet::scram, 60, 255, "password-hash"},
};

bool within(Alphabet alphabet, char c) {
  switch (alphabet) {
    case Alphabet::digits:
      return is_digit(c);
    case Alphabet::hex:
      return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    case Alphabet::capitals:
      return is_digit(c) || is_upper(c);
    case Alphabet::alphanumeric:
      return is_alphanumeric(c);
    case Alphabet::url:
      return is_alphanumeric(c) || c == '-' || c == '_';
    case Alphabet::token:
      return is_alphanumeric(c) || std::string_view("-_.=+/%").find(c) != std::string_view::npos;
    case Alphabet::crypt:
      return is_alphanumeric(c) || std::string_view("./$,=+-").find(c) != std::string_view::npos;
    case Alphabet::scram:
      return within(Alphabet::crypt, c) || c == ':';
  }
  return false;
}

std::size_t run_end(std::string_view text, std::size_t at, Alphabet alphabet) {
  while (at < text.size() && within(alphabet, text[at])) ++at;
  return at;
}

}  // namespace

std::span<const Shape> shapes() {
  return known;
}

void find_shape(const Sight& sight, const Shape& shape, Masks* masks) {
  const std::string_view text = sight.text;
  const Span anchor = sight.anchor;
  if (piece(text, anchor) != shape.begin || !begins_word(text, anchor.begin)) return;
  std::size_t end = run_end(text, anchor.end, shape.alphabet);
  // What ends a sentence is no part of it; a hash may well end with a full stop.
  if (shape.alphabet == Alphabet::token && text[end - 1] == '.') --end;
  if (shape.alphabet == Alphabet::crypt && text[end - 1] == ',') --end;
  const std::size_t size = end - anchor.end;
  if (size < shape.least || size > shape.most) return;
  const std::string_view rest = text.substr(anchor.end, size);
  if (!shape.needs.empty() && rest.find(shape.needs) == std::string_view::npos) return;
  // A web hook's host is no secret.
  const bool keeps_begin = shape.label == "webhook";
  masks->push_back({{keeps_begin ? anchor.end : anchor.begin, end}, shape.label, {}, Until::seen, 0});
}

void find_jwt(const Sight& sight, Masks* masks) {
  const std::string_view text = sight.text;
  const std::size_t begin = sight.anchor.begin;
  if (piece(text, sight.anchor) != "eyJ" || !begins_word(text, begin)) return;
  std::size_t end = run_end(text, begin, Alphabet::url);
  const std::string head = from_base64(text.substr(begin, (end - begin) / 4 * 4));
  if (!head.starts_with("{\"")) return;
  std::size_t parts = 1;
  while (parts < 5 && end < text.size() && text[end] == '.') {
    const std::size_t next = run_end(text, end + 1, Alphabet::url);
    if (next == end + 1 && parts != 1) break;  // an encrypted key may be empty, a signature may not
    end = next;
    ++parts;
  }
  if (parts < 3) return;
  Mask mask{{begin, end}, "jwt", {}, Until::seen, 0};
  if (end == text.size() && !sight.to_end) mask.until = Until::word;
  masks->push_back(std::move(mask));
}

void find_base64_private_key(const Sight& sight, Masks* masks) {
  const std::string_view text = sight.text;
  const std::size_t begin = sight.anchor.begin;
  if (piece(text, sight.anchor) != "LS0tLS1CRUdJTi") return;
  std::size_t end = begin;
  while (end < text.size() && (is_alphanumeric(text[end]) || text[end] == '+' || text[end] == '/')) ++end;
  while (end < text.size() && text[end] == '=') ++end;
  const std::string head = from_base64(text.substr(begin, std::min<std::size_t>(64, (end - begin) / 4 * 4)));
  if (head.find("PRIVATE KEY") == std::string::npos) return;
  Mask mask{{begin, end}, "private-key", {}, Until::seen, 0};
  if (end == text.size() && !sight.to_end) mask.until = Until::word;
  masks->push_back(std::move(mask));
}

}  // namespace carrel
