// The answer's shape: the subset of JSON Schema draft 7 that Carrel decodes under and checks against.
//
// Supported: type (object, array, string, integer, boolean, null), properties with required and
// additionalProperties: false, items with minItems, maxItems and uniqueItems, enum and const of strings,
// integers, booleans and null, minLength and maxLength (in code points), pattern (a safe part of it:
// text_pattern.h), minimum, maximum, exclusiveMinimum and exclusiveMaximum of integers, anyOf, and $ref to
// "#/definitions/...". Annotations (title, description, $schema, $id, default, examples, $comment) are read
// over. Anything else is an Error naming line and column: a feature is never dropped in silence.
//
// Three words of Carrel's own tie a string to what a run knows, so that a model cannot write anything else:
//   "x-carrel-set": "evidence"      the id of an evidence line that was kept
//   "x-carrel-grammar": "command"   a command of the playbook's patterns over the bundle's names
//   (record/command.h)
//   "x-carrel-quote": "PROPERTY"    words that stand, byte for byte, in the evidence line whose id the
//   property of that name has: a required one of the same object, before this one
//
// Objects are decoded with their properties in the order of the schema file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/text_pattern.h"

namespace carrel {

struct Schema {
  enum class Type : std::uint8_t {
    object,
    array,
    string,
    integer,
    boolean,
    null,
    any_of,
    literal,
    evidence,
    command,
    quote
  };
  struct Property {
    std::string name;
    bool required = false;
    std::shared_ptr<const Schema> schema;
  };

  Type type = Type::null;
  std::vector<Property> properties;              // object
  std::shared_ptr<const Schema> items;           // array
  std::uint32_t min_count = 0;                   // array: items; string, quote: code points
  std::uint32_t max_count = UINT32_MAX;          // the linter demands a bound for arrays and strings
  bool unique = false;                           // array of strings
  std::shared_ptr<const TextPattern> pattern;    // string; null: any text
  std::string pattern_text;                      // as the file has it
  std::string quote_of;                          // quote: the property whose evidence line is quoted
  std::optional<std::int64_t> minimum, maximum;  // integer
  std::vector<std::string> literals;             // literal: the JSON texts of enum or const ("\"low\"", "3")
  std::vector<std::shared_ptr<const Schema>> choices;  // any_of
};

// One mistake of a file a person wrote, with its place (1-based).
struct Mistake {
  std::size_t line = 1;
  std::size_t column = 1;
  std::string what;
};

// Reads a schema. On failure `mistakes` has all of them and the result is an Error (Code::bad_input) naming
// the first. Recursive schemas are refused: an answer has a largest size. Deterministic; thread-safe.
Result<std::shared_ptr<const Schema>> parse_schema(std::string_view json, std::vector<Mistake>* mistakes);

}  // namespace carrel
