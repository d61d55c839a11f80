// The API of the review page: what docs/api/openapi.yaml says below /api/v1, for requests that were let in
// already. Thread-safe.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>

#include "base/json_writer.h"
#include "host/flow/lines.h"
#include "host/http/message.h"
#include "host/http/rate.h"
#include "host/http/requests.h"
#include "host/http/session.h"
#include "host/page/live.h"
#include "host/page/page.h"
#include "host/page/tenants.h"

namespace carrel {

// Who asks.
struct Caller {
  std::string cookie;
  Session session;
  std::string host;  // as which this server was asked
};

class Api {
 public:
  // `set_cookie` makes the header's value of a session's cookie; empty: takes it back. All must live as long
  // as this.
  Api(const PageOptions& options, Sessions& sessions, const std::atomic<bool>& stop,
      std::function<std::string(const std::string& cookie)> set_cookie);

  HttpAnswer answer(const HttpRequest& request, const Caller& caller);

  // Whether a request needs a reviewer who has signed in.
  static bool needs_reviewer(const HttpRequest& request);

 private:
  using Held = Tenants::HeldRun;
  struct Route;
  static const std::vector<Route>& routes();
  HttpAnswer with_run(const Route& route, const std::string& id, const HttpRequest& request,
                      const Caller& caller);

  // Who is there (api_session.cc).
  HttpAnswer session(const HttpRequest& request, const Caller& caller);
  HttpAnswer end_session(const HttpRequest& request, const Caller& caller);
  HttpAnswer sign_in(const HttpRequest& request, const Caller& caller);
  HttpAnswer sign_out(const HttpRequest& request, const Caller& caller);
  HttpAnswer make_link(const HttpRequest& request, const Caller& caller);
  HttpAnswer renewed(const Caller& caller, const std::string& reviewer);
  HttpAnswer session_of(const Session& session);

  // Across runs (api_lists.cc).
  HttpAnswer tenants(const HttpRequest& request, const Caller& caller);
  HttpAnswer queue(const HttpRequest& request, const Caller& caller);
  HttpAnswer runs(const HttpRequest& request, const Caller& caller);
  HttpAnswer search(const HttpRequest& request, const Caller& caller);
  HttpAnswer trace(const HttpRequest& request, const Caller& caller);
  HttpAnswer evaluations(const HttpRequest& request, const Caller& caller);
  HttpAnswer diff(const HttpRequest& request, const Caller& caller);

  // One run (api_run.cc).
  HttpAnswer whole(Held& run, const HttpRequest& request, const Caller& caller);
  HttpAnswer prompt(Held& run, const HttpRequest& request, const Caller& caller);
  HttpAnswer tries(Held& run, const HttpRequest& request, const Caller& caller);
  HttpAnswer evidence(Held& run, const HttpRequest& request, const Caller& caller);
  HttpAnswer proof(Held& run, const HttpRequest& request, const Caller& caller);
  HttpAnswer lines(Held& run, const HttpRequest& request, const Caller& caller);
  HttpAnswer reply(Held& run, const HttpRequest& request, const Caller& caller);
  HttpAnswer exported(Held& run, const HttpRequest& request, const Caller& caller);

  // What a reviewer does (api_decide.cc).
  HttpAnswer add_review(Held& run, const HttpRequest& request, const Caller& caller);
  HttpAnswer add_case(Held& run, const HttpRequest& request, const Caller& caller);
  HttpAnswer choices(Held& run, const HttpRequest& request, const Caller& caller);
  HttpAnswer ask_again(Held& run, const HttpRequest& request, const Caller& caller);
  HttpAnswer stop_run(Held& run, const HttpRequest& request, const Caller& caller);
  HttpAnswer events(Held& run, const HttpRequest& request, const Caller& caller);
  Result<RunRequest> request_again(const RunRow& run, const Again& again) const;

  const PageOptions& options_;
  Sessions& sessions_;
  const std::atomic<bool>& stop_;
  std::function<std::string(const std::string& cookie)> set_cookie_;
  Tenants tenants_;
  LiveRuns live_;

  std::mutex passwords_;         // one at a time: each takes its memory
  TokenBucket wrong_{5, 0.1};    // passwords
  TokenBucket links_{10, 0.02};  // that were made here

  std::mutex reading_;  // of lines: one room at a time
  std::atomic<unsigned> waiting_{0}, streams_{0};
  OpenBundles bundles_;
  std::mutex cases_;
};

// An answer with a body of JSON.
HttpAnswer json_answer(std::string body, int status = 200);

}  // namespace carrel
