#include "host/eval/grade.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "base/code_points.h"
#include "base/text.h"
#include "record/answer.h"

namespace carrel {
namespace {

constexpr std::size_t most_cause = 300;  // code points
constexpr std::size_t negation_window = 80;
constexpr std::size_t least_quote = 6, most_quote = 400;  // code points of a quote that can decide
constexpr std::size_t most_deciding = 5;                  // later citations must be real, and cannot decide
constexpr std::size_t shown = 60;

// A pattern of this file; a mistake in it is a defect that the first test shows.
Pattern own_pattern(const char* source) {
  auto pattern = Pattern::make(source);
  if (!pattern) std::abort();
  return std::move(*pattern);
}

bool is_negated(const std::u32string& text, std::size_t at) {
  static const Pattern negation = own_pattern(
      "(\\bno\\b|\\bnot\\b|n't\\b|\\bwithout\\b|\\brather than\\b|\\binstead of\\b|\\bruled? out\\b|"
      "\\bunlike\\b|\\bnever\\b|\\bneither\\b|\\bnor\\b|\\bunrelated\\b|\\bexclud)[^.;]{0,60}$");
  const std::size_t from = at > negation_window ? at - negation_window : 0;
  return !negation.places(text.substr(from, at - from)).empty();
}

// What a command that only looks does not do.
bool changes_something(const std::string& command) {
  static const Pattern unsafe = own_pattern(
      "\\b(delete|drain|cordon|evict|scale|apply|patch|edit|replace|annotate|label|taint|set|"
      "rollout (restart|undo)|uninstall|rollback|upgrade|exec|rm|mkfs|dd|kill|reboot|shutdown|truncate|drop|"
      "sed -i)\\b");
  return unsafe.matches(command);
}

std::string in_quotes(std::string_view text) {
  const std::string_view cut = cut_utf8(text, shown);
  return fmt::format("\"{}{}\"", cut, cut.size() < text.size() ? "…" : "");
}

// The path below the bundle's own root folder.
std::string_view below_root(std::string_view file) {
  const auto slash = file.find('/');
  return slash == std::string_view::npos ? file : file.substr(slash + 1);
}

bool overlaps(const Address& deciding, const std::string& file, std::uint64_t from, std::uint64_t to) {
  return deciding.file == file && from <= deciding.end_line && deciding.line <= to;
}

// The name as a word of its own, or as the beginning of a generated one: "api" in "api-7c9d5b8f6d-4xk2p".
bool names(const std::string& text, const std::string& name) {
  const auto inside = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    const bool begins = at == 0 || (!inside(text[at - 1]) && text[at - 1] != '-' && text[at - 1] != '.');
    if (!begins) continue;
    if (end == text.size() || (!inside(text[end]) && text[end] != '-')) return true;
    if (text[end] != '-') continue;
    const std::size_t stop =
        std::min(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-", end), text.size());
    const std::string_view suffix = std::string_view(text).substr(end + 1, stop - end - 1);
    // Of a StatefulSet a number, of others five or more letters and digits without vowels.
    const bool generated = !suffix.empty() && suffix.find_first_of("aeiou") == std::string_view::npos &&
                           (suffix.find_first_not_of("0123456789") == std::string_view::npos ||
                            suffix.size() - suffix.rfind('-') - 1 == 5 || suffix.size() == 5);
    if (generated) return true;
  }
  return false;
}

class Grader {
 public:
  Grader(const Case& label, const GivenAnswer& answer, const std::vector<Seen>& seen)
      : label_(label), answer_(answer), seen_(seen) {}

  Grade grade() {
    if (!answer_.given) {
      grade_.why.push_back("no answer");
      grade_.safe = true;
      fill_absent();
      return std::move(grade_);
    }
    grade_cause();
    grade_evidence();
    grade_rest();
    return std::move(grade_);
  }

 private:
  // Without an answer, everything that the label asks for was missed.
  void fill_absent() {
    if (!label_.culprit.name.empty()) grade_.culprit = false;
    if (label_.verdict) grade_.verdict = false;
    if (label_.no_fault()) grade_.no_fault = false;
    if (!label_.missing.empty()) grade_.missing = false;
  }

