#include "collect/redact/rules.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/read_value.h"
#include "base/text.h"

namespace carrel {
namespace {

constexpr std::size_t most_rules = 10'000;
constexpr std::size_t longest_text = 256;
constexpr std::size_t least_text = 3;      // a shorter word would be found everywhere
constexpr std::size_t longest_rest = 256;  // of what '*' stands for

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= 32 && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

// Collects mistakes while it reads, so that a person mends a file once.
class Reader {
 public:
  Reader(std::string file, std::string_view yaml) : file_(std::move(file)), yaml_(yaml) {}

  Result<RedactionRules> read() {
    auto documents = read_yaml(yaml_);
    if (!documents) return std::move(documents.error()).in(file_);
    if (documents->size() != 1 || !documents->front().is(Value::Kind::object))
      return Error{Code::bad_input, file_ + " is not one mapping", "see docs/redaction.md"};
    const Value& root = documents->front();
    for (const auto& [key, value] : root.members) read_member(key, value);
    if (!root["version"].exists()) mistake(root, "", "\"version\" is missing: it is 1");
    if (mistakes_.empty()) return std::move(rules_);
    return Error{Code::bad_input,
                 fmt::format("the rules have {} mistake{}:\n{}", mistakes_.size(),
                             mistakes_.size() == 1 ? "" : "s", fmt::join(mistakes_, "\n")),
                 "see docs/redaction.md"};
  }

 private:
  void read_member(const std::string& key, const Value& value) {
    if (key == "version") {
      if (value.text() != "1") mistake(value, value.text(), "version must be 1");
    } else if (key == "addresses") {
      rules_.addresses = value.is_true();
      if (!value.is(Value::Kind::boolean)) mistake(value, value.text(), "addresses must be true or false");
    } else if (key == "mask") {
      if (!value.is(Value::Kind::array)) return mistake(value, "", "mask must be a list of rules");
      for (const Value& rule : value.items) read_rule(rule);
    } else if (key == "keep") {
      read_keep(value);
    } else {
      mistake(value, key, fmt::format("there is no key \"{}\"", escape_for_terminal(key)));
    }
  }

  void read_rule(const Value& rule) {
    if (!rule.is(Value::Kind::object)) return mistake(rule, rule.text(), "a rule is a mapping");
    const std::string label(rule["class"].text());
    if (!is_label(label)) {
      mistake(rule["class"].exists() ? rule["class"] : rule, label,
              "a rule needs a class of a-z, 0-9 and '-', at most 32 bytes");
    }
    bool any = false;
    for (const auto& [key, value] : rule.members) {
      if (key == "class") continue;
      if (key != "words" && key != "patterns" && key != "names") {
        mistake(value, key, fmt::format("a rule has no key \"{}\"", escape_for_terminal(key)));
        continue;
      }
      any = true;
      for (const Value& text : list(value, key)) {
        if (key == "words") add_word(text, label);
        if (key == "patterns") add_pattern(text, label);
        if (key == "names") add_name(text, label);
      }
    }
    if (!any) mistake(rule, "", "a rule needs words, patterns or names");
  }

  void read_keep(const Value& keep) {
    if (!keep.is(Value::Kind::object)) return mistake(keep, "", "keep must be a mapping of names and values");
    for (const auto& [key, value] : keep.members) {
      if (key == "names") {
        for (const Value& text : list(value, key)) {
          if (const std::string folded = fold_name(text.text()); !folded.empty()) {
            rules_.kept_names.push_back(folded);
          } else {
            mistake(text, text.text(), "a name needs a letter or a digit");
          }
        }
      } else if (key == "values") {
        for (const Value& text : list(value, key)) rules_.kept_values.emplace_back(text.text());
      } else {
        mistake(value, key, fmt::format("keep has no key \"{}\"", escape_for_terminal(key)));
      }
    }
  }

  // The texts of a list; a mistake where it is none.
  std::vector<Value> list(const Value& value, const std::string& key) {
    if (!value.is(Value::Kind::array) || value.items.empty()) {
      mistake(value, "", fmt::format("{} must be a list of texts", key));
      return {};
    }
    std::vector<Value> texts;
    for (const Value& item : value.items) {
      if (item.is(Value::Kind::object) || item.is(Value::Kind::array) || item.text().empty() ||
          item.text().size() > longest_text) {
        mistake(item, item.text(), fmt::format("{} has texts of 1 to {} bytes", key, longest_text));
      } else if (++rules_read_ > most_rules) {
        mistake(item, item.text(), fmt::format("there are more than {} texts", most_rules));
        return {};
      } else {
        texts.push_back(item);
      }
    }
    return texts;
  }

