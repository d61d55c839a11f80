#include "collect/redact/value_span.h"

#include <algorithm>

#include "base/ascii.h"

namespace carrel {
namespace {

constexpr std::size_t longest_key = 128;
constexpr std::size_t lines_in_string = 64;

bool is_quote(char c) {
  return c == '"' || c == '\'' || c == '`';
}

bool is_closer(char c) {
  return c == ')' || c == ']' || c == '}' || c == '>';
}

char opener_of(char closer) {
  switch (closer) {
    case ')':
      return '(';
    case ']':
      return '[';
    case '}':
      return '{';
    default:
      return '<';
  }
}

// An escape that ends a line or a string of the text around: \n, \r, \t, \".
bool is_end_escape(std::string_view text, std::size_t at) {
  if (text[at] != '\\') return false;
  while (at < text.size() && text[at] == '\\') ++at;
  return at < text.size() && (text[at] == 'n' || text[at] == 'r' || text[at] == 't' || is_quote(text[at]));
}

// Does another pair of name and value begin here? Then what was before it is over.
bool begins_pair(std::string_view text, std::size_t at) {
  at = skip_spaces(text, at);
  const std::size_t begin = at;
  while (at < text.size() && (in_key(text[at]) || (text[at] == ' ' && at - begin < 24)) && at - begin < 64)
    ++at;
  return at > begin && at < text.size() && (text[at] == '=' || text[at] == ':');
}

// Where an unquoted value ends within a line that has more in it.
std::size_t word_end(std::string_view text, std::size_t begin) {
  std::size_t at = begin;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || is_quote(c) || c == '<') break;
    if (c == '\\' && is_end_escape(text, at)) {
      // A password may have a backslash in it: only what reads as a new line's begin ends it.
      std::size_t behind = at;
      while (behind < text.size() && text[behind] == '\\') ++behind;
      const char escaped = text[behind];
      ++behind;
      if (is_quote(escaped) || behind >= text.size() || !in_word(text[behind]) || begins_pair(text, behind))
        break;
      continue;
    }
    const std::size_t next = at + 1;
    const bool over = next >= text.size() || text[next] == ' ' || text[next] == '\n' || text[next] == '\r' ||
                      text[next] == '\t' || is_quote(text[next]) || text[next] == '\\';
    if (c == '&' && (over || begins_pair(text, next))) break;
    if ((c == ',' || c == ';' || c == '|') && (over || begins_pair(text, next))) break;
    if (is_closer(c) && text.substr(begin, at - begin).find(opener_of(c)) == std::string_view::npos &&
        (over || is_closer(text[next]) || text[next] == ',' || text[next] == ';' || text[next] == '.'))
      break;
  }
  return at;
}

std::size_t trim_end(std::string_view text, std::size_t begin, std::size_t end) {
  while (end > begin && (is_space(text[end - 1]) || text[end - 1] == '\r')) --end;
  return end;
}

// Does the line begin with the name at `at`, but for indentation, dashes, quotes and words of a shell?
bool begins_line(std::string_view text, std::size_t at) {
  std::string_view before = text.substr(0, at);
  for (const std::string_view word : {"export ", "set ", "ENV ", "ARG ", "declare -x "}) {
    if (before.ends_with(word)) before.remove_suffix(word.size());
  }
  // Lines may be long: no more of it is looked at than there is of this.
  while (!before.empty() && std::string_view(" \t-\"'\\#+").find(before.back()) != std::string_view::npos)
    before.remove_suffix(1);
  if (before.empty() || before.back() == '\n') return true;
  const bool escaped = before.back() == 'n' || before.back() == 'r';
  return escaped && before.size() > 1 && before[before.size() - 2] == '\\';
}

unsigned indentation(std::string_view text, std::size_t begin) {
  unsigned width = 0;
  while (begin + width < text.size() && text[begin + width] == ' ') ++width;
  return width;
}

// Indentation of the line a key stands in, dashes of lists counted.
unsigned key_column(std::string_view text, std::size_t key) {
  return static_cast<unsigned>(key - line_begin(text, key));
}

