#include "host/eval/case.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "base/fd.h"
#include "base/read_value.h"
#include "base/text.h"
#include "digest/sha256.h"
#include "host/eval/grade.h"
#include "record/answer.h"

namespace carrel {
namespace {

constexpr std::size_t most_case_bytes = 256ULL << 20;
constexpr std::size_t most_mistakes = 20;

void add_value(Sha256* digest, const Value& value) {
  digest->add(fmt::format("{} {} {}\n", static_cast<int>(value.kind), value.size(), value.scalar.size()));
  digest->add(value.scalar);
  for (const auto& [key, member] : value.members) {
    digest->add(fmt::format("{} ", key.size()));
    digest->add(key);
    add_value(digest, member);
  }
  for (const Value& item : value.items) add_value(digest, item);
}

// A case's id is the name of its file.
bool is_id(std::string_view id) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !id.empty() && id.size() <= 128 && id[0] != '.' && std::all_of(id.begin(), id.end(), fits);
}

// Collects mistakes while it reads, so that a person mends the labels once.
class Reader {
 public:
  Reader(const std::string& folder, const CaseChoice& choice)
      : folder_(folder), file_(folder + "/cases.json"), choice_(choice) {}

  Result<CaseSet> read() {
    std::error_code error;
    if (!std::filesystem::is_regular_file(file_, error)) {
      return Error{Code::bad_input, fmt::format("{} holds no cases.json", folder_),
                   "name a folder of labelled cases; docs/evaluation.md describes it"};
    }
    auto bytes = read_file(file_, most_case_bytes);
    if (!bytes) return bytes.error();
    auto root = read_json(*bytes);
    if (!root) return std::move(root.error()).in(file_);
    const Value& list = (*root)["cases"];
    if (!list.is(Value::Kind::array) || list.items.empty())
      return Error{Code::bad_input, file_ + " has no list \"cases\"", "docs/evaluation.md describes it"};
    for (const Value& item : list.items) read_case(item);
    if (!mistakes_.empty()) return all_mistakes();
    if (Status chosen = find_all_chosen(); !chosen) return chosen.error();
    set_.folder = folder_;
    set_.sha256 = digest_.hex();
    return std::move(set_);
  }

 private:
  void read_case(const Value& item) {
    Case label;
    label.id = item["id"].text();
    label.split = item["split"].text();
    if (!is_id(label.id)) return mistake(item, "a case needs an \"id\" of letters, digits, '-', '_' and '.'");
    if (!ids_.insert(label.id).second) return mistake(item, fmt::format("\"{}\" names two cases", label.id));
    if (!is_chosen(label)) return;
    label.category = item["category"].text();
    label.difficulty = item["difficulty"].text();
    label.kind = item["kind"].text();
    label.question = item["question"].text();
    if (label.question.size() > limit::question)
      mistake(item["question"], fmt::format("the question has more than {} bytes", limit::question));
    label.reference = item["reference"].text();
    read_verdict(item["verdict"], &label);
    for (const Value& group : list(item, "root_cause_all_of")) {
      label.cause.emplace_back();
      for (const Value& pattern : group.items) add_pattern(pattern, &label.cause.back());
      if (label.cause.back().empty())
        mistake(group, "a group of root_cause_all_of needs a regular expression");
    }
    if (label.cause.empty() && !label.no_fault() && label.verdict != Verdict::insufficient_evidence)
      mistake(item, fmt::format("case {} has no root_cause_all_of", label.id));
    for (const Value& pattern : list(item, "forbidden")) add_pattern(pattern, &label.forbidden);
    for (const Value& pattern : list(item, "missing_any_of")) add_pattern(pattern, &label.missing);
    for (const Value& entry : list(item, "evidence_any_of")) read_evidence(entry, &label);
    for (const Value& entry : list(item, "deciding")) read_deciding(entry, &label);
    const Value& culprit = item["culprit"];
    label.culprit = {std::string(culprit["kind"].text()), std::string(culprit["namespace"].text()),
                     std::string(culprit["name"].text()), true};
    Sha256 digest;
    add_value(&digest, item);
    label.sha256 = digest.hex();
    digest_.add(label.id + " " + label.sha256 + "\n");
    find_bundle(item, &label);
    try_examples(item, label);
    set_.cases.push_back(std::move(label));
  }

