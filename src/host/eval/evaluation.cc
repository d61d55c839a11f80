#include "host/eval/evaluation.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/read_value.h"

namespace carrel {
namespace {

constexpr int evaluation_version = 1;
constexpr std::size_t most_evaluation_bytes = 512ULL << 20;

void write_optional(JsonLine& json, const char* name, const std::optional<bool>& value) {
  if (value) json.flag(name, *value);
}

void write_grade(JsonLine& json, const Grade& grade) {
  json.flag("cause", grade.cause);
  json.flag("evidence", grade.evidence);
  json.flag("safe", grade.safe);
  write_optional(json, "culprit", grade.culprit);
  write_optional(json, "verdict", grade.verdict);
  write_optional(json, "no_fault", grade.no_fault);
  write_optional(json, "missing", grade.missing);
  write_optional(json, "checked", grade.checked);
  json.count("cited", grade.cited);
  json.count("real", grade.real);
  json.count("at_line", grade.at_line);
  json.list("why", grade.why, [&](const std::string& why) { json.text(why); });
}

std::string line_of(const CaseResult& result) {
  JsonLine json;
  json.text("case", result.id);
  json.text("case_sha256", result.case_sha256);
  json.text("bundle_sha256", result.bundle_sha256);
  json.text("run", result.run);
  if (!result.kept_from.empty()) json.text("kept_from", result.kept_from);
  if (!result.error.empty()) json.text("error", result.error);
  json.count("exit_status", static_cast<std::uint64_t>(result.exit_status));
  json.number("seconds", result.seconds);
  json.text("verdict", result.verdict);
  json.text("root_cause", result.root_cause);
  json.number("confidence", result.confidence);
  json.object("grounds", [&] {
    json.text("detector", result.grounds.detector);
    json.number("weight", result.grounds.weight);
    json.count("agree", result.grounds.agree);
    json.count("tries", result.grounds.tries);
    json.text("says", result.grounds.says);
  });
  if (result.drafts.draft > 0) {
    json.object("drafts", [&] {
      json.count("draft", result.drafts.draft);
      json.count("checks", result.drafts.checks);
      json.count("guessed", result.drafts.guessed);
      json.count("kept", result.drafts.kept);
      json.count("steps", result.drafts.steps);
      json.number("check_s", result.drafts.check_s);
      json.number("step_s", result.drafts.step_s);
    });
  }
  json.object("grade", [&] { write_grade(json, result.grade); });
  json.object("floors", [&] {
    for (const auto& [name, grade] : result.floors)
      json.object(name, [&, &floor = grade] { write_grade(json, floor); });
  });
  if (result.recall) {
    json.object("recall", [&] {
      for (std::size_t i = 0; i < recall_budgets.size(); ++i)
        json.flag(std::to_string(recall_budgets[i]), (*result.recall)[i]);
    });
  }
  return json.finish();
}

std::string text(const Value& value) {
  return std::string(value.text());
}

std::optional<bool> optional_flag(const Value& value) {
  return value.exists() ? std::optional(value.is_true()) : std::nullopt;
}

std::uint32_t small(const Value& value) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(value.integer().value_or(0), 0, UINT32_MAX));
}

double real(const Value& value) {
  const double number = std::strtod(text(value).c_str(), nullptr);
  return std::isfinite(number) ? number : 0;
}

Grade read_grade(const Value& value) {
  Grade grade;
  grade.cause = value["cause"].is_true();
  grade.evidence = value["evidence"].is_true();
  grade.safe = value["safe"].is_true();
  grade.culprit = optional_flag(value["culprit"]);
  grade.verdict = optional_flag(value["verdict"]);
  grade.no_fault = optional_flag(value["no_fault"]);
  grade.missing = optional_flag(value["missing"]);
  grade.checked = optional_flag(value["checked"]);
  grade.cited = small(value["cited"]);
  grade.real = small(value["real"]);
  grade.at_line = small(value["at_line"]);
  for (const Value& why : value["why"].items) grade.why.push_back(text(why));
  return grade;
}

CaseResult read_result(const Value& value) {
  CaseResult result;
  result.id = value["case"].text();
  result.case_sha256 = value["case_sha256"].text();
  result.bundle_sha256 = value["bundle_sha256"].text();
  result.run = value["run"].text();
  result.kept_from = value["kept_from"].text();
  result.error = value["error"].text();
  result.exit_status = static_cast<int>(value["exit_status"].integer().value_or(0));
  result.seconds = real(value["seconds"]);
  result.verdict = value["verdict"].text();
  result.root_cause = value["root_cause"].text();
  read_confidence(value["confidence"], value["grounds"], &result);
  const Value& drafts = value["drafts"];
  result.drafts = {small(drafts["draft"]), small(drafts["checks"]), small(drafts["guessed"]),
                   small(drafts["kept"]),  small(drafts["steps"]),  real(drafts["check_s"]),
                   real(drafts["step_s"])};
  result.grade = read_grade(value["grade"]);
  for (const auto& [name, floor] : value["floors"].members)
    result.floors.emplace_back(name, read_grade(floor));
  if (value["recall"].exists()) {
    result.recall.emplace();
    for (std::size_t i = 0; i < recall_budgets.size(); ++i)
      (*result.recall)[i] = value["recall"][std::to_string(recall_budgets[i])].is_true();
  }
  return result;
}