// The lines below `at` that are indented more than `column`, from the first one's text on. An empty span
// where there are none.
Span block_below(const Sight& sight, std::size_t at, unsigned column, bool* cut) {
  const std::string_view text = sight.text;
  Span block;
  std::size_t line = at;
  *cut = false;
  for (;;) {
    const std::size_t newline = text.find('\n', line);
    if (newline == std::string_view::npos) {
      *cut = !sight.to_end && !block.empty();
      break;
    }
    line = newline + 1;
    const unsigned width = indentation(text, line);
    const std::size_t first = line + width;
    if (first >= text.size()) break;
    if (text[first] == '\n' || text[first] == '\r') continue;
    if (width <= column) break;
    if (block.empty()) block.begin = first;
    block.end = trim_end(text, first, std::min(text.find('\n', first), text.size()));
  }
  return block;
}

// `password: |` and `password:` with its text below.
std::optional<ValueSpan> value_below(const Sight& sight, Span key, std::size_t colon, bool indicator) {
  const std::string_view text = sight.text;
  const unsigned column = key_column(text, key.begin);
  bool cut = false;
  const Span block = block_below(sight, colon, column, &cut);
  if (block.empty()) return std::nullopt;
  const std::string_view first = text.substr(block.begin, line_end(text, block.begin) - block.begin);
  if (!indicator &&
      (first.starts_with("- ") || first.find(": ") != std::string_view::npos || first.ends_with(':') ||
       first.starts_with('#') || first.starts_with('{') || !begins_line(text, key.begin)))
    return std::nullopt;
  ValueSpan value;
  value.span = block;
  if (!indicator && first.size() > 1 && is_quote(first.front()) && first.back() == first.front() &&
      block.end == block.begin + first.size()) {
    value.span = {block.begin + 1, block.end - 1};
    value.quoted = true;
  }
  if (cut) {
    value.span.end = text.size();
    value.until = Until::block;
    value.depth = column + 1;
  }
  return value;
}

ValueSpan string_at(const Sight& sight, std::size_t inside, Quote quote) {
  const std::string_view text = sight.text;
  ValueSpan value;
  value.quoted = true;
  value.depth = quote.depth;
  bool closed = false;
  std::size_t end = string_end(text, inside, quote, &closed);
  if (!closed && quote.depth == 0) {
    // A string of a shell or of YAML may go on over lines; without a closing quote the line's end is its end.
    std::size_t line = end;
    for (std::size_t lines = 0; lines < lines_in_string && line < text.size(); ++lines) {
      std::size_t next = string_end(text, line + 1, quote, &closed);
      if (closed) {
        const char behind = next + 1 < text.size() ? text[next + 1] : '\n';
        if (behind == '\n' || behind == ' ' || behind == '\r' || behind == ',' || behind == ';') end = next;
        break;
      }
      line = next;
    }
  }
  value.span = {inside, closed ? end : trim_end(text, inside, end)};
  if (end == text.size() && !sight.to_end) {
    value.span.end = end;
    value.until = Until::quote;
  }
  return value;
}

ValueSpan word_at(const Sight& sight, std::size_t begin) {
  ValueSpan value;
  value.span = {begin, word_end(sight.text, begin)};
  if (value.span.end == sight.text.size() && !sight.to_end) value.until = Until::word;
  return value;
}

// The rest of a line that has nothing but this pair: a comment behind it is none of it.
ValueSpan rest_of_line(const Sight& sight, std::size_t begin, bool yaml) {
  const std::string_view text = sight.text;
  ValueSpan value;
  std::size_t end = line_end(text, begin);
  if (end == text.size() && !sight.to_end) {
    value.span = {begin, end};
    value.until = Until::line;
    return value;
  }
  if (yaml) {
    const std::size_t comment = text.substr(begin, end - begin).find(" #");
    if (comment != std::string_view::npos) end = begin + comment;
  }
  value.span = {begin, trim_end(text, begin, end)};
  return value;
}

// Does a pair follow in the line behind the word at `begin`?
bool more_pairs(std::string_view text, std::size_t begin) {
  const std::size_t end = line_end(text, begin);
  for (std::size_t at = word_end(text, begin); at < end; ++at) {
    if (text[at] != ' ' && text[at] != ',' && text[at] != ';') continue;
    std::size_t name = at + 1;
    while (name < end && in_key(text[name])) ++name;
    if (name > at + 1 && name < end && text[name] == '=') return true;
  }
  return false;
}

bool has_more_words(std::string_view text, std::size_t end) {
  const std::size_t next = skip_spaces(text, end);
  return next > end && next < text.size() && in_word(text[next]);
}

struct Separator {
  std::size_t behind = 0;
  char mark = 0;  // ':', '=' or '>'
  bool blanks = false;
};

