// `carrel eval`.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "digest/sha256.h"
#include "host/cli/eval_desk.h"
#include "host/cli/print.h"
#include "host/cli/progress.h"
#include "host/eval/calibrate.h"
#include "host/eval/evaluate.h"
#include "host/eval/view.h"
#include "host/flow/choose_wall.h"
#include "host/ledger/ledger.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

constexpr std::size_t most_others = 8;
// Bytes that a case's room may take at once; it is what a read room is allowed.
constexpr std::uint64_t memory_of_a_case = 1ULL << 30;

std::uint64_t memory_now() {
  const long pages = ::sysconf(_SC_AVPHYS_PAGES), size = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(size) : 0;
}

// As many cases at a time as there are cores and memory for; a model uses every core for one.
unsigned jobs_of(const EvalArguments& arguments, const Settings& settings) {
  if (arguments.jobs > 0) return arguments.jobs;
  if (settings.text("engine") == "llama") return 1;
  const std::uint64_t fit = std::max<std::uint64_t>(1, memory_now() / memory_of_a_case);
  return static_cast<unsigned>(
      std::min<std::uint64_t>(std::max(1U, std::thread::hardware_concurrency()), fit));
}

// On a terminal one line that is rewritten; elsewhere a line for each tenth.
class EvalProgress {
 public:
  explicit EvalProgress(bool quiet) : quiet_(quiet), terminal_(::isatty(2) != 0) {}

  EvalObserver observer() {
    return {
        [this](const CaseResult& result, std::size_t done, std::size_t all) { finished(result, done, all); }};
  }
  void clear() const {
    if (!quiet_ && terminal_) std::fputs("\r\x1b[K", stderr);
  }
  std::size_t kept() const { return kept_; }

 private:
  void finished(const CaseResult& result, std::size_t done, std::size_t all) {
    right_ += result.grade.right() ? 1 : 0;
    kept_ += result.kept_from.empty() ? 0 : 1;
    if (quiet_) return;
    const std::string text = fmt::format("{} of {} cases, {} right", done, all, right_);
    if (terminal_) {
      std::fprintf(stderr, "\r\x1b[K%s, last %s", text.c_str(), escape_for_terminal(result.id).c_str());
    } else if (done == all || done * 10 / all != (done - 1) * 10 / all) {
      std::fprintf(stderr, "%s\n", text.c_str());
    }
  }

  bool quiet_, terminal_;
  std::size_t right_ = 0, kept_ = 0;
};

Status write_files(const EvalArguments& arguments, const EvalView& view) {
  for (const auto& [path, text] :
       {std::pair{arguments.junit, &to_junit}, std::pair{arguments.html, &to_html}}) {
    if (path.empty()) continue;
    if (Status written = write_file_durably(path, text(view), 0644); !written)
      return std::move(written.error()).in(path);
  }
  return {};
}

// What the file said before is kept where it is of other models.
Status write_calibration(const std::string& path, const Evaluation& evaluation) {
  Calibration before;
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    auto text = read_file(path, limit::instructions);
    if (!text) return text.error();
    std::vector<Mistake> mistakes;
    auto known = parse_calibration(*text, &mistakes);
    if (!known)
      return Error{Code::bad_input, path + " holds no calibration", "name another file, or remove it"};
    before = std::move(*known);
  }
  auto calibration = calibrate(evaluation, std::move(before));
  if (!calibration) return calibration.error();
  return write_file_durably(path, to_json(*calibration), 0644);
}

int status_of(const Evaluation& evaluation, const EvalView& view, const EvalArguments& arguments) {
  for (const CaseResult& result : evaluation.results) {
    if (!result.error.empty()) return result.exit_status;
  }
  const double share = score(grades_of(evaluation, "")).right.value();
  if (share < arguments.at_least) {
    return tell({Code::usage,
                 fmt::format("{:.1f} % are right, and --at-least asks for {:.1f} %", share * 100,
                             arguments.at_least * 100),
                 ""}),
           exit_status::checks_failed;
  }
  const bool worse = view.comparison && !view.comparison->worse.empty();
  return worse && arguments.no_worse ? exit_status::checks_failed : exit_status::passed;
}

void print_foot(const Evaluation& evaluation, const std::string& tenant, std::size_t kept, double seconds) {
  print("\n{} cases in {:.1f} s{}\nevaluation {} (tenant {})\n", evaluation.results.size(), seconds,
        kept == 0 ? "" : fmt::format(", {} of them taken from earlier evaluations", kept), evaluation.head.id,
        tenant);
}

