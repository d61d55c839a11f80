// Who is there: one-time links, the sessions they become, and who signed in to each. In memory alone: when
// the program ends, all of them end. Thread-safe. Times are steady; a test gives its own.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "host/http/rate.h"

namespace carrel {

struct Session {
  std::string csrf;      // what a page of ours has to send with all that changes something
  std::string reviewer;  // empty: nobody signed in
};

struct NewSession {
  std::string cookie;  // the secret that stands for the session
  Session session;
};

class Sessions {
 public:
  using Clock = std::function<RateClock::time_point()>;
  static constexpr std::chrono::minutes link_life{10};
  static constexpr std::chrono::hours session_life{12};  // without a request
  static constexpr std::size_t most_sessions = 64, most_links = 16;
  static constexpr double requests_at_once = 240, requests_a_second = 60;

  explicit Sessions(Clock clock = RateClock::now);

  // A token that becomes a session once; with many of them the oldest ends.
  std::string make_link();
  // The session of a link that was not used yet. Nothing where it was, or is too old, or there was none, or
  // where more wrong ones were tried than somebody would by mistake.
  std::optional<NewSession> enter(const std::string& token);

  // The session of a cookie, whose life begins anew.
  std::optional<Session> find(const std::string& cookie);
  // Counts a request of the session; else how many seconds to wait.
  std::optional<unsigned> count_request(const std::string& cookie);

  // The same session under a new cookie and with a new token, with or without a reviewer: what somebody knew
  // of it before is worth nothing after.
  std::optional<NewSession> renew(const std::string& cookie, const std::string& reviewer);
  void end(const std::string& cookie);

 private:
  struct Held {
    Session session;
    RateClock::time_point used;
    TokenBucket requests{requests_at_once, requests_a_second};
  };
  NewSession add(const std::string& reviewer);
  void forget_old();

  Clock clock_;
  std::mutex mutex_;
  std::map<std::string, RateClock::time_point> links_;  // by the digest of the token, with when it was made
  std::map<std::string, Held> sessions_;                // by the digest of the cookie
  TokenBucket tries_{8, 0.2};                           // of links
};

// The value of the cookie of this name in a Cookie header; empty where it is not there once.
std::string cookie_value(const std::string& header, const std::string& name);

// 64 figures that nobody guesses.
std::string random_token();

// Compares in a time that does not depend on where they differ.
bool same_secret(const std::string& a, const std::string& b);

}  // namespace carrel
