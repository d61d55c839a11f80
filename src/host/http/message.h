// A request and its answer, as everything but the server itself sees them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carrel {

struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // decoded, without the query
  std::multimap<std::string, std::string> query;
  std::multimap<std::string, std::string> headers;  // names in lower case
  std::string body;

  // The value of a header that stands there once; nothing where it stands twice, or not at all.
  std::optional<std::string> header(std::string_view name) const;
  bool reads() const { return method == "GET" || method == "HEAD"; }
};

struct HttpAnswer {
  int status = 200;
  std::string type = "application/json";  // of the body
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  // Of an answer that comes in parts: the next of them, empty where there is none yet; nothing at the end. It
  // waits for a part half a second at most.
  std::function<std::optional<std::string>()> next;
};

}  // namespace carrel