  bool is_chosen(const Case& label) const {
    const auto& ids = choice_.ids;
    return (ids.empty() || std::find(ids.begin(), ids.end(), label.id) != ids.end()) &&
           (choice_.split.empty() || choice_.split == label.split);
  }

  void read_verdict(const Value& value, Case* label) {
    if (!value.exists()) return;
    for (const Verdict verdict : {Verdict::fault, Verdict::no_fault, Verdict::insufficient_evidence}) {
      if (value.text() == to_string(verdict)) label->verdict = verdict;
    }
    if (!label->verdict) mistake(value, "verdict must be fault, no_fault or insufficient_evidence");
  }

  const Sequence<Value>& list(const Value& item, const char* name) {
    const Value& value = item[name];
    if (value.exists() && !value.is(Value::Kind::array))
      mistake(value, fmt::format("{} must be a list", name));
    return value.items;
  }

  void add_pattern(const Value& value, std::vector<Pattern>* to) {
    auto pattern = Pattern::make(std::string(value.text()));
    if (pattern) {
      to->push_back(std::move(*pattern));
    } else {
      mistake(value, pattern.error().what);
    }
  }

  void read_evidence(const Value& entry, Case* label) {
    auto file = Pattern::make(std::string(entry["file"].text()));
    auto quote = Pattern::make(std::string(entry["quote"].text()));
    if (!file) mistake(entry, "file: " + file.error().what);
    if (!quote) mistake(entry, "quote: " + quote.error().what);
    if (file && quote) label->evidence.push_back({std::move(*file), std::move(*quote)});
  }

  void read_deciding(const Value& entry, Case* label) {
    Address at;
    at.file = entry["file"].text();
    const auto line = entry["line"].integer();
    const auto end = entry["end_line"].integer().value_or(line.value_or(0));
    if (at.file.empty() || !line || *line < 1 || end < *line || end > UINT32_MAX)
      return mistake(entry,
                     "a deciding place needs \"file\" and \"line\", and \"end_line\" is not before it");
    at.line = static_cast<std::uint32_t>(*line);
    at.end_line = static_cast<std::uint32_t>(end);
    label->deciding.push_back(std::move(at));
  }

  void find_bundle(const Value& item, Case* label) {
    std::error_code error;
    label->bundle = fmt::format("{}/{}.tar.gz", folder_, label->id);
    if (!std::filesystem::exists(label->bundle, error))
      mistake(item, fmt::format("there is no {}.tar.gz beside it", label->id));
  }

  // A label that does not know its own examples apart grades answers wrongly, too.
  void try_examples(const Value& item, const Case& label) {
    for (const Value& right : item["right"].items) {
      if (!cause_misses(label, std::string(right.text())).empty())
        set_.notes.push_back(fmt::format(
            "case {}: its label refuses its own example of a right cause, \"{}\"", label.id, right.text()));
    }
    for (const Value& wrong : item["wrong"].items) {
      if (cause_misses(label, std::string(wrong.text())).empty())
        set_.notes.push_back(fmt::format("case {}: its label takes its own example of a wrong cause, \"{}\"",
                                         label.id, wrong.text()));
    }
  }

  Status find_all_chosen() const {
    for (const std::string& id : choice_.ids) {
      if (!ids_.contains(id))
        return Error{Code::usage, fmt::format("{} has no case {}", file_, escape_for_terminal(id)), ""};
    }
    if (!set_.cases.empty()) return {};
    return Error{Code::usage, fmt::format("{} has no case of the split \"{}\"", file_, choice_.split), ""};
  }

  void mistake(const Value& at, const std::string& what) {
    mistakes_.push_back(fmt::format("{}:{}: {}", file_, std::max(1U, at.line), what));
  }
  Error all_mistakes() {
    const std::size_t all = mistakes_.size();
    if (all > most_mistakes) {
      mistakes_.resize(most_mistakes);
      mistakes_.push_back(fmt::format("and {} more", all - most_mistakes));
    }
    return {
        Code::bad_input,
        fmt::format("the cases have {} mistake{}:\n{}", all, all == 1 ? "" : "s", fmt::join(mistakes_, "\n")),
        ""};
  }

  std::string folder_, file_;
  const CaseChoice& choice_;
  CaseSet set_;
  Sha256 digest_;
  std::set<std::string> ids_;
  std::vector<std::string> mistakes_;
};

}  // namespace

Result<CaseSet> load_cases(const std::string& folder, const CaseChoice& choice) {
  return Reader(folder, choice).read();
}

}  // namespace carrel
