#include <algorithm>

#include "base/ascii.h"
#include "base/text.h"
#include "collect/redact/finders.h"
#include "collect/redact/key_name.h"
#include "collect/redact/value_look.h"
#include "collect/redact/value_span.h"

namespace carrel {
namespace {

constexpr std::size_t sibling_bytes = 96;   // between a name and the value that belongs to it
constexpr std::size_t before_bytes = 1024;  // how far before its name such a value may begin
constexpr std::size_t login_bytes = 256;    // between a machine of netrc and its password
constexpr std::size_t most_items = 1000;    // of a list
constexpr std::size_t most_members = 8;     // of an object, before its value

bool equals_folded(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && contains_folded(text, lower);
}

bool names_a_name(std::string_view word) {
  for (const std::string_view name :
       {"name", "key", "envvar", "variable", "option", "param", "header", "parameterkey"}) {
    if (equals_folded(word, name)) return true;
  }
  return false;
}

bool names_a_value(std::string_view word) {
  for (const std::string_view name : {"value", "val", "content", "defaultvalue", "parametervalue"}) {
    if (equals_folded(word, name)) return true;
  }
  return false;
}

// Where the name begins whose value `key` is: of "name": "DB_PASSWORD" the n. npos where there is none.
std::size_t name_before(std::string_view text, Span key) {
  std::size_t at = key.begin;
  while (at > 0 && (in_key(text[at - 1]) || text[at - 1] == '/')) --at;  // "db/password"
  const auto skip_quote = [&] {
    if (at > 0 && (text[at - 1] == '"' || text[at - 1] == '\'')) --at;
    while (at > 0 && text[at - 1] == '\\') --at;
  };
  skip_quote();
  while (at > 0 && is_space(text[at - 1])) --at;
  if (at == 0 || (text[at - 1] != ':' && text[at - 1] != '=' && text[at - 1] != '>'))
    return std::string_view::npos;
  --at;
  while (at > 0 && is_space(text[at - 1])) --at;
  skip_quote();
  const std::size_t end = at;
  while (at > 0 && in_word(text[at - 1]) && end - at < 24) --at;
  std::string_view word = text.substr(at, end - at);
  if (at > 0 && text[at - 1] == '\\' && word.starts_with('n')) {
    word.remove_prefix(1);
    ++at;
  }
  return names_a_name(word) ? at : std::string_view::npos;
}

// Passes over what may stand between two members of an object.
std::size_t skip_between(std::string_view text, std::size_t at) {
  const std::size_t most = std::min(text.size(), at + sibling_bytes);
  while (at < most) {
    const char c = text[at];
    if (c == '\\' && at + 1 < most && (text[at + 1] == 'n' || text[at + 1] == 't' || text[at + 1] == 'r')) {
      at += 2;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',' || c == '"' || c == '\'' ||
               c == '\\' || c == '<') {
      ++at;
    } else {
      break;
    }
  }
  return at;
}

Span word_from(std::string_view text, std::size_t at) {
  Span word{at, at};
  while (word.end < text.size() && in_word(text[word.end]) && word.size() < 32) ++word.end;
  return word;
}

// The value that belongs to a name which is itself a value: behind it or before it.
std::optional<ValueSpan> value_of_name(const Sight& sight, Span key, std::size_t name_begin) {
  const std::string_view text = sight.text;
  std::size_t at = skip_between(text, key.end);
  if (text.substr(at, 1) == "/")
    at = skip_between(text, std::min(text.find('>', at) + 1, text.size()));  // </name>
  if (const Span word = word_from(text, at); names_a_value(piece(text, word)))
    return value_after(sight, word);
  // "value" before "name": whoever sorted the members so.
  const std::size_t from = name_begin > before_bytes ? name_begin - before_bytes : 0;
  const std::size_t found = text.substr(from, name_begin - from).rfind("alue");
  if (found == std::string_view::npos || from + found == 0) return std::nullopt;
  const Span word = word_from(text, from + found - 1);
  if (!names_a_value(piece(text, word))) return std::nullopt;
  const auto value = value_after(sight, word);
  if (!value || value->span.end > name_begin || value->until != Until::seen) return std::nullopt;
  const std::string_view between = text.substr(value->span.end, name_begin - value->span.end);
  return between.find_first_not_of(" \t\r\n,\"'\\-n") == std::string_view::npos ? value : std::nullopt;
}

// `--password VALUE`, `"--password", "VALUE"`, and "- --password" with "- VALUE" in the next line.
std::optional<ValueSpan> value_of_flag(const Sight& sight, Span key) {
  const std::string_view text = sight.text;
  if (key.begin < 1 || text[key.begin - 1] != '-') return std::nullopt;
  std::size_t at = key.end;
  std::size_t behind = at;
  const Quote quote = quote_at(text, at, &behind);
  if (quote.mark != 0) {
    at = text.find_first_not_of(" \t\r\n,", behind);
    if (at == std::string_view::npos || quote_at(text, at, &behind).mark == 0) {
      if (at == std::string_view::npos || text[at] != '-' || text.substr(at, 2) != "- ") return std::nullopt;
      at = skip_spaces(text, at + 1);
    }
  } else if (at < text.size() && text[at] == ' ') {
    at = skip_spaces(text, at);
  } else if (at < text.size() && text[at] == '\n') {
    at = text.find_first_not_of(" \t", at + 1);
    if (at == std::string_view::npos || text.substr(at, 2) != "- ") return std::nullopt;
    at = skip_spaces(text, at + 1);
  } else {
    return std::nullopt;
  }
  if (at >= text.size() || text[at] == '-' || text[at] == '\n') return std::nullopt;
  return argument_at(sight, at);
}

// Does "machine … login NAME" of netrc end here?
bool ends_with_login(std::string_view before) {
  if (before.find("machine ") == std::string_view::npos && before.find("default ") == std::string_view::npos)
    return false;
  before = trim(before);
  const std::size_t blank = before.find_last_of(" \t\n");
  return blank != std::string_view::npos && trim(before.substr(0, blank)).ends_with("login");
}

// "2024-05-14T07:05:41Z"
bool begins_with_date(std::string_view word) {
  return word.size() >= 10 && word[4] == '-' && word[7] == '-' &&
         std::all_of(word.begin(), word.begin() + 4, is_digit);
}

// "password is base64 encoded", "password hash is sha256".
bool names_an_encoding(std::string_view word) {
  const std::string lower = to_lower(word.substr(0, 16));
  for (const std::string_view each : {"base64", "sha", "md5", "utf", "argon2"}) {
    if (lower.starts_with(each)) return true;
  }
  return false;
}

// Does the word stand in a sentence between "password" and what it is?
bool says_what_it_is(std::string_view word) {
  for (const std::string_view each : {"is", "was", "has", "been", "now", "set", "changed", "reset", "to"}) {
    if (equals_folded(word, each)) return true;
  }
  return false;
}

// `password VALUE` of netrc, `requirepass VALUE` of Redis.
std::optional<ValueSpan> value_of_directive(const Sight& sight, Span key) {
  const std::string_view text = sight.text;
  if (key.end >= text.size() || !is_space(text[key.end])) return std::nullopt;
  const std::string_view name = piece(text, key);
  const std::size_t begin = line_begin(text, key.begin);
  const std::string_view before = text.substr(begin, key.begin - begin);
  const bool redis =
      (equals_folded(name, "requirepass") || equals_folded(name, "masterauth")) && trim(before).empty();
  const std::size_t above = key.begin > login_bytes ? key.begin - login_bytes : 0;
  const bool netrc =
      equals_folded(name, "password") && ends_with_login(text.substr(above, key.begin - above));
  if (!redis && !netrc) return std::nullopt;
  return argument_at(sight, skip_spaces(text, key.end));
}

// "password is hunter2", "password changed to hunter2" and "password hunter2 set" of a sentence: the word
// where it looks chosen. Behind the name itself it has to be longer: "password auth2 failed".
std::optional<ValueSpan> value_in_sentence(const Sight& sight, Span key, std::string_view label) {
  const std::string_view text = sight.text;
  if (label != "password" || key.end >= text.size() || !is_space(text[key.end])) return std::nullopt;
  std::size_t at = skip_spaces(text, key.end);
  bool called = false;
  for (Span word = word_from(text, at); says_what_it_is(piece(text, word)); word = word_from(text, at)) {
    const std::size_t next = skip_spaces(text, word.end);
    if (next == word.end) return std::nullopt;
    called = true;
    at = next;
  }
  ValueSpan value = argument_at(sight, at);
  // What ends the sentence makes no word a password.
  std::string_view held = piece(text, value.span);
  held = held.substr(0, held.find_last_not_of(".!?") + 1);
  if (!looks_chosen(held) || (!called && held.size() < 8)) return std::nullopt;
  if (looks_like_path(held) || looks_like_object(held) || begins_with_date(held) || names_an_encoding(held))
    return std::nullopt;
  if (piece(text, value.span).ends_with('.')) --value.span.end;
  return value;
}

// The value of `{"password": {"value": "…"}}` and of YAML's "value:" below the name.
std::optional<ValueSpan> value_in_object(const Sight& sight, Span key) {
  const std::string_view text = sight.text;
  std::size_t at = key.end, behind = at;
  if (quote_at(text, at, &behind).mark != 0) at = behind;
  at = skip_spaces(text, at);
  if (at >= text.size() || (text[at] != ':' && text[at] != '=')) return std::nullopt;
  at = skip_between(text, at + 1);
  const bool braces = at < text.size() && text[at] == '{';
  if (braces) at = skip_between(text, at + 1);
  const std::size_t column = key.begin - line_begin(text, key.begin);
  for (std::size_t members = 0; members < most_members; ++members) {
    const Span word = word_from(text, at);
    const std::size_t line = line_begin(text, at);
    const bool below = line > key.begin && at - line > column;
    if (word.empty() || (!braces && !below)) return std::nullopt;
    const auto value = value_after(sight, word);
    if (!value || names_a_value(piece(text, word))) return value;
    at = skip_between(text, value->span.end);
  }
  return std::nullopt;
}

// "Secret Access Key: …", "API key …": the word before belongs to the name.
KeyVerdict judge_with_word_before(std::string_view text, Span key, KeyVerdict verdict) {
  if (key.begin < 2 || text[key.begin - 1] != ' ' || !equals_folded(piece(text, key), "key")) return verdict;
  std::size_t begin = key.begin - 1;
  while (begin > 0 && in_word(text[begin - 1]) && key.begin - begin < 24) --begin;
  const KeyVerdict both = judge_key(text.substr(begin, key.end - begin));
  return both.telling == Telling::strong ? both : verdict;
}

bool is_small_number(std::string_view value) {
  return value.size() < 6 &&
         std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_shell_folder(std::string_view name, std::string_view value) {
  return name.ends_with("PWD") && value.starts_with('/');
}

// base64 of "user:password", as .dockerconfigjson has it.
bool is_login_in_base64(std::string_view value) {
  return value.size() >= 8 &&
         from_base64(value.substr(0, value.size() / 4 * 4)).find(':') != std::string::npos;
}

// May this be the secret that the name promises?
bool is_secret(std::string_view text, Span key, KeyVerdict verdict, const ValueSpan& value) {
  const std::string_view name = piece(text, key);
  const std::string_view held = piece(text, value.span);
  if (is_no_secret(held)) return false;
  if (verdict.telling == Telling::weak) {
    if (equals_folded(name, "auth") && is_login_in_base64(held)) return true;
    if (verdict.label == "password" && value.list) return true;
    return looks_random(held) && !looks_like_path(held) && !looks_like_object(held);
  }
  if (is_shell_folder(name, held)) return false;
  const bool password = verdict.label == "password";
  if (verdict.label == "authorization" || verdict.label == "cookie") {
    if (verdict.label == "cookie") return held.find('=') != std::string_view::npos || looks_random(held);
    return looks_random(held) || (looks_chosen(held) && held.size() >= 8);
  }
  if (value.prose) return looks_random(held) || (password && looks_chosen(held));
  // In a sentence ("invalid token: expired") one word more is no secret unless it looks like one.
  if (value.colon && !value.quoted && !value.quoted_key && !password)
    return looks_chosen(held) && held.size() >= 8;
  if (password) return true;
  if (is_small_number(held)) return false;
  if (looks_like_path(held) && !looks_random(held)) return false;
  if (verdict.label == "secret" && looks_like_object(held)) return false;
  return true;
}

void add(std::string_view text, const ValueSpan& value, std::string_view label, Masks* masks) {
  Mask mask{value.span, label, {}, value.until, value.depth};
  if (value.quoted) mask.value = unescaped(piece(text, value.span));
  masks->push_back(std::move(mask));
}

// The other items of a list whose first was masked.
void add_items(const Sight& sight, std::size_t at, std::string_view label, Masks* masks) {
  const std::string_view text = sight.text;
  for (std::size_t items = 0; items < most_items; ++items) {
    std::size_t behind = at;
    if (quote_at(text, at, &behind).mark != 0) at = behind;
    at = text.find_first_not_of(" \t\r\n", at);
    if (at == std::string_view::npos || text[at] != ',') return;
    at = text.find_first_not_of(" \t\r\n", at + 1);
    if (at == std::string_view::npos || text[at] == ']' || text[at] == '{') return;
    const ValueSpan item = argument_at(sight, at);
    if (item.span.empty()) return;
    add(text, item, label, masks);
    at = item.span.end;
  }
}

// The items of a list of YAML below the name.
void find_items_below(const Sight& sight, Span key, KeyVerdict verdict, Masks* masks) {
  const std::string_view text = sight.text;
  std::size_t at = key.end;
  if (at >= text.size() || text[at] != ':') return;
  at = skip_spaces(text, at + 1);
  const std::size_t column = key.begin - line_begin(text, key.begin);
  for (std::size_t items = 0; items < most_items && at < text.size() && text[at] == '\n'; ++items) {
    std::size_t dash = at + 1;
    while (dash < text.size() && text[dash] == ' ') ++dash;
    if (dash - at - 1 < column || text.substr(dash, 2) != "- ") return;
    const std::size_t begin = skip_spaces(text, dash + 1);
    const std::size_t end = line_end(text, begin);
    const std::string_view item = text.substr(begin, end - begin);
    if (item.find(": ") != std::string_view::npos || item.ends_with(':')) return;
    ValueSpan value = argument_at(sight, begin);
    if (!value.quoted) value.span.end = end;
    value.list = true;
    if (!value.span.empty() && is_secret(text, key, verdict, value)) add(text, value, verdict.label, masks);
    at = end;
  }
}

// Of "Digest abc…" the credentials: the scheme is no secret.
void pass_scheme(const Sight& sight, ValueSpan* value) {
  const std::string_view text = sight.text;
  std::size_t at = value->span.begin;
  while (at < text.size() && (in_word(text[at]) || text[at] == '-')) ++at;
  const std::size_t credentials = skip_spaces(text, at);
  if (credentials == at || credentials >= text.size() || credentials >= line_end(text, at)) return;
  if (value->span.end <= credentials) value->span.end = argument_at(sight, credentials).span.end;
  value->span.begin = credentials;
}

// May a value belong to the name, by what stands behind it? Most names in a text are words of a sentence, and
// need no further look.
bool may_have_value(std::string_view text, Span key) {
  if (key.end >= text.size()) return false;
  const char c = text[key.end];
  if (c == ' ' || c == '\t') {
    const std::size_t next = skip_spaces(text, key.end);
    if (next >= text.size()) return false;
    if (text[next] == ':' || text[next] == '=') return true;
    const bool flag = key.begin > 0 && text[key.begin - 1] == '-';
    return flag || key.size() > 5;  // "passwd", "password", "requirepass", "masterauth"
  }
  return std::string_view(":=\"'\\]>`\n\r<%,").find(c) != std::string_view::npos;
}

}  // namespace

std::size_t find_named(const Sight& sight, KeyJudge* judge, Masks* masks) {
  const std::string_view text = sight.text;
  const Span key = key_around(text, sight.anchor);
  if (!may_have_value(text, key)) return key.end;
  const KeyVerdict verdict = judge_with_word_before(text, key, judge->judge(piece(text, key)));
  if (verdict.telling == Telling::no) return key.end;
  if (text.substr(0, key.begin).ends_with("checksum/")) return key.end;
  const std::size_t name_begin = name_before(text, key);
  std::optional<ValueSpan> value;
  if (name_begin != std::string_view::npos) value = value_of_name(sight, key, name_begin);
  if (verdict.telling == Telling::environment) {
    if (value && !is_no_secret(piece(text, value->span))) add(text, *value, verdict.label, masks);
    return key.end;
  }
  if (!value) value = value_after(sight, key);
  if (!value && verdict.telling == Telling::strong) value = value_of_flag(sight, key);
  if (!value && verdict.telling == Telling::strong) value = value_of_directive(sight, key);
  if (!value && verdict.telling == Telling::strong) value = value_in_sentence(sight, key, verdict.label);
  if (!value) value = value_in_object(sight, key);
  if (value && verdict.label == "authorization") pass_scheme(sight, &*value);
  if (!value) find_items_below(sight, key, verdict, masks);
  if (!value || value->span.empty() || !is_secret(text, key, verdict, *value)) return key.end;
  add(text, *value, verdict.label, masks);
  if (value->list) add_items(sight, value->span.end, verdict.label, masks);
  return key.end;
}

}  // namespace carrel
