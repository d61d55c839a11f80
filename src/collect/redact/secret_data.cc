#include "collect/redact/secret_data.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "collect/redact/key_name.h"
#include "collect/redact/value_look.h"
#include "collect/redact/value_span.h"

namespace carrel {
namespace {

constexpr std::size_t entries_bytes = sight_ahead / 4;  // after so many the sight is moved on
constexpr unsigned widest_column = 64;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Blanks, and line breaks escaped in a string around.
std::size_t skip_blanks(std::string_view text, std::size_t at) {
  for (;;) {
    if (at < text.size() && is_blank(text[at])) {
      ++at;
    } else if (at + 1 < text.size() && text[at] == '\\' && (text[at + 1] == 'n' || text[at + 1] == 't')) {
      at += 2;
    } else {
      return at;
    }
  }
}

// A string of JSON at `at` with its quotes at this depth; `inside` is empty where there is none.
struct JsonString {
  Span inside;
  std::size_t behind = 0;
  bool closed = false;
  bool found = false;
};
JsonString json_string(std::string_view text, std::size_t at, unsigned depth) {
  std::size_t inside = at;
  const Quote quote = quote_at(text, at, &inside);
  if (quote.mark != '"' || quote.depth != depth) return {};
  JsonString string;
  string.found = true;
  const std::size_t end = string_end(text, inside, quote, &string.closed);
  string.inside = {inside, end};
  string.behind = string.closed ? std::min(end + depth + 1, text.size()) : end;
  return string;
}

bool is_secret_type(std::string_view type) {
  return type == "Opaque" || type.starts_with("kubernetes.io/") || type.starts_with("helm.sh/release") ||
         type.starts_with("bootstrap.kubernetes.io/");
}

enum class Sibling : std::uint8_t { secret, other, none, unseen };

// Where another object of this name begins, in the text behind `at`; the text's end where none does.
std::size_t next_object(std::string_view text, std::string_view name, std::size_t at, unsigned depth) {
  const std::string quoted = std::string(name) + std::string(depth, '\\') + '"';
  for (at = text.find(quoted, at); at != std::string_view::npos; at = text.find(quoted, at + 1)) {
    const std::size_t colon = skip_blanks(text, at + quoted.size());
    if (!begins_word(text, at) || colon >= text.size() || text[colon] != ':') continue;
    const std::size_t value = skip_blanks(text, colon + 1);
    if (value >= text.size() || text[value] == '{') return at;
  }
  return text.size();
}

// Looks from the object at `brace` on through the members that follow it, for the `kind` beside it; and no
// further than to a second object of its name. That one is another's, or within this one, so that which
// `kind` is whose cannot be told; and to look further from each of many would take long.
Sibling json_sibling(std::string_view text, std::string_view name, std::size_t brace, unsigned depth) {
  text = text.substr(0, next_object(text, name, brace, depth));
  std::size_t nesting = 0;
  bool typed = false;
  for (std::size_t at = brace; at < text.size();) {
    const char c = text[at];
    if (c == '{' || c == '[') {
      ++nesting;
      ++at;
    } else if (c == '}' || c == ']') {
      if (nesting == 0) return typed ? Sibling::secret : Sibling::none;
      --nesting;
      ++at;
    } else if (c == '"' || c == '\\') {
      const JsonString string = json_string(text, at, depth);
      if (!string.found) {
        ++at;
        continue;
      }
      at = string.behind;
      if (!string.closed && at >= text.size()) return Sibling::unseen;
      const std::string_view word = piece(text, string.inside);
      if (nesting > 0 || (word != "kind" && word != "type")) continue;
      const std::size_t colon = skip_blanks(text, at);
      if (colon >= text.size() || text[colon] != ':') continue;
      const JsonString value = json_string(text, skip_blanks(text, colon + 1), depth);
      if (!value.found) continue;
      if (word == "kind") return piece(text, value.inside) == "Secret" ? Sibling::secret : Sibling::other;
      typed |= is_secret_type(piece(text, value.inside));
      at = value.behind;
    } else {
      ++at;
    }
  }
  return typed ? Sibling::secret : Sibling::unseen;
}

unsigned indentation(std::string_view line) {
  return static_cast<unsigned>(std::min(line.find_first_not_of(' '), line.size()));
}

// Looks through the lines below `data:` for the `kind:` in the same column, and no further than a second
// `data:` there, for the same reason.
Sibling yaml_sibling(std::string_view text, std::string_view name, std::size_t at, unsigned column) {
  bool typed = false;
  for (std::size_t newline = text.find('\n', at); newline != std::string_view::npos;
       newline = text.find('\n', newline + 1)) {
    const std::string_view line = text.substr(newline + 1, text.find('\n', newline + 1) - newline - 1);
    if (trim(line).empty()) continue;
    const unsigned width = indentation(line);
    if (width < column || line.starts_with("---")) return typed ? Sibling::secret : Sibling::none;
    if (width > column) continue;
    const std::string_view member = line.substr(width);
    if (member.starts_with("kind:"))
      return trim(member.substr(5)) == "Secret" ? Sibling::secret : Sibling::other;
    if (member.starts_with("type:")) typed |= is_secret_type(trim(member.substr(5)));
    if (member.starts_with("- ")) return typed ? Sibling::secret : Sibling::none;
    if (member.starts_with(name) && member.substr(name.size()).starts_with(':')) break;
  }
  return typed ? Sibling::secret : Sibling::unseen;
}

// Bytes before the name in its line, where they are nothing but indentation, dashes and a quote;
// widest_column where there is more.
unsigned column_of(std::string_view text, std::size_t key) {
  std::size_t at = key;
  while (at > 0 && (text[at - 1] == '"' || text[at - 1] == '\\')) --at;
  const std::size_t end = at;
  while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '-') && end - at < widest_column) --at;
  const bool begins =
      at == 0 || text[at - 1] == '\n' || (at > 1 && text[at - 1] == 'n' && text[at - 2] == '\\');
  return begins ? static_cast<unsigned>(end - at) : widest_column;
}

}  // namespace