// The separator at `at`, blanks around it passed over.
std::optional<Separator> separator_at(std::string_view text, std::size_t at) {
  at = skip_spaces(text, at);
  if (at >= text.size()) return std::nullopt;
  Separator separator{at + 1, text[at], false};
  if (text.substr(at, 3) == "%3D" || text.substr(at, 3) == "%3d") separator = {at + 3, '=', false};
  if (text.substr(at, 6) == "\\u003d") separator = {at + 6, '=', false};
  if (separator.mark != ':' && separator.mark != '=') return std::nullopt;
  if (separator.behind < text.size() && separator.behind == at + 1) {
    const char next = text[separator.behind];
    if (next == '=' && separator.mark == '=') return std::nullopt;  // a comparison
    if (next == ':' && separator.mark == ':') return std::nullopt;  // a name of C++ or Rust
    if (next == '>' || next == '=') ++separator.behind;             // "=>", ":="
  }
  const std::size_t value = skip_spaces(text, separator.behind);
  separator.blanks = value > separator.behind;
  separator.behind = value;
  return separator;
}

// "|", ">-", "|2+": a block scalar follows.
bool is_block_indicator(std::string_view text, std::size_t at) {
  if (at >= text.size() || (text[at] != '|' && text[at] != '>')) return false;
  ++at;
  while (at < text.size() && (text[at] == '-' || text[at] == '+' || (text[at] >= '0' && text[at] <= '9')))
    ++at;
  at = skip_spaces(text, at);
  return at >= text.size() || text[at] == '\n' || text[at] == '\r' || text[at] == '#';
}

}  // namespace

bool in_word(char c) {
  return is_alphanumeric(c) || c == '_';
}

bool in_key(char c) {
  return in_word(c) || c == '-' || c == '.';
}

bool is_space(char c) {
  return c == ' ' || c == '\t';
}

bool begins_word(std::string_view text, std::size_t at) {
  if (at == 0 || text[at - 1] == '_' || !in_word(text[at - 1])) return true;
  const char before = text[at - 1];
  return at > 1 && text[at - 2] == '\\' && (before == 'n' || before == 't' || before == 'r');
}

Quote quote_at(std::string_view text, std::size_t at, std::size_t* behind) {
  std::size_t mark = at;
  while (mark < text.size() && text[mark] == '\\' && mark - at < 64) ++mark;
  if (mark >= text.size() || !is_quote(text[mark])) return {};
  *behind = mark + 1;
  return {text[mark], static_cast<unsigned>(mark - at)};
}

std::size_t string_end(std::string_view text, std::size_t at, Quote quote, bool* closed) {
  // At depth 2^k - 1 a closing quote has that many backslashes, and any multiple of 2^(k+1) more that are the
  // string's own.
  const std::size_t period = 2 * (std::size_t{quote.depth} + 1);
  std::size_t slashes = 0;
  *closed = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\') {
      ++slashes;
      continue;
    }
    if (c == '\n') return at;
    if (c == quote.mark || (is_quote(c) && c != '`' && slashes < quote.depth)) {
      const bool ours = c == quote.mark && slashes % period == quote.depth;
      const bool outer = quote.depth > 0 && slashes < quote.depth && c == '"';
      const bool doubled =
          ours && c == '\'' && quote.depth == 0 && at + 1 < text.size() && text[at + 1] == '\'';
      if (doubled) {
        ++at;
      } else if (ours || outer) {
        *closed = true;
        return ours ? at - quote.depth : at - slashes;
      }
    }
    slashes = 0;
  }
  return at;
}

std::size_t line_begin(std::string_view text, std::size_t at) {
  while (at > 0) {
    const char before = text[at - 1];
    if (before == '\n') break;
    if ((before == 'n' || before == 'r') && at > 1 && text[at - 2] == '\\') break;
    --at;
  }
  return at;
}

std::size_t line_end(std::string_view text, std::size_t at) {
  for (; at < text.size(); ++at) {
    if (text[at] == '\n') break;
    if (text[at] == '\\' && is_end_escape(text, at)) break;
  }
  return at;
}

