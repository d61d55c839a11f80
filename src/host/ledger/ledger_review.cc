// What people add to a ledger: reviews, consented exceptions, evaluations.
#include <algorithm>

#include <fmt/format.h>

#include "host/ledger/chain.h"
#include "host/ledger/ledger.h"
#include "host/ledger/objects.h"
#include "host/ledger/statement.h"

namespace carrel {
namespace {

constexpr std::size_t most_reviewer = 64;
constexpr std::size_t most_review_text = 64 << 10;

// The place of the next row of a run in a table.
Result<std::int64_t> next_position(sqlite3* database, const char* sql, std::int64_t number) {
  Statement select(database, sql);
  auto row = select.bind(number).step();
  if (!row) return row.error();
  return select.number(0) + 1;
}

ReviewRow::Decision decision_of(const std::string& text) {
  using Decision = ReviewRow::Decision;
  for (const Decision decision : {Decision::accept, Decision::edit}) {
    if (text == to_string(decision)) return decision;
  }
  return Decision::reject;
}

Status acceptable(const RunRow& run, const ReviewRow& review, std::size_t claims) {
  const auto wrong = [](std::string what, std::string remedy) {
    return Error{Code::usage, std::move(what), std::move(remedy)};
  };
  if (run.state != RunState::finished) {
    return wrong(fmt::format("run {} has no report to decide on: it is {}", run.id, to_string(run.state)),
                 "");
  }
  if (review.reviewer.empty() || review.reviewer.size() > most_reviewer)
    return wrong("a decision needs the name of who made it",
                 "give it with --reviewer NAME, at most 64 bytes");
  if (review.decision != ReviewRow::Decision::accept && review.reason.empty())
    return wrong(fmt::format("to {} needs a reason", to_string(review.decision)),
                 "give it with --reason TEXT");
  if (review.decision == ReviewRow::Decision::edit && review.text.empty())
    return wrong("an edit needs what the claim should say", "give it with --text TEXT");
  if (std::max(review.reason.size(), review.text.size()) > most_review_text)
    return wrong("a reason or a text is longer than 64 KiB", "");
  if (review.claim != ReviewRow::whole_report &&
      (review.claim < 0 || static_cast<std::size_t>(review.claim) >= claims)) {
    return wrong(fmt::format("run {} has no claim {}", run.id, review.claim),
                 fmt::format("`carrel trace {}` numbers its claims", run.id));
  }
  return {};
}

// Which runs a filter fits, with what its parameters stand for.
std::string condition_of(const QueueFilter& filter) {
  std::string where =
      "state = 'finished' AND score <= ?1 AND (?2 = '' OR finished_at < ?2) "
      "AND (started_at, id) > (?3, ?4)";
  if (!filter.decided)
    where += " AND NOT EXISTS (SELECT 1 FROM review WHERE review.run = run.number AND claim = -1)";
  if (filter.failed_only) where += " AND passed = 0";
  return where;
}

std::vector<std::string> arguments_of(const QueueFilter& filter) {
  return {fmt::format("{}", filter.most_score), filter.before, filter.after.started_at, filter.after.id};
}

}  // namespace

const char* to_string(ReviewRow::Decision decision) {
  switch (decision) {
    case ReviewRow::Decision::accept:
      return "accept";
    case ReviewRow::Decision::edit:
      return "edit";
    case ReviewRow::Decision::reject:
    case ReviewRow::Decision::count_:
      break;
  }
  return "reject";
}

Status Ledger::add_review(const RunRow& run, ReviewRow* review) {
  if (Status may = writable(); !may) return may;
  auto held = detail(run);
  if (!held) return held.error();
  if (Status good = acceptable(run, *review, held->claims.size()); !good) return good;
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  auto position = next_position(database_, "SELECT max(position) FROM review WHERE run = ?", run.number);
  if (!position) return position.error();
  review->id = fmt::format("{}/r{}", run.id, *position);
  review->at = ledger_time();
  // The words are what the rows say: out with the old ones, in with the new.
  if (Status done = index_run(run.number, "delete"); !done) return done;
  Statement insert(database_,
                   "INSERT INTO review (id, run, position, at, reviewer, decision, claim, reason, text) "
                   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.bind(review->id).bind(run.number).bind(*position).bind(review->at).bind(review->reviewer);
  insert.bind(std::string(to_string(review->decision))).bind(review->claim);
  Status done = insert.bind_private(vault_, review->reason).bind_private(vault_, review->text).run();
  if (done) done = append(entry_kind::review, review->id);
  if (done) done = index_run(run.number, "");
  if (done) done = transaction->commit();
  if (done) raise_index();
  return done;
}

Result<std::vector<ReviewRow>> Ledger::reviews(const RunRow& run) const {
  std::vector<ReviewRow> rows;
  Statement select(database_,
                   "SELECT id, at, reviewer, decision, claim, reason, text FROM review WHERE run = ? "
                   "ORDER BY position");
  select.bind(run.number);
  for (;;) {
    auto row = select.step();
    if (!row) return row.error();
    if (!*row) return rows;
    rows.push_back({select.text(0), select.text(1), select.text(2), decision_of(select.text(3)),
                    select.number(4), select.private_text(vault_, 5), select.private_text(vault_, 6)});
  }
}

Result<std::vector<QueueRow>> Ledger::queue(const QueueFilter& filter) const {
  auto runs = select(condition_of(filter) + " ORDER BY started_at, id", arguments_of(filter), filter.most, 0);
  if (!runs) return runs.error();
  std::vector<QueueRow> rows;
  Statement cause(database_, "SELECT text FROM claim WHERE run = ? AND position = 0");
  Statement failed(database_,
                   "SELECT group_concat(name, ', ') FROM verdict WHERE run = ? AND verdict = 'fail'");
  Statement decision(
      database_, "SELECT decision FROM review WHERE run = ? AND claim = -1 ORDER BY position DESC LIMIT 1");
  for (RunRow& run : *runs) {
    QueueRow row;
    for (Statement* statement : {&cause, &failed, &decision}) {
      auto there = statement->again().bind(run.number).step();
      if (!there) return there.error();
      if (!*there) continue;
      if (statement == &cause) row.cause = cause.private_text(vault_, 0);
      if (statement == &failed) row.failed_checks = failed.text(0);
      if (statement == &decision) row.decision = decision.text(0);
    }
    row.run = std::move(run);
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<std::uint64_t> Ledger::queue_length(const QueueFilter& filter) const {
  Statement count(database_, fmt::format("SELECT count(*) FROM run WHERE {}", condition_of(filter)).c_str());
  for (const std::string& argument : arguments_of(filter)) count.bind(argument);
  auto row = count.step();
  if (!row) return row.error();
  return static_cast<std::uint64_t>(count.number(0));
}

Status Ledger::add_exception(const RunRow& run, ExceptionRow* exception) {
  if (Status may = writable(); !may) return may;
  if (exception->consented_by.empty())
    return Error{Code::usage, "an exception needs the name of who consented", ""};
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  auto position = next_position(database_, "SELECT max(position) FROM exception WHERE run = ?", run.number);
  if (!position) return position.error();
  exception->id = fmt::format("{}/x{}", run.id, *position);
  exception->at = ledger_time();
  Statement insert(database_,
                   "INSERT INTO exception (id, run, position, at, consented_by, provider, model, purpose, "
                   "sent_sha256, sent_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.bind(exception->id)
      .bind(run.number)
      .bind(*position)
      .bind(exception->at)
      .bind(exception->consented_by);
  insert.bind(exception->provider).bind(exception->model).bind_private(vault_, exception->purpose);
  insert.bind(exception->sent_sha256).bind(static_cast<std::int64_t>(exception->sent_bytes));
  Status done = insert.run();
  if (done) done = append(entry_kind::exception, exception->id);
  if (done) done = transaction->commit();
  if (done) raise_index();
  return done;
}

Result<std::vector<ExceptionRow>> Ledger::exceptions(const RunRow& run) const {
  std::vector<ExceptionRow> rows;
  Statement select(database_,
                   "SELECT id, at, consented_by, provider, model, purpose, sent_sha256, sent_bytes "
                   "FROM exception WHERE run = ? ORDER BY position");
  select.bind(run.number);
  for (;;) {
    auto row = select.step();
    if (!row) return row.error();
    if (!*row) return rows;
    rows.push_back({select.text(0), select.text(1), select.text(2), select.text(3), select.text(4),
                    select.private_text(vault_, 5), select.text(6),
                    static_cast<std::uint64_t>(select.number(7))});
  }
}

Status Ledger::add_evaluation(const EvaluationRow& evaluation) {
  if (Status may = writable(); !may) return may;
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  Statement insert(database_,
                   "INSERT INTO evaluation (id, at, playbook, playbook_sha256, engine, model, model_sha256, "
                   "cases_sha256, summary, sha256, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.bind(evaluation.id).bind(evaluation.at.empty() ? ledger_time() : evaluation.at);
  insert.bind(evaluation.playbook).bind(evaluation.playbook_sha256).bind(evaluation.engine);
  insert.bind_private(vault_, evaluation.model).bind(evaluation.model_sha256).bind(evaluation.cases_sha256);
  insert.bind_private(vault_, evaluation.summary).bind(evaluation.sha256);
  Status done = insert.bind(static_cast<std::int64_t>(object_bytes(folder_, evaluation.sha256))).run();
  if (done) done = append(entry_kind::evaluation, evaluation.id);
  if (done) done = transaction->commit();
  if (done) raise_index();
  return done;
}

Result<std::vector<EvaluationRow>> Ledger::evaluations(std::size_t most) const {
  std::vector<EvaluationRow> rows;
  Statement select(
      database_,
      "SELECT id, at, playbook, playbook_sha256, engine, model, model_sha256, cases_sha256, summary, "
      "sha256 FROM evaluation ORDER BY at DESC, id DESC LIMIT ?");
  select.bind(static_cast<std::int64_t>(most));
  for (;;) {
    auto row = select.step();
    if (!row) return row.error();
    if (!*row) return rows;
    rows.push_back({select.text(0), select.text(1), select.text(2), select.text(3), select.text(4),
                    select.private_text(vault_, 5), select.text(6), select.text(7),
                    select.private_text(vault_, 8), select.text(9)});
  }
}

}  // namespace carrel
