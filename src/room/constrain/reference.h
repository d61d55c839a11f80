// The language of the automaton, told a second time in the slowest and plainest way: linked into tests and
// the fuzzer alone, where it judges the automaton. It shares no code with it; finite parts (evidence ids,
// enumerations, commands) are written out in full, the rest is matched by backtracking over the schema.
#pragma once

#include <cstddef>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "record/command.h"
#include "record/evidence.h"
#include "record/schema.h"

namespace carrel {

class ReferenceLanguage {
 public:
  // Multiplies commands out: for few names.
  ReferenceLanguage(const Schema& schema, std::size_t evidence_count,
                    const std::vector<CommandPattern>& patterns, const std::vector<Name>& names,
                    const std::vector<std::string>& lines);

  // True where any answer exists.
  bool possible() const { return possible(schema_); }
  // True where the text is a whole answer.
  bool holds(std::string_view text) const;
  // True where some answer begins with the text (holds() included).
  bool begins(std::string_view text) const;
  // All commands, each once.
  const std::set<std::string>& commands() const { return commands_; }

 private:
  // How a schema may match from a position on: the places where a value may end, and whether the text ran out
  // inside a value that can be completed.
  struct Match {
    std::set<std::size_t> ends;
    bool cut = false;
  };
  bool possible(const Schema& schema) const;
  bool find_possible(const Schema& schema) const;
  const std::vector<std::string>& listed(const Schema& schema) const;
  std::vector<std::string> list(const Schema& schema) const;
  Match match(const Schema& schema, std::string_view text, std::size_t at) const;
  Match match_text(std::string_view word, std::string_view text, std::size_t at) const;
  Match match_string(const Schema& schema, std::string_view text, std::size_t at) const;
  Match match_quote(const Schema& schema, std::size_t line, std::string_view text, std::size_t at) const;
  // Whether the value is of the schema's pattern; whether some value that begins with it is.
  bool of_pattern(const Schema& schema, const std::wstring& value) const;
  bool begins_pattern(const Schema& schema, const std::wstring& value) const;
  bool may_quote(const Schema& schema, std::size_t line) const;
  bool id_possible(const Schema& object, const std::string& property, std::size_t line) const;
  Match match_integer(const Schema& schema, std::string_view text, std::size_t at) const;
  // `line`: whose id the object has so far.
  void match_properties(const Schema& schema, std::size_t next, bool any, std::size_t line,
                        std::string_view text, std::size_t at, Match* out) const;
  void match_items(const Schema& schema, std::vector<std::string>* taken, std::string_view text,
                   std::size_t at, Match* out) const;

  const Schema& schema_;
  std::vector<std::string> ids_;
  std::vector<std::string> lines_;
  std::set<std::string> commands_;
  mutable std::map<const Schema*, bool> possible_;  // what was found before
  mutable std::map<const Schema*, std::vector<std::string>> listed_;
  mutable std::map<std::pair<const Schema*, std::wstring>, bool> begun_;
  mutable std::map<const Schema*, std::wregex> patterns_;
};

}  // namespace carrel
