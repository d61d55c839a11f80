// links: host/http
// Requests of the API: queries, bodies, heads and cookies from anybody. Whatever comes, it is read within its
// limits or refused.
#include <cstdint>
#include <string>

#include "expect.h"
#include "host/http/guard.h"
#include "host/http/requests.h"
#include "host/http/session.h"

using namespace carrel;

namespace {

// "name=value&name=value" without escapes: what the server hands on.
Query query_of(const std::string& text) {
  Query query;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('&', at), text.size());
    const std::string pair = text.substr(at, end - at);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    query.emplace(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
    at = end + 1;
  }
  return query;
}

void read_queries(const std::string& text) {
  const Query query = query_of(text);
  if (const auto wish = queue_wish(query)) {
    expect(wish->page.limit >= 1 && wish->page.limit <= 200 && wish->max_score >= 0 && wish->max_score <= 1);
    expect(wish->page.run.empty() ? wish->page.started_at.empty() : is_run_id(wish->page.run));
  }
  if (const auto wish = runs_wish(query)) expect(wish->tenant.size() <= 64);
  if (const auto wish = lines_wanted(query))
    expect(!wish->file.empty() && wish->first >= 1 && wish->count <= 1000);
  if (const auto wish = evidence_wish(query)) expect(wish->limit <= 200);
  if (const auto wish = search_wish(query)) expect(!wish->words.empty() && wish->words.size() <= 400);
  if (const auto wish = trace_wish(query)) expect(wish->line >= 1);
  if (const auto wish = diff_wish(query)) expect(is_run_id(wish->a) && is_run_id(wish->b));
  (void)export_wish(query);
  (void)download_wish(query);
  (void)link_token(query);
  (void)evaluations_wish(query);
}

void read_bodies(const std::string& body) {
  if (const auto wish = new_review_of(body))
    expect(wish->reason.size() <= 64 << 10 && !wish->decision.empty());
  if (const auto wish = sign_in_of(body)) expect(!wish->name.empty() && wish->name.size() <= 64);
  if (const auto wish = new_case_of(body)) expect(wish->must.size() <= 16);
  if (const auto wish = again_of(body))
    expect(!wish->engine || *wish->engine == "none" || *wish->engine == "llama");
  (void)no_body(body);
}

// "name: value" lines as headers.
void read_head(const std::string& text) {
  HttpRequest request;
  request.method = text.size() % 2 == 0 ? "POST" : "GET";
  request.path = text.substr(0, 300);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    const std::size_t colon = std::min(line.find(':'), line.size());
    request.headers.emplace(line.substr(0, colon), line.substr(std::min(colon + 1, line.size())));
    at = end + 1;
  }
  const auto refused = refuse_head(request, {"127.0.0.1:8095"});
  expect(refused || (request.header("host") == "127.0.0.1:8095" && request.path.size() <= most_route));
  expect(cookie_value(text, "carrel").size() <= text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  read_queries(text);
  read_bodies(text);
  read_head(text);
  return 0;
}
