#include "host/http/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carrel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<std::string> hosts = {"127.0.0.1:8095", "localhost:8095"};

HttpRequest request(const std::string& method, std::multimap<std::string, std::string> headers) {
  HttpRequest made;
  made.method = method;
  made.path = "/api/v1/queue";
  headers.emplace("host", "127.0.0.1:8095");
  made.headers = std::move(headers);
  return made;
}

// The status of the refusal; 0 where there is none.
int refused(const HttpRequest& made) {
  const auto answer = refuse_head(made, hosts);
  return answer ? answer->status : 0;
}

TEST(Guard, NamesTheHostsThatAServerIsAskedAs) {
  EXPECT_THAT(host_names("127.0.0.1", 8095), ElementsAre("127.0.0.1:8095", "localhost:8095"));
  EXPECT_THAT(host_names("::1", 80), ElementsAre("[::1]:80", "localhost:80"));
  EXPECT_THAT(host_names("192.0.2.7", 8095), ElementsAre("192.0.2.7:8095"));
  for (const char* one : {"127.0.0.1", "127.9.9.9", "::1", "192.0.2.7"}) EXPECT_TRUE(is_address(one)) << one;
  for (const char* none : {"0.0.0.0", "::", "localhost", "", "127.0.0.1:80", "1"})
    EXPECT_FALSE(is_address(none)) << none;
  EXPECT_TRUE(is_loopback("127.1.2.3"));
  EXPECT_FALSE(is_loopback("128.0.0.1"));
  EXPECT_FALSE(is_loopback("::2"));
}

TEST(Guard, LooksAtRequestsForThisExactHostAlone) {
  EXPECT_EQ(refused(request("GET", {})), 0);
  for (const char* other : {"127.0.0.1", "127.0.0.1:8096", "evil.example", "evil.example:8095",
                            "LOCALHOST:8095", "localhost:8095.evil.example", ""}) {
    HttpRequest made = request("GET", {});
    made.headers.find("host")->second = other;
    EXPECT_EQ(refused(made), 403) << other;
  }
  HttpRequest none = request("GET", {});
  none.headers.clear();
  EXPECT_EQ(refused(none), 403);
  EXPECT_EQ(refused(request("GET", {{"host", "evil.example"}})), 403);  // two of them
}

TEST(Guard, WhatChangesSomethingComesFromAPageOfOurs) {
  EXPECT_EQ(refused(request("POST", {{"origin", "http://127.0.0.1:8095"}})), 0);
  EXPECT_EQ(refused(request("DELETE", {{"origin", "http://127.0.0.1:8095"}})), 0);
  EXPECT_EQ(refused(request("POST", {})), 403);
  for (const char* other : {"null", "http://localhost:8095", "https://127.0.0.1:8095", "http://evil.example",
                            "http://127.0.0.1:8095/", ""}) {
    EXPECT_EQ(refused(request("POST", {{"origin", other}})), 403) << other;
    EXPECT_EQ(refused(request("GET", {{"origin", other}})), 403) << other;
  }
}

TEST(Guard, KnowsFewMethodsAndShortPaths) {
  for (const char* method : {"PUT", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PRI"})
    EXPECT_EQ(refused(request(method, {{"origin", "http://127.0.0.1:8095"}})), 405) << method;
  HttpRequest made = request("GET", {});
  made.path = std::string(most_route, 'a');
  EXPECT_EQ(refused(made), 0);
  made.path += 'a';
  EXPECT_EQ(refused(made), 404);
}

TEST(Guard, BoundsABodyBeforeItIsRead) {
  const auto post = [](std::multimap<std::string, std::string> headers) {
    headers.emplace("origin", "http://127.0.0.1:8095");
    return refused(request("POST", std::move(headers)));
  };
  EXPECT_EQ(post({{"content-length", std::to_string(most_body)}, {"content-type", "application/json"}}), 0);
  EXPECT_EQ(post({{"content-length", std::to_string(most_body + 1)}, {"content-type", "application/json"}}),
            413);
  EXPECT_EQ(post({{"content-length", "99999999999999999999999"}, {"content-type", "application/json"}}), 413);
  for (const char* none : {"-1", "1x", "", "0x10", " 1"})
    EXPECT_EQ(post({{"content-length", none}, {"content-type", "application/json"}}), 400) << none;
  EXPECT_EQ(post({{"content-length", "2"}, {"content-length", "2"}, {"content-type", "application/json"}}),
            400);
  EXPECT_EQ(post({{"transfer-encoding", "chunked"}, {"content-type", "application/json"}}), 411);
  EXPECT_EQ(post({{"content-length", "2"}, {"content-encoding", "gzip"}}), 411);
  EXPECT_EQ(post({{"content-length", "0"}}), 0);
  EXPECT_EQ(post({{"content-length", "2"}, {"content-type", "Application/JSON; charset=utf-8"}}), 0);
  for (const char* other : {"text/plain", "application/x-www-form-urlencoded",
                            "multipart/form-data; boundary=x", "application/jsonx", ""})
    EXPECT_EQ(post({{"content-length", "2"}, {"content-type", other}}), 415) << other;
  EXPECT_EQ(refused(request("GET", {{"content-length", "2"}})), 400);
}

TEST(Guard, ARefusalIsAProblem) {
  const auto answer = refuse_head(request("POST", {}), hosts);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->type, "application/problem+json");
  EXPECT_THAT(answer->body,
              HasSubstr("\"type\":\"urn:carrel:problem:wrong-origin\",\"title\":\"Wrong origin\","
                        "\"status\":403"));
}

}  // namespace
}  // namespace carrel
