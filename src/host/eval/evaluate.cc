#include "host/eval/evaluate.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/read_value.h"
#include "base/text.h"
#include "digest/sha256.h"
#include "host/eval/quotes.h"
#include "host/eval/score.h"
#include "host/flow/compose.h"
#include "host/flow/input.h"
#include "host/flow/model.h"
#include "host/flow/rooms.h"
#include "host/flow/run.h"
#include "host/ledger/stored_record.h"
#include "record/answer.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

constexpr std::size_t most_answer_bytes = 4 << 20;

// Of the settings, those that a report may depend on.
constexpr std::array<std::string_view, 16> shaping_settings = {
    "tries", "variants", "context", "output-tokens", "temperature",  "top-k",    "top-p",      "min-p",
    "seed",  "threads",  "exact",   "memory",        "wall-seconds", "template", "early-stop", "draft"};

// Where a tenant's evaluations lie until they have finished.
std::string unfinished_folder(const std::string& data, const std::string& tenant) {
  return fmt::format("{}/tenants/{}/evaluations", data, tenant);
}

Result<std::string> sha256_of_file(const std::string& path) {
  auto file = open_read(path);
  if (!file) return file.error();
  return sha256_of_fd(file->get());
}

// What a report's own checks refuse; empty where they refuse nothing.
std::string failed_checks(const Report& report) {
  std::string out;
  for (const Check& check : report.checks) {
    if (check.verdict == Check::Verdict::fail)
      out += fmt::format("{}{}: {}", out.empty() ? "own checks, " : "; ", check.name, check.detail);
  }
  return out;
}

// One answer of a case, and how it is called among the case's columns.
struct Column {
  std::string floor;  // empty: the evaluated one
  GivenAnswer answer;
  std::optional<bool> checked = {};  // by Carrel's own checks
  std::string refused = {};
};

class Evaluator {
 public:
  Evaluator(const EvalRequest& request, Wall& wall, const EvalObserver& observer,
            const std::atomic<bool>& stop)
      : request_(request), wall_(wall), observer_(observer), stop_(stop) {}

  Result<Evaluation> evaluate() {
    if (Status known = fill_head(); !known) return known.error();

    // The tenant's ledger is made before the workers open it, each for itself.
    auto ledger = Ledger::open(request_.data, request_.tenant);
    if (!ledger) return ledger.error();
    if (ledger->sealed()) {
      return Error{Code::usage,
                   fmt::format("the ledger of tenant {} is sealed, and evaluations are kept unsealed",
                               request_.tenant),
                   "name another tenant, or none: the cases then have one of their own"};
    }
    const std::string folder = unfinished_folder(request_.data, request_.tenant);
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (!request_.afresh) recall_earlier(*ledger);
    const std::string path = fmt::format("{}/{}.jsonl", folder, evaluation_.head.id);
    auto file = EvaluationFile::create(path, evaluation_.head);
    if (!file) return file.error();
    file_ = &*file;

    // What finished is in the file at once, so that a kill costs no more than the cases at work.
    work();
    if (stop_)
      return Error{Code::interrupted, "interrupted", "the same command goes on where this one ended"};
    if (!failure_) return failure_.error();
    put_in_order();
    evaluation_.finished = true;
    auto lines = file->finish();
    if (!lines) return lines.error();
    if (Status kept = keep_all(*ledger, *lines); !kept) return kept.error();
    std::filesystem::remove(path, error);
    for (const std::string& before : gone_on_)
      std::filesystem::remove(fmt::format("{}/{}.jsonl", folder, before), error);
    return std::move(evaluation_);
  }

