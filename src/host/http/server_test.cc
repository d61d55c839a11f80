#include "host/http/server.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace carrel {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto server = HttpServer::listen("127.0.0.1", 0);
    ASSERT_TRUE(server) << server.error().what;
    port_ = server->port();
    server_ = std::make_unique<HttpServer>(std::move(*server));
    handlers_.head = [this](const HttpRequest& request) -> std::optional<HttpAnswer> {
      ++heads_;
      if (request.path != "/refused") return std::nullopt;
      HttpAnswer answer;
      answer.status = 403;
      answer.body = "no";
      return answer;
    };
    handlers_.whole = [this](const HttpRequest& request) { return answer(request); };
    thread_ = std::thread([this] { server_->serve(handlers_, stop_); });
  }
  void TearDown() override {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

  HttpAnswer answer(const HttpRequest& request) {
    HttpAnswer answer;
    answer.type = "text/plain";
    answer.body = request.method + " " + request.path + " " + request.body;
    if (request.path == "/throws") throw std::runtime_error("secret");
    if (request.path != "/parts") return answer;
    answer.next = [left = 3]() mutable -> std::optional<std::string> {
      return left == 0 ? std::nullopt : std::optional("part " + std::to_string(left--) + "\n");
    };
    return answer;
  }

  int connected() const {
    const int peer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(peer, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return peer;
  }
  std::string ask(const std::string& bytes) const {
    const int peer = connected();
    for (std::size_t at = 0; at < bytes.size();) {
      const ssize_t sent = ::send(peer, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) break;
      at += static_cast<std::size_t>(sent);
    }
    std::string answer;
    char block[4096];
    for (ssize_t got = 0; (got = ::recv(peer, block, sizeof block, 0)) > 0;)
      answer.append(block, static_cast<std::size_t>(got));
    ::close(peer);
    return answer;
  }

  std::uint16_t port_ = 0;
  std::unique_ptr<HttpServer> server_;
  HttpServer::Handlers handlers_;
  std::atomic<bool> stop_{false};
  std::atomic<int> heads_{0};
  std::thread thread_;
};

TEST_F(ServerTest, AnswersOneRequestAConnection) {
  const std::string answer =
      ask("POST /a%20b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbodyGET /next HTTP/1.1\r\nHost: "
          "x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_THAT(answer, EndsWith("POST /a b body"));
  EXPECT_EQ(heads_, 1);
}

TEST_F(ServerTest, GivesPartsAsTheyCome) {
  const std::string answer = ask("GET /parts HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("part 3\n"));
  EXPECT_THAT(answer, HasSubstr("part 1\n"));
  EXPECT_THAT(answer, EndsWith("0\r\n\r\n"));
}

TEST_F(ServerTest, RefusesByTheHeadBeforeABodyIsRead) {
  // The body never comes, and is not waited for.
  EXPECT_THAT(ask("POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"),
              StartsWith("HTTP/1.1 403"));
}

TEST_F(ServerTest, CutsOffAHeadWithoutAnEnd) {
  std::string head = "GET /long HTTP/1.1\r\nHost: x\r\n";
  while (head.size() < most_head + (512 << 10)) head += "X-Filler: some words\r\n";
  EXPECT_THAT(ask(head), testing::Not(HasSubstr("200")));
  EXPECT_EQ(heads_, 0);
  EXPECT_THAT(ask("GET /on HTTP/1.1\r\nHost: x\r\n\r\n"), EndsWith("GET /on "));
}

TEST_F(ServerTest, TellsNobodyWhatWasThrown) {
  const std::string answer = ask("GET /throws HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(answer, testing::Not(HasSubstr("secret")));
}

TEST_F(ServerTest, GivesNoPartsOfAnAnswerByRange) {
  const std::string answer = ask("GET /all HTTP/1.1\r\nHost: x\r\nRange: bytes=0-0,1-1,2-2\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, EndsWith("GET /all "));
}

TEST_F(ServerTest, EndsAlsoWhileSomebodyOnlyListens) {
  const int silent = connected();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto start = std::chrono::steady_clock::now();
  stop_ = true;
  thread_.join();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  ::close(silent);
}

TEST_F(ServerTest, ThePortIsItsOwn) {
  EXPECT_FALSE(HttpServer::listen("127.0.0.1", port_));
  for (const char* none : {"0.0.0.0", "::", "localhost", "example.com", ""})
    EXPECT_FALSE(HttpServer::listen(none, 0)) << none;
}

}  // namespace
}  // namespace carrel
