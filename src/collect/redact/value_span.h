// Where names, separators and values stand in text that may be JSON, YAML, XML, a shell's, a log's or any of
// these inside a string of another.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "collect/redact/sight.h"

namespace carrel {

// Letters, digits, '_', '-' and '.': what the names of settings are made of.
bool in_key(char c);
bool in_word(char c);
bool is_space(char c);  // blank or tab
// Does no letter or digit stand before `at`? The letter of an escape ("\n") is none.
bool begins_word(std::string_view text, std::size_t at);

// A quote as it is written inside `depth` backslashes: "\\\"" where JSON stands inside a JSON string.
struct Quote {
  char mark = 0;  // 0: none
  unsigned depth = 0;
};

// The quote that begins at `at`, backslashes included; `*behind` is where it ends.
Quote quote_at(std::string_view text, std::size_t at, std::size_t* behind);
// Where the string that such a quote opened ends: the place of the closing quote, backslashes included, or of
// the end of the line or text. `*closed` says which.
std::size_t string_end(std::string_view text, std::size_t at, Quote quote, bool* closed);

// The begin and the end of the line that `at` stands in. An escaped newline ends a line too.
std::size_t line_begin(std::string_view text, std::size_t at);
std::size_t line_end(std::string_view text, std::size_t at);
std::size_t skip_spaces(std::string_view text, std::size_t at);

// The name around an anchor, without what an escape before it left there ("\npassword").
Span key_around(std::string_view text, Span anchor);

struct ValueSpan {
  Span span;
  Until until = Until::seen;
  unsigned depth = 0;
  bool quoted = false;
  bool list = false;   // one of several items
  bool prose = false;  // more words follow in a line that may be a sentence
  bool colon = false;  // stands behind ':' and blanks
  bool quoted_key = false;
};

// The value beside the name: behind ':', '=', "=>", ":=" or "</name>"'s '>', or on the lines below for YAML's
// block scalars. Nothing where there is no separator, or where an object begins.
std::optional<ValueSpan> value_after(const Sight& sight, Span key);

// The next word or string at `at`, as an argument of a command.
ValueSpan argument_at(const Sight& sight, std::size_t at);

// What a string means: JSON's escapes undone where there are any.
std::string unescaped(std::string_view text);

}  // namespace carrel