 private:
  Status fill_head() {
    EvaluationHead& head = evaluation_.head;
    head.id = new_run_id();
    head.playbook = request_.playbook.title();
    head.playbook_sha256 = request_.playbook.sha256;
    head.engine = !request_.answers.empty() ? "answers" : request_.quotes ? "quotes" : engine();
    for (const std::string_view name : shaping_settings) {
      std::string value = request_.settings.text(name);
      for (const auto& [key, given] : request_.playbook.settings) {
        if (key == name && request_.settings.source(name) < Source::playbook) value = given;
      }
      if (name == "template" && !value.empty()) {
        auto digest = sha256_of_file(value);
        if (!digest) return digest.error();
        value = std::move(*digest);
      }
      head.settings.emplace_back(name, std::move(value));
    }
    if (head.engine == "llama") {
      if (Status named = names_model(request_.settings); !named) return named.error();
      const std::string& path = request_.settings.text("model");
      auto digest = sha256_of_file(path);
      if (!digest) return digest.error();
      head.model_sha256 = std::move(*digest);
      head.model = std::filesystem::path(path).filename();
    }
    if (head.engine == "answers") head.model = request_.answers;
    std::error_code error;
    head.cases = std::filesystem::absolute(request_.cases.folder, error).lexically_normal();
    head.cases_sha256 = request_.cases.sha256;
    auto program = sha256_of_file(request_.program);
    if (!program) return program.error();
    auto image = image_sha256(request_.rooms, head.engine == "llama");
    if (!image) return image.error();
    head.program_sha256 = sha256_of(*program + *image);
    return {};
  }

  const std::string& engine() const { return request_.settings.text("engine"); }

  // Cases that were finished with the same key. Answers of another program are read again: they are not ours
  // to know of.
  void recall_earlier(Ledger& ledger) {
    if (evaluation_.head.engine == "answers") return;
    std::vector<std::string> notes;
    for (Evaluation& earlier : earlier_evaluations(request_.data, ledger, most_earlier_evaluations, &notes)) {
      if (earlier.head.key() != evaluation_.head.key()) continue;
      if (!earlier.finished && earlier.head.cases_sha256 == evaluation_.head.cases_sha256)
        gone_on_.push_back(earlier.head.id);
      for (CaseResult& result : earlier.results) {
        if (!result.error.empty()) continue;  // what failed is tried again
        if (result.kept_from.empty()) result.kept_from = earlier.head.id;
        earlier_.emplace(result.id, std::move(result));
      }
    }
  }

  // The ledger has it whole, with an entry in its chain.
  Status keep_all(Ledger& ledger, const std::string& lines) const {
    auto sha256 = ledger.put(lines);
    if (!sha256) return sha256.error();
    const EvaluationHead& head = evaluation_.head;
    const Share right = score(grades_of(evaluation_, "")).right;
    JsonLine summary;
    summary.count("right", right.right);
    summary.count("of", right.all);
    std::string text = summary.finish();
    text.pop_back();  // the newline
    return ledger.add_evaluation({head.id, "", head.playbook, head.playbook_sha256, head.engine, head.model,
                                  head.model_sha256, head.cases_sha256, text, *sha256});
  }

  void work() {
    const std::size_t all = request_.cases.cases.size();
    const auto jobs = std::min<std::size_t>(std::max(1U, request_.jobs), std::max<std::size_t>(all, 1));
    std::vector<std::thread> workers;
    for (std::size_t i = 1; i < jobs; ++i) workers.emplace_back([this] { take_cases(); });
    take_cases();
    for (std::thread& worker : workers) worker.join();
  }

  void take_cases() {
    auto ledger = Ledger::open(request_.data, request_.tenant);
    if (!ledger) return fail(ledger.error());
    const std::vector<Case>& cases = request_.cases.cases;
    for (std::size_t at = next_++; at < cases.size() && !stop_ && !failed_; at = next_++) {
      auto result = evaluate_case(cases[at], *ledger);
      if (!result) return fail(result.error());
      keep(std::move(*result));
    }
  }

  void fail(Error error) {
    const std::lock_guard lock(mutex_);
    failed_ = true;
    if (failure_) failure_ = std::move(error);
  }

