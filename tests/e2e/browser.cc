#include "browser.h"

#include <algorithm>
#include <cctype>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace carrel::e2e {
namespace {

Reply parse(const std::string& bytes) {
  Reply reply;
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string::npos || !bytes.starts_with("HTTP/1.1 ")) return reply;
  reply.status = std::stoi(bytes.substr(9, 3));
  reply.body = bytes.substr(end + 4);
  for (std::size_t at = bytes.find("\r\n") + 2; at < end;) {
    const std::size_t line_end = bytes.find("\r\n", at);
    const std::size_t colon = bytes.find(": ", at);
    std::string name = bytes.substr(at, colon - at);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    reply.headers.emplace(std::move(name), bytes.substr(colon + 2, line_end - colon - 2));
    at = line_end + 2;
  }
  return reply;
}

}  // namespace

std::string Reply::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

rapidjson::Document Reply::json() const {
  rapidjson::Document document;
  document.Parse(body.data(), body.size());
  EXPECT_FALSE(document.HasParseError()) << status << " " << body;
  return document;
}

std::string Reply::problem() const {
  if (header("content-type") != "application/problem+json") return "";
  const auto document = json();
  EXPECT_EQ(document["status"].GetInt(), status);
  const std::string type = document["type"].GetString();
  EXPECT_TRUE(type.starts_with("urn:carrel:problem:")) << type;
  return type.substr(type.rfind(':') + 1);
}

Reply send_and_read(std::uint16_t port, const std::string& bytes) {
  const int peer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(peer, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  // The server may have answered and closed before it has all of it.
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t sent = ::send(peer, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
    if (sent <= 0) break;
    at += static_cast<std::size_t>(sent);
  }
  std::string answer;
  char block[1 << 14];
  for (ssize_t got = 0; (got = ::recv(peer, block, sizeof block, 0)) > 0;)
    answer.append(block, static_cast<std::size_t>(got));
  ::close(peer);
  return parse(answer);
}

Reply Browser::open(const std::string& link) {
  const std::string before = "http://" + host();
  EXPECT_TRUE(link.starts_with(before + "/")) << link;
  Reply reply = get(link.substr(before.size()));
  keep_cookie(reply);
  return reply;
}

Reply Browser::get(const std::string& path,
                   const std::vector<std::pair<std::string, std::string>>& more) const {
  std::string bytes = "GET " + path + " HTTP/1.1\r\nHost: " + host() + "\r\n";
  if (!cookie_.empty()) bytes += "Cookie: " + cookie_ + "\r\n";
  for (const auto& [name, value] : more) bytes += name + ": " + value + "\r\n";
  return send_and_read(port_, bytes + "\r\n");
}

std::string Browser::csrf() const {
  const Reply reply = get("/api/v1/session");
  EXPECT_EQ(reply.status, 200) << reply.body;
  return reply.json()["csrf"].GetString();
}

Reply Browser::change(const std::string& method, const std::string& path, const std::string& body) const {
  std::string bytes = method + " " + path + " HTTP/1.1\r\nHost: " + host() + "\r\nOrigin: http://" + host() +
                      "\r\nCookie: " + cookie_ + "\r\nX-Carrel-CSRF: " + csrf() +
                      "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  if (!body.empty()) bytes += "Content-Type: application/json\r\n";
  return send_and_read(port_, bytes + "\r\n" + body);
}

Reply Browser::sign_in(const std::string& name, const std::string& password) {
  Reply reply =
      post("/api/v1/session/reviewer", R"({"name":")" + name + R"(","password":")" + password + "\"}");
  keep_cookie(reply);
  return reply;
}

void Browser::keep_cookie(const Reply& reply) {
  const std::string set = reply.header("set-cookie");
  if (!set.empty()) cookie_ = set.substr(0, set.find(';'));
}

}  // namespace carrel::e2e
