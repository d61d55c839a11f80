// A small HTTP/1.1 server for the people of one machine: it listens on one address, answers one request a
// connection, and bounds what a request may be before anything is made of it.
//
// The only place that knows cpp-httplib; its own limits leave some doors open (bodies without a length, any
// number of headers), so each connection is read through a stream that counts and has a deadline.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "host/http/message.h"

namespace carrel {

inline constexpr std::size_t most_head = 32 << 10;  // request line and headers, bytes

class HttpServer {
 public:
  // Called on several threads at once, and must not throw. `head` sees a request before its body is read and
  // may answer it; `whole` answers the rest.
  struct Handlers {
    std::function<std::optional<HttpAnswer>(const HttpRequest&)> head;
    std::function<HttpAnswer(const HttpRequest&)> whole;
  };

  // Port 0: any that is free. Error: Code::usage where the address cannot be listened on, or the port is
  // taken.
  static Result<HttpServer> listen(const std::string& address, std::uint16_t port);
  HttpServer(HttpServer&&) noexcept;
  HttpServer& operator=(HttpServer&&) = delete;
  ~HttpServer();

  std::uint16_t port() const { return port_; }

  // Serves until `stop` is set, and returns when the last request has been answered.
  void serve(const Handlers& handlers, const std::atomic<bool>& stop);

 private:
  HttpServer();
  class Bounded;
  std::unique_ptr<Bounded> server_;
  std::uint16_t port_ = 0;
};

}  // namespace carrel
