// The user's own rules, from a YAML file: what else is masked, and what is not.
//
//   version: 1
//   addresses: true                    # IP and MAC addresses too
//   mask:
//     - class: customer                # part of the pseudonym: redacted-customer-4
//       words: [Acme, "Acme Ltd"]      # wherever they stand, in any case
//     - class: employee
//       patterns: ["EMP-######"]       # '#' a digit, '?' a letter or digit, '*' the rest of a word
//     - class: iban
//       names: [iban, account_number]  # the value beside such a name
//   keep:
//     names: [token_budget]            # the value beside such a name stays
//     values: [changeme]               # these stay wherever they stand
//
// docs/redaction.md describes it for users.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace carrel {

struct RedactionRules {
  struct Word {
    std::string text;
    std::string label;
  };
  struct Pattern {
    std::string begin;  // literal, as it is written
    std::string rest;   // literals, '#', '?', '*'; a literal of these behind '\'
    std::string label;
  };
  struct Name {
    std::string name;    // folded: lower-case letters and digits alone
    std::string anchor;  // its longest run of letters and digits
    std::string label;
  };
  std::vector<Word> words;
  std::vector<Pattern> patterns;
  std::vector<Name> names;
  std::vector<std::string> kept_names;   // folded
  std::vector<std::string> kept_values;  // as they are
  bool addresses = false;
};

// Letters and digits alone, in lower case: how names are compared.
std::string fold_name(std::string_view name);

// Reads a file's text. The Error tells all mistakes, a line each: "file:line:column: what".
Result<RedactionRules> read_redaction_rules(const std::string& file, std::string_view text);

// Where a text that begins with the pattern ends, at `at` behind its literal begin; npos where it is none.
std::size_t match_pattern(std::string_view rest, std::string_view text, std::size_t at);

}  // namespace carrel
