#include "host/page/page.h"

#include <fmt/format.h>

#include "base/text.h"
#include "crypto/secret.h"
#include "host/http/guard.h"
#include "host/http/problem.h"
#include "host/http/server.h"
#include "host/http/session.h"
#include "host/page/api.h"
#include "host/page/assets.h"

namespace carrel {
namespace {

constexpr std::string_view link_path = "/enter";

// For a browser without a session, and for one that has just got one: pages without scripts or styles. A
// redirect would not do: where a link was followed from elsewhere, a browser keeps a strict cookie back from
// where a redirect leads.
constexpr const char* plain_page =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">{}<title>Carrel</title></head>"
    "<body><p>{}</p></body></html>\n";

HttpAnswer plain(int status, std::string_view head, std::string_view text) {
  HttpAnswer answer;
  answer.status = status;
  answer.type = "text/html; charset=utf-8";
  answer.body = fmt::format(plain_page, head, text);
  return answer;
}

class Page {
 public:
  Page(const PageOptions& options, std::uint16_t port, const std::atomic<bool>& stop)
      : hosts_(host_names(options.address, port)),
        cookie_("carrel-session-" + std::to_string(port)),
        api_(options, sessions_, stop, [this](const std::string& value) { return set_cookie(value); }) {}

  std::string first_link() {
    return fmt::format("http://{}{}?token={}", hosts_.front(), link_path, sessions_.make_link());
  }

  // By its head alone: is it for us, is it from us, and may it be asked?
  std::optional<HttpAnswer> refuse(const HttpRequest& request) {
    if (auto refused = refuse_head(request, hosts_)) return refused;
    if (request.path == link_path) return std::nullopt;
    const std::string cookie = cookie_of(request);
    const auto session = sessions_.find(cookie);
    if (!session) {
      return request.path == "/" ? plain(401, "", "Open the link that <code>carrel review</code> printed.")
                                 : problem(401, "no-session", "there is no session for this browser",
                                           "open the link that `carrel review` printed");
    }
    if (const auto wait = sessions_.count_request(cookie)) return too_many("too many requests", *wait);
    if (request.reads()) return std::nullopt;
    if (!same_secret(request.header("x-carrel-csrf").value_or(""), session->csrf))
      return problem(403, "wrong-csrf", "the request has no token of this session", "load the page again");
    if (Api::needs_reviewer(request) && session->reviewer.empty())
      return problem(403, "no-reviewer", "what changes or starts something needs the name of who does it",
                     "sign in");
    return std::nullopt;
  }

  HttpAnswer answer(const HttpRequest& request) {
    if (request.path == link_path) return enter(request);
    if (const Asset* asset = request.reads() ? find_asset(request.path) : nullptr) {
      HttpAnswer answer;
      answer.type = asset->type;
      answer.body = asset->bytes;
      return answer;
    }
    const std::string cookie = cookie_of(request);
    const auto session = sessions_.find(cookie);
    // It may have ended since its head was looked at.
    if (!session) return problem(401, "no-session", "there is no session for this browser", "");
    return api_.answer(request, {cookie, *session, *request.header("host")});
  }

 private:
  std::string cookie_of(const HttpRequest& request) const {
    return cookie_value(request.header("cookie").value_or(""), cookie_);
  }

  std::string set_cookie(const std::string& value) const {
    return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict{}", cookie_, value,
                       value.empty() ? "; Max-Age=0" : "");
  }

  HttpAnswer enter(const HttpRequest& request) {
    // Whoever only asks what a link leads to does not use it up.
    if (request.method != "GET") return problem(405, "wrong-method", "a link is opened", "");
    const auto token = link_token(request.query);
    const auto made = token ? sessions_.enter(*token) : std::nullopt;
    if (!made) {
      return plain(401, "",
                   "This link was used already, or is too old. A link works once, within ten minutes: start "
                   "<code>carrel review</code> again, or make another link on its page.");
    }
    HttpAnswer answer =
        plain(200, "<meta http-equiv=\"refresh\" content=\"0;url=/\">", "<a href=\"/\">To the page</a>");
    answer.headers.emplace_back("Set-Cookie", set_cookie(made->cookie));
    return answer;
  }

  const std::vector<std::string> hosts_;
  const std::string cookie_;
  Sessions sessions_;
  Api api_;
};

}  // namespace

Status serve_page(const PageOptions& options, const std::atomic<bool>& stop) {
  if (Status ready = prepare_crypto(); !ready) return ready;
  auto server = HttpServer::listen(options.address, options.port);
  if (!server) return server.error();
  Page page(options, server->port(), stop);
  options.ready(page.first_link());
  server->serve({[&](const HttpRequest& request) { return page.refuse(request); },
                 [&](const HttpRequest& request) { return page.answer(request); }},
                stop);
  return {};
}

}  // namespace carrel