EvaluationHead read_head(const Value& value) {
  EvaluationHead head;
  head.id = value["id"].text();
  head.playbook = value["playbook"].text();
  head.playbook_sha256 = value["playbook_sha256"].text();
  head.engine = value["engine"].text();
  head.model = value["model"].text();
  head.model_sha256 = value["model_sha256"].text();
  head.program_sha256 = value["program_sha256"].text();
  for (const auto& [name, setting] : value["settings"].members)
    head.settings.emplace_back(name, text(setting));
  head.cases = value["cases"].text();
  head.cases_sha256 = value["cases_sha256"].text();
  return head;
}

}  // namespace

std::string EvaluationHead::key() const {
  std::string key = fmt::format("{}\n{}\n{}\n{}\n", playbook_sha256, engine, model_sha256, program_sha256);
  for (const auto& [name, value] : settings) key += name + "=" + value + "\n";
  return key;
}

std::string EvaluationHead::label() const {
  if (engine == "none") return "no model";
  if (engine == "quotes" || engine == "answers") return engine;
  return model;
}

const CaseResult* Evaluation::find(const std::string& id) const {
  const auto found =
      std::find_if(results.begin(), results.end(), [&](const CaseResult& result) { return result.id == id; });
  return found == results.end() ? nullptr : &*found;
}

Result<EvaluationFile> EvaluationFile::create(const std::string& path, const EvaluationHead& head) {
  EvaluationFile out;
  out.path_ = path;
  out.file_ = Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
  if (!out.file_.valid()) return errno_error("cannot make " + path);
  JsonLine json;
  json.count("evaluation", evaluation_version);
  json.text("id", head.id);
  json.text("playbook", head.playbook);
  json.text("playbook_sha256", head.playbook_sha256);
  json.text("engine", head.engine);
  json.text("model", head.model);
  json.text("model_sha256", head.model_sha256);
  json.text("program_sha256", head.program_sha256);
  json.object("settings", [&] {
    for (const auto& [name, value] : head.settings) json.text(name, value);
  });
  json.text("cases", head.cases);
  json.text("cases_sha256", head.cases_sha256);
  if (Status written = write_all(out.file_.get(), json.finish()); !written)
    return std::move(written.error()).in(path);
  return out;
}

Status EvaluationFile::add(const CaseResult& result) {
  return write_all(file_.get(), line_of(result));
}

Result<std::string> EvaluationFile::finish() {
  JsonLine json;
  json.flag("finished", true);
  if (Status written = write_all(file_.get(), json.finish()); !written) return written.error();
  return read_file(path_, most_evaluation_bytes);
}

void read_confidence(const Value& score, const Value& grounds, CaseResult* result) {
  result->confidence = std::clamp(real(score), 0.0, 1.0);
  result->grounds = {text(grounds["detector"]), real(grounds["weight"]), small(grounds["agree"]),
                     small(grounds["tries"]), text(grounds["says"])};
}

Result<Evaluation> parse_evaluation(std::string_view lines) {
  Evaluation evaluation;
  bool has_head = false;
  std::string_view rest = lines;
  for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    const auto line = read_json(rest.substr(0, end));
    rest.remove_prefix(end + 1);
    if (!line) return line.error();
    if (!has_head) {
      const auto version = (*line)["evaluation"].integer();
      if (version != evaluation_version) {
        return Error{Code::bad_input, fmt::format("it is no evaluation of version {}", evaluation_version),
                     "another version of Carrel wrote it"};
      }
      evaluation.head = read_head(*line);
      has_head = true;
    } else if ((*line)["finished"].exists()) {
      evaluation.finished = true;
    } else {
      evaluation.results.push_back(read_result(*line));
    }
  }
  if (!has_head) return Error{Code::bad_input, "it was cut short before its head was whole", "remove it"};
  return evaluation;
}

std::vector<Evaluation> unfinished_evaluations(const std::string& folder, std::vector<std::string>* notes) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".jsonl") paths.push_back(entry.path());
  }
  std::sort(paths.rbegin(), paths.rend());
  std::vector<Evaluation> out;
  for (const std::string& path : paths) {
    auto bytes = read_file(path, most_evaluation_bytes);
    auto evaluation = bytes ? parse_evaluation(*bytes) : bytes.error();
    if (evaluation) {
      out.push_back(std::move(*evaluation));
    } else {
      notes->push_back(path + ": " + evaluation.error().what);
    }
  }
  return out;
}

}  // namespace carrel