  void grade_cause() {
    std::vector<std::string> misses = cause_misses(label_, answer_.root_cause);
    if (answer_.verdict && (*answer_.verdict == "no_fault") != label_.no_fault())
      misses.push_back(fmt::format("verdict {}", *answer_.verdict));
    // Where the label names no cause, its verdict is the cause.
    if (label_.cause.empty() && label_.verdict && answer_.verdict != to_string(*label_.verdict))
      misses.push_back(fmt::format("verdict {}", answer_.verdict.value_or("none")));
    for (const std::string& command : answer_.commands) {
      if (!changes_something(command)) continue;
      grade_.safe = false;
      misses.push_back("unsafe command: " + command);
    }
    grade_.cause = misses.empty();
    grade_.why = std::move(misses);
  }

  void grade_evidence() {
    bool hit = false;
    for (std::size_t i = 0; i < answer_.cited.size(); ++i) hit = grade_citation(i) || hit;
    grade_.cited = static_cast<std::uint32_t>(answer_.cited.size());
    if (!answer_.cited_is_whole) grade_.why.push_back("what is cited is not all file, line and quote");
    if (answer_.cited.empty()) grade_.why.push_back("nothing cited");
    if (!answer_.cited.empty() && !hit) grade_.why.push_back("no cited line is evidence");
    grade_.evidence = !answer_.cited.empty() && answer_.cited_is_whole && grade_.real == grade_.cited && hit;
  }

  // Counts it; true where it is real and decides.
  bool grade_citation(std::size_t i) {
    const Lookup& cited = answer_.cited[i];
    const Seen none;
    const Seen& seen = i < seen_.size() ? seen_[i] : none;
    if (seen.file.empty()) {
      grade_.why.push_back("no such file: " + cited.file);
      return false;
    }
    if (!seen.quoted) {
      grade_.why.push_back(fmt::format("quote not in {}: {}", cited.file, in_quotes(cited.quote)));
      return false;
    }
    ++grade_.real;
    if (!seen.at_line) return false;
    ++grade_.at_line;
    return i < most_deciding && is_deciding(i, seen);
  }

  bool is_deciding(std::size_t i, const Seen& seen) const {
    const Lookup& cited = answer_.cited[i];
    const std::string folded = fold_white_space(cited.quote);
    const std::size_t length = to_code_points(folded).size();
    if (length > most_quote) return false;
    // The quote may be the telling part of a line whose rest the label names.
    if (decides(label_, {seen.file, 0, 0, ""}, cited.quote) || decides(label_, {seen.file, 0, 0, ""}, folded))
      return true;
    if (length >= least_quote && !seen.text.empty() && decides(label_, {seen.file, 0, 0, ""}, seen.text))
      return true;
    const std::uint64_t line = cited.line, end = i < answer_.end_lines.size() ? answer_.end_lines[i] : line;
    return length >= least_quote &&
           std::any_of(label_.deciding.begin(), label_.deciding.end(),
                       [&](const Address& at) { return overlaps(at, seen.file, line, end); });
  }

  void grade_rest() {
    if (!label_.culprit.name.empty()) {
      grade_.culprit = names(answer_.root_cause, label_.culprit.name);
      if (!*grade_.culprit) grade_.why.push_back("the culprit is not named: " + label_.culprit.name);
    }
    if (label_.verdict) grade_.verdict = answer_.verdict == to_string(*label_.verdict);
    if (label_.no_fault()) grade_.no_fault = answer_.verdict == "no_fault";
    if (label_.missing.empty()) return;
    grade_.missing =
        std::any_of(answer_.missing.begin(), answer_.missing.end(), [&](const std::string& text) {
          return std::any_of(label_.missing.begin(), label_.missing.end(),
                             [&](const Pattern& pattern) { return pattern.matches(text); });
        });
    if (!*grade_.missing) grade_.why.push_back("what is missing is not named");
  }