  void add_word(const Value& text, const std::string& label) {
    if (text.text().size() < least_text)
      return mistake(text, text.text(),
                     fmt::format("a word needs {} bytes, or it is found everywhere", least_text));
    rules_.words.push_back({std::string(text.text()), label});
  }

  void add_pattern(const Value& text, const std::string& label) {
    const std::string_view pattern = text.text();
    RedactionRules::Pattern read{"", "", label};
    std::size_t at = 0;
    for (; at < pattern.size() && std::string_view("#?*").find(pattern[at]) == std::string_view::npos; ++at) {
      if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
      read.begin += pattern[at];
    }
    read.rest = pattern.substr(at);
    if (read.begin.size() < 2)
      return mistake(text, pattern, "a pattern begins with two bytes or more that are as they are");
    const std::size_t star = read.rest.find('*');
    if (star != std::string::npos && star + 1 != read.rest.size() &&
        read.rest[star == 0 ? 0 : star - 1] != '\\')
      return mistake(text, pattern, "'*' stands for the rest of a word, so it comes last");
    if (read.rest.ends_with('\\')) return mistake(text, pattern, "a pattern cannot end with '\\'");
    rules_.patterns.push_back(std::move(read));
  }

  void add_name(const Value& text, const std::string& label) {
    RedactionRules::Name name{fold_name(text.text()), "", label};
    std::string run;
    for (const char c : std::string(text.text()) + ' ') {
      if (is_alphanumeric(c)) {
        run += c;
      } else {
        if (run.size() > name.anchor.size()) name.anchor = run;
        run.clear();
      }
    }
    if (name.anchor.size() < 2)
      return mistake(text, text.text(), "a name needs two letters or digits together");
    rules_.names.push_back(std::move(name));
  }

  void mistake(const Value& at, std::string_view word, const std::string& what) {
    const std::uint32_t line = std::max(1U, at.line);
    mistakes_.push_back(fmt::format("{}:{}:{}: {}", file_, line, column(line, word), what));
  }

  // Where `word` stands in the line, from 1; without one, where the line's text begins.
  std::size_t column(std::uint32_t line, std::string_view word) const {
    std::string_view rest = yaml_;
    for (; line > 1 && !rest.empty(); --line)
      rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
    rest = rest.substr(0, rest.find('\n'));
    const std::size_t begin = std::min(rest.find_first_not_of(" -"), rest.size());
    const std::size_t found = word.empty() ? std::string_view::npos : rest.find(word, begin);
    return (found == std::string_view::npos ? begin : found) + 1;
  }

  std::string file_;
  std::string_view yaml_;
  RedactionRules rules_;
  std::size_t rules_read_ = 0;
  std::vector<std::string> mistakes_;
};

}  // namespace

std::string fold_name(std::string_view name) {
  std::string folded;
  for (const char c : to_lower(name)) {
    if (is_alphanumeric(c)) folded += c;
  }
  return folded;
}

Result<RedactionRules> read_redaction_rules(const std::string& file, std::string_view text) {
  return Reader(file, text).read();
}

std::size_t match_pattern(std::string_view rest, std::string_view text, std::size_t at) {
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const char wanted = rest[i];
    if (wanted == '*') {
      const std::size_t begin = at;
      while (at < text.size() && (is_alphanumeric(text[at]) || text[at] == '_' || text[at] == '-') &&
             at - begin < longest_rest)
        ++at;
      return at > begin ? at : std::string_view::npos;
    }
    if (at >= text.size()) return std::string_view::npos;
    const bool literal = wanted == '\\';
    if (literal) ++i;
    const char c = text[at];
    const bool holds = !literal && wanted == '#'   ? is_digit(c)
                       : !literal && wanted == '?' ? is_alphanumeric(c)
                                                   : c == rest[i];
    if (!holds) return std::string_view::npos;
    ++at;
  }
  // The word ends with the pattern.
  return at < text.size() && is_alphanumeric(text[at]) && is_alphanumeric(text[at - 1])
             ? std::string_view::npos
             : at;
}

}  // namespace carrel