std::size_t skip_spaces(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

Span key_around(std::string_view text, Span anchor) {
  Span key = anchor;
  while (key.begin > 0 && in_key(text[key.begin - 1]) && anchor.begin - key.begin < longest_key) --key.begin;
  while (key.end < text.size() && in_key(text[key.end]) && key.end - anchor.end < longest_key) ++key.end;
  if (key.begin > 0 && text[key.begin - 1] == '\\' && key.begin < anchor.begin) {
    const char escaped = text[key.begin];
    if (escaped == 'n' || escaped == 'r' || escaped == 't') ++key.begin;
    if (escaped == 'u' && anchor.begin - key.begin >= 5) key.begin += 5;
  }
  while (key.begin < anchor.begin && (text[key.begin] == '-' || text[key.begin] == '.')) ++key.begin;
  while (key.end > anchor.end && (text[key.end - 1] == '-' || text[key.end - 1] == '.')) --key.end;
  return key;
}

std::optional<ValueSpan> value_after(const Sight& sight, Span key) {
  const std::string_view text = sight.text;
  std::size_t at = key.end;
  std::size_t behind = at;
  const Quote key_quote = quote_at(text, at, &behind);
  if (key_quote.mark != 0) at = behind;
  if (at < text.size() && text[at] == ']' && key.begin > 0 &&
      (text[key.begin - 1] == '[' || is_quote(text[key.begin - 1])))
    ++at;
  // <password>…</password>
  if (at < text.size() && text[at] == '>' && key.begin > 0 && text[key.begin - 1] == '<') {
    ValueSpan value;
    const std::size_t close = std::min(text.find('<', at + 1), text.size());
    value.span = {at + 1, close};
    value.quoted = true;
    if (close == text.size() && !sight.to_end) value.until = Until::line;
    return value;
  }
  const auto separator = separator_at(text, at);
  if (!separator) return std::nullopt;
  at = separator->behind;
  const bool line_start = begins_line(text, key.begin);
  const bool yaml = separator->mark == ':' && line_start && key_quote.mark == 0;
  if (separator->mark == ':' && (at >= text.size() || text[at] == '\n' || text[at] == '\r'))
    return line_start ? value_below(sight, key, at, false) : std::nullopt;
  if (separator->mark == ':' && is_block_indicator(text, at)) return value_below(sight, key, at, true);
  if (at >= text.size() || text[at] == '\n' || text[at] == '\r') return std::nullopt;

  ValueSpan value;
  if (text[at] == '[') {
    const std::size_t first = text.find_first_not_of(" \t\r\n", at + 1);
    if (first == std::string_view::npos || text[first] == '{' || text[first] == '[' || text[first] == ']')
      return std::nullopt;
    at = first;
    value.list = true;
  }
  const bool list = value.list;
  if (const Quote quote = quote_at(text, at, &behind); quote.mark != 0 && text[at] != '`') {
    value = string_at(sight, behind, quote);
  } else if (text[at] == '{' && text.substr(at, 2) != "{{") {
    return std::nullopt;
  } else if (list) {
    value = word_at(sight, at);
  } else if (yaml && (separator->blanks || text[at] == '|')) {
    value = rest_of_line(sight, at, true);
  } else if (separator->mark == '=' && line_start && !more_pairs(text, at)) {
    const bool in_string = key.begin > 0 && is_quote(text[key.begin - 1]);
    value = in_string ? word_at(sight, at) : rest_of_line(sight, at, false);
  } else {
    value = word_at(sight, at);
    value.prose = separator->blanks && has_more_words(text, value.span.end);
  }
  value.list = list;
  value.colon = separator->mark == ':' && separator->blanks && !line_start;
  value.quoted_key = key_quote.mark != 0;
  return value;
}

ValueSpan argument_at(const Sight& sight, std::size_t at) {
  std::size_t behind = at;
  const Quote quote = quote_at(sight.text, at, &behind);
  return quote.mark != 0 ? string_at(sight, behind, quote) : word_at(sight, at);
}

std::string unescaped(std::string_view text) {
  if (text.find('\\') == std::string_view::npos) return std::string(text);
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\' || at + 1 >= text.size()) {
      out += text[at];
      continue;
    }
    const char c = text[++at];
    if (c == 'n') {
      out += '\n';
    } else if (c == 't') {
      out += '\t';
    } else if (c == 'u' && at + 4 < text.size() && text.substr(at + 1, 2) == "00") {
      unsigned code = 0;
      for (const char digit : text.substr(at + 3, 2)) {
        code = code * 16 + static_cast<unsigned>(digit <= '9' ? digit - '0' : (digit | 32) - 'a' + 10);
      }
      out += static_cast<char>(code);
      at += 4;
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace carrel