  void keep(CaseResult result) {
    const std::lock_guard lock(mutex_);
    if (Status kept = file_->add(result); !kept) {
      failed_ = true;
      failure_ = kept.error();
      return;
    }
    evaluation_.results.push_back(std::move(result));
    observer_.finished(evaluation_.results.back(), evaluation_.results.size(), request_.cases.cases.size());
  }

  // An Error ends the evaluation; what is wrong with one case is in its result.
  Result<CaseResult> evaluate_case(const Case& label, Ledger& ledger) {
    const auto start = std::chrono::steady_clock::now();
    CaseResult result;
    result.id = label.id;
    result.case_sha256 = label.sha256;
    auto input = Input::open(
        label.bundle, [](std::uint64_t, std::uint64_t) {}, stop_);
    if (!input) return without_answer(label, std::move(result), input.error());
    result.bundle_sha256 = input->sha256();
    if (const CaseResult* same = finished_earlier(result)) return *same;

    std::vector<Column> columns;
    Status done = request_.answers.empty() ? run(label, ledger, &result, &columns)
                                           : read_answer(label, &result, &columns);
    if (done) done = grade_columns(label, *input, &result, columns);
    if (!done) return without_answer(label, std::move(result), done.error());
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
  }

  const CaseResult* finished_earlier(const CaseResult& result) const {
    const auto found = earlier_.find(result.id);
    const bool same = found != earlier_.end() && found->second.case_sha256 == result.case_sha256 &&
                      found->second.bundle_sha256 == result.bundle_sha256;
    return same ? &found->second : nullptr;
  }

  Result<CaseResult> without_answer(const Case& label, CaseResult result, const Error& error) {
    if (error.code == Code::interrupted) return error;
    result.error = error.what;
    result.exit_status = exit_status::of(error.code);
    result.grade = grade(label, {}, {});
    return result;
  }

  Status run(const Case& label, Ledger& ledger, CaseResult* result, std::vector<Column>* columns) {
    const RunRequest request{request_.playbook, label.bundle,   label.question,
                             request_.settings, request_.rooms, request_.tenant};
    auto report = run_playbook(request, wall_, ledger, {}, stop_);
    if (!report) return report.error();
    result->run = report->run;
    auto evidence = evidence_of(report->run, ledger);
    if (!evidence) return evidence.error();
    if (!label.evidence.empty() || !label.deciding.empty())
      result->recall = recall_at_budgets(label, *evidence);

    if (request_.quotes) {
      columns->push_back({"", dump_quotes(*evidence)});
    } else {
      columns->push_back({"", given_by(*report), report->passed(), failed_checks(*report)});
      result->confidence = report->confidence.score;
      result->grounds = report->confidence.grounds;
      result->drafts = report->stats.drafts;
      result->exit_status = report->passed() ? exit_status::passed : exit_status::checks_failed;
      columns->push_back({"quotes", dump_quotes(*evidence)});
    }
    if (!request_.quotes && engine() == "none") return {};
    Report without_model;
    fill_report(&without_model, answer_of_detectors(*evidence), *evidence, evidence->lines.size());
    columns->push_back({"no model", given_by(without_model)});
    return {};
  }

  // What the read room handed out in a run, from its record.
  static Result<EvidenceList> evidence_of(const std::string& run, Ledger& ledger) {
    auto rows = ledger.find_all(run, 1);
    if (!rows) return rows.error();
    if (!rows->empty()) return stored_record<EvidenceList>(ledger, rows->front(), "evidence");
    return Error{Code::internal, fmt::format("run {} kept no evidence", run), ""};
  }

  // A report of Carrel's own says how sure it was and why.
  Status read_answer(const Case& label, CaseResult* result, std::vector<Column>* columns) const {
    auto bytes = read_file(fmt::format("{}/{}.json", request_.answers, label.id), most_answer_bytes);
    if (!bytes) return bytes.error();
    auto answer = read_json(*bytes);
    if (!answer) return std::move(answer.error()).in(label.id + ".json");
    columns->push_back({"", given_by(*answer)});
    const Value& passed = (*answer)["passed"];
    if (passed.is(Value::Kind::boolean)) columns->back().checked = passed.is_true();
    const Value& confidence = (*answer)["confidence"];
    read_confidence(confidence["score"], confidence["grounds"], result);
    return {};
  }

