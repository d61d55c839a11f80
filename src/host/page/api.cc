#include "host/page/api.h"

#include <vector>

#include "host/http/problem.h"
#include "host/page/assets.h"

namespace carrel {
namespace {

constexpr std::string_view root = "/api/v1";
constexpr std::string_view of_runs = "/runs/";

HttpAnswer no_route() {
  return problem(404, "no-such-route", "there is nothing here", "");
}

}  // namespace

// What one method of one path does. Below a run, `path` is what stands behind its id.
struct Api::Route {
  const char* method;
  std::string_view path;
  HttpAnswer (Api::*plain)(const HttpRequest&, const Caller&) = nullptr;
  HttpAnswer (Api::*of_run)(Held&, const HttpRequest&, const Caller&) = nullptr;
};

const std::vector<Api::Route>& Api::routes() {
  static const std::vector<Route> all = {
      {"GET", "/session", &Api::session},
      {"DELETE", "/session", &Api::end_session},
      {"POST", "/session/reviewer", &Api::sign_in},
      {"DELETE", "/session/reviewer", &Api::sign_out},
      {"POST", "/links", &Api::make_link},
      {"GET", "/tenants", &Api::tenants},
      {"GET", "/queue", &Api::queue},
      {"GET", "/runs", &Api::runs},
      {"GET", "/search", &Api::search},
      {"GET", "/trace", &Api::trace},
      {"GET", "/evaluations", &Api::evaluations},
      {"GET", "/diff", &Api::diff},
      {"GET", "", nullptr, &Api::whole},
      {"GET", "/prompt", nullptr, &Api::prompt},
      {"GET", "/tries", nullptr, &Api::tries},
      {"GET", "/evidence", nullptr, &Api::evidence},
      {"GET", "/proof", nullptr, &Api::proof},
      {"GET", "/lines", nullptr, &Api::lines},
      {"GET", "/reply", nullptr, &Api::reply},
      {"GET", "/export", nullptr, &Api::exported},
      {"POST", "/reviews", nullptr, &Api::add_review},
      {"POST", "/cases", nullptr, &Api::add_case},
      {"GET", "/again", nullptr, &Api::choices},
      {"POST", "/again", nullptr, &Api::ask_again},
      {"POST", "/stop", nullptr, &Api::stop_run},
      {"GET", "/events", nullptr, &Api::events},
  };
  return all;
}

HttpAnswer json_answer(std::string body, int status) {
  HttpAnswer answer;
  answer.status = status;
  answer.body = std::move(body);
  return answer;
}

Api::Api(const PageOptions& options, Sessions& sessions, const std::atomic<bool>& stop,
         std::function<std::string(const std::string& cookie)> set_cookie)
    : options_(options),
      sessions_(sessions),
      stop_(stop),
      set_cookie_(std::move(set_cookie)),
      tenants_(options.data, options.tenant, options.key) {}

bool Api::needs_reviewer(const HttpRequest& request) {
  return !request.reads() && !request.path.starts_with(std::string(root) + "/session");
}

HttpAnswer Api::answer(const HttpRequest& request, const Caller& caller) {
  std::string_view path = request.path;
  if (!path.starts_with(root)) return no_route();
  path.remove_prefix(root.size());
  std::string run;
  if (path.starts_with(of_runs)) {
    const std::string_view id = path.substr(of_runs.size(), path.find('/', of_runs.size()) - of_runs.size());
    if (!is_run_id(id)) return problem(404, "no-such-run", "that is no id of a run", "");
    run = id;
    path.remove_prefix(of_runs.size() + id.size());
  }
  // What may be read is answered without its body to HEAD.
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  bool known = false;
  for (const Route& route : routes()) {
    if (route.path != path || run.empty() == (route.of_run != nullptr)) continue;
    known = true;
    if (method != route.method) continue;
    return run.empty() ? (this->*route.plain)(request, caller) : with_run(route, run, request, caller);
  }
  return known ? problem(405, "wrong-method", "this has no such method", "") : no_route();
}

HttpAnswer Api::with_run(const Route& route, const std::string& id, const HttpRequest& request,
                         const Caller& caller) {
  auto held = tenants_.find(id);
  if (!held) return problem(404, "no-such-run", "there is no run " + id, "");
  if (held->ledger->locked()) {
    return problem(409, "locked", "the ledger of tenant " + held->row.tenant + " is sealed",
                   "start `carrel review` with its key");
  }
  return (this->*route.of_run)(*held, request, caller);
}

}  // namespace carrel
