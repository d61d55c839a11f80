#include "collect/http/http.h"

#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace carrel {
namespace {

using testing::HasSubstr;

// Listens on a port of its own, reads one request and says what it is told to.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer, bool closes = true)
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::listen(listener_.get(), 1);
    socklen_t size = sizeof address;
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    server.host = "127.0.0.1";
    server.port = ntohs(address.sin_port);
    thread_ = std::jthread([this, answer = std::move(answer), closes] {
      connection_ = Fd(::accept(listener_.get(), nullptr, nullptr));
      char block[4096];
      const ssize_t n = ::read(connection_.get(), block, sizeof block);
      request.assign(block, static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
      (void)write_all(connection_.get(), answer);
      if (closes) connection_.reset();
    });
  }
  HttpServer server;
  std::string request;

 private:
  Fd listener_, connection_;
  std::jthread thread_;
};

struct Got {
  int status = 0;
  std::string body, error;
};

Got get(const std::string& answer, std::size_t step = 7, bool closes = true) {
  const OneAnswer server(answer, closes);
  const std::atomic<bool> stop = false;
  Got got;
  auto reply = http_get(server.server, {"/x", "", std::chrono::seconds(1), std::chrono::seconds(5)}, stop);
  if (!reply) return {0, "", reply.error().what};
  got.status = reply->status();
  std::string block(step, '\0');
  for (;;) {
    auto n = reply->read(block.data(), step);
    if (!n) {
      got.error = n.error().what;
      return got;
    }
    if (*n == 0) return got;
    got.body.append(block, 0, *n);
  }
}

TEST(Http, ABodyIsFramedByLengthChunksOrTheEnd) {
  EXPECT_EQ(get("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more").body, "hello");
  EXPECT_EQ(get("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n "
                "world\r\n0\r\nT: 1\r\n\r\n")
                .body,
            "hello world");
  EXPECT_EQ(get("HTTP/1.0 404 Not Found\r\n\r\nno such page").body, "no such page");
  EXPECT_EQ(get("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").status, 404);
}

TEST(Http, EveryTruncationIsAnError) {
  for (const std::string whole :
       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"}) {
    EXPECT_EQ(get(whole).error, "");
    for (std::size_t size = 0; size < whole.size(); ++size)
      EXPECT_NE(get(whole.substr(0, size)).error, "") << size;
  }
}

TEST(Http, WhatIsNoHttpIsAnError) {
  EXPECT_THAT(get("SSH-2.0-OpenSSH\r\n").error, HasSubstr("no HTTP"));
  EXPECT_THAT(get("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n").error, HasSubstr("no number"));
  EXPECT_THAT(get("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").error,
              HasSubstr("no number"));
  EXPECT_THAT(get("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x')).error, HasSubstr("no HTTP"));
}

TEST(Http, ManyShortChunksAreOneBody) {
  std::string answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", body;
  for (int i = 0; i < 20'000; ++i) {
    answer += "3\r\nab" + std::string(1, static_cast<char>('a' + i % 26)) + "\r\n";
    body += "ab" + std::string(1, static_cast<char>('a' + i % 26));
  }
  EXPECT_TRUE(get(answer + "0\r\n\r\n").body == body);
  std::string trailers;
  for (int i = 0; i < 2000; ++i) trailers += "T: " + std::string(50, 't') + "\r\n";
  EXPECT_THAT(get(answer + "0\r\n" + trailers + "\r\n").error, HasSubstr("trailers are longer"));
}

TEST(Http, SilenceHasAnEnd) {
  EXPECT_EQ(get("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", 7, false).error, "no answer within 1 s");
}

TEST(Http, SaysGetAndNothingElse) {
  OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const std::atomic<bool> stop = false;
  ASSERT_TRUE(http_get(server.server, {"/api/v1/pods?limit=5", "application/json"}, stop));
  EXPECT_THAT(server.request, testing::StartsWith("GET /api/v1/pods?limit=5 HTTP/1.1\r\n"));
}

TEST(Http, NobodyThereIsAnError) {
  const std::atomic<bool> stop = false;
  const auto reply = http_get({"/nonexistent/socket", "", 0}, HttpRequest{"/", ""}, stop);
  ASSERT_FALSE(reply);
  EXPECT_THAT(reply.error().what, HasSubstr("No such file"));
}

TEST(Http, EncodesWhatAPathCannotHold) {
  EXPECT_EQ(percent_encode("a-b_c.d~9"), "a-b_c.d~9");
  EXPECT_EQ(percent_encode("a/b c=+\xc3\xa9"), "a%2Fb%20c%3D%2B%C3%A9");
}

}  // namespace
}  // namespace carrel
