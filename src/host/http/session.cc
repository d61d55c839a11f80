#include "host/http/session.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "crypto/key.h"
#include "digest/sha256.h"

namespace carrel {

std::string random_token() {
  const SecretKey key = random_key();
  std::string token;
  for (std::size_t i = 0; i < SecretKey::size(); ++i) token += fmt::format("{:02x}", key.data()[i]);
  return token;
}

bool same_secret(const std::string& a, const std::string& b) {
  // Digests differ everywhere or nowhere.
  return sha256_of(a) == sha256_of(b);
}

std::string cookie_value(const std::string& header, const std::string& name) {
  std::string found;
  std::size_t at = 0;
  while (at < header.size()) {
    const std::size_t end = std::min(header.find(';', at), header.size());
    const std::string_view pair = trim(std::string_view(header).substr(at, end - at));
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      if (!found.empty()) return "";
      found = pair.substr(equals + 1);
    }
    at = end + 1;
  }
  return found;
}

Sessions::Sessions(Clock clock) : clock_(std::move(clock)) {}

void Sessions::forget_old() {
  const auto now = clock_();
  std::erase_if(links_, [&](const auto& link) { return now - link.second > link_life; });
  std::erase_if(sessions_, [&](const auto& held) { return now - held.second.used > session_life; });
}

std::string Sessions::make_link() {
  const std::lock_guard lock(mutex_);
  forget_old();
  if (links_.size() >= most_links) {
    links_.erase(std::min_element(links_.begin(), links_.end(),
                                  [](const auto& a, const auto& b) { return a.second < b.second; }));
  }
  std::string token = random_token();
  links_[sha256_of(token)] = clock_();
  return token;
}

std::optional<NewSession> Sessions::enter(const std::string& token) {
  const std::lock_guard lock(mutex_);
  forget_old();
  if (!tries_.take(clock_())) return std::nullopt;
  if (links_.erase(sha256_of(token)) == 0) return std::nullopt;
  tries_.give_back();
  return add("");
}

NewSession Sessions::add(const std::string& reviewer) {
  if (sessions_.size() >= most_sessions) {
    sessions_.erase(std::min_element(sessions_.begin(), sessions_.end(), [](const auto& a, const auto& b) {
      return a.second.used < b.second.used;
    }));
  }
  NewSession made{random_token(), {random_token(), reviewer}};
  Held held;
  held.session = made.session;
  held.used = clock_();
  sessions_.emplace(sha256_of(made.cookie), std::move(held));
  return made;
}

std::optional<Session> Sessions::find(const std::string& cookie) {
  const std::lock_guard lock(mutex_);
  forget_old();
  const auto held = sessions_.find(sha256_of(cookie));
  if (held == sessions_.end()) return std::nullopt;
  held->second.used = clock_();
  return held->second.session;
}

std::optional<unsigned> Sessions::count_request(const std::string& cookie) {
  const std::lock_guard lock(mutex_);
  const auto held = sessions_.find(sha256_of(cookie));
  if (held == sessions_.end() || held->second.requests.take(clock_())) return std::nullopt;
  return held->second.requests.wait(clock_());
}

std::optional<NewSession> Sessions::renew(const std::string& cookie, const std::string& reviewer) {
  const std::lock_guard lock(mutex_);
  const auto held = sessions_.find(sha256_of(cookie));
  if (held == sessions_.end()) return std::nullopt;
  const TokenBucket requests = held->second.requests;
  sessions_.erase(held);
  NewSession made = add(reviewer);
  sessions_.at(sha256_of(made.cookie)).requests = requests;
  return made;
}

void Sessions::end(const std::string& cookie) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(sha256_of(cookie));
}

}  // namespace carrel
