// Logins of HTTP, commands and SQL, private keys, and addresses.
#include <algorithm>
#include <string>

#include "base/ascii.h"
#include "base/text.h"
#include "collect/redact/finders.h"
#include "collect/redact/value_look.h"
#include "collect/redact/value_span.h"

namespace carrel {
namespace {

constexpr std::size_t command_bytes = 256;  // between a command and its option, in a list

bool in_token(char c) {
  return in_word(c) || c == '-' || c == '.' || c == '~' || c == '+' || c == '/' ||
         c == '=';  // RFC 6750, b64token
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// The token behind a scheme and blanks. Empty where none follows.
Span token_behind(std::string_view text, std::size_t at) {
  const std::size_t begin = skip_spaces(text, at);
  if (begin == at) return {};
  Span token{begin, begin};
  while (token.end < text.size() && in_token(text[token.end])) ++token.end;
  while (token.end > begin && text[token.end - 1] == '.') --token.end;
  return token;
}

// What separates the lines of a key: line breaks as they are or escaped, and indentation.
std::size_t skip_breaks(std::string_view text, std::size_t at) {
  for (;;) {
    if (at < text.size() && (text[at] == '\n' || text[at] == '\r' || text[at] == ' ' || text[at] == '\t')) {
      ++at;
      continue;
    }
    std::size_t escape = at;
    while (escape < text.size() && text[escape] == '\\') ++escape;
    if (escape > at && escape < text.size() && (text[escape] == 'n' || text[escape] == 'r')) {
      at = escape + 1;
      continue;
    }
    return at;
  }
}

std::size_t trim_breaks(std::string_view text, std::size_t begin, std::size_t end) {
  while (end > begin) {
    const char last = text[end - 1];
    if (last == '\n' || last == '\r' || last == ' ' || last == '\t') {
      --end;
    } else if ((last == 'n' || last == 'r') && end - begin > 1 && text[end - 2] == '\\') {
      --end;
      while (end > begin && text[end - 1] == '\\') --end;
    } else {
      break;
    }
  }
  return end;
}

struct LoginOption {
  std::string_view text;
  std::string_view command;
  bool attached = false;   // its value follows it without a blank
  bool with_user = false;  // USER:PASSWORD
};

constexpr LoginOption login_options[] = {
    {"-u", "curl", false, true},
    {"--user", "curl", false, true},
    {"-u", "wget", false, true},
    {"--user", "wget", false, true},
    {"-p", "sshpass"},
    {"-p", "sshpass", true},
    {"-p", "mysql", true},
    {"-p", "mariadb", true},
    {"-p", "docker login"},
    {"-p", "podman login"},
    {"-p", "registry login"},
    {"-p", "oc login"},
    {"-p", "mongo"},
    {"-a", "redis-cli"},
    {"-k", "openssl enc"},
};

// The option of a command that stands before it in the line. Upper case says something else: "-P" is a port.
const LoginOption* login_option(std::string_view text, std::string_view before, bool blank) {
  for (const LoginOption& option : login_options) {
    if (option.text == text && option.attached != blank &&
        before.find(option.command) != std::string_view::npos)
      return &option;
  }
  return nullptr;
}

// Where the next string of a list begins, behind the quote at `at`: npos where none does, `at` where there is
// no quote.
std::size_t next_of_list(std::string_view text, std::size_t at) {
  if (at >= text.size() || text[at] != '"') return at;
  const std::size_t next = text.find_first_not_of(" \t\r\n,", at + 1);
  return next < text.size() && text[next] == '"' ? next : std::string_view::npos;
}

void add_address(std::string_view text, Span span, std::string_view label, Masks* masks) {
  masks->push_back({span, label, to_lower(piece(text, span)), Until::seen, 0});
}

}  // namespace

void find_bearer(const Sight& sight, Masks* masks) {
  const std::string_view text = sight.text;
  if (!begins_word(text, sight.anchor.begin)) return;
  const Span token = token_behind(text, sight.anchor.end);
  const std::string_view held = piece(text, token);
  if (held.size() < 8 || is_no_secret(held)) return;
  if (!looks_random(held) && !looks_chosen(held) && held.size() < 24) return;
  Mask mask{token, "token", {}, Until::seen, 0};
  if (token.end == text.size() && !sight.to_end) mask.until = Until::word;
  masks->push_back(std::move(mask));
}

void find_basic(const Sight& sight, Masks* masks) {
  const std::string_view text = sight.text;
  if (!begins_word(text, sight.anchor.begin)) return;
  const Span token = token_behind(text, sight.anchor.end);
  const std::string_view held = piece(text, token);
  if (held.size() < 4 || from_base64(held).find(':') == std::string::npos) return;
  masks->push_back({token, "basic-auth", {}, Until::seen, 0});
}

void find_command_login(const Sight& sight, Masks* masks) {
  const std::string_view text = sight.text;
  const bool in_list = text[sight.anchor.begin] == '"';  // ["redis-cli", "-a", "…"], a line each or not
  const std::size_t begin = in_list ? sight.anchor.begin - std::min(sight.anchor.begin, command_bytes)
                                    : line_begin(text, sight.anchor.begin);
  const std::string_view before = text.substr(begin, sight.anchor.begin - begin);
  const std::size_t at = in_list ? next_of_list(text, sight.anchor.end) : skip_spaces(text, sight.anchor.end);
  const LoginOption* const option =
      login_option(piece(text, sight.anchor).substr(1), before, at > sight.anchor.end);
  if (option == nullptr || at >= text.size()) return;
  ValueSpan value = argument_at(sight, at);
  if (option->with_user) {
    const std::size_t colon = piece(text, value.span).find(':');
    if (colon == std::string_view::npos) return;
    value.span.begin += colon + 1;
  }
  const std::string_view held = piece(text, value.span);
  const bool ports = held.find_first_not_of("0123456789:.") == std::string_view::npos &&
                     (option->attached || held.find(':') != std::string_view::npos);
  if (!is_no_secret(held) && !ports) masks->push_back({value.span, "password", {}, value.until, value.depth});
}

void find_in_sql(const Sight& sight, Masks* masks) {
  const std::string_view text = sight.text;
  const std::size_t at = skip_spaces(text, sight.anchor.end);
  std::size_t behind = at;
  if (at == sight.anchor.end || quote_at(text, at, &behind).mark != '\'') return;
  const ValueSpan value = argument_at(sight, at);
  if (!is_no_secret(piece(text, value.span)))
    masks->push_back({value.span, "password", {}, value.until, value.depth});
}

void find_private_key(const Sight& sight, Masks* masks) {
  const std::string_view text = sight.text;
  const std::string_view head = text.substr(sight.anchor.end, 64);
  const std::size_t mark = head.find("-----");
  if (mark == std::string_view::npos || head.substr(0, mark).find("PRIVATE KEY") == std::string_view::npos)
    return;
  Mask mask;
  mask.label = "private-key";
  mask.span.begin = skip_breaks(text, sight.anchor.end + mark + 5);
  const std::size_t end = text.find("-----END ", mask.span.begin);
  const std::size_t other = text.find("-----BEGIN ", mask.span.begin);
  if (end != std::string_view::npos && end < other) {
    mask.span.end = trim_breaks(text, mask.span.begin, end);
  } else {
    // Cut by whoever wrote it: as far as lines can belong to it.
    std::size_t at = mask.span.begin;
    while (at < text.size()) {
      const std::size_t more = private_key_line(text, at);
      if (more == 0) break;
      at += more;
    }
    mask.span.end = trim_breaks(text, mask.span.begin, at);
    if (at == text.size() && !sight.to_end) {
      mask.span.end = at;
      mask.until = Until::key;
    }
  }
  if (!mask.span.empty() && !is_no_secret(piece(text, mask.span))) masks->push_back(std::move(mask));
}

std::size_t private_key_line(std::string_view text, std::size_t at) {
  std::size_t end = at;
  std::size_t characters = 0;
  const auto header = [&] {  // "Proc-Type: 4,ENCRYPTED", "DEK-Info: …"
    const std::string_view line = text.substr(at, std::min<std::size_t>(64, text.size() - at));
    return line.starts_with("Proc-Type:") || line.starts_with("DEK-Info:") || line.starts_with("Comment:");
  };
  if (header()) {
    while (end < text.size() && text[end] != '\n' && text[end] != '\\') ++end;
    return skip_breaks(text, end) - at;
  }
  while (end < text.size() &&
         (in_token(text[end]) && text[end] != '-' && text[end] != '.' && text[end] != '~')) {
    ++end;
    ++characters;
  }
  const std::size_t next = skip_breaks(text, end);
  if (next == end && end < text.size()) {
    const bool closes = text[end] == '"' || text[end] == '\'' || text[end] == '\\' || text[end] == '-';
    return closes ? characters : (characters >= 16 ? characters : 0);
  }
  // A short line ends a key, and only the last is short; a word of the next text is no line of a key.
  if (characters > 0 && characters < 16 && text.substr(end - 1, 1) != "=") return 0;
  return next - at;
}

void find_ip(const Sight& sight, Masks* masks) {
  const std::string_view text = sight.text;
  const std::size_t at = sight.anchor.begin;
  if (at == 0 || !is_hex(text[at - 1] | 0)) {
    if (!(text[at] == ':' && at + 1 < text.size() && text[at + 1] == ':')) return;
  }
  std::size_t begin = at;
  const bool six = text[at] == ':';
  const auto part = [&](char c) { return six ? is_hex(c) || c == ':' || c == '.' : is_digit(c) || c == '.'; };
  while (begin > 0 && part(text[begin - 1]) && at - begin < 48) --begin;
  std::size_t end = at;
  while (end < text.size() && part(text[end]) && end - at < 48) ++end;
  if ((begin > 0 && (in_word(text[begin - 1]))) || (end < text.size() && in_word(text[end]))) return;
  if (begin > 0 && (text[begin - 1] == '-' || text[begin - 1] == '.')) return;
  while (end > begin &&
         (text[end - 1] == '.' || (text[end - 1] == ':' && !text.substr(begin, end - begin).ends_with("::"))))
    --end;
  const std::string_view word = text.substr(begin, end - begin);
  if (!six) {
    std::size_t parts = 0, value = 0, digits = 0;
    for (const char c : word) {
      if (c == '.') {
        if (digits == 0 || digits > 3 || value > 255) return;
        ++parts;
        value = digits = 0;
      } else {
        value = value * 10 + static_cast<std::size_t>(c - '0');
        ++digits;
      }
    }
    if (parts != 3 || digits == 0 || digits > 3 || value > 255) return;
    if (end < text.size() && text[end] == '-') return;
    if (word.starts_with("127.") || word == "0.0.0.0" || word.starts_with("255.")) return;
  } else {
    const auto colons = static_cast<std::size_t>(std::count(word.begin(), word.end(), ':'));
    const bool shortened = word.find("::") != std::string_view::npos;
    if (word.size() < 4 || (shortened ? colons < 2 || colons > 7 : colons != 7)) return;
    if (word == "::1" || word.find(":::") != std::string_view::npos) return;
    std::size_t digits = 0;
    for (const char c : word) {
      digits = c == ':' ? 0 : digits + 1;
      if (digits > 4 && word.find('.') == std::string_view::npos) return;
    }
  }
  add_address(text, {begin, end}, "ip", masks);
}

void find_mac(const Sight& sight, Masks* masks) {
  const std::string_view text = sight.text;
  const std::size_t at = sight.anchor.begin;  // the first separator
  if (at < 2) return;
  const std::size_t begin = at - 2;
  const char separator = text[at];
  if (begin > 0 && (in_word(text[begin - 1]) || text[begin - 1] == separator)) return;
  if (begin + 17 > text.size()) return;
  for (std::size_t i = 0; i < 17; ++i) {
    const char c = text[begin + i];
    if (i % 3 == 2 ? c != separator : !is_hex(c)) return;
  }
  if (begin + 17 < text.size() && (in_word(text[begin + 17]) || text[begin + 17] == separator)) return;
  add_address(text, {begin, begin + 17}, "mac", masks);
}

}  // namespace carrel
