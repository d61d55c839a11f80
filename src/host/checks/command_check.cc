#include "host/checks/command_check.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "host/checks/checks.h"

namespace carrel {
namespace {

// Characters with which a shell does more than take a word, outside of quotes.
constexpr std::string_view operators = "|&;<>()$`*?[]{}~!#\n\r\t";

Error unsafe(const std::string& why) {
  return {Code::bad_input, why, ""};
}

std::string shown(std::string_view text) {
  return escape_for_terminal(text);
}

// `-n X` and its other spellings, moved behind the program, so that patterns and commands have one form;
// false where there is none.
bool move_namespace(std::vector<std::string>* words) {
  for (std::size_t at = 1; at < words->size(); ++at) {
    std::string& word = (*words)[at];
    std::string space;
    std::size_t taken = 1;
    if ((word == "-n" || word == "--namespace") && at + 1 < words->size()) {
      space = (*words)[at + 1];
      taken = 2;
    } else if (word.starts_with("--namespace=")) {
      space = word.substr(12);
    } else {
      continue;
    }
    const auto begin = words->begin() + static_cast<std::ptrdiff_t>(at);
    words->erase(begin, begin + static_cast<std::ptrdiff_t>(taken));
    words->insert(words->begin() + 1, {"-n", space});
    return true;
  }
  return false;
}

}  // namespace

Result<std::vector<std::string>> shell_words(std::string_view command) {
  std::vector<std::string> words;
  std::string word;
  bool open = false;  // a word has begun, even if it is empty so far ('')
  char quote = 0;
  for (std::size_t at = 0; at < command.size(); ++at) {
    const char c = command[at];
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return unsafe("it has a control character");
    if (byte >= 0x80) return unsafe("it has a letter beyond ASCII, which may look like another");
    if (quote == '\'') {
      if (c == '\'') {
        quote = 0;
      } else {
        word += c;
      }
      continue;
    }
    if (c == '\\') {
      if (at + 1 == command.size()) return unsafe("it ends with a backslash");
      const char next = command[++at];
      if (static_cast<unsigned char>(next) < 0x20 || static_cast<unsigned char>(next) >= 0x7f) {
        return unsafe("it has a backslash before a character that is not a letter");
      }
      // Inside double quotes a backslash escapes only these.
      if (quote == '"' && std::string_view("$`\"\\").find(next) == std::string_view::npos) word += c;
      word += next;
      open = true;
      continue;
    }
    if (quote == '"') {
      if (c == '"') {
        quote = 0;
      } else if (c == '$' || c == '`' || c == '!') {
        return unsafe(fmt::format("'{}' makes a shell put something in its place", c));
      } else {
        word += c;
      }
      continue;
    }
    if (c == '\'' || c == '"') {
      quote = c;
      open = true;
    } else if (c == ' ') {
      if (open) words.push_back(word);
      word.clear();
      open = false;
    } else if (operators.find(c) != std::string_view::npos) {
      return unsafe(fmt::format("'{}' means something to a shell", c));
    } else if (c == '=' && words.empty()) {
      return unsafe("it begins with an assignment");
    } else {
      word += c;
      open = true;
    }
  }
  if (quote != 0) return unsafe("a quote is not closed");
  if (open) words.push_back(word);
  if (words.empty()) return unsafe("it is empty");
  return words;
}

CommandRules::CommandRules(const std::vector<CommandPattern>& patterns, const std::vector<Name>& names) {
  for (const CommandPattern& pattern : patterns) {
    patterns_.push_back(words_of(pattern));
    Pattern moved = patterns_.back();
    if (move_slot(&moved)) moved_.push_back(std::move(moved));
  }
  for (const Name& name : names) {
    names_.insert(name.kind + '\n' + name.space + '\n' + name.name);
    if (!name.space.empty()) spaces_.insert(name.space);
    if (name.kind == "namespace") spaces_.insert(name.name);
  }
}

CommandRules::Pattern CommandRules::words_of(const CommandPattern& pattern) {
  Pattern out;
  for (const CommandGroup& from : pattern.groups) {
    Group group;
    group.optional = from.optional;
    group.words.emplace_back();
    for (const CommandPart& part : from.parts) {
      if (part.kind == CommandPart::Kind::text) {
        // A text may hold the ends of several words.
        std::string_view rest = part.text;
        for (std::size_t space = rest.find(' '); space != std::string_view::npos; space = rest.find(' ')) {
          if (space > 0)
            group.words.back().parts.push_back({part.kind, std::string(rest.substr(0, space)), false});
          if (!group.words.back().parts.empty()) group.words.emplace_back();
          rest.remove_prefix(space + 1);
        }
        if (!rest.empty()) group.words.back().parts.push_back({part.kind, std::string(rest), false});
        continue;
      }
      if (!part.name_only) {
        if (part.text == "object") {
          group.words.back().kind_of_object = true;
        } else {
          group.words.back().parts.push_back({CommandPart::Kind::text, part.text, false});
        }
        group.words.emplace_back();
      }
      group.words.back().parts.push_back(part);
    }
    out.push_back(std::move(group));
  }
  return out;
}

// Moves `-n {namespace}` to where move_namespace puts that of a command; false where the pattern has none.
bool CommandRules::move_slot(Pattern* pattern) {
  for (Group& group : *pattern) {
    for (std::size_t at = 0; !group.optional && at + 1 < group.words.size(); ++at) {
      const auto& flag = group.words[at].parts;
      const auto& slot = group.words[at + 1].parts;
      const bool is_flag =
          flag.size() == 1 && flag[0].kind == CommandPart::Kind::text && flag[0].text == "-n";
      const bool is_slot =
          slot.size() == 1 && slot[0].kind == CommandPart::Kind::slot && slot[0].text == "namespace";
      if (!is_flag || !is_slot) continue;
      const auto begin = group.words.begin() + static_cast<std::ptrdiff_t>(at);
      const std::vector<Word> moved(begin, begin + 2);
      group.words.erase(begin, begin + 2);
      auto& first = pattern->front().words;
      first.insert(first.begin() + 1, moved.begin(), moved.end());
      return true;
    }
  }
  return false;
}

bool CommandRules::known(const std::string& kind, const std::string& space, const std::string& name) const {
  return names_.contains(kind + '\n' + space + '\n' + name);
}

bool CommandRules::take(const CommandPart& slot, const std::string& name, Chosen* chosen,
                        std::string* why) const {
  if (slot.text == "number") {
    const bool digits = !name.empty() && name.size() <= 4 && name[0] != '0' &&
                        std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) *why = "is not a number of 1 to 9999";
    return digits;
  }
  if (!is_safe_name(name)) {
    *why = "is not a name";
    return false;
  }
  if (slot.text == "namespace") {
    chosen->space = name;
    chosen->has_space = true;
    if (!spaces_.contains(name)) *why = "is no namespace of the bundle";
    return spaces_.contains(name);
  }
  if (slot.text == "container") {
    if (!known("container", chosen->pod, name)) *why = fmt::format("is no container of pod {}", chosen->pod);
    return known("container", chosen->pod, name);
  }
  const std::string& kind = slot.text == "object" ? chosen->object_kind : slot.text;
  const std::string space = slot.text != "object" && is_cluster_scoped(kind) ? "" : chosen->space;
  if (!known(kind, space, name)) {
    *why = space.empty() ? fmt::format("is no {} of the bundle{}", kind,
                                       is_cluster_scoped(kind) ? "" : " without a namespace")
                         : fmt::format("is no {} of namespace {}", kind, space);
    return false;
  }
  if (kind == "pod") chosen->pod = space + "/" + name;
  return true;
}

