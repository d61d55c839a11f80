// One run: its record, what the rooms were asked and answered, lines of its bundle, and what leaves as a
// file.
#include <filesystem>

#include "host/flow/choose_wall.h"
#include "host/flow/proof.h"
#include "host/http/problem.h"
#include "host/ledger/stored_record.h"
#include "host/page/api.h"
#include "host/page/views.h"
#include "host/review/export.h"
#include "host/review/review.h"

namespace carrel {
namespace {

constexpr unsigned most_waiting = 8;

// An object that a run does not have is not found; whatever else is wrong with it is.
HttpAnswer no_object(const Error& error) {
  return error.code == Code::usage ? problem(404, "no-such-object", error.what, error.remedy)
                                   : problem_of(error);
}

// How many of the evidence lines were in the prompt.
Result<std::size_t> lines_kept(const Ledger& ledger, const RunRow& run, std::size_t all) {
  if (run.engine == "none") return all;
  auto tries = stored_record<ThinkResult>(ledger, run, "tries");
  if (tries) return std::min<std::size_t>(tries->lines_kept, all);
  // One that ended before its model answered kept none.
  return tries.error().code == Code::usage ? Result<std::size_t>(0) : Result<std::size_t>(tries.error());
}

HttpAnswer as_file(std::string bytes, const std::string& type, const std::string& name) {
  HttpAnswer answer;
  answer.type = type;
  answer.body = std::move(bytes);
  answer.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + name + "\"");
  return answer;
}

}  // namespace

HttpAnswer Api::whole(Held& run, const HttpRequest& request, const Caller&) {
  if (Status good = no_wish(request.query); !good) return bad_request(good.error());
  auto kept = run_as_kept(*run.ledger, run.row);
  return kept ? json_answer(record_json(*kept)) : problem_of(kept.error());
}

HttpAnswer Api::prompt(Held& run, const HttpRequest& request, const Caller&) {
  if (Status good = no_wish(request.query); !good) return bad_request(good.error());
  auto job = stored_record<ThinkJob>(*run.ledger, run.row, "prompt");
  if (!job) return no_object(job.error());
  auto kept = lines_kept(*run.ledger, run.row, job->lines.size());
  return kept ? json_answer(prompt_json(*job, *kept)) : problem_of(kept.error());
}

HttpAnswer Api::tries(Held& run, const HttpRequest& request, const Caller&) {
  if (Status good = no_wish(request.query); !good) return bad_request(good.error());
  auto result = stored_record<ThinkResult>(*run.ledger, run.row, "tries");
  if (!result) return no_object(result.error());
  auto detail = run.ledger->detail(run.row);
  return detail ? json_answer(tries_json(*result, detail->tries)) : problem_of(detail.error());
}

HttpAnswer Api::evidence(Held& run, const HttpRequest& request, const Caller&) {
  const auto wish = evidence_wish(request.query);
  if (!wish) return bad_request(wish.error());
  auto evidence = stored_record<EvidenceList>(*run.ledger, run.row, "evidence");
  if (!evidence) return no_object(evidence.error());
  auto kept = lines_kept(*run.ledger, run.row, evidence->lines.size());
  if (!kept) return problem_of(kept.error());
  const std::size_t last = wish->first + wish->limit;
  JsonPage json;
  json.count("total", evidence->lines.size());
  write_evidence(json, "items", evidence->lines, wish->first, last, *kept);
  if (last < evidence->lines.size()) json.text("next", std::to_string(last));
  return json_answer(json.finish());
}

HttpAnswer Api::proof(Held& run, const HttpRequest& request, const Caller&) {
  if (Status good = no_wish(request.query); !good) return bad_request(good.error());
  auto proof = prove_run(*run.ledger, run.row, options_.data);
  return proof ? json_answer(to_json(*proof)) : problem_of(proof.error());
}

HttpAnswer Api::lines(Held& run, const HttpRequest& request, const Caller&) {
  const auto wanted = lines_wanted(request.query);
  if (!wanted) return bad_request(wanted.error());
  const RunRow row = run.row;
  run.ledger.give_back();  // a room may take its time, and needs none of it
  LinesWish wish{row.input, row.input_sha256, "", wanted->file, wanted->first, wanted->count};
  std::error_code error;
  if (!std::filesystem::exists(wish.bundle, error))
    return problem(409, "bundle-gone", "the bundle is not where it was", "put it back at " + wish.bundle);
  auto key = options_.bundle_key();
  if (!key) return problem_of(key.error());
  wish.key = std::move(*key);
  auto wall = choose_wall(options_.settings, options_.rooms);
  if (!wall) return problem_of(wall.error());
  struct Turn {
    explicit Turn(std::atomic<unsigned>& all) : count(all), place(++all) {}
    ~Turn() { --count; }
    std::atomic<unsigned>& count;
    const unsigned place;
  };
  const Turn turn(waiting_);
  if (turn.place > most_waiting) return too_many("too many wait for lines", 1);
  const std::lock_guard lock(reading_);
  if (auto bundle = bundles_.open(wish.bundle, wish.sha256, stop_); !bundle) {
    return bundle.error().code == Code::bad_input
               ? problem(409, "bundle-changed", bundle.error().what, bundle.error().remedy)
               : problem_of(bundle.error());
  }
  auto lines = lines_of(wish, bundles_, **wall, options_.rooms, stop_);
  if (!lines) return problem_of(lines.error());
  if (lines->lines.empty())
    return problem(404, "no-such-line", "the bundle has no such file, or the file no such line", "");
  return json_answer(lines_json(wish.file, *lines));
}

HttpAnswer Api::reply(Held& run, const HttpRequest& request, const Caller&) {
  const auto download = download_wish(request.query);
  if (!download) return bad_request(download.error());
  auto whole = run_in_context(*run.ledger, run.row);
  if (!whole) return problem(409, "no-report", whole.error().what, whole.error().remedy);
  auto text = draft_reply(*whole);
  if (!text) return problem(409, "nothing-accepted", text.error().what, text.error().remedy);
  HttpAnswer answer = as_file(std::move(*text), "text/markdown; charset=utf-8", run.row.id + ".md");
  if (!*download) answer.headers.clear();
  return answer;
}

HttpAnswer Api::exported(Held& run, const HttpRequest& request, const Caller&) {
  const auto as = export_wish(request.query);
  if (!as) return bad_request(as.error());
  auto whole = run_in_context(*run.ledger, run.row);
  if (!whole) return problem(409, "no-report", whole.error().what, whole.error().remedy);
  const std::string name = run.row.id + "." + *as;
  if (*as == "html") return as_file(report_html(*whole), "text/html; charset=utf-8", name);
  if (*as == "md") return as_file(report_markdown(*whole), "text/markdown; charset=utf-8", name);
  if (*as == "json") return as_file(record_json(*whole), "application/json", name);
  auto tar = record_tar(*run.ledger, *whole);
  return tar ? as_file(std::move(*tar), "application/x-tar", name) : problem_of(tar.error());
}

}  // namespace carrel
