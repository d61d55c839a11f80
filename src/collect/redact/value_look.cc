#include "collect/redact/value_look.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "base/ascii.h"
#include "base/text.h"

namespace carrel {
namespace {

constexpr std::size_t judged_bytes = 256;  // how much of a value says what it looks like

bool is_literal(std::string_view value) {
  static constexpr std::string_view literals[] = {
      "true",    "false",  "null",     "nil",      "none",     "undefined", "yes",     "no",
      "on",      "off",    "enabled",  "disabled", "required", "optional",  "empty",   "unset",
      "unknown", "string", "str",      "bytes",    "object",   "number",    "integer", "boolean",
      "bool",    "n/a",    "~",        "{}",       "[]",       "-",         "--",      "...",
      "\"\"",    "''",     "|",        ">",        "%s",       "%v",        "%d",      "%q",
      "%p",      "?",      "password", "secret",   "token",    "&"};
  return std::find(std::begin(literals), std::end(literals), value) != std::end(literals);
}

// ${VAR}, $(VAR), $VAR, {{ .Values.x }}, %(x)s, <set to the key 'x' in secret 'y'>, <password>, @VAR@
bool is_reference(std::string_view value) {
  if (value.starts_with("<set to the key")) return true;
  if (value.starts_with("{{") || value.starts_with("%(")) return true;
  if ((value.starts_with("${") && value.find('}') == value.size() - 1) ||
      (value.starts_with("$(") && value.ends_with(')')))
    return value.find(":-") == std::string_view::npos;
  if (value.starts_with('$') && value.size() > 1) {
    return std::all_of(value.begin() + 1, value.end(),
                       [](char c) { return is_upper(c) || is_digit(c) || c == '_'; });
  }
  if (value.starts_with('<') && value.ends_with('>')) {
    return std::all_of(value.begin() + 1, value.end() - 1,
                       [](char c) { return is_letter(c) || c == ' ' || c == '-' || c == '_' || c == '\''; });
  }
  return false;
}

// ***HIDDEN***, ******, xxxxx, redacted-password-3
bool is_masked(std::string_view value) {
  if (value.starts_with("redacted-") || value.starts_with("REDACTED")) return true;
  if (value.find("***") != std::string_view::npos && value.starts_with('*') && value.ends_with('*'))
    return true;
  if (value.size() < 3) return false;
  const char first = value[0];
  return (first == '*' || first == 'x' || first == 'X' || first == '.') &&
         value.find_first_not_of(first) == std::string_view::npos;
}

// "1679 bytes", as `kubectl describe secret` writes.
bool is_size(std::string_view value) {
  return value.size() > 6 && value.ends_with(" bytes") && is_digit(value[0]);
}

double entropy(std::string_view value) {
  std::array<std::uint16_t, 256> counts{};
  for (const char c : value) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  for (const std::uint16_t count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(value.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

int base64_digit(char c) {
  if (is_upper(c)) return c - 'A';
  if (is_lower(c)) return c - 'a' + 26;
  if (is_digit(c)) return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

}  // namespace

bool is_no_secret(std::string_view value) {
  value = trim(value);
  return value.empty() || value == "\\" || is_literal(to_lower(value.substr(0, 16))) || is_reference(value) ||
         is_masked(value) || is_size(value);
}

bool looks_random(std::string_view value) {
  value = value.substr(0, judged_bytes);
  if (value.size() < 16) return false;
  std::size_t letters = 0, digits = 0, capitals = 0, signs = 0;
  for (const char c : value) {
    if (c <= ' ' || c == 0x7f) return false;
    if (is_digit(c)) {
      ++digits;
    } else if (is_letter(c)) {
      ++letters;
      capitals += is_upper(c) ? 1 : 0;
    } else {
      ++signs;
    }
  }
  if (looks_like_path(value) && signs * 5 > value.size()) return false;
  const bool mixed =
      (digits >= 2 && letters >= 2) || (capitals >= 3 && letters - capitals >= 3 && value.size() >= 24);
  return mixed && signs * 4 <= value.size() && entropy(value) >= 3.0;
}

bool looks_chosen(std::string_view value) {
  if (value.size() < 4) return false;
  bool letters = false, others = false;
  for (const char c : value) {
    letters |= is_letter(c);
    others |= is_digit(c) || (c > ' ' && std::string_view("!@#$%^&*?~+").find(c) != std::string_view::npos);
  }
  return letters && others;
}

bool looks_like_object(std::string_view value) {
  bool joined = false;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= value.size(); ++at) {
    const bool joint =
        at < value.size() && (value[at] == '-' || value[at] == '/' || value[at] == '.' || value[at] == ':');
    if (at < value.size() && !joint) {
      if (!is_lower(value[at]) && !is_digit(value[at])) return false;
      continue;
    }
    joined |= joint;
    const std::string_view part = value.substr(begin, at - begin);
    begin = at + 1;
    const bool word = std::all_of(part.begin(), part.end(), is_lower);
    const std::string_view number = part.starts_with('v') ? part.substr(1) : part;
    if (part.empty() ||
        (!word && !(number.size() <= 3 && std::all_of(number.begin(), number.end(), is_digit))))
      return false;
  }
  return joined;
}

bool looks_like_path(std::string_view value) {
  if (value.starts_with("./") || value.starts_with("../") || value.starts_with("file:")) return true;
  const std::size_t scheme = value.find("://");
  if (scheme != std::string_view::npos && scheme > 0 && scheme < 24) return true;
  if (!value.starts_with('/') || value.find('/', 1) == std::string_view::npos) return false;
  return value.find_first_of("+=") == std::string_view::npos;
}

bool is_base64(std::string_view value) {
  if (value.empty() || value.size() % 4 != 0) return false;
  while (value.ends_with('=')) value.remove_suffix(1);
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return base64_digit(c) >= 0 && c != '-' && c != '_'; });
}

std::string from_base64(std::string_view value) {
  while (value.ends_with('=')) value.remove_suffix(1);
  if (value.size() % 4 == 1) return "";
  std::string out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : value) {
    const int digit_value = base64_digit(c);
    if (digit_value < 0) return "";
    bits = bits << 6 | static_cast<std::uint32_t>(digit_value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(bits >> held & 0xff);
    }
  }
  return out;
}

}  // namespace carrel
