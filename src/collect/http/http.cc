#include "collect/http/http.h"

#include <algorithm>
#include <charconv>
#include <memory>

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/text.h"

namespace carrel {
namespace {

constexpr std::size_t most_head = 64 << 10;
constexpr std::chrono::milliseconds tick(100);  // how late a stop can be seen

Error no_http(const std::string& why) {
  return Error{Code::machine, "the answer is no HTTP: " + why, "see what listens there"};
}

Result<Fd> connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return Error{Code::machine, "the name of the socket is too long: " + path,
                 "set TMPDIR to a shorter path"};
  std::copy(path.begin(), path.end(), address.sun_path);
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno_error("cannot make a socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return errno_error("cannot connect to " + path);
  ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  return fd;
}

// Waits for a connection in progress; 0 or an errno.
int connected(int fd, std::chrono::seconds patience, const std::atomic<bool>& stop) {
  const auto end = std::chrono::steady_clock::now() + patience;
  pollfd wait{fd, POLLOUT, 0};
  while (std::chrono::steady_clock::now() < end) {
    if (stop) return EINTR;
    if (::poll(&wait, 1, static_cast<int>(tick.count())) <= 0) continue;
    int problem = 0;
    socklen_t size = sizeof problem;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size);
    return problem;
  }
  return ETIMEDOUT;
}

Result<Fd> connect_tcp(const HttpServer& server, std::chrono::seconds patience,
                       const std::atomic<bool>& stop) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int problem = ::getaddrinfo(server.host.c_str(), std::to_string(server.port).c_str(), &hints, &found);
  if (problem != 0)
    return Error{Code::machine, fmt::format("cannot find {}: {}", server.host, ::gai_strerror(problem)), ""};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(found, ::freeaddrinfo);
  int last = EHOSTUNREACH;
  for (const addrinfo* one = all.get(); one != nullptr; one = one->ai_next) {
    Fd fd(::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, one->ai_protocol));
    if (!fd.valid()) continue;
    last = ::connect(fd.get(), one->ai_addr, one->ai_addrlen) == 0 ? 0 : errno;
    if (last == EINPROGRESS) last = connected(fd.get(), patience, stop);
    if (last == 0) return fd;
  }
  errno = last;
  return errno_error("cannot connect to " + server.name());
}

}  // namespace

std::string HttpServer::name() const {
  return socket.empty() ? fmt::format("{}:{}", host, port) : socket;
}

HttpReply::HttpReply(Fd socket, const HttpRequest& request, const std::atomic<bool>& stop)
    : socket_(std::move(socket)), idle_(request.idle), end_(Clock::now() + request.whole), stop_(&stop) {}

Status HttpReply::wait(short events) {
  const auto quiet = Clock::now() + idle_;
  pollfd wait{socket_.get(), events, 0};
  for (;;) {
    if (*stop_) return Error{Code::interrupted, "interrupted", ""};
    const auto now = Clock::now();
    if (now >= end_) return Error{Code::machine, "the answer took too long and was broken off", ""};
    if (now >= quiet) return Error{Code::machine, fmt::format("no answer within {} s", idle_.count()), ""};
    if (::poll(&wait, 1, static_cast<int>(tick.count())) > 0) return {};
  }
}

Status HttpReply::send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (Status ready = wait(POLLOUT); !ready) return ready;
    const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return errno_error("cannot send the request");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<std::size_t> HttpReply::receive(char* into, std::size_t size) {
  for (;;) {
    const ssize_t n = ::recv(socket_.get(), into, size, 0);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno == EAGAIN) {
      if (Status ready = wait(POLLIN); !ready) return ready.error();
    } else if (errno != EINTR) {
      return errno_error("the connection was lost");
    }
  }
}

// A line of the head or of the chunks, without its end.
Result<std::string> HttpReply::line() {
  for (std::size_t from = at_;;) {
    const std::size_t end = buffer_.find('\n', from);
    if (end != std::string::npos) {
      std::string found = buffer_.substr(at_, end - at_);
      if (found.ends_with('\r')) found.pop_back();
      at_ = end + 1;
      return found;
    }
    // What was read before makes room, so that many short chunks take no more memory than a few long ones.
    buffer_.erase(0, std::exchange(at_, 0));
    from = buffer_.size();
    if (from > most_head) return no_http("a line of its head has no end");
    buffer_.resize(from + 4096);
    auto n = receive(buffer_.data() + from, 4096);
    buffer_.resize(from + (n ? *n : 0));
    if (!n) return n.error();
    if (*n == 0) return Error{Code::machine, "the connection ended before the answer did", ""};
  }
}

