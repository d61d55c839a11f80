#include "host/http/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/secret.h"

namespace carrel {
namespace {

class SessionTest : public testing::Test {
 protected:
  SessionTest() : sessions_([this] { return now_; }) { EXPECT_TRUE(prepare_crypto()); }
  std::string enter() { return sessions_.enter(sessions_.make_link())->cookie; }

  RateClock::time_point now_ = RateClock::now();
  Sessions sessions_;
};

TEST_F(SessionTest, ALinkWorksOnce) {
  const std::string token = sessions_.make_link();
  EXPECT_EQ(token.size(), 64u);
  const auto made = sessions_.enter(token);
  ASSERT_TRUE(made);
  EXPECT_FALSE(sessions_.enter(token));
  EXPECT_NE(made->cookie, token);
  const auto found = sessions_.find(made->cookie);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->csrf, made->session.csrf);
  EXPECT_EQ(found->reviewer, "");
  EXPECT_FALSE(sessions_.find(""));
  EXPECT_FALSE(sessions_.find(token));
}

TEST_F(SessionTest, ALinkGrowsOld) {
  const std::string young = sessions_.make_link();
  now_ += Sessions::link_life;
  EXPECT_TRUE(sessions_.enter(young));
  const std::string old = sessions_.make_link();
  now_ += Sessions::link_life + std::chrono::seconds(1);
  EXPECT_FALSE(sessions_.enter(old));
}

TEST_F(SessionTest, WhoeverTriesTokensIsKeptOut) {
  const std::string token = sessions_.make_link();
  for (int i = 0; i < 8; ++i) EXPECT_FALSE(sessions_.enter("wrong"));
  EXPECT_FALSE(sessions_.enter(token));
  now_ += std::chrono::seconds(6);
  EXPECT_TRUE(sessions_.enter(token));
}

TEST_F(SessionTest, ASessionEndsWithoutRequests) {
  const std::string cookie = enter();
  now_ += Sessions::session_life;
  EXPECT_TRUE(sessions_.find(cookie));
  now_ += Sessions::session_life;
  EXPECT_TRUE(sessions_.find(cookie));
  now_ += Sessions::session_life + std::chrono::seconds(1);
  EXPECT_FALSE(sessions_.find(cookie));
}

TEST_F(SessionTest, SigningInGivesAnotherCookieAndToken) {
  const std::string before = enter();
  const std::string csrf = sessions_.find(before)->csrf;
  const auto after = sessions_.renew(before, "jo");
  ASSERT_TRUE(after);
  EXPECT_FALSE(sessions_.find(before));
  EXPECT_EQ(sessions_.find(after->cookie)->reviewer, "jo");
  EXPECT_NE(after->session.csrf, csrf);
  EXPECT_FALSE(sessions_.renew(before, "sam"));
  sessions_.end(after->cookie);
  EXPECT_FALSE(sessions_.find(after->cookie));
}

TEST_F(SessionTest, TheOldestOfTooManyEnd) {
  const std::string first = enter();
  for (std::size_t i = 1; i < Sessions::most_sessions; ++i) {
    now_ += std::chrono::seconds(1);
    enter();
  }
  EXPECT_TRUE(sessions_.find(first));  // and is the newest now
  now_ += std::chrono::seconds(1);
  const std::string last = enter();
  EXPECT_TRUE(sessions_.find(first));
  EXPECT_TRUE(sessions_.find(last));
  const std::string link = sessions_.make_link();
  for (std::size_t i = 0; i < Sessions::most_links; ++i) {
    now_ += std::chrono::milliseconds(1);
    sessions_.make_link();
  }
  EXPECT_FALSE(sessions_.enter(link));
}

TEST_F(SessionTest, RequestsAreCounted) {
  std::string cookie = enter();
  const std::string other = enter();
  for (int i = 0; i < static_cast<int>(Sessions::requests_at_once); ++i)
    ASSERT_FALSE(sessions_.count_request(cookie)) << i;
  EXPECT_EQ(sessions_.count_request(cookie), 1u);
  EXPECT_FALSE(sessions_.count_request(other));
  cookie = sessions_.renew(cookie, "jo")->cookie;  // which is no way around it
  EXPECT_EQ(sessions_.count_request(cookie), 1u);
  now_ += std::chrono::seconds(1);
  for (int i = 0; i < static_cast<int>(Sessions::requests_a_second); ++i)
    ASSERT_FALSE(sessions_.count_request(cookie)) << i;
  EXPECT_TRUE(sessions_.count_request(cookie));
}

TEST(Rate, ABucketFillsWithTimeAndNoFurther) {
  RateClock::time_point now = RateClock::now();
  TokenBucket bucket(2, 0.5);
  EXPECT_TRUE(bucket.take(now));
  EXPECT_TRUE(bucket.take(now));
  EXPECT_FALSE(bucket.take(now));
  EXPECT_EQ(bucket.wait(now), 3u);
  now += std::chrono::seconds(2);
  EXPECT_TRUE(bucket.take(now));
  EXPECT_FALSE(bucket.take(now));
  now -= std::chrono::hours(1);  // a clock that steps back gives nothing
  EXPECT_FALSE(bucket.take(now));
  now += std::chrono::hours(9);
  EXPECT_TRUE(bucket.take(now));
  EXPECT_TRUE(bucket.take(now));
  EXPECT_FALSE(bucket.take(now));
  bucket.give_back();
  EXPECT_TRUE(bucket.take(now));
}

TEST(Cookie, IsFoundByItsWholeNameOnce) {
  EXPECT_EQ(cookie_value("a=1; carrel=x; b=2", "carrel"), "x");
  EXPECT_EQ(cookie_value("carrel=x", "carrel"), "x");
  EXPECT_EQ(cookie_value("carrel=x=y", "carrel"), "x=y");
  for (const char* none : {"", "carrel", "xcarrel=x", "carrelx=x", "carrel=x; carrel=y", ";;=;", "carrel ="})
    EXPECT_EQ(cookie_value(none, "carrel"), "") << none;
  EXPECT_TRUE(same_secret("abc", "abc"));
  EXPECT_FALSE(same_secret("abc", "abd"));
  EXPECT_FALSE(same_secret("", "abd"));
}

}  // namespace
}  // namespace carrel
