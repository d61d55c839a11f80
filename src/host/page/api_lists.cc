// Across runs: tenants, the queue, lists, search, trace, evaluations, differences.
#include <algorithm>
#include <type_traits>

#include "host/http/problem.h"
#include "host/page/api.h"
#include "host/page/views.h"
#include "host/review/diff.h"
#include "host/review/review.h"

namespace carrel {
namespace {

// What tenants' ledgers gave, and those that could not be read.
template <class Row>
struct Gathered {
  struct Item {
    std::string tenant;
    Row row;
  };
  struct Unread {
    std::string tenant, error;
  };
  std::vector<Item> items;
  std::vector<Unread> unread;
  std::optional<HttpAnswer> refused;  // a tenant that was named, or which there are, cannot be read
};

// Calls `read` with the ledger of the tenant that was named, or of each. The hundreds of runs of an
// evaluation wait for nobody: they are listed where its tenant is named.
template <class Row, class Read>
Gathered<Row> gather(Tenants& tenants, const std::string& named, Read read) {
  Gathered<Row> out;
  auto names = tenants.names();
  if (!names) {
    out.refused = problem_of(names.error());
    return out;
  }
  if (!named.empty()) std::erase_if(*names, [&](const std::string& name) { return name != named; });
  if (!named.empty() && names->empty()) {
    out.refused = problem(404, "no-such-tenant", "there is no tenant " + named, "");
    return out;
  }
  for (const std::string& tenant : *names) {
    const bool of_evaluation = tenant.starts_with(evaluation_tenants);
    if (named.empty() && of_evaluation && !std::is_same_v<Row, EvaluationRow>) continue;
    auto ledger = tenants.open(tenant);
    if (ledger && (*ledger)->locked()) {
      const Error locked{Code::machine, "it is sealed, and there is no key for it",
                         "start `carrel review` with its key"};
      if (!named.empty()) out.refused = problem(409, "locked", locked.what, locked.remedy);
      out.unread.push_back({tenant, locked.what});
      continue;
    }
    Result<std::vector<Row>> rows = ledger ? read(**ledger) : Result<std::vector<Row>>(ledger.error());
    if (!rows) {
      if (!named.empty()) out.refused = problem_of(rows.error());
      out.unread.push_back({tenant, rows.error().what});
      continue;
    }
    for (Row& row : *rows) out.items.push_back({tenant, std::move(row)});
  }
  return out;
}

// The first `limit` of what was gathered, in the order of `before`; `cursor` is what a next page begins
// after.
template <class Row, class Before, class Write, class Cursor>
HttpAnswer page_of(Gathered<Row> gathered, std::size_t limit, Before before, Write write, Cursor cursor) {
  if (gathered.refused) return *gathered.refused;
  std::stable_sort(gathered.items.begin(), gathered.items.end(),
                   [&](const auto& a, const auto& b) { return before(a.row, b.row); });
  const bool more = gathered.items.size() > limit;
  if (more)
    gathered.items.erase(gathered.items.begin() + static_cast<std::ptrdiff_t>(limit), gathered.items.end());
  JsonPage json;
  json.list("items", gathered.items,
            [&](const auto& item) { json.object([&] { write(json, item.tenant, item.row); }); });
  if (const std::string next = more ? cursor(gathered.items.back().row) : std::string(); !next.empty())
    json.text("next", next);
  json.list("unread", gathered.unread, [&](const auto& each) {
    json.object([&] {
      json.text("tenant", each.tenant);
      json.text("error", each.error);
    });
  });
  return json_answer(json.finish());
}

// A next page begins behind this run (http/requests.h reads it).
std::string cursor_after(const RunRow& run) {
  return run.started_at + "/" + run.id;
}

// Of a list that has one page.
template <class Row>
std::string no_next(const Row&) {
  return "";
}

}  // namespace

HttpAnswer Api::tenants(const HttpRequest& request, const Caller&) {
  if (Status good = no_wish(request.query); !good) return bad_request(good.error());
  const auto names = tenants_.names();
  if (!names) return problem_of(names.error());
  JsonPage json;
  json.list("items", *names, [&](const std::string& name) {
    auto ledger = tenants_.open(name);
    json.object([&] {
      json.text("name", name);
      json.flag("sealed", ledger && (*ledger)->sealed());
      json.flag("locked", ledger && (*ledger)->locked());
      json.text("error", ledger ? "" : ledger.error().what);
    });
  });
  return json_answer(json.finish());
}

HttpAnswer Api::queue(const HttpRequest& request, const Caller&) {
  const auto wish = queue_wish(request.query);
  if (!wish) return bad_request(wish.error());
  QueueFilter filter;
  filter.decided = wish->decided;
  filter.failed_only = wish->failed;
  filter.most_score = wish->max_score;
  filter.before = wish->before;
  filter.after = {wish->page.started_at, wish->page.run};
  filter.most = wish->page.limit + 1;
  return page_of(
      gather<QueueRow>(tenants_, wish->tenant, [&](Ledger& ledger) { return ledger.queue(filter); }),
      wish->page.limit,
      [](const QueueRow& a, const QueueRow& b) { return place_of(a.run) < place_of(b.run); },
      [](JsonPage& json, const std::string&, const QueueRow& row) { write_waiting(json, row); },
      [](const QueueRow& row) { return cursor_after(row.run); });
}

HttpAnswer Api::runs(const HttpRequest& request, const Caller&) {
  const auto wish = runs_wish(request.query);
  if (!wish) return bad_request(wish.error());
  RunFilter filter;
  for (const RunState state :
       {RunState::running, RunState::finished, RunState::failed, RunState::interrupted}) {
    if (wish->state == to_string(state)) filter.state = state;
  }
  filter.below = {wish->page.started_at, wish->page.run};
  filter.most = wish->page.limit + 1;
  return page_of(
      gather<RunRow>(tenants_, wish->tenant, [&](Ledger& ledger) { return ledger.runs(filter); }),
      wish->page.limit, [](const RunRow& a, const RunRow& b) { return place_of(a) > place_of(b); },
      [](JsonPage& json, const std::string&, const RunRow& row) { write_head(json, row); }, cursor_after);
}

HttpAnswer Api::search(const HttpRequest& request, const Caller&) {
  const auto wish = search_wish(request.query);
  if (!wish) return bad_request(wish.error());
  return page_of(
      gather<FoundRun>(tenants_, wish->tenant,
                       [&](Ledger& ledger) { return ledger.search(wish->words, wish->limit); }),
      wish->limit, [](const FoundRun& a, const FoundRun& b) { return place_of(a.run) > place_of(b.run); },
      [](JsonPage& json, const std::string&, const FoundRun& found) {
        write_head(json, found.run);
        json.text("excerpt", found.excerpt);
      },
      no_next<FoundRun>);
}

HttpAnswer Api::trace(const HttpRequest& request, const Caller&) {
  const auto wish = trace_wish(request.query);
  if (!wish) return bad_request(wish.error());
  return page_of(
      gather<CitingClaim>(tenants_, wish->tenant,
                          [&](Ledger& ledger) { return ledger.citing(wish->file, wish->line, wish->limit); }),
      wish->limit, [](const CitingClaim& a, const CitingClaim& b) { return a.run > b.run; },
      [](JsonPage& json, const std::string& tenant, const CitingClaim& claim) {
        json.text("tenant", tenant);
        write_citing(json, claim);
      },
      no_next<CitingClaim>);
}

HttpAnswer Api::evaluations(const HttpRequest& request, const Caller&) {
  const auto wish = evaluations_wish(request.query);
  if (!wish) return bad_request(wish.error());
  return page_of(
      gather<EvaluationRow>(tenants_, wish->tenant,
                            [&](Ledger& ledger) { return ledger.evaluations(wish->limit); }),
      wish->limit, [](const EvaluationRow& a, const EvaluationRow& b) { return a.at > b.at; },
      [](JsonPage& json, const std::string& tenant, const EvaluationRow& row) {
        json.text("tenant", tenant);
        write_evaluation(json, row);
      },
      no_next<EvaluationRow>);
}

HttpAnswer Api::diff(const HttpRequest& request, const Caller&) {
  const auto wish = diff_wish(request.query);
  if (!wish) return bad_request(wish.error());
  // One after the other: each ledger is held alone.
  std::vector<ComparedRun> runs;
  for (const std::string& id : {wish->a, wish->b}) {
    auto held = tenants_.find(id);
    if (!held) return problem(404, "no-such-run", "there is no run " + id, "");
    if (held->ledger->locked()) return problem(409, "locked", "the ledger of its tenant is sealed", "");
    auto run = compared_run(*held->ledger, held->row);
    if (!run) return problem(409, "no-report", run.error().what, run.error().remedy);
    runs.push_back(std::move(*run));
  }
  if (!may_be_compared(runs[0].row, runs[1].row))
    return problem(409, "two-tenants", "the runs are of two tenants, which share nothing", "");
  return json_answer(to_json(diff_runs(runs[0], runs[1])));
}

}  // namespace carrel
