// The rows of a run beside its own: tries, notes, claims, citations, verdicts, denials, and its words.
#include <fmt/format.h>

#include "base/text.h"
#include "host/ledger/chain.h"
#include "host/ledger/ledger.h"
#include "host/ledger/objects.h"
#include "host/ledger/statement.h"

namespace carrel {
namespace {

constexpr const char* kinds[] = {"cause", "alternative", "command", "missing", "searched"};

ClaimRow::Kind kind_of(const std::string& text) {
  for (std::size_t i = 0; i < std::size(kinds); ++i) {
    if (text == kinds[i]) return static_cast<ClaimRow::Kind>(i);
  }
  return ClaimRow::Kind::cause;
}

Check::Verdict verdict_of(const std::string& text) {
  for (const Check::Verdict verdict : {Check::Verdict::pass, Check::Verdict::warn}) {
    if (text == to_string(verdict)) return verdict;
  }
  return Check::Verdict::fail;
}

// Calls `body` with each row of a statement over one run.
template <class Body>
Status each_row(sqlite3* database, const char* sql, std::int64_t number, Body body) {
  Statement select(database, sql);
  select.bind(number);
  for (;;) {
    auto row = select.step();
    if (!row) return row.error();
    if (!*row) return {};
    body(select);
  }
}

}  // namespace

Status Ledger::write_detail(std::int64_t number, const RunDetail& detail) {
  std::int64_t position = 0;
  Statement tries(database_, "INSERT INTO try VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (const TryOutcome& item : detail.tries) {
    tries.again().bind(number).bind(position++).bind(item.variant).bind(item.stop);
    tries.bind(item.tokens).bind(item.chosen ? 1 : 0).bind(item.agrees ? 1 : 0);
    if (Status done = tries.run(); !done) return done;
  }
  position = 0;
  Statement notes(database_, "INSERT INTO note VALUES (?, ?, ?, ?, ?)");
  for (const Note& item : detail.notes) {
    notes.again().bind(number).bind(position++).bind(item.stage).bind_real(item.seconds);
    if (Status done = notes.bind_private(vault_, item.text).run(); !done) return done;
  }
  position = 0;
  Statement claims(database_, "INSERT INTO claim VALUES (?, ?, ?, ?, ?)");
  Statement citations(database_, "INSERT INTO citation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (const ClaimRow& item : detail.claims) {
    claims.again().bind(number).bind(position).bind(std::string(to_string(item.kind)));
    claims.bind_private(vault_, item.text).bind_private(vault_, item.basis);
    if (Status done = claims.run(); !done) return done;
    std::int64_t place = 0;
    for (const CitationRow& cited : item.citations) {
      citations.again().bind(number).bind(position).bind(place++).bind(cited.id);
      citations.bind_private(vault_, cited.at.file).bind(cited.at.line).bind(cited.at.end_line);
      citations.bind_private(vault_, cited.at.path).bind_private(vault_, cited.quote);
      if (Status done = citations.bind_private(vault_, cited.reason).run(); !done) return done;
    }
    ++position;
  }
  position = 0;
  Statement verdicts(database_, "INSERT INTO verdict VALUES (?, ?, ?, ?, ?)");
  for (const Check& item : detail.checks) {
    verdicts.again().bind(number).bind(position++).bind(item.name).bind(std::string(to_string(item.verdict)));
    if (Status done = verdicts.bind_private(vault_, item.detail).run(); !done) return done;
  }
  position = 0;
  Statement denials(database_, "INSERT INTO denial VALUES (?, ?, ?, ?, ?)");
  for (const DeniedCall& item : detail.denials) {
    denials.again().bind(number).bind(position++).bind(item.room).bind(item.call);
    if (Status done = denials.bind(static_cast<std::int64_t>(item.count)).run(); !done) return done;
  }
  return {};
}

Result<RunDetail> Ledger::detail(const RunRow& run) const {
  RunDetail detail;
  Status done = each_row(
      database_, "SELECT variant, stop, tokens, chosen, agrees FROM try WHERE run = ? ORDER BY position",
      run.number, [&](const Statement& row) {
        detail.tries.push_back({row.text(0), row.text(1), static_cast<std::uint32_t>(row.number(2)),
                                row.number(3) != 0, row.number(4) != 0});
      });
  if (!done) return done.error();
  done = each_row(database_, "SELECT stage, seconds, text FROM note WHERE run = ? ORDER BY position",
                  run.number, [&](const Statement& row) {
                    detail.notes.push_back({row.text(0), row.real(1), row.private_text(vault_, 2)});
                  });
  if (!done) return done.error();
  done = each_row(database_, "SELECT kind, text, basis FROM claim WHERE run = ? ORDER BY position",
                  run.number, [&](const Statement& row) {
                    detail.claims.push_back(
                        {kind_of(row.text(0)), row.private_text(vault_, 1), row.private_text(vault_, 2), {}});
                  });
  if (!done) return done.error();
  done = each_row(database_,
                  "SELECT claim, id, file, line, end_line, path, quote, reason FROM citation WHERE run = ? "
                  "ORDER BY claim, position",
                  run.number, [&](const Statement& row) {
                    const auto claim = static_cast<std::size_t>(row.number(0));
                    if (claim >= detail.claims.size()) return;
                    CitationRow cited;
                    cited.id = row.text(1);
                    cited.at = {row.private_text(vault_, 2), static_cast<std::uint32_t>(row.number(3)),
                                static_cast<std::uint32_t>(row.number(4)), row.private_text(vault_, 5)};
                    cited.quote = row.private_text(vault_, 6);
                    cited.reason = row.private_text(vault_, 7);
                    detail.claims[claim].citations.push_back(std::move(cited));
                  });
  if (!done) return done.error();
  done =
      each_row(database_, "SELECT name, verdict, detail FROM verdict WHERE run = ? ORDER BY position",
               run.number, [&](const Statement& row) {
                 detail.checks.push_back({row.text(0), verdict_of(row.text(1)), row.private_text(vault_, 2)});
               });
  if (!done) return done.error();
  done = each_row(
      database_, "SELECT room, call, count FROM denial WHERE run = ? ORDER BY position", run.number,
      [&](const Statement& row) {
        detail.denials.push_back({row.text(0), row.text(1), static_cast<std::uint64_t>(row.number(2))});
      });
  if (!done) return done.error();
  return detail;
}

Result<std::vector<CitingClaim>> Ledger::citing(const std::string& file, std::uint32_t line,
                                                std::size_t most) const {
  const std::string head =
      "SELECT run.id, run.finished_at, claim.position, claim.kind, claim.text, citation.id, citation.file, "
      "citation.line, citation.end_line, citation.quote, citation.reason FROM citation "
      "JOIN claim ON claim.run = citation.run AND claim.position = citation.claim "
      "JOIN run ON run.number = citation.run WHERE citation.line <= ?1 AND citation.end_line >= ?1";
  const std::string tail = " ORDER BY run.number DESC, claim.position, citation.position";
  std::vector<CitingClaim> found;
  const auto take = [&](const std::string& where) -> Status {
    Statement select(database_, (head + where + tail).c_str());
    select.bind(line);
    if (!where.empty()) select.bind(file);
    while (found.size() < most) {
      auto row = select.step();
      if (!row) return row.error();
      if (!*row) break;
      CitingClaim claim;
      claim.file = select.private_text(vault_, 6);
      if (claim.file != file && !claim.file.ends_with("/" + file)) continue;
      claim.run = select.text(0);
      claim.finished_at = select.text(1);
      claim.claim = select.number(2);
      claim.kind = select.text(3);
      claim.text = select.private_text(vault_, 4);
      claim.id = select.text(5);
      claim.line = static_cast<std::uint32_t>(select.number(7));
      claim.end_line = static_cast<std::uint32_t>(select.number(8));
      claim.quote = select.private_text(vault_, 9);
      claim.reason = select.private_text(vault_, 10);
      found.push_back(std::move(claim));
    }
    return {};
  };
  if (locked()) return locked_error();
  if (!sealed()) {
    // By its whole name there is an index.
    if (Status done = take(" AND citation.file = ?2 AND typeof(citation.file) = 'text'"); !done)
      return done.error();
    if (!found.empty()) return found;
  }
  if (Status done = take(""); !done) return done.error();
  return found;
}

// What is searched of a run, in an order that comes out again: the index holds no copy of it.
Result<std::vector<std::string>> Ledger::texts_of(std::int64_t number) const {
  std::vector<std::string> texts;
  for (const char* sql :
       {"SELECT question FROM run WHERE number = ?", "SELECT text FROM claim WHERE run = ? ORDER BY position",
        "SELECT quote FROM citation WHERE run = ? ORDER BY claim, position",
        "SELECT file FROM citation WHERE run = ? ORDER BY claim, position",
        "SELECT text FROM review WHERE run = ? ORDER BY position",
        "SELECT reason FROM review WHERE run = ? ORDER BY position"}) {
    Status done = each_row(database_, sql, number, [&](const Statement& row) {
      std::string text = row.private_text(vault_, 0);
      if (!text.empty()) texts.push_back(std::move(text));
    });
    if (!done) return done.error();
  }
  return texts;
}

// Adds the run's words to the index, or with "delete" takes them out, as they are now.
Status Ledger::index_run(std::int64_t number, const char* how) {
  if (sealed()) return {};  // no words of a sealed ledger stand on the disk
  if (*how != '\0') {
    // Taking out what was never put in would damage the index: until now interrupted runs were not put in.
    Statement find(database_, "SELECT 1 FROM words_docsize WHERE id = ?");
    auto is_in = find.bind(number).step();
    if (!is_in) return is_in.error();
    if (!*is_in) return {};
  }
  auto texts = texts_of(number);
  if (!texts) return texts.error();
  const std::string text = fmt::format("{}", fmt::join(*texts, "\n"));
  Statement insert(database_, *how == '\0' ? "INSERT INTO words (rowid, text) VALUES (?, ?)"
                                           : "INSERT INTO words (rowid, text, words) VALUES (?, ?, ?)");
  insert.bind(number).bind(text);
  if (*how != '\0') insert.bind(std::string(how));
  return insert.run();
}

// Runs that were kept before there was a chain enter it as they were found, with what their reports tell.
Status Ledger::chain_old_runs() {
  auto rows = select("1 ORDER BY number", {}, SIZE_MAX >> 1, 0);
  if (!rows) return rows.error();
  Statement sizes(database_, "UPDATE run_object SET bytes = ? WHERE run = ? AND role = ?");
  for (const RunRow& row : *rows) {
    for (const auto& [role, sha256] : row.objects) {
      sizes.again()
          .bind(static_cast<std::int64_t>(object_bytes(folder_, sha256)))
          .bind(row.number)
          .bind(role);
      if (Status done = sizes.run(); !done) return done;
    }
    if (Status done = append(entry_kind::run, row.id); !done) return done;
    if (row.state == RunState::running) continue;  // it is marked interrupted later, and chained then
    // A report that cannot be read is left as it is: the object's own check tells that.
    auto json = object(row, "report");
    auto report = json ? report_from_json(*json) : Result<Report>(json.error());
    if (report) {
      if (Status done = write_detail(row.number, detail_of(*report)); !done) return done;
      Statement confidence(database_, "UPDATE run SET level = ?, score = ? WHERE number = ?");
      confidence.bind(report->confidence.level).bind_real(report->confidence.score).bind(row.number);
      if (Status done = confidence.run(); !done) return done;
    }
    if (Status done = append(entry_kind::end, row.id); !done) return done;
    if (Status done = index_run(row.number, ""); !done) return done;
  }
  return {};
}

}  // namespace carrel
