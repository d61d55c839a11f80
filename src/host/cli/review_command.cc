// `carrel review` and `carrel export`.
#include <algorithm>
#include <charconv>
#include <cstdio>

#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "host/cli/find_run.h"
#include "host/cli/print.h"
#include "host/cli/progress.h"
#include "host/cli/record_commands.h"
#include "host/review/export.h"
#include "host/review/review.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

Result<RunInContext> in_context(const Desk& desk, const std::string& id) {
  auto found = find_run(desk, id);
  if (!found) return found.error();
  return run_in_context(found->ledger, found->row);
}

void write_queue(JsonPage& json, const std::vector<QueueRow>& rows) {
  json.list("queue", rows, [&](const QueueRow& row) {
    json.object([&] {
      json.text("run", row.run.id);
      json.text("tenant", row.run.tenant);
      json.text("finished_at", row.run.finished_at);
      json.text("input", row.run.input);
      json.text("verdict", row.run.verdict);
      json.text("level", row.run.level);
      json.number("score", row.run.score);
      json.text("failed_checks", row.failed_checks);
      json.text("root_cause", row.cause);
    });
  });
}

int queue_command(const Desk& desk, const ReviewArguments& arguments) {
  int status = exit_status::passed;
  std::vector<QueueRow> all;
  std::uint64_t waiting = 0;
  QueueFilter filter;
  filter.failed_only = arguments.failed_only;
  filter.most = arguments.most;
  const bool all_tenants = desk.settings.text("tenant").empty();
  auto tenants = tenants_of(desk);
  if (!tenants) return tell(tenants.error());
  for (const std::string& tenant : *tenants) {
    // Runs of an evaluation wait for nobody.
    if (all_tenants && tenant.starts_with(evaluation_tenants)) continue;
    auto ledger = open_for_list(desk, tenant);
    if (!ledger && ledger.error().code == Code::usage) return tell(ledger.error());
    auto rows = ledger ? ledger->queue(filter) : ledger.error();
    auto length = rows ? ledger->queue_length(filter) : rows.error();
    if (!length) {
      status = tell(std::move(length.error()).in("tenant " + tenant));
      continue;
    }
    all.insert(all.end(), rows->begin(), rows->end());
    waiting += *length;
  }
  std::sort(all.begin(), all.end(),
            [](const QueueRow& a, const QueueRow& b) { return place_of(a.run) < place_of(b.run); });
  if (all.size() > arguments.most) all.resize(arguments.most);
  if (desk.json) {
    JsonPage json;
    write_queue(json, all);
    json.count("waiting", waiting);
    print("{}", json.finish());
    return status;
  }
  for (const QueueRow& row : all) {
    print("{}  {:<8} {:.2f}  {}{}\n    {}\n", row.run.id, escape_for_terminal(row.run.level), row.run.score,
          escape_for_terminal(row.run.input),
          row.failed_checks.empty() ? "" : "  FAILED: " + escape_for_terminal(row.failed_checks),
          escape_for_terminal(row.cause));
  }
  if (all.size() < waiting) print("{} of {}; -n lists more\n", all.size(), waiting);
  if (all.empty() && status == exit_status::passed) print("No run waits for a decision.\n");
  return status;
}

int case_command(const Desk& desk, const ReviewArguments& arguments) {
  if (arguments.cases.empty())
    return tell(
        {Code::usage, "it is not said which folder of cases to add to", "name it with --cases FOLDER"});
  auto run = in_context(desk, arguments.run);
  if (!run) return tell(run.error());
  auto id = correction_to_case(*run, arguments.cases, arguments.must);
  if (!id) return tell(id.error());
  print("{} is a case of {} now\n", *id, escape_for_terminal(arguments.cases));
  return exit_status::passed;
}

Result<ReviewRow> review_of(const ReviewArguments& arguments) {
  using Decision = ReviewRow::Decision;
  ReviewRow review;
  review.reviewer = arguments.reviewer;
  review.reason = arguments.reason;
  review.text = arguments.text;
  bool known = false;
  for (const Decision decision : {Decision::accept, Decision::edit, Decision::reject}) {
    if (arguments.decision != to_string(decision)) continue;
    review.decision = decision;
    known = true;
  }
  if (!known) {
    return Error{Code::usage, fmt::format("\"{}\" is no decision", arguments.decision),
                 "there are accept, edit and reject; and case, of a correction"};
  }
  if (arguments.claim.empty()) return review;
  const char* end = arguments.claim.data() + arguments.claim.size();
  const auto [rest, error] = std::from_chars(arguments.claim.data(), end, review.claim);
  if (error != std::errc() || rest != end || review.claim < 0)
    return Error{Code::usage, fmt::format("\"{}\" is no claim's number", arguments.claim), ""};
  return review;
}

}  // namespace

int review_command(const Desk& desk, const ReviewArguments& arguments) {
  if (arguments.list) return queue_command(desk, arguments);
  if (arguments.run.empty()) return page_command(desk, arguments);
  if (arguments.decision == "case") return case_command(desk, arguments);
  auto review = review_of(arguments);
  if (!review) return tell(review.error());
  auto found = find_run(desk, arguments.run);
  if (!found) return tell(found.error());
  if (Status kept = found->ledger.add_review(found->row, &*review); !kept) return tell(kept.error());
  if (desk.json) {
    JsonPage json;
    json.text("review", review->id);
    json.text("at", review->at);
    json.text("decision", to_string(review->decision));
    print("{}", json.finish());
  } else {
    print("{}: {} by {}\n", review->id, to_string(review->decision), escape_for_terminal(review->reviewer));
  }
  return exit_status::passed;
}

int export_command(const Desk& desk, const ExportArguments& arguments) {
  const int wanted = arguments.html + arguments.markdown + arguments.tar + arguments.reply + desk.json;
  if (wanted != 1)
    return tell({Code::usage, "it is not said as what to export",
                 "name one of --html, --json, --md, --tar, --reply"});
  auto found = find_run(desk, arguments.run);
  if (!found) return tell(found.error());
  auto run = run_in_context(found->ledger, found->row);
  if (!run) return tell(run.error());
  Result<std::string> bytes = std::string();
  if (arguments.html) bytes = report_html(*run);
  if (arguments.markdown) bytes = report_markdown(*run);
  if (arguments.tar) bytes = record_tar(found->ledger, *run);
  if (arguments.reply) bytes = draft_reply(*run);
  if (desk.json) bytes = record_json(*run);
  if (!bytes) return tell(bytes.error());
  std::fwrite(bytes->data(), 1, bytes->size(), stdout);
  return exit_status::passed;
}

}  // namespace carrel
