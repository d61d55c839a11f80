// links: incidents carrel-room-worker-read
//
// evidence_recall: how often the deciding line of an incident is among the first lines that the read room
// hands out, by budget and by kind of fault, and how often the detectors' best finding is right.
//
//   evidence_recall                                200 cases of the maker's test split
//   evidence_recall --split unknown --count 60 --by-kind
//   evidence_recall --cases DIR                    cases that lie in a folder (docs/formats/case.md)
//
// A budget is counted in quotes, four bytes a token. A case counts as found where a line of the budget is one
// of those its label names; cases that cite what is well or missing count like the others.
#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/read_value.h"
#include "incidents/make.h"
#include "room/worker/read.h"

namespace {

using namespace carrel;

constexpr std::array<std::size_t, 4> kBudgets = {512, 1024, 2048, 4096};  // tokens
constexpr std::size_t kBytesPerToken = 4;

struct Score {
  std::array<int, 4> found{};
  int cases = 0, root = 0, evidence = 0, both = 0;
  void add(const Score& other) {
    for (std::size_t i = 0; i < found.size(); ++i) found[i] += other.found[i];
    cases += other.cases;
    root += other.root;
    evidence += other.evidence;
    both += other.both;
  }
};

bool matches(std::string_view pattern, const std::string& text) {
  return std::regex_search(text, std::regex(std::string(pattern), std::regex::icase));
}

// By address where the label has addresses, else by its patterns.
bool decides(const Value& label, const EvidenceLine& line) {
  const auto& places = label["deciding"].items;
  if (!places.empty()) {
    return std::any_of(places.begin(), places.end(), [&](const Value& place) {
      return place["file"].text() == line.at.file &&
             place["line"].integer().value_or(0) <= line.at.end_line &&
             place["end_line"].integer().value_or(0) >= line.at.line;
    });
  }
  const std::string file = line.at.file.substr(line.at.file.find('/') + 1);
  const auto& patterns = label["evidence_any_of"].items;
  return std::any_of(patterns.begin(), patterns.end(), [&](const Value& one) {
    return matches(one["file"].text(), file) && matches(one["quote"].text(), line.quote);
  });
}

bool is_right(const Value& label, const Finding& finding) {
  if ((finding.verdict == Verdict::no_fault) != (label["category"].text() == "no-fault")) return false;
  for (const Value& group : label["root_cause_all_of"].items) {
    if (std::none_of(group.items.begin(), group.items.end(),
                     [&](const Value& one) { return matches(one.text(), finding.cause); }))
      return false;
  }
  return std::none_of(label["forbidden"].items.begin(), label["forbidden"].items.end(),
                      [&](const Value& one) { return matches(one.text(), finding.cause); });
}

Result<Score> score_of(const Value& label, const std::string& archive, bool verbose) {
  const Fd fd(memfd_create("bundle", MFD_CLOEXEC));
  if (Status done = write_all(fd.get(), archive); !done) return done.error();
  lseek(fd.get(), 0, SEEK_SET);
  ReadJob job;
  job.bundle_name = std::string(label["id"].text());
  job.packed_bytes = archive.size();
  job.question = label["question"].text();
  auto list = read_room(fd.get(), job, {});
  if (!list) return list.error();
  Score score;
  score.cases = 1;
  std::size_t bytes = 0;
  for (const EvidenceLine& line : list->lines) {
    bytes += line.quote.size() + 1;
    if (bytes > kBudgets.back() * kBytesPerToken) break;
    if (!decides(label, line)) continue;
    for (std::size_t i = 0; i < kBudgets.size(); ++i) {
      if (bytes <= kBudgets[i] * kBytesPerToken) score.found[i] = 1;
    }
    break;
  }
  if (!list->findings.empty()) {
    const Finding& best = list->findings.front();
    score.root = is_right(label, best) ? 1 : 0;
    score.evidence = std::any_of(best.evidence.begin(), best.evidence.end(),
                                 [&](std::uint32_t at) { return decides(label, list->lines[at]); })
                         ? 1
                         : 0;
    score.both = score.root * score.evidence;
    if (verbose && (score.both == 0 || score.found[1] == 0)) {
      fmt::print(stderr, "{} {} found {} root {} evidence {}\n  ask  {}\n  want {}\n  said [{}] {}\n",
                 label["id"].text(), label["kind"].text(), score.found[1], score.root, score.evidence,
                 label["question"].text(), label["reference"].text(), best.detector, best.cause);
    }
  }
  return score;
}

struct Options {
  std::string cases;
  incidents::Split split = incidents::Split::test;
  std::uint64_t count = 200, seed = 1;
  bool by_kind = false, verbose = false;
};

double share(int part, int all) {
  return all == 0 ? 0 : 1.0 * part / all;
}

// The bars are those of the maker's test split; other cases are for knowing.
void print_figures(const Score& all, const std::string& of, bool with_bar) {
  for (std::size_t i = 0; i < kBudgets.size(); ++i) {
    const double recall = share(all.found[i], all.cases);
    const bool bar = with_bar && kBudgets[i] == 1024;
    fmt::print(
        "{{\"name\":\"evidence_recall_{}\",\"value\":{:.3f},\"unit\":\"of {} cases\",\"comparator\":\"{}\","
        "\"ratio\":null,\"bar\":{},\"holds\":{}}}\n",
        kBudgets[i], recall, all.cases, of, bar ? "0.97" : "null",
        bar ? (recall >= 0.97 ? "true" : "false") : "null");
  }
  for (const auto& [name, value] :
       {std::pair{"cause", all.root}, {"evidence", all.evidence}, {"both", all.both}}) {
    fmt::print(
        "{{\"name\":\"detectors_{}_right\",\"value\":{:.3f},\"unit\":\"of {} cases\",\"comparator\":\"{}\","
        "\"ratio\":null,\"bar\":null,\"holds\":null}}\n",
        name, share(value, all.cases), all.cases, of);
  }
}

void print_row(const std::string& kind, const Score& score) {
  fmt::print("{:<28} {:>5} {:>7.2f} {:>7.2f} {:>7.2f} {:>7.2f} {:>7.2f} {:>9.2f} {:>6.2f}\n", kind,
             score.cases, share(score.found[0], score.cases), share(score.found[1], score.cases),
             share(score.found[2], score.cases), share(score.found[3], score.cases),
             share(score.root, score.cases), share(score.evidence, score.cases),
             share(score.both, score.cases));
}

using Scores = std::map<std::string, Score>;

Status score_made(const Options& options, Scores* scores) {
  for (std::uint64_t i = 0; i < options.count; ++i) {
    const incidents::Draw draw = incidents::draw_case(options.split, options.seed, i);
    const incidents::Case made =
        incidents::make_case(*draw.kind, options.split, draw.seed, fmt::format("{}-{}", i, draw.seed));
    auto bytes = incidents::pack(made.bundle, made.at);
    if (!bytes) return bytes.error();
    auto label = read_json(made.label.compact());
    if (!label) return label.error();
    auto score = score_of(*label, *bytes, options.verbose);
    if (!score) return score.error();
    (*scores)[draw.kind->id].add(*score);
  }
  return {};
}

Status score_folder(const Options& options, Scores* scores) {
  constexpr std::size_t kMost = 256 << 20;
  auto text = read_file(options.cases + "/cases.json", kMost);
  if (!text) return text.error();
  auto all = read_json(*text);
  if (!all) return all.error();
  for (const Value& label : (*all)["cases"].items) {
    auto bytes = read_file(fmt::format("{}/{}.tar.gz", options.cases, label["id"].text()), kMost);
    if (!bytes) return bytes.error();
    auto score = score_of(label, *bytes, options.verbose);
    if (!score) return score.error();
    (*scores)[std::string(label["kind"].exists() ? label["kind"].text() : label["category"].text())].add(
        *score);
  }
  return {};
}

Result<Options> read_options(int count, char** words) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const std::string value = i + 1 < count ? words[i + 1] : "";
    if (word == "--by-kind") {
      options.by_kind = true;
    } else if (word == "--verbose") {
      options.verbose = true;
    } else if (word == "--cases") {
      options.cases = value, ++i;
    } else if (word == "--count") {
      options.count = std::strtoull(value.c_str(), nullptr, 10), ++i;
    } else if (word == "--seed") {
      options.seed = std::strtoull(value.c_str(), nullptr, 10), ++i;
    } else if (word == "--split") {
      options.split = value == "train"  ? incidents::Split::train
                      : value == "test" ? incidents::Split::test
                                        : incidents::Split::unknown;
      ++i;
    } else {
      return Error{Code::usage, fmt::format("'{}' is not known", word), ""};
    }
  }
  return options;
}

}  // namespace

int main(int count, char** words) {
  const auto options = read_options(count, words);
  Scores scores;
  const Status done = !options                 ? Status(options.error())
                      : options->cases.empty() ? score_made(*options, &scores)
                                               : score_folder(*options, &scores);
  if (!done) {
    fmt::print(stderr, "evidence_recall: {}\n", done.error().what);
    return done.error().code == Code::usage ? 2 : 1;
  }
  Score all;
  if (options->by_kind)
    fmt::print("{:<28} {:>5} {:>7} {:>7} {:>7} {:>7} {:>7} {:>9} {:>6}\n", "kind", "cases", "512", "1024",
               "2048", "4096", "cause", "evidence", "both");
  for (const auto& [kind, score] : scores) {
    if (options->by_kind) print_row(kind, score);
    all.add(score);
  }
  const bool of_test = options->cases.empty() && options->split == incidents::Split::test;
  const std::string of =
      options->cases.empty() ? "made, " + incidents::split_name(options->split) : "a folder";
  if (all.cases > 0) print_figures(all, of, of_test);
  return 0;
}