Status HttpReply::read_head() {
  auto first = line();
  if (!first) return first.error();
  // HTTP/1.1 200 OK
  const std::string_view text = *first;
  if (!text.starts_with("HTTP/1.") || text.size() < 12 ||
      std::from_chars(text.data() + 9, text.data() + 12, status_).ec != std::errc())
    return no_http("it begins with " + escape_for_terminal(cut_utf8(text, 80)));
  for (std::size_t bytes = 0;;) {
    auto next = line();
    if (!next) return next.error();
    if (next->empty()) break;
    bytes += next->size();
    if (bytes > most_head) return no_http("its head is longer than 64 KiB");
    const std::size_t colon = std::min(next->find(':'), next->size());
    headers_.emplace_back(to_lower(next->substr(0, colon)),
                          trim(std::string_view(*next).substr(std::min(colon + 1, next->size()))));
  }
  const std::string length = header("content-length");
  if (contains_folded(header("transfer-encoding"), "chunked")) {
    framing_ = Framing::chunked;
  } else if (!length.empty()) {
    framing_ = Framing::length;
    const auto parsed = std::from_chars(length.data(), length.data() + length.size(), left_);
    if (parsed.ec != std::errc() || parsed.ptr != length.data() + length.size())
      return no_http("its length is no number");
  }
  if (status_ == 204 || status_ == 304) ended_ = true;
  return {};
}

std::string HttpReply::header(const std::string& name) const {
  for (const auto& [key, value] : headers_) {
    if (key == name) return value;
  }
  return "";
}

Status HttpReply::next_chunk() {
  if (!std::exchange(first_chunk_, false)) {  // what ends the chunk before
    if (auto end = line(); !end) return end.error();
  }
  auto size = line();
  if (!size) return size.error();
  const auto parsed = std::from_chars(size->data(), size->data() + size->size(), left_, 16);
  if (parsed.ec != std::errc()) return no_http("the size of a chunk is no number");
  if (left_ > 0) return {};
  ended_ = true;
  for (std::size_t bytes = 0; bytes <= most_head;) {  // trailers
    auto trailer = line();
    if (!trailer) return trailer.error();
    if (trailer->empty()) return {};
    bytes += trailer->size();
  }
  return no_http("its trailers are longer than 64 KiB");
}

Result<std::size_t> HttpReply::read(char* into, std::size_t size) {
  if (framing_ == Framing::length && left_ == 0) ended_ = true;
  if (framing_ == Framing::chunked && left_ == 0 && !ended_) {
    if (Status next = next_chunk(); !next) return next.error();
  }
  if (ended_ || size == 0) return std::size_t{0};
  if (framing_ != Framing::until_close) size = std::min<std::uint64_t>(size, left_);
  std::size_t n = std::min(size, buffer_.size() - at_);
  if (n > 0) {
    std::copy_n(buffer_.data() + at_, n, into);
    at_ += n;
    if (at_ == buffer_.size()) buffer_.clear(), at_ = 0;
  } else {
    auto got = receive(into, size);
    if (!got) return got;
    n = *got;
  }
  if (n == 0) {
    ended_ = true;
    if (framing_ != Framing::until_close)
      return Error{Code::machine, "the connection ended before the answer did", ""};
  }
  if (framing_ != Framing::until_close) left_ -= n;
  return n;
}

Result<HttpReply> http_get(const HttpServer& server, const HttpRequest& request,
                           const std::atomic<bool>& stop) {
  auto socket = server.socket.empty() ? connect_tcp(server, request.idle, stop) : connect_unix(server.socket);
  if (!socket) return socket.error();
  // kubectl proxy serves no other host name than its own.
  return http_get_over(std::move(*socket), server.socket.empty() ? server.name() : "localhost", request,
                       stop);
}

Result<HttpReply> http_get_over(Fd socket, const std::string& host, const HttpRequest& request,
                                const std::atomic<bool>& stop) {
  HttpReply reply(std::move(socket), request, stop);
  const std::string text = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: support-diag\r\nAccept: {}\r\nConnection: close\r\n\r\n",
      request.target, host, request.accept.empty() ? "*/*" : request.accept);
  if (Status sent = reply.send(text); !sent) return sent.error();
  if (Status head = reply.read_head(); !head) return head.error();
  return reply;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace carrel
