#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/text.h"
#include "host/checks/checks.h"
#include "host/checks/text_token.h"

namespace carrel {
namespace {

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// A text to look things up in: in lower case, JSON's escapes undone, white space as single spaces.
class Ground {
 public:
  void add(std::string_view text) {
    text_ += '\n';
    bool space = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
      char c = text[at];
      if (c == '\\' && at + 1 < text.size()) {
        c = text[++at];
        if (c == 'n' || c == 't') c = ' ';
      }
      const bool is_space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
      if (is_space && space) continue;
      space = is_space;
      text_ += is_space ? ' ' : c;
    }
  }
  // To be called once, behind the last add().
  void close() { text_ = to_lower(text_) + '\n'; }

  // True where it stands there and is not a part of a longer word; `cut`: the word may go on.
  bool has(std::string_view what, bool cut = false) const {
    if (what.empty()) return true;
    for (std::size_t at = text_.find(what); at != std::string::npos; at = text_.find(what, at + 1)) {
      const std::size_t end = at + what.size();
      const bool begins = at == 0 || !is_word_byte(text_[at - 1]) || !is_word_byte(what.front());
      const bool ends = cut || end == text_.size() || !is_word_byte(text_[end]) || !is_word_byte(what.back());
      if (begins && ends) return true;
    }
    return false;
  }

  // The same for times and dates, which letters may touch ("T06:30:34Z").
  bool has_moment(std::string_view what) const {
    for (std::size_t at = text_.find(what); at != std::string::npos; at = text_.find(what, at + 1)) {
      const std::size_t end = at + what.size();
      const auto is_digit = [&](std::size_t place) { return text_[place] >= '0' && text_[place] <= '9'; };
      if ((at == 0 || !is_digit(at - 1)) && (end == text_.size() || !is_digit(end))) return true;
    }
    return false;
  }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// What the claims of a report may rest on.
struct Grounds {
  Ground cited;  // what the report cites, what was asked, the names of the bundle
  Ground read;   // every evidence line of the run
  std::vector<Quantity> numbers;
};

Grounds grounds_of(const Report& report, const EvidenceList& evidence) {
  Grounds out;
  const auto count = [&](double number) { out.numbers.push_back({number, ""}); };
  for (const ReportEvidence& item : report.evidence) {
    for (const std::string* text : {&item.quote, &item.at.file, &item.at.path, &item.shows, &item.id}) {
      out.cited.add(*text);
    }
    count(item.at.line);
    for (const EvidenceLine& line : evidence.lines) {
      if (line.at.file == item.at.file && line.at.line == item.at.line) count(line.occurrences);
    }
  }
  out.cited.add(report.question);
  // A name alone does not say which namespace it is in, so names and namespaces are grounds of their own.
  std::map<std::string, double> by_kind;
  for (const Name& name : evidence.names) {
    out.cited.add(name.name);
    out.cited.add(name.kind);
    out.cited.add(name.space);
    if (name.present) ++by_kind[name.kind];
  }
  for (const auto& [kind, number] : by_kind) count(number);
  for (const auto* searched : {&report.searched, &evidence.searched}) {
    for (const Searched& entry : *searched) {
      out.cited.add(entry.kind);
      out.cited.add(entry.space);
      count(entry.count);
    }
  }
  for (const EvidenceLine& line : evidence.lines) {
    for (const std::string* text : {&line.quote, &line.at.file, &line.at.path, &line.reason})
      out.read.add(*text);
  }
  out.cited.close();
  out.read.close();
  for (const Quantity& number : quantities_in(out.cited.text())) out.numbers.push_back(number);
  // Small counts are of the citations themselves: "both pods", "3 lines".
  for (std::size_t small = 0; small <= std::max<std::size_t>(report.evidence.size(), 1); ++small) {
    count(static_cast<double>(small));
  }
  return out;
}

// A name that is put together of parts that stand there: "default/api", "app=web", "spec.replicas".
bool parts_stand(const Ground& ground, std::string_view name, std::string_view joints) {
  std::size_t parts = 0;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find_first_of(joints, begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    const bool field = part == "spec" || part == "status" || part == "metadata";
    if (!field && !ground.has(part)) return false;
    ++parts;
    begin = end + 1;
  }
  return parts > 1;
}

// "NodeSelector" where the evidence has "Node-Selectors".
bool humps_stand(const Ground& ground, const TextToken& token) {
  if (token.humps.empty()) return false;
  return std::all_of(token.humps.begin(), token.humps.end(),
                     [&](const std::string& hump) { return ground.has(hump, true); });
}

bool stands(const Ground& ground, const TextToken& token) {
  if (ground.has(token.text, token.cut)) return true;
  if (token.kind == TextToken::Kind::phrase) return false;
  if (token.kind == TextToken::Kind::moment) return ground.has_moment(token.text);
  return humps_stand(ground, token) ||
         parts_stand(ground, token.text, token.kind == TextToken::Kind::maybe ? "/:=@,." : "/:=@,");
}

// The plain words of a phrase that is quoted loosely, as claims of their own.
bool exact_parts_stand(const Grounds& grounds, const std::string& phrase) {
  const auto parts = tokens_of(phrase);
  return std::all_of(parts.begin(), parts.end(), [&](const TextToken& part) {
    return part.kind != TextToken::Kind::name || stands(grounds.cited, part) || stands(grounds.read, part);
  });
}

}  // namespace

Check check_text(const Report& report, const EvidenceList& evidence) {
  const Grounds grounds = grounds_of(report, evidence);
  std::vector<std::string> wrong, doubtful;
  std::size_t claims = 0;
  const auto look = [&](const std::string& text) {
    for (const TextToken& token : tokens_of(text)) {
      ++claims;
      const std::string shown = escape_for_terminal(token.text);
      if (token.kind == TextToken::Kind::number) {
        const auto number = quantity_of(token.text);
        const bool known = std::any_of(grounds.numbers.begin(), grounds.numbers.end(),
                                       [&](const Quantity& other) { return same_quantity(*number, other); });
        if (!known) doubtful.push_back(fmt::format("the number {} does not stand in what is cited", shown));
      } else if (stands(grounds.cited, token)) {
        continue;
      } else if (token.kind == TextToken::Kind::moment) {
        doubtful.push_back(fmt::format("{} does not stand in what is cited", shown));
      } else if (stands(grounds.read, token)) {
        doubtful.push_back(fmt::format("\"{}\" stands in the bundle but not in what is cited", shown));
      } else if (token.kind == TextToken::Kind::name ||
                 (token.kind == TextToken::Kind::phrase && !exact_parts_stand(grounds, token.text))) {
        wrong.push_back(
            fmt::format("\"{}\" stands neither in what is cited nor among the names of the bundle", shown));
      } else {
        doubtful.push_back(fmt::format("\"{}\" does not stand in what is cited", shown));
      }
    }
  };
  look(report.root_cause);
  for (const Command& command : report.commands) look(command.why);

  Check check;
  check.name = "text";
  check.verdict = !wrong.empty()      ? Check::Verdict::fail
                  : !doubtful.empty() ? Check::Verdict::warn
                                      : Check::Verdict::pass;
  wrong.insert(wrong.end(), doubtful.begin(), doubtful.end());
  check.detail = wrong.empty() ? fmt::format("{} names and numbers stand in what is cited", claims)
                               : fmt::format("{}", fmt::join(wrong, "; "));
  return check;
}

}  // namespace carrel