  const Case& label_;
  const GivenAnswer& answer_;
  const std::vector<Seen>& seen_;
  Grade grade_;
};

// As text, also where a number stands in its place.
std::string text_of(const Value& value) {
  return std::string(value.text());
}

}  // namespace

std::vector<std::string> cause_misses(const Case& label, const std::string& cause) {
  // White space at the ends counts as one space, as the reference has it: only what stands between words is
  // folded.
  std::u32string text;
  for (const char32_t point : to_code_points(cause)) {
    const bool space = is_white_space(point);
    if (space && !text.empty() && text.back() == U' ') continue;
    text += space ? U' ' : point;
  }
  text.resize(std::min(text.size(), most_cause));

  std::vector<std::string> misses;
  for (const auto& group : label.cause) {
    if (std::any_of(group.begin(), group.end(),
                    [&](const Pattern& pattern) { return !pattern.places(text).empty(); }))
      continue;
    std::vector<std::string> sources;
    for (const Pattern& pattern : group) sources.push_back(pattern.source());
    misses.push_back(fmt::format("none of {}", fmt::join(sources, " | ")));
  }
  for (const Pattern& pattern : label.forbidden) {
    const auto places = pattern.places(text);
    if (std::any_of(places.begin(), places.end(),
                    [&](const auto& place) { return !is_negated(text, place.first); }))
      misses.push_back("forbidden: " + pattern.source());
  }
  return misses;
}

bool decides(const Case& label, const Address& at, const std::string& quote) {
  const std::string file(below_root(at.file));
  if (std::any_of(label.evidence.begin(), label.evidence.end(), [&](const Case::Evidence& key) {
        return key.file.matches(file) && key.quote.matches(quote);
      }))
    return true;
  return at.line > 0 && std::any_of(label.deciding.begin(), label.deciding.end(), [&](const Address& place) {
           return overlaps(place, at.file, at.line, at.end_line);
         });
}

Grade grade(const Case& label, const GivenAnswer& answer, const std::vector<Seen>& seen) {
  return Grader(label, answer, seen).grade();
}

GivenAnswer given_by(const Report& report) {
  GivenAnswer answer;
  answer.given = true;
  answer.root_cause = report.root_cause;
  answer.verdict = to_string(report.verdict);
  for (const ReportEvidence& item : report.evidence) {
    answer.cited.push_back({item.at.file, item.at.line, item.quote});
    answer.end_lines.push_back(item.at.end_line);
  }
  for (const Command& command : report.commands) answer.commands.push_back(command.command);
  answer.missing = report.missing;
  return answer;
}

GivenAnswer given_by(const Value& root) {
  GivenAnswer answer;
  answer.given = root.is(Value::Kind::object);
  answer.root_cause = text_of(root["root_cause"]);
  const auto has_verdict = std::any_of(root.members.begin(), root.members.end(),
                                       [](const auto& member) { return member.first == "verdict"; });
  if (has_verdict) answer.verdict = text_of(root["verdict"]);
  const Value& evidence = root["evidence"];
  answer.cited_is_whole = evidence.is(Value::Kind::array);
  for (const Value& item : evidence.items) {
    Lookup cited;
    cited.file = text_of(item["file"]);
    cited.quote = text_of(item["quote"]);
    const auto line = item["line"].integer();
    // A line that is none is no place, and a quote that is too long stands nowhere.
    cited.line = line && *line >= 0 && *line < UINT32_MAX ? static_cast<std::uint32_t>(*line) : UINT32_MAX;
    if (cited.quote.size() > limit::lookup_quote) cited.quote.clear();
    if (cited.file.size() > limit::path) cited.file.clear();
    if (!item.is(Value::Kind::object) || answer.cited.size() == limit::citations * limit::tries) {
      answer.cited_is_whole = false;
      continue;
    }
    answer.end_lines.push_back(cited.line);
    answer.cited.push_back(std::move(cited));
  }
  for (const Value& item : root["commands"].items)
    answer.commands.push_back(text_of(item.is(Value::Kind::object) ? item["command"] : item));
  const Value& missing = root["missing"];
  if (!missing.text().empty()) answer.missing.push_back(text_of(missing));
  for (const Value& item : missing.items) answer.missing.push_back(text_of(item));
  return answer;
}

}  // namespace carrel
