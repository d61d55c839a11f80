// Calls within the cluster that go through a proxy for the outside.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/combine.h"
#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;

std::string values(const std::string& no_proxy,
                   const std::string& url = "http://policy.shop.svc.cluster.local:8080") {
  return "extraEnv:\n- name: HTTP_PROXY\n  value: http://squid.corp.example:3128\n- name: NO_PROXY\n  "
         "value: " +
         no_proxy + "\npolicy:\n  url: " + url + "\n";
}

std::vector<Observation> found_in(const std::string& text) {
  return detect_in_files({{"helm/get-values-quote.yaml", text}}, "Why do calls of quote fail with 503?");
}

TEST(Proxy, CallsWithinTheClusterThatAreNotExceptedAreTold) {
  const auto found = found_in(values("localhost,127.0.0.1,10.0.0.0/8,.corp.example"));
  const Observation* one = find_by(found, "proxied-call");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(
      one->cause,
      "Calls to policy.shop.svc.cluster.local go through the proxy http://squid.corp.example:3128, since "
      "NO_PROXY (localhost,127.0.0.1,10.0.0.0/8,.corp.example) does not except the cluster's own names "
      "(.svc, "
      ".cluster.local).");
  ASSERT_EQ(one->lines.size(), 3u);
  EXPECT_EQ(one->lines[0].at.line, 5u);
  EXPECT_EQ(one->lines[1].at.line, 3u);
  EXPECT_EQ(one->lines[2].at.line, 7u);
  // Each form of an environment.
  for (const char* text :
       {"HTTPS_PROXY=http://p:3128\nNO_PROXY=localhost\nURL=https://api.shop.svc/\n",
        "http_proxy: http://p:3128\nno_proxy: localhost\nurl: http://api.shop.svc.cluster.local\n",
        "{\"HTTP_PROXY\": \"http://p:3128\",\n\"NO_PROXY\": \"localhost\",\n\"U\": "
        "\"http://api.shop.svc/x\"}\n"})
    EXPECT_NE(find_by(found_in(text), "proxied-call"), nullptr) << text;
}

TEST(Proxy, WhatIsExceptedOrNotToldIsNone) {
  for (const char* except : {"cluster.local", "*.cluster.local", "*", "policy.shop.svc.cluster.local",
                             "localhost,.svc.cluster.local"})
    EXPECT_EQ(find_by(found_in(values(except)), "proxied-call"), nullptr) << except;
  // Of a whole name the end counts.
  EXPECT_NE(find_by(found_in(values(".svc,localhost")), "proxied-call"), nullptr);
  EXPECT_EQ(find_by(found_in(values(".svc,localhost", "http://policy.shop.svc:80")), "proxied-call"),
            nullptr);
  EXPECT_EQ(find_by(found_in(values("localhost", "http://api.example.com")), "proxied-call"), nullptr);
  EXPECT_EQ(find_by(found_in(values("localhost", "postgres://db.shop.svc:5432")), "proxied-call"), nullptr);
  EXPECT_EQ(find_by(found_in("NO_PROXY=localhost\nURL=http://api.shop.svc/\n"), "proxied-call"), nullptr);
  EXPECT_EQ(
      find_by(found_in("HTTP_PROXY=http://p:1\nURL=http://api.shop.svc/\nMY_NO_PROXY_X=a\n"), "proxied-call"),
      nullptr);
}

TEST(Proxy, ItIsToBlameForWhatItAnswers) {
  Observation log;
  log.detector = "log-error";
  log.verdict = Verdict::fault;
  log.cause = "Pod quote-0 logs an error: policy answered 503";
  log.strength = log.weight = 0.85;
  log.culprit = {"pod", "shop", "quote-0", true};
  log.lines.push_back({{"quote.log", 1, 1, ""}, "policy answered 503 for quote Q-1", "", 1, 0.85});
  const Question question("Why do calls of quote fail with 503?");
  EXPECT_EQ(combine(found_in(values("localhost")), {log}, question)[0].detector, "proxied-call");
  log.lines[0].quote = "stock answered 503 for quote Q-1";
  EXPECT_EQ(combine(found_in(values("localhost")), {log}, question)[0].detector, "log-error");
}

}  // namespace
}  // namespace carrel
