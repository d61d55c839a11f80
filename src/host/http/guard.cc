#include "host/http/guard.h"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>

#include "base/text.h"
#include "host/http/problem.h"

namespace carrel {
namespace {

std::optional<HttpAnswer> refuse_body(const HttpRequest& request) {
  // Only a length that is told is held to the limit before anything is read.
  if (request.headers.contains("transfer-encoding") || request.headers.contains("content-encoding"))
    return problem(411, "no-length", "a body comes whole, with its length", "send Content-Length");
  if (!request.headers.contains("content-length")) return std::nullopt;
  const std::string length = request.header("content-length").value_or("");
  std::size_t bytes = 0;
  const auto [rest, error] = std::from_chars(length.data(), length.data() + length.size(), bytes);
  if (error == std::errc::result_out_of_range || (error == std::errc() && bytes > most_body))
    return problem(413, "too-large", "the body has more than 256 KiB", "");
  if (error != std::errc() || rest != length.data() + length.size())
    return problem(400, "bad-request", "Content-Length is no number of bytes", "");
  if (bytes == 0) return std::nullopt;
  if (request.reads()) return problem(400, "bad-request", "a request that reads has no body", "");
  const std::string type = to_lower(request.header("content-type").value_or(""));
  if (trim(type.substr(0, type.find(';'))) != "application/json")
    return problem(415, "not-json", "the body is no JSON", "send Content-Type: application/json");
  return std::nullopt;
}

}  // namespace

bool is_address(const std::string& text) {
  in_addr four{};
  in6_addr six{};
  if (::inet_pton(AF_INET, text.c_str(), &four) == 1) return four.s_addr != INADDR_ANY;
  return ::inet_pton(AF_INET6, text.c_str(), &six) == 1 && !IN6_IS_ADDR_UNSPECIFIED(&six);
}

bool is_loopback(const std::string& address) {
  in_addr four{};
  in6_addr six{};
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
  return ::inet_pton(AF_INET6, address.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

std::vector<std::string> host_names(const std::string& address, std::uint16_t port) {
  const std::string behind = ":" + std::to_string(port);
  const bool six = address.find(':') != std::string::npos;
  std::vector<std::string> names = {(six ? "[" + address + "]" : address) + behind};
  if (is_loopback(address)) names.push_back("localhost" + behind);
  return names;
}

std::optional<HttpAnswer> refuse_head(const HttpRequest& request, const std::vector<std::string>& hosts) {
  const std::string host = request.header("host").value_or("");
  if (std::find(hosts.begin(), hosts.end(), host) == hosts.end())
    return problem(403, "wrong-host", "this is not the host that was asked for",
                   "use the address that `carrel review` printed");
  if (!request.reads() && request.method != "POST" && request.method != "DELETE")
    return problem(405, "wrong-method", "nothing here has this method", "");
  if (request.path.size() > most_route) return problem(404, "no-such-route", "there is nothing here", "");
  // A browser sends the origin with all that is no plain reading; where it is sent it must be ours.
  const bool told = request.headers.contains("origin");
  if ((told || !request.reads()) && request.header("origin") != "http://" + host)
    return problem(403, "wrong-origin", "the request comes from another page",
                   "use the page that `carrel review` serves");
  return refuse_body(request);
}

}  // namespace carrel