void SecretData::see_kind(const Sight& sight) {
  const std::string_view text = sight.text;
  const Span key = key_around(text, sight.anchor);
  if (piece(text, key) != "kind") return;
  const auto value = value_after(sight, key);
  if (!value) return;
  const std::string_view kind = trim(piece(text, value->span));
  const bool secret = kind == "Secret" || kind == "SecretList";
  if (secret) secrets_ = true;
  if (!secret && kind.ends_with("List")) secrets_ = false;
  const unsigned column = column_of(text, key.begin);
  if (column == widest_column) return;
  std::erase_if(kinds_, [&](const auto& entry) { return entry.first >= column; });
  kinds_.emplace_back(column, secret);
}

void SecretData::see_document() {
  kinds_.clear();
  secrets_ = false;
}

SecretData::Kind SecretData::remembered(std::string_view text, std::size_t key) const {
  const unsigned column = column_of(text, key);
  for (const auto& [known, secret] : kinds_) {
    if (known == column) return secret ? Kind::secret : Kind::other;
  }
  return secrets_ ? Kind::secret : Kind::unknown;
}

bool SecretData::see_data(const Sight& sight, bool guessed, std::size_t* behind) {
  const std::string_view text = sight.text;
  const Span key = key_around(text, sight.anchor);
  const std::string_view name = piece(text, key);
  if (name != "data" && name != "stringData") return false;
  std::size_t at = key.end;
  const Quote quote = quote_at(text, at, &at);
  at = skip_blanks(text, at);
  if (at >= text.size() || text[at] != ':') return false;
  const std::size_t colon = at + 1;
  const std::size_t value = skip_blanks(text, colon);
  if (value >= text.size()) return false;
  const bool json =
      text[value] == '{' && text.substr(colon, value - colon).find('\n') == std::string_view::npos;
  const std::size_t same_line = skip_spaces(text, colon);
  const bool yaml = !json && quote.mark == 0 &&
                    (same_line >= text.size() || text[same_line] == '\n' || text[same_line] == '\r');
  if (!json && !yaml) return false;
  const unsigned column = yaml ? static_cast<unsigned>(key.begin - line_begin(text, key.begin)) : 0;
  const Sibling sibling =
      json ? json_sibling(text, name, value, quote.depth) : yaml_sibling(text, name, colon, column);
  if (sibling == Sibling::other) return false;
  Kind kind = sibling == Sibling::secret ? Kind::secret : remembered(text, key.begin);
  if (kind == Kind::other || (kind == Kind::unknown && sibling == Sibling::none)) return false;
  const bool guess = kind == Kind::unknown;
  if (guess && sight.to_end) return false;  // all was seen, and nothing says that it is a Secret's
  if (guess && guessed && quote.depth <= depth_) return false;
  only_base64_ = guess;
  encoded_ = name == "data";
  label_ = {};
  cut_ = false;
  mode_ = json ? Mode::json : Mode::yaml;
  depth_ = quote.depth;
  nesting_ = 1;
  column_ = column;
  *behind = json ? value + 1 : std::min(text.find('\n', colon), text.size() - 1) + 1;
  return true;
}

std::size_t SecretData::go_on(const Sight& sight, Masks* masks) {
  const std::size_t at = mode_ == Mode::json ? json_entries(sight, masks) : yaml_entries(sight, masks);
  if (at > sight.anchor.begin) return at;
  if (mode_ == Mode::none) return at;
  mode_ = Mode::none;  // nothing more can be read
  return at;
}

