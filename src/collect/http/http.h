// A small HTTP/1.1 client that can GET and nothing else: over a Unix socket to `kubectl proxy`, or over TCP
// to a Prometheus.
//
// Its own, and not a library's, because an administrator should be able to read all that this program can say
// to a cluster: there is no other method in it, no redirect is followed, no TLS is spoken (kubectl does
// that), nothing is thrown, and a body is handed on as it comes, so that memory does not grow with it. One
// connection a request: over a Unix socket that costs nothing.
//
// RFC 9112. Any thread; one request each.
//
//   auto reply = http_get({"/run/x/socket", "", 0}, "/version", {}, stop);
//   if (reply && reply->status() == 200) reply->read(buffer, sizeof buffer);
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace carrel {

struct HttpServer {
  std::string socket;      // path of a Unix socket; empty for TCP
  std::string host;        // TCP
  std::uint16_t port = 0;  // TCP

  std::string name() const;
};

struct HttpRequest {
  std::string target;               // path and query, already percent-encoded
  std::string accept;               // empty: anything
  std::chrono::seconds idle{60};    // longest silence
  std::chrono::seconds whole{600};  // longest time until the end of the body
};

class HttpReply {
 public:
  int status() const { return status_; }
  // The value of a header, its name in lower case; empty where there is none.
  std::string header(const std::string& name) const;

  // Up to `size` bytes of the body; 0 at its end. An Error where the connection ended before the body did.
  Result<std::size_t> read(char* into, std::size_t size);

 private:
  friend Result<HttpReply> http_get_over(Fd, const std::string&, const HttpRequest&,
                                         const std::atomic<bool>&);
  enum class Framing : unsigned char { length, chunked, until_close };
  using Clock = std::chrono::steady_clock;

  HttpReply(Fd socket, const HttpRequest& request, const std::atomic<bool>& stop);
  Status wait(short events);
  Status send(std::string_view bytes);
  Result<std::size_t> receive(char* into, std::size_t size);  // 0 where the peer closed
  Result<std::string> line();
  Status read_head();
  Status next_chunk();

  Fd socket_;
  std::chrono::seconds idle_;
  Clock::time_point end_;
  const std::atomic<bool>* stop_;
  int status_ = 0;
  std::vector<std::pair<std::string, std::string>> headers_;
  Framing framing_ = Framing::until_close;
  std::uint64_t left_ = 0;  // of the body, or of the chunk
  bool first_chunk_ = true;
  bool ended_ = false;
  std::string buffer_;
  std::size_t at_ = 0;
};

// Sends the request and reads the reply up to its body. Errors: no connection, a silence longer than allowed,
// a reply that is none; each Code::machine, and Code::interrupted once `stop` is set.
Result<HttpReply> http_get(const HttpServer& server, const HttpRequest& request,
                           const std::atomic<bool>& stop);

// The same over a connection that is there, to a server that is called `host`. The socket must not block.
Result<HttpReply> http_get_over(Fd socket, const std::string& host, const HttpRequest& request,
                                const std::atomic<bool>& stop);

// Percent-encodes all but unreserved characters (RFC 3986, 2.3), for a path's part or a query's value.
std::string percent_encode(std::string_view text);

}  // namespace carrel
