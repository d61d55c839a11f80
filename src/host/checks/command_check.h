// Whether a command is one of those a playbook allows, told from its text alone: it is split as a shell would
// split it, anything a shell would act on refuses it, and its words must be those of a pattern
// (record/command.h) over names that the bundle has or refers to. Shares no code with the automaton that a
// model decodes under.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "record/command.h"
#include "record/evidence.h"

namespace carrel {

// The words of a simple command after quote removal (POSIX.1-2024, Shell Command Language, 2.2 and 2.3). An
// Error (Code::bad_input) names the character that would be more than a word to a shell: operators,
// redirections, expansions, globs, comments, assignments, control characters, and letters beyond ASCII (a
// look-alike is not the letter it shows).
Result<std::vector<std::string>> shell_words(std::string_view command);

class CommandRules {
 public:
  CommandRules(const std::vector<CommandPattern>& patterns, const std::vector<Name>& names);

  // Nothing where the command is allowed, else the reason. `-n NAMESPACE` may stand anywhere behind the
  // program, as kubectl takes it.
  std::string why_not(const std::string& command) const;

 private:
  // A pattern as words; a word is texts and slots, side by side.
  struct Word {
    std::vector<CommandPart> parts;
    bool kind_of_object = false;  // {object}'s first word; the name is the next
  };
  struct Group {
    bool optional = false;
    std::vector<Word> words;
  };
  using Pattern = std::vector<Group>;
  struct Chosen {
    std::string space;
    bool has_space = false;
    std::string pod;  // as the space of its containers
    std::string object_kind;
  };
  struct Furthest {  // the failure that came furthest, which is the one to tell
    std::size_t word = 0;
    std::size_t place = 0;  // in the word
    std::string why;
  };

  static Pattern words_of(const CommandPattern& pattern);
  static bool move_slot(Pattern* pattern);
  bool match(const Pattern& pattern, std::size_t group, const std::vector<std::string>& words, std::size_t at,
             const Chosen& chosen, Furthest* furthest) const;
  bool match_words(const Pattern& pattern, std::size_t group, std::size_t word,
                   const std::vector<std::string>& words, std::size_t at, const Chosen& chosen,
                   Furthest* furthest) const;
  // Every way in which the parts from `part` on can make up the rest of the text.
  void match_parts(const Word& word, std::size_t part, std::string_view rest, const Chosen& chosen,
                   std::vector<Chosen>* out, std::string* why) const;
  // Takes a name for a slot; false with the reason.
  bool take(const CommandPart& slot, const std::string& name, Chosen* chosen, std::string* why) const;
  bool known(const std::string& kind, const std::string& space, const std::string& name) const;

  std::vector<Pattern> patterns_;
  std::vector<Pattern> moved_;  // those with `-n {namespace}`, with it behind the program
  std::unordered_set<std::string> names_;
  std::unordered_set<std::string> spaces_;
};

}  // namespace carrel
