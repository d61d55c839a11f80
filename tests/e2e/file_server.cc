#include "file_server.h"

#include <algorithm>
#include <cstdlib>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace carrel::e2e {

FileServer::FileServer(std::string bytes, std::vector<Answer> answers)
    : bytes_(std::move(bytes)), answers_(std::move(answers)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::listen(listener_, 8), 0);
  EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

FileServer::~FileServer() {
  ::shutdown(listener_, SHUT_RDWR);  // ends accept()
  thread_.join();
  ::close(listener_);
}

std::string FileServer::url(const std::string& file) const {
  return fmt::format("http://127.0.0.1:{}/{}", port_, file);
}

std::vector<std::string> FileServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void FileServer::serve() {
  for (std::size_t count = 0;; ++count) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    std::string request;
    char block[4096];
    while (request.find("\r\n\r\n") == std::string::npos) {
      const ssize_t got = ::recv(connection, block, sizeof block, 0);
      if (got <= 0) break;
      request.append(block, static_cast<std::size_t>(got));
    }
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    answer(connection, answers_[std::min(count, answers_.size() - 1)], request);
    ::shutdown(connection, SHUT_WR);
    ::close(connection);
  }
}

void FileServer::answer(int connection, const Answer& how, const std::string& request) const {
  std::string head, body;
  const std::size_t range = request.find("Range: bytes=");
  const std::size_t condition = request.find("If-Range: ");
  const bool same =
      condition == std::string::npos || request.compare(condition + 10, how.etag.size(), how.etag) == 0;
  if (how.status != 200) {
    head = fmt::format("HTTP/1.1 {} x\r\n", how.status);
    if (!how.location.empty()) head += "Location: " + how.location + "\r\n";
  } else if (how.ranges && same && range != std::string::npos) {
    const std::size_t from = std::strtoul(request.c_str() + range + 13, nullptr, 10);
    if (from >= bytes_.size()) {
      head = fmt::format("HTTP/1.1 416 x\r\nContent-Range: bytes */{}\r\n", bytes_.size());
    } else {
      body = bytes_.substr(from);
      head = fmt::format("HTTP/1.1 206 x\r\nContent-Range: bytes {}-{}/{}\r\n", from, bytes_.size() - 1,
                         bytes_.size());
    }
  } else {
    body = bytes_;
    head = "HTTP/1.1 200 OK\r\n";
  }
  if (!how.etag.empty()) head += "ETag: " + how.etag + "\r\n";
  head += how.more_headers;
  head += fmt::format("Content-Length: {}\r\nConnection: close\r\n\r\n",
                      how.claimed > 0 ? how.claimed : body.size());
  const std::string all = head + body.substr(0, how.drop_after);
  for (std::size_t sent = 0; sent < all.size();) {
    const ssize_t now = ::send(connection, all.data() + sent, all.size() - sent, MSG_NOSIGNAL);
    if (now <= 0) return;
    sent += static_cast<std::size_t>(now);
  }
}

}  // namespace carrel::e2e