void CommandRules::match_parts(const Word& word, std::size_t part, std::string_view rest,
                               const Chosen& chosen, std::vector<Chosen>* out, std::string* why) const {
  if (word.kind_of_object) {
    const bool kind = !rest.empty() && std::all_of(rest.begin(), rest.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    });
    if (!kind) return;
    out->push_back(chosen);
    out->back().object_kind = std::string(rest);
    return;
  }
  if (part == word.parts.size()) {
    if (rest.empty()) out->push_back(chosen);
    return;
  }
  const CommandPart& next = word.parts[part];
  if (next.kind == CommandPart::Kind::text) {
    if (rest.starts_with(next.text))
      match_parts(word, part + 1, rest.substr(next.text.size()), chosen, out, why);
    return;
  }
  const bool last = part + 1 == word.parts.size();
  for (std::size_t length = last ? rest.size() : 1; length <= rest.size(); ++length) {
    Chosen with = chosen;
    if (take(next, std::string(rest.substr(0, length)), &with, why)) {
      match_parts(word, part + 1, rest.substr(length), with, out, why);
    }
  }
}

bool CommandRules::match_words(const Pattern& pattern, std::size_t group, std::size_t word,
                               const std::vector<std::string>& words, std::size_t at, const Chosen& chosen,
                               Furthest* furthest) const {
  if (word == pattern[group].words.size()) return match(pattern, group + 1, words, at, chosen, furthest);
  if (at == words.size()) {
    if (at > furthest->word || furthest->why.empty()) *furthest = {at, 0, "it ends too early"};
    return false;
  }
  std::vector<Chosen> ways;
  std::string why;
  match_parts(pattern[group].words[word], 0, words[at], chosen, &ways, &why);
  for (const Chosen& way : ways) {
    if (match_words(pattern, group, word + 1, words, at + 1, way, furthest)) return true;
  }
  if (!ways.empty()) return false;
  // A reason from a slot says more than "no pattern has this word".
  const std::size_t weight = why.empty() ? 0 : 1;
  if (at > furthest->word || (at == furthest->word && weight > furthest->place) || furthest->why.empty()) {
    *furthest = {at, weight,
                 fmt::format("its word {} \"{}\" {}", at + 1, shown(words[at]),
                             why.empty() ? "is in no allowed command" : why)};
  }
  return false;
}