void SecretData::mask(std::string_view text, Mask value, std::string_view name, Masks* masks) {
  const std::string_view held = piece(text, value.span);
  if (held.empty() || held.starts_with("redacted-") || held.find("***HIDDEN***") != std::string_view::npos)
    return;
  // Of one that is cut the whole groups are looked at.
  const std::string_view groups = value.until == Until::seen ? held : held.substr(0, held.size() / 4 * 4);
  if (only_base64_ && (held.size() < 8 || !is_base64(groups))) return;
  if (value.until != Until::seen) only_base64_ = false;  // no other object's data has so much of it
  value.label = name.empty() ? "secret" : name;
  // The same password in an environment variable gets the same pseudonym.
  if (encoded_ && value.until == Until::seen && is_base64(held)) {
    std::string plain = from_base64(held);
    if (is_utf8(plain) && plain.find('\0') == std::string::npos) value.value = std::move(plain);
  }
  masks->push_back(std::move(value));
}

std::size_t SecretData::json_entries(const Sight& sight, Masks* masks) {
  const std::string_view text = sight.text;
  const std::size_t begin = sight.anchor.begin;
  std::size_t at = begin;
  if (std::exchange(cut_, false)) (void)quote_at(text, at, &at);  // what closes it
  while (at < text.size() && at < begin + entries_bytes) {
    at = skip_blanks(text, at);
    if (at >= text.size()) break;
    const char c = text[at];
    if (c == '}' || c == ']') {
      ++at;
      if (--nesting_ == 0) {
        mode_ = Mode::none;
        return at;
      }
    } else if (c == '{' || c == '[') {
      ++nesting_;
      ++at;
    } else if (c == ',' || c == ':') {
      ++at;
    } else if (const JsonString string = json_string(text, at, depth_); string.found) {
      const std::size_t colon = skip_blanks(text, string.behind);
      if (string.closed && colon < text.size() && text[colon] == ':') {
        label_ = judge_key(piece(text, string.inside)).label;
        at = colon + 1;
        continue;
      }
      const bool cut = !string.closed && string.behind == text.size() && !sight.to_end;
      if (cut && at > begin) return at;  // with it the next look begins, and sees more of it
      cut_ = cut;
      mask(text, {string.inside, {}, {}, cut ? Until::quote : Until::seen, depth_}, label_, masks);
      at = string.behind;
      if (cut_) return at;
    } else {
      // A bare word: of YAML's flow style, or null.
      std::size_t end = at;
      while (end < text.size() && !is_blank(text[end]) &&
             std::string_view(",:{}[]").find(text[end]) == std::string_view::npos)
        ++end;
      if (end == at) ++end;
      if (end < text.size() && text[end] == ':') {
        label_ = judge_key(text.substr(at, end - at)).label;
      } else if (text.substr(at, end - at) != "null") {
        mask(text, {{at, end}, {}, {}, Until::seen, 0}, label_, masks);
      }
      at = end;
    }
  }
  return at;
}

std::size_t SecretData::yaml_entries(const Sight& sight, Masks* masks) {
  const std::string_view text = sight.text;
  const std::size_t begin = sight.anchor.begin;
  std::size_t at = begin;
  if (std::exchange(cut_, false))
    at = std::min(std::min(text.find('\n', at), text.size() - 1) + 1, text.size());
  while (at < text.size() && at < begin + entries_bytes) {
    const std::size_t line_stop = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, line_stop - at);
    const std::size_t next = std::min(line_stop + 1, text.size());
    if (trim(line).empty()) {
      at = next;
      continue;
    }
    const unsigned width = indentation(line);
    if (width <= column_) {
      mode_ = Mode::none;
      return at;
    }
    std::size_t name_end = line.find(": ");
    if (name_end == std::string_view::npos && trim(line).ends_with(':')) name_end = line.rfind(':');
    Span name{at + width, at + std::min(name_end, line.size())};
    if (name_end == std::string_view::npos || name.size() > 253) {
      mask(text, {{at + width, at + width + trim(line).size()}, {}, {}, Until::seen, 0}, {}, masks);
      at = next;
      continue;
    }
    while (name.size() > 1 && (text[name.begin] == '"' || text[name.begin] == '\'')) ++name.begin;
    while (name.size() > 1 && (text[name.end - 1] == '"' || text[name.end - 1] == '\'')) --name.end;
    const auto value = value_after(sight, name);
    if (value && value->until != Until::seen && at > begin) return at;  // the next look begins with it
    at = next;
    if (!value || value->span.empty()) continue;
    mask(text, {value->span, {}, {}, value->until, value->depth}, judge_key(piece(text, name)).label, masks);
    cut_ = value->until != Until::seen;
    if (cut_) return value->span.end;
    at = std::min(std::min(text.find('\n', value->span.end), text.size() - 1) + 1, text.size());
  }
  return at;
}

}  // namespace carrel
