// Who is there: sessions, reviewers, links.
#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "host/http/problem.h"
#include "host/page/api.h"
#include "host/review/reviewers.h"

namespace carrel {
namespace {

HttpAnswer no_session() {
  return problem(401, "no-session", "there is no session for this browser",
                 "open the link that `carrel review` printed");
}

}  // namespace

HttpAnswer Api::session_of(const Session& session) {
  auto names = reviewers(options_.data);
  if (!names) return problem_of(names.error());
  JsonPage json;
  json.text("version", options_.version);
  json.text("csrf", session.csrf);
  json.text_or_null("reviewer", session.reviewer);
  json.list("reviewers", *names, [&](const std::string& name) { json.text(name); });
  json.text_or_null("cases", options_.cases);
  return json_answer(json.finish());
}

HttpAnswer Api::session(const HttpRequest& request, const Caller& caller) {
  if (Status good = no_wish(request.query); !good) return problem(400, "bad-request", good.error().what);
  return session_of(caller.session);
}

HttpAnswer Api::end_session(const HttpRequest&, const Caller& caller) {
  sessions_.end(caller.cookie);
  HttpAnswer answer;
  answer.status = 204;
  answer.headers.emplace_back("Set-Cookie", set_cookie_(""));
  return answer;
}

HttpAnswer Api::renewed(const Caller& caller, const std::string& reviewer) {
  const auto made = sessions_.renew(caller.cookie, reviewer);
  if (!made) return no_session();
  HttpAnswer answer = session_of(made->session);
  answer.headers.emplace_back("Set-Cookie", set_cookie_(made->cookie));
  return answer;
}

HttpAnswer Api::sign_in(const HttpRequest& request, const Caller& caller) {
  auto wish = sign_in_of(request.body);
  if (!wish) return problem(400, "bad-request", wish.error().what);
  {
    const std::lock_guard lock(passwords_);
    if (!wrong_.take(RateClock::now()))
      return too_many("too many wrong passwords", wrong_.wait(RateClock::now()));
    auto is = is_reviewer(options_.data, wish->name, wish->password);
    if (!is) return problem_of(is.error());
    if (!*is) {
      return problem(401, "wrong-password", "there is no reviewer of this name and password",
                     "`carrel reviewers add NAME` gives one a new password");
    }
    wrong_.give_back();
  }
  return renewed(caller, wish->name);
}

HttpAnswer Api::sign_out(const HttpRequest&, const Caller& caller) {
  return renewed(caller, "");
}

HttpAnswer Api::make_link(const HttpRequest& request, const Caller& caller) {
  if (Status good = no_body(request.body); !good) return problem(400, "bad-request", good.error().what);
  {
    const std::lock_guard lock(passwords_);
    if (!links_.take(RateClock::now())) return too_many("too many links", links_.wait(RateClock::now()));
  }
  const auto until = std::chrono::system_clock::now() + Sessions::link_life;
  JsonPage json;
  json.text("link", fmt::format("http://{}/enter?token={}", caller.host, sessions_.make_link()));
  json.text("expires_at", fmt::format("{:%Y-%m-%dT%H:%M:%S}.000Z",
                                      fmt::gmtime(std::chrono::system_clock::to_time_t(until))));
  return json_answer(json.finish(), 201);
}

}  // namespace carrel