bool CommandRules::match(const Pattern& pattern, std::size_t group, const std::vector<std::string>& words,
                         std::size_t at, const Chosen& chosen, Furthest* furthest) const {
  if (group == pattern.size()) {
    if (at == words.size()) return true;
    if (at > furthest->word || furthest->why.empty()) {
      *furthest = {at, 0,
                   fmt::format("its word {} \"{}\" is in no allowed command", at + 1, shown(words[at]))};
    }
    return false;
  }
  if (match_words(pattern, group, 0, words, at, chosen, furthest)) return true;
  return pattern[group].optional && match(pattern, group + 1, words, at, chosen, furthest);
}

std::string CommandRules::why_not(const std::string& command) const {
  if (command.size() > limit::command) return fmt::format("it is longer than {} bytes", limit::command);
  auto words = shell_words(command);
  if (!words) return words.error().what;
  Furthest furthest;
  for (const Pattern& pattern : patterns_) {
    if (match(pattern, 0, *words, 0, {}, &furthest)) return {};
  }
  if (move_namespace(&*words)) {
    for (const Pattern& pattern : moved_) {
      if (match(pattern, 0, *words, 0, {}, &furthest)) return {};
    }
  }
  return furthest.why.empty() ? "the playbook allows no commands" : furthest.why;
}

Check check_commands(const std::vector<Command>& commands, const std::vector<CommandPattern>& patterns,
                     const std::vector<Name>& names) {
  Check check;
  check.name = "commands";
  check.verdict = Check::Verdict::pass;
  if (commands.empty()) {
    check.detail = "no command is recommended";
    return check;
  }
  const CommandRules rules(patterns, names);
  std::vector<std::string> wrong;
  for (const Command& command : commands) {
    const std::string why = rules.why_not(command.command);
    if (!why.empty()) wrong.push_back(fmt::format("\"{}\" is refused: {}", shown(command.command), why));
  }
  if (wrong.empty()) {
    check.detail =
        fmt::format("{} of {} are allowed, with names of the bundle", commands.size(), commands.size());
  } else {
    check.verdict = Check::Verdict::fail;
    check.detail = fmt::format("{}", fmt::join(wrong, "; "));
  }
  return check;
}

}  // namespace carrel
