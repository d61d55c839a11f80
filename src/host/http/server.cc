#include "host/http/server.h"

#include <chrono>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "host/http/guard.h"
#include "host/http/problem.h"

namespace carrel {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds to_ask{10};   // from a connection to the end of its request
constexpr std::chrono::seconds to_take{30};  // for each piece that a slow reader takes
constexpr std::size_t threads = 32;

// One connection, that is one request: its bytes are counted and it has a deadline.
class OneRequest final : public httplib::Stream {
 public:
  OneRequest(int socket, const std::atomic<bool>& stop)
      : socket_(socket), stop_(stop), deadline_(Clock::now() + to_ask) {}

  bool is_readable() const override { return wait(POLLIN, deadline_); }
  bool is_writable() const override {
    pollfd waited{socket_, POLLOUT | POLLRDHUP, 0};
    return ::poll(&waited, 1, 0) >= 0 && (waited.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0 && !stop_;
  }
  ssize_t read(char* into, size_t size) override {
    if (left_ == 0 || !wait(POLLIN, deadline_)) return -1;
    const ssize_t got = ::recv(socket_, into, std::min(size, left_), 0);
    if (got > 0) left_ -= static_cast<std::size_t>(got);
    return got;
  }
  ssize_t write(const char* bytes, size_t size) override {
    if (!wait(POLLOUT, Clock::now() + to_take)) return -1;
    return ::send(socket_, bytes, size, MSG_NOSIGNAL);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return socket_; }

 private:
  bool wait(short events, Clock::time_point until) const {
    while (!stop_) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
      if (left <= 0) return false;
      pollfd waited{socket_, events, 0};
      const int ready = ::poll(&waited, 1, static_cast<int>(std::min<std::int64_t>(left, 250)));
      if (ready > 0) return true;
      if (ready < 0 && errno != EINTR) return false;
    }
    return false;
  }

  const int socket_;
  const std::atomic<bool>& stop_;
  const Clock::time_point deadline_;
  std::size_t left_ = most_head + most_body;
};

HttpRequest request_of(const httplib::Request& from) {
  HttpRequest request;
  request.method = from.method;
  request.path = from.path;
  request.body = from.body;
  request.query = {from.params.begin(), from.params.end()};
  for (const auto& [name, value] : from.headers) request.headers.emplace(to_lower(name), value);
  return request;
}

void give(HttpAnswer answer, httplib::Response& to) {
  to.status = answer.status;
  for (const auto& [name, value] : answer.headers) to.headers.emplace(name, value);
  if (!answer.next) {
    to.set_content(answer.body, answer.type);
    return;
  }
  to.set_chunked_content_provider(answer.type,
                                  [next = std::move(answer.next)](std::size_t, httplib::DataSink& sink) {
                                    // The reader is looked at each time, so that one who has gone is not told
                                    // on and on.
                                    if (!sink.is_writable()) return false;
                                    const std::optional<std::string> part = next();
                                    if (!part) {
                                      sink.done();
                                      return true;
                                    }
                                    return part->empty() || sink.write(part->data(), part->size());
                                  });
}

// What every answer says to a browser: whose scripts and styles it may use, and that it is kept nowhere,
// shown in no frame, taken for nothing but what it is, and named to nobody.
const httplib::Headers of_every_answer = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
};

// What the library refuses by itself has no body yet.
HttpAnswer refused(int status) {
  switch (status) {
    case 413:
      return problem(413, "too-large", "the body has more than 256 KiB", "");
    case 404:
      return problem(404, "no-such-route", "there is nothing here", "");
    case 500:
      return problem(500, "internal", "the request could not be answered", "");
    default:
      return problem(status, "bad-request", "the request cannot be read", "");
  }
}

}  // namespace

class HttpServer::Bounded final : public httplib::Server {
 public:
  void set_up(const HttpServer::Handlers& handlers, const std::atomic<bool>& stop) {
    stop_ = &stop;
    set_default_headers(of_every_answer);
    set_payload_max_length(most_body);
    new_task_queue = [] { return new httplib::ThreadPool(threads); };
    set_pre_routing_handler([&handlers](const httplib::Request& request, httplib::Response& response) {
      auto answer = handlers.head(request_of(request));
      if (!answer) return HandlerResponse::Unhandled;
      give(std::move(*answer), response);
      return HandlerResponse::Handled;
    });
    const auto whole = [&handlers](const httplib::Request& request, httplib::Response& response) {
      give(handlers.whole(request_of(request)), response);
    };
    Get("[^]*", whole);
    Post("[^]*", whole);
    Delete("[^]*", whole);
    // What a handler throws (memory) is told to nobody outside.
    set_exception_handler([](const httplib::Request&, httplib::Response& response,
                             const std::exception_ptr&) { give(refused(500), response); });
    set_error_handler([](const httplib::Request&, httplib::Response& response) {
      if (response.body.empty()) give(refused(response.status), response);
    });
  }

 private:
  bool process_and_close_socket(socket_t socket) override {
    ::fcntl(socket, F_SETFD, FD_CLOEXEC);
    OneRequest stream(socket, *stop_);
    bool closed = false;
    // Parts of a file are not asked for here, and many small ones of one answer are a way to make it large.
    const bool done =
        process_request(stream, true, closed, [](httplib::Request& request) { request.ranges.clear(); });
    // A body that was refused is not read: what of it has come is taken, so that the answer is not lost by a
    // reset.
    ::shutdown(socket, SHUT_WR);
    char rest[4096];
    for (int i = 0; i < 128 && ::recv(socket, rest, sizeof rest, MSG_DONTWAIT) > 0; ++i) {
    }
    ::close(socket);
    return done;
  }

  const std::atomic<bool>* stop_ = nullptr;
};

HttpServer::HttpServer() : server_(std::make_unique<Bounded>()) {}
HttpServer::HttpServer(HttpServer&&) noexcept = default;
HttpServer::~HttpServer() = default;

Result<HttpServer> HttpServer::listen(const std::string& address, std::uint16_t port) {
  if (!is_address(address)) {
    return Error{Code::usage, fmt::format("\"{}\" is no address to listen on", escape_for_terminal(address)),
                 "name one address of this machine in figures, such as 127.0.0.1 or ::1"};
  }
  HttpServer made;
  // Not the library's own options: they would let a second server share the port in silence.
  made.server_->set_socket_options([](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  const int got = port == 0                                   ? made.server_->bind_to_any_port(address)
                  : made.server_->bind_to_port(address, port) ? port
                                                              : -1;
  if (got <= 0) {
    return Error{Code::usage,
                 fmt::format("port {} of {} cannot be listened on", port, escape_for_terminal(address)),
                 "another program may have it, another `carrel review` for one: name another with --port"};
  }
  made.port_ = static_cast<std::uint16_t>(got);
  return made;
}

void HttpServer::serve(const Handlers& handlers, const std::atomic<bool>& stop) {
  server_->set_up(handlers, stop);
  std::atomic<bool> over{false};
  std::thread watch([&] {
    // It can be stopped once it runs, and once.
    while (!over && !(stop && server_->is_running()))
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (!over) server_->stop();
  });
  server_->listen_after_bind();
  over = true;
  watch.join();
}

}  // namespace carrel