// The cases of a folder are a tenant of their own, where none is named: what is kept of them is compared from
// one evaluation to the next, and with nobody else's.
std::string evaluation_tenant(const Desk& desk, const std::string& folder) {
  const std::string& given = desk.settings.text("tenant");
  if (!given.empty()) return given;
  std::error_code error;
  const auto path = std::filesystem::weakly_canonical(folder, error);
  std::string name;
  for (const char c : to_lower(path.filename().string())) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    if (name.size() < 40) name += fits ? c : '-';
  }
  return fmt::format("{}{}-{}", evaluation_tenants, name, sha256_of(path.string()).substr(0, 8));
}

}  // namespace

Result<EvalRequest> eval_request(const Desk& desk, const std::string& playbook, const std::string& cases,
                                 const std::vector<std::string>& only, const std::string& split) {
  auto folder = desk.playbook_folder(playbook);
  if (!folder) return folder.error();
  auto loaded = load_playbook(*folder, setting_mistake);
  if (!loaded) return loaded.error();
  auto rooms = desk.rooms_folder();
  if (!rooms) return rooms.error();
  auto set = load_cases(cases, {only, split});
  if (!set) return set.error();
  const std::string data = desk.data_folder();
  if (data.empty())
    return Error{Code::usage, "there is no folder for the ledger", "set HOME, or name one with --data"};
  for (const std::string& note : set->notes) std::fprintf(stderr, "%s\n", escape_for_terminal(note).c_str());
  return EvalRequest{
      std::move(*loaded), desk.settings,  std::move(*rooms), data, evaluation_tenant(desk, cases),
      desk.program,       std::move(*set)};
}

int eval_command(const Desk& desk, const EvalArguments& arguments) {
  auto prepared = eval_request(desk, arguments.playbook, arguments.cases, arguments.only, arguments.split);
  if (!prepared) return tell(prepared.error());
  EvalRequest& request = *prepared;
  if (arguments.answers.empty()) ask_house_model(request.playbook, request.rooms, &request.settings);
  request.quotes = desk.settings.text("engine") == "quotes";
  if (request.quotes) (void)request.settings.set("engine", "none", Source::flag, "--engine quotes");
  request.answers = arguments.answers;
  request.jobs = jobs_of(arguments, request.settings);
  request.afresh = arguments.afresh;

  if (Status taken = wall_takes_engine(request.settings); !taken) return tell(taken.error());
  auto wall = choose_wall(request.settings, request.rooms);
  if (!wall) return tell(wall.error());
  EvalProgress progress(desk.quiet);
  const auto start = std::chrono::steady_clock::now();
  auto evaluation = evaluate(request, **wall, progress.observer(), stop_requested);
  progress.clear();
  if (!evaluation) return tell(evaluation.error());
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  std::vector<std::string> notes;
  auto ledger = Ledger::open_existing(request.data, request.tenant);
  if (!ledger) return tell(ledger.error());
  const std::vector<Evaluation> all =
      earlier_evaluations(request.data, *ledger, most_earlier_evaluations, &notes);
  for (const std::string& note : notes) std::fprintf(stderr, "%s\n", escape_for_terminal(note).c_str());
  EvalView view{&request.cases, &*evaluation, {}, others(all, *evaluation, most_others), arguments.recall};
  const Evaluation* earlier = choose_earlier(all, *evaluation, arguments.against);
  if (earlier == nullptr && !arguments.against.empty()) {
    return tell({Code::usage, "there is no evaluation " + arguments.against,
                 "--json lists those of these cases under \"others\""});
  }
  if (earlier != nullptr) view.comparison = compare(*earlier, *evaluation);

  if (Status written = write_files(arguments, view); !written) return tell(written.error());
  if (!arguments.calibrate.empty()) {
    if (Status written = write_calibration(arguments.calibrate, *evaluation); !written)
      return tell(written.error());
  }
  if (desk.json) {
    print("{}", to_json(view));
  } else {
    print("{}", to_terminal(view, {!desk.plain && takes_colour(1), terminal_width(1)}));
    print_foot(*evaluation, request.tenant, progress.kept(), seconds);
  }
  return status_of(*evaluation, view, arguments);
}

}  // namespace carrel
