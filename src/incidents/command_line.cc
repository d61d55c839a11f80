#include "incidents/command_line.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>

#include "base/fd.h"
#include "base/text.h"
#include "incidents/make.h"
#include "record/exit_status.h"

namespace carrel::incidents {
namespace {

constexpr const char* kUsage =
    R"(carrel-incidents: makes labelled Kubernetes incidents, each a support bundle with a known cause

usage: carrel-incidents make --out DIR [--count N] [--seed S] [--split train|test|unknown] [--kind KIND]
       carrel-incidents kinds [--json]

make writes DIR/cases.json and one DIR/ID.tar.gz a case, in the format of docs/formats/case.md. DIR is made where it
is not there, and has to be empty. The same arguments write the same bytes.

  --count N    how many cases (100); every kind of the split takes its turn
  --seed S     a whole number (1)
  --split X    train, or test: the same kinds with other names and wordings; unknown: kinds that are in neither
  --kind KIND  this kind alone
  --from I     begins with case I of the set (0), to make a large set in pieces

example: carrel-incidents make --out /tmp/cases --count 200 --seed 7 --split test
)";

constexpr std::uint64_t kMostCases = 1'000'000;

struct Wanted {
  std::string out, kind;
  std::uint64_t count = 100, seed = 1, from = 0;
  Split split = Split::train;
};

Result<std::uint64_t> whole(const std::string& option, const std::string& text, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > most) {
    return Error{
        Code::usage,
        fmt::format("{} takes a whole number up to {}, not \"{}\"", option, most, escape_for_terminal(text)),
        ""};
  }
  return number;
}

Status set(const std::string& option, const std::string& value, Wanted* wanted) {
  const std::map<std::string, std::pair<std::uint64_t*, std::uint64_t>> numbers = {
      {"--count", {&wanted->count, kMostCases}},
      {"--from", {&wanted->from, kMostCases}},
      {"--seed", {&wanted->seed, UINT64_MAX}}};
  if (const auto found = numbers.find(option); found != numbers.end()) {
    auto number = whole(option, value, found->second.second);
    if (!number) return number.error();
    *found->second.first = *number;
  } else if (option == "--out") {
    wanted->out = value;
  } else if (option == "--kind") {
    if (find_kind(value) == nullptr) {
      return Error{Code::usage, fmt::format("there is no kind \"{}\"", escape_for_terminal(value)),
                   "`carrel-incidents kinds` lists them"};
    }
    wanted->kind = value;
  } else if (option == "--split") {
    for (const Split split : {Split::train, Split::test, Split::unknown}) {
      if (value != split_name(split)) continue;
      wanted->split = split;
      return {};
    }
    return Error{Code::usage, fmt::format("there is no split \"{}\"", escape_for_terminal(value)),
                 "there are train, test and unknown"};
  } else {
    return Error{Code::usage, fmt::format("the option {} is not known", escape_for_terminal(option)),
                 "`carrel-incidents --help` lists them"};
  }
  return {};
}

Result<Wanted> read_options(const std::vector<std::string>& words) {
  Wanted wanted;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (i + 1 == words.size())
      return Error{Code::usage, fmt::format("{} needs a value", escape_for_terminal(words[i])), ""};
    if (Status read = set(words[i], words[i + 1], &wanted); !read) return read.error();
  }
  if (wanted.out.empty()) return Error{Code::usage, "--out DIR is missing", "name a folder to write to"};
  const Kind* kind = wanted.kind.empty() ? nullptr : find_kind(wanted.kind);
  if (kind != nullptr && kind->held_out != (wanted.split == Split::unknown)) {
    return Error{Code::usage,
                 fmt::format("the kind {} is not in the split {}", kind->id, split_name(wanted.split)),
                 kind->held_out ? "it is held out: --split unknown" : "it is in train and in test"};
  }
  return wanted;
}

Status prepare(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return Error{Code::machine, fmt::format("cannot make the folder {}: {}", folder, error.message()), ""};
  if (!std::filesystem::is_empty(folder, error) || error) {
    return Error{Code::usage, fmt::format("the folder {} is not empty", folder),
                 "name another, so that no case of one set is taken for one of the other"};
  }
  return {};
}

Status write_file(const std::string& path, std::string_view bytes) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file.valid()) return errno_error("cannot write " + path);
  if (Status done = write_all(file.get(), bytes); !done) return std::move(done.error()).in(path);
  return {};
}

Status make(const Wanted& wanted) {
  if (Status ready = prepare(wanted.out); !ready) return ready;
  Json cases = Json::array();
  for (std::uint64_t i = wanted.from; i < wanted.from + wanted.count; ++i) {
    Draw draw = draw_case(wanted.split, wanted.seed, i);
    if (!wanted.kind.empty()) draw.kind = find_kind(wanted.kind);
    Case made = make_case(*draw.kind, wanted.split, draw.seed,
                          fmt::format("{}-{}-{:06}", split_name(wanted.split), wanted.seed, i));
    auto bytes = pack(made.bundle, made.at);
    if (!bytes) return bytes.error();
    const std::string path = fmt::format("{}/{}.tar.gz", wanted.out, made.id);
    if (Status done = write_file(path, *bytes); !done) return done;
    cases.add(std::move(made.label));
  }
  // Last, so that a set without it is one that was not finished.
  const Json all = Json::object({{"format", "carrel cases 1"},
                                 {"split", split_name(wanted.split)},
                                 {"seed", wanted.seed},
                                 {"cases", std::move(cases)}});
  return write_file(wanted.out + "/cases.json", all.written());
}

int list_kinds(bool as_json) {
  Json all = Json::array();
  for (const Kind& kind : all_kinds()) {
    if (as_json) {
      all.add(Json::object(
          {{"kind", kind.id},
           {"group", kind.group},
           {"summary", kind.summary},
           {"splits", kind.held_out ? Json::array({"unknown"}) : Json::array({"train", "test"})}}));
    } else {
      fmt::print("{:<32} {:<14} {}{}\n", kind.id, kind.group, kind.summary,
                 kind.held_out ? " (held out)" : "");
    }
  }
  if (as_json) fmt::print("{}", all.written());
  return 0;
}

// docs/exit-codes.md
int status_of(const Error& error) {
  fmt::print(stderr, "carrel-incidents: {}\n", error.what);
  if (!error.remedy.empty()) fmt::print(stderr, "  {}\n", error.remedy);
  return exit_status::of(error.code);
}

}  // namespace

int run_command_line(int count, char** words) {
  const std::vector<std::string> all(words + std::min(count, 1), words + count);
  if (all.empty() || all[0] == "--help" || all[0] == "-h" || all[0] == "help" ||
      std::find(all.begin(), all.end(), "--help") != all.end()) {
    fmt::print(all.empty() ? stderr : stdout, "{}", kUsage);
    return all.empty() ? exit_status::usage : exit_status::passed;
  }
  if (all[0] == "kinds" && (all.size() == 1 || (all.size() == 2 && all[1] == "--json")))
    return list_kinds(all.size() == 2);
  if (all[0] != "make") {
    return status_of({Code::usage, fmt::format("\"{}\" is not known", escape_for_terminal(all[0])),
                      "there are make and kinds"});
  }
  const auto wanted = read_options({all.begin() + 1, all.end()});
  if (!wanted) return status_of(wanted.error());
  const Status made = make(*wanted);
  return made ? exit_status::passed : status_of(made.error());
}

}  // namespace carrel::incidents
