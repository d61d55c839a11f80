// A schema as the automaton walks it: a list of nodes in which whatever cannot be completed is gone.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "record/schema.h"
#include "room/constrain/automaton.h"
#include "room/constrain/command_grammar.h"
#include "room/constrain/quotable.h"

namespace carrel {

// The whole numbers of a schema's integer, and the decimal texts that can still become one.
struct IntegerBounds {
  std::int64_t least = std::numeric_limits<std::int64_t>::min();
  std::int64_t most = std::numeric_limits<std::int64_t>::max();

  // True where digits with this value (no leading zero), behind a '-' or not, are one of the numbers.
  bool holds(bool negative, std::uint64_t value) const;
  // The shortest digits to add so that holds(), if they are asked for; `digits`: how many there are already.
  // False where there are none.
  bool shortest_rest(bool negative, std::uint64_t value, std::uint32_t digits, std::string* rest) const;
};

class Grammar {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  struct Property {
    std::string key;  // with quotes and colon
    bool required = false;
    std::vector<std::uint32_t> starts;
  };
  struct Node {
    Schema::Type type =
        Schema::Type::null;             // never any_of, boolean or null: those are alternatives and literals
    std::vector<Property> properties;   // object: those that are possible
    std::uint32_t last_required = 0;    // object: behind the last required property
    std::vector<std::uint32_t> starts;  // array: what an item may be
    std::uint32_t least = 0, most = 0;  // array: items; string, quote: code points
    bool unique = false;                // array
    IntegerBounds bounds;               // integer
    std::shared_ptr<const TextPattern> pattern;  // string; null: any text
    bool quoted = false;                         // evidence: the id of the line that its object quotes
    std::vector<std::uint32_t> left_out;         // and the numbers of lines that are too short for that
    std::vector<std::string> literals;           // literal: in order
    std::string shortest;                        // the shortest text of the whole value
  };

  // `lines`: what may be quoted; one for each evidence id, or none where the schema has no quotes.
  Grammar(std::size_t evidence_count, const std::vector<CommandPattern>& patterns,
          const std::vector<Name>& names, const std::vector<std::string_view>& lines);

  // Makes the nodes; false where the schema has no answer.
  bool add_root(const Schema& schema);

  const Node& node(std::uint32_t node) const { return nodes_[node]; }
  const std::vector<std::uint32_t>& roots() const { return roots_; }
  const CommandGrammar& commands() const { return commands_; }
  const QuotableLines& lines() const { return lines_; }
  std::uint32_t evidence_count() const { return evidence_count_; }
  std::uint32_t evidence_digits() const { return evidence_digits_; }
  const std::string& shortest_of(const std::vector<std::uint32_t>& starts) const;

 private:
  // What a value of the schema may begin as: nodes, none where it is impossible.
  std::vector<std::uint32_t> alternatives(const Schema& schema);
  std::uint32_t make(const Schema& schema);
  bool fill(const Schema& schema, Node* node);
  bool fill_object(const Schema& schema, Node* node);
  // What a property may begin as. The id of a line that another property quotes is one of a line that is long
  // enough; `line` becomes the first of those, and a quote's shortest text is of it.
  std::vector<std::uint32_t> property_starts(const Schema& object, const Schema::Property& property,
                                             std::uint32_t* line, std::string* shortest);
  bool fill_array(const Schema& schema, Node* node);

  std::uint32_t evidence_count_;
  std::uint32_t evidence_digits_;
  CommandGrammar commands_;
  QuotableLines lines_;
  std::vector<Node> nodes_;
  std::vector<std::pair<const Schema*, std::uint32_t>> made_;  // by schema, so that a definition is made once
  std::vector<std::uint32_t> roots_;
};

}  // namespace carrel
