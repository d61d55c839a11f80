// A browser's part in the review page: requests over a socket, byte by byte as a test says, with the cookie
// that was given and the token that goes with it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <rapidjson/document.h>

namespace carrel::e2e {

struct Reply {
  int status = 0;                                   // 0: the connection ended without an answer
  std::multimap<std::string, std::string> headers;  // names in lower case
  std::string body;  // as it was sent: parts with their lengths, where it came in parts
  std::string header(const std::string& name) const;
  rapidjson::Document json() const;
  // The last part of a problem's type; "" where it is none.
  std::string problem() const;
};

// Sends these bytes to the port of 127.0.0.1 and reads the answer to its end.
Reply send_and_read(std::uint16_t port, const std::string& bytes);

class Browser {
 public:
  explicit Browser(std::uint16_t port) : port_(port) {}

  // Opens a link, as somebody who pastes it.
  Reply open(const std::string& link);
  Reply get(const std::string& path, const std::vector<std::pair<std::string, std::string>>& more = {}) const;
  Reply post(const std::string& path, const std::string& body) const { return change("POST", path, body); }
  Reply remove(const std::string& path) const { return change("DELETE", path, ""); }
  // What a browser sends of a page of this server. The token of the session is asked for before.
  Reply change(const std::string& method, const std::string& path, const std::string& body) const;
  // Signs in, and goes on with the cookie that comes.
  Reply sign_in(const std::string& name, const std::string& password);

  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string csrf() const;
  const std::string& cookie() const { return cookie_; }

 private:
  void keep_cookie(const Reply& reply);
  std::uint16_t port_;
  std::string cookie_;  // "name=value"
};

}  // namespace carrel::e2e