  // One check room looks up what all columns cite.
  Status grade_columns(const Case& label, const Input& input, CaseResult* result,
                       const std::vector<Column>& columns) {
    CheckJob job;
    job.bundle_name = input.path();
    job.packed_bytes = input.is_folder() ? 0 : input.bytes();
    job.kubernetes = false;  // the text alone is looked at
    for (const Column& column : columns)
      job.lookups.insert(job.lookups.end(), column.answer.cited.begin(), column.answer.cited.end());
    std::vector<Seen> seen;
    if (!job.lookups.empty()) {
      auto stream = input.stream(stop_);
      if (!stream) return stream.error();
      Rooms rooms(wall_, request_.rooms, std::chrono::seconds(request_.settings.whole("wall-seconds")), stop_,
                  [](const Progress&) {});
      auto found = rooms.check(job, std::move(stream->descriptor));
      if (!found) {
        stream->abandon();
        return found.error();
      }
      if (Status closed = stream->close(); !closed) return closed;
      if (found->seen.size() != job.lookups.size())
        return Error{Code::room_refused, "the check room answered too little", ""};
      seen = std::move(found->seen);
    }
    auto from = seen.begin();
    for (const Column& column : columns) {
      const auto to = from + static_cast<std::ptrdiff_t>(column.answer.cited.size());
      Grade graded = grade(label, column.answer, {from, to});
      from = to;
      if (!column.floor.empty()) {
        result->floors.emplace_back(column.floor, std::move(graded));
        continue;
      }
      graded.checked = column.checked;
      if (!column.refused.empty()) graded.why.push_back(column.refused);
      result->grade = std::move(graded);
      result->verdict = column.answer.verdict.value_or("");
      result->root_cause = cut_utf8(column.answer.root_cause, limit::detail);
    }
    return {};
  }

  void put_in_order() {
    std::map<std::string, std::size_t> order;
    for (std::size_t i = 0; i < request_.cases.cases.size(); ++i) order[request_.cases.cases[i].id] = i;
    std::sort(evaluation_.results.begin(), evaluation_.results.end(),
              [&](const CaseResult& a, const CaseResult& b) { return order[a.id] < order[b.id]; });
  }

  const EvalRequest& request_;
  Wall& wall_;
  const EvalObserver& observer_;
  const std::atomic<bool>& stop_;
  std::map<std::string, CaseResult> earlier_;
  std::vector<std::string> gone_on_;  // interrupted evaluations that this one goes on with
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;  // of all below
  Evaluation evaluation_;
  EvaluationFile* file_ = nullptr;
  Status failure_;
};

}  // namespace

std::vector<Evaluation> earlier_evaluations(const std::string& data, Ledger& ledger, std::size_t most,
                                            std::vector<std::string>* notes) {
  std::vector<Evaluation> out = unfinished_evaluations(unfinished_folder(data, ledger.tenant()), notes);
  const auto rows = ledger.evaluations(most);
  if (!rows) notes->push_back(rows.error().what);
  for (const EvaluationRow& row : rows ? *rows : std::vector<EvaluationRow>()) {
    auto lines = ledger.get(row.sha256);
    auto evaluation = lines ? parse_evaluation(*lines) : lines.error();
    if (evaluation) {
      out.push_back(std::move(*evaluation));
    } else {
      notes->push_back(fmt::format("evaluation {}: {}", row.id, evaluation.error().what));
    }
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Evaluation& a, const Evaluation& b) { return a.head.id > b.head.id; });
  return out;
}

Result<Evaluation> evaluate(const EvalRequest& request, Wall& wall, const EvalObserver& observer,
                            const std::atomic<bool>& stop) {
  return Evaluator(request, wall, observer, stop).evaluate();
}

}  // namespace carrel
