// What requests of the API say (docs/api/openapi.yaml), read under limits: unknown members, parameters that
// stand twice, other types and values beyond a limit are an Error (Code::bad_input) that names the member.
// Nothing here knows what is done with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/http/message.h"

namespace carrel {

struct PageWish {
  std::size_t limit = 50;
  // Of the run after which the page begins; empty: the first page. A cursor is the two with '/' between them.
  std::string started_at, run;
};

struct QueueWish {
  PageWish page;
  std::string tenant, before;
  bool failed = false, decided = false;
  double max_score = 1;
};
struct RunsWish {
  PageWish page;
  std::string tenant, state;
};
struct EvidenceWish {
  std::size_t limit = 50, first = 0;
};
struct LinesWanted {
  std::string file;
  std::uint32_t first = 1, count = 200;
};
struct SearchWish {
  std::string words, tenant;
  std::size_t limit = 50;
};
struct TraceWish {
  std::string file, tenant;
  std::uint32_t line = 0;
  std::size_t limit = 50;
};
struct EvaluationsWish {
  std::string tenant;
  std::size_t limit = 50;
};
struct DiffWish {
  std::string a, b;
};

using Query = std::multimap<std::string, std::string>;
Result<QueueWish> queue_wish(const Query& query);
Result<RunsWish> runs_wish(const Query& query);
Result<EvidenceWish> evidence_wish(const Query& query);
Result<LinesWanted> lines_wanted(const Query& query);
Result<SearchWish> search_wish(const Query& query);
Result<TraceWish> trace_wish(const Query& query);
Result<EvaluationsWish> evaluations_wish(const Query& query);
Result<DiffWish> diff_wish(const Query& query);
Result<std::string> export_wish(const Query& query);  // "html", "md", "json" or "tar"
Result<bool> download_wish(const Query& query);
Result<std::string> link_token(const Query& query);
Status no_wish(const Query& query);

struct SignIn {
  std::string name, password;
};
struct NewReview {
  std::string decision;                // "accept", "edit" or "reject"
  std::optional<std::uint32_t> claim;  // nothing: the whole report
  std::string reason, text;
};
struct NewCase {
  std::vector<std::string> must;
};
// What is not named stays as the run had it.
struct Again {
  std::optional<std::string> question, engine, model, variants;  // variants: names, with commas between
  std::optional<std::string> tries, temperature, seed;           // numbers as they were written
};

Result<SignIn> sign_in_of(std::string_view body);
Result<NewReview> new_review_of(std::string_view body);
Result<NewCase> new_case_of(std::string_view body);
Result<Again> again_of(std::string_view body);
Status no_body(std::string_view body);  // nothing, or an object without members

// True for "20260102-030405-9f3a61".
bool is_run_id(std::string_view text);

}  // namespace carrel
