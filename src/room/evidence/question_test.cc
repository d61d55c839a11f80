#include "room/evidence/question.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carrel {
namespace {

using ::testing::ElementsAre;

TEST(Question, KnowsNamesAndTheirPods) {
  const Question question("Why does api-gateway in namespace shop answer slowly?");
  EXPECT_THAT(question.identifiers(), ElementsAre("api-gateway"));
  EXPECT_TRUE(question.names("api-gateway-5d8f7b9c6-j4k8n"));
  EXPECT_TRUE(question.names("shop"));
  EXPECT_FALSE(question.names("api"));
  EXPECT_FALSE(question.names("billing"));
  EXPECT_TRUE(question.about_performance());
  EXPECT_FALSE(question.several());
}

TEST(Question, KnowsTopicsByOtherWords) {
  EXPECT_FALSE(Question("Is payments-ms healthy?").about_performance());
  EXPECT_TRUE(Question("Why does it take 900 ms?").about_performance());
  const Question login("Users cannot log in. What are the causes?");
  EXPECT_NE(login.topics() & Question::topics_of("Authentication failed: session expired"), 0u);
  EXPECT_EQ(login.topics() & Question::topics_of("pool of workers"), 0u);
  EXPECT_TRUE(login.several());
  EXPECT_TRUE(Question("Is there a fault?").whether());
}

TEST(Question, SharesWordsByStem) {
  const Question question("Why do the uploads of invoices fail?");
  EXPECT_EQ(question.shared_words("uploading an invoice"), 2);
  EXPECT_EQ(question.shared_words("nothing of it"), 0);
}

TEST(Question, MeetsTimes) {
  const Question day("It logged an error on 2025-06-19. Why?");
  EXPECT_EQ(day.meets_time("2025-06-19 08:35:17,235", ""), 1);
  EXPECT_EQ(day.meets_time("2025-06-18 08:00:00", "2025-06-20 01:00:00"), 1);
  EXPECT_EQ(day.meets_time("2025-06-12 22:14:51", ""), -1);
  EXPECT_EQ(day.meets_time("", ""), 0);
  const Question since("Since about 10:20 nobody can sign in. Why?");
  EXPECT_TRUE(since.began_since("2025-09-18 10:21:15,744"));
  EXPECT_FALSE(since.began_since("2025-09-18 09:51:22,072"));
  EXPECT_FALSE(day.began_since("2025-06-19 08:35:17,235"));
  const Question clock("Since about 15:00 users get errors.");
  EXPECT_EQ(clock.meets_time("2025-10-08 15:16:30.567", ""), 1);
  EXPECT_EQ(clock.meets_time("2025-10-08 09:16:30.567", "2025-10-08 10:00:00"), -1);
  EXPECT_EQ(Question("Why?").meets_time("2025-10-08 09:16:30", ""), 0);
}

TEST(Question, KnowsWindowsOfTime) {
  const Question between("What caused the errors between 14:00 and 14:10 UTC?");
  EXPECT_TRUE(between.asks_time());
  EXPECT_EQ(between.in_time("2025-09-14T14:03:00Z ERROR x"), 1);
  EXPECT_EQ(between.in_time("2025-09-14T13:59:00Z ERROR x"), -1);
  EXPECT_EQ(between.in_time("{\"ts\": \"2025-09-14T14:11:00Z\"}"), -1);
  EXPECT_EQ(between.in_time("no time"), 0);
  const Question of_a_day("What happened on 12 May between 02:00 and 03:00?");
  EXPECT_EQ(of_a_day.in_time("{\"time\": \"2025-05-12T02:14:54Z\"}"), 1);
  EXPECT_EQ(of_a_day.in_time("{\"time\": \"2025-05-13T02:05:00Z\"}"), -1);
  EXPECT_EQ(of_a_day.in_time("02:05:00 no day"), 1);
  EXPECT_EQ(between.meets_time("2025-09-14T13:00:00Z", "2025-09-14T15:00:00Z"), 1);
  EXPECT_EQ(between.meets_time("2025-09-14T14:20:00Z", "2025-09-14T15:00:00Z"), -1);
  const Question around("Why did it fail around 3:45 pm?");
  EXPECT_EQ(around.in_time("2025-09-14 15:40:00 x"), 1);
  EXPECT_EQ(around.in_time("2025-09-14 15:20:00 x"), -1);
  EXPECT_EQ(Question("Errors until 9am, why?").in_time("08:00:00 x"), 1);
  EXPECT_FALSE(Question("Why do 12 amateur pods fail?").asks_time());
  // Exact where only whether is asked, else what led to it counts too.
  EXPECT_EQ(Question("Does the log show errors since 14:00?").in_time("13:45:00 x"), -1);
  EXPECT_EQ(Question("Why does it fail since 14:00?").in_time("13:45:00 x"), 1);
}

TEST(Question, KnowsWhenSomethingBegan) {
  const Question dropped("Conversion dropped at 10:02. What is the cause?");
  EXPECT_TRUE(dropped.began_since("2025-09-16T10:03:40Z"));
  EXPECT_FALSE(dropped.began_since("2025-09-16T09:54:25Z"));
  EXPECT_EQ(Question("It fails since noon. Why?").in_time("11:00:00 x"), -1);
  EXPECT_EQ(Question("It fails since noon. Why?").in_time("12:10:00 x"), 1);
}

TEST(Question, KnowsDaysWithoutAYear) {
  const Question night("It crashed in the night of 14 March. What made it crash?");
  EXPECT_EQ(night.meets_time("Mar 16 00:53:27", "Mar 16 00:53:27"), -1);
  EXPECT_EQ(night.meets_time("Mar 15 02:00:00", ""), 0);
  EXPECT_EQ(night.meets_time("2026-03-16T10:00:00Z", ""), -1);
  EXPECT_EQ(Question("It fails since March 14, why?").meets_time("2026-03-16T10:00:00Z", ""), 0);
  EXPECT_EQ(Question("Why did 14 pods fail in March?").meets_time("2026-05-16T10:00:00Z", ""), 0);
}

TEST(Question, KnowsWhenOnlyWhetherIsAsked) {
  EXPECT_TRUE(Question("Does the log of ledger show errors?").whether());
  EXPECT_TRUE(Question("Were there any failures last night?").whether());
  EXPECT_TRUE(Question("The alert came at 03:22. It is 08:36 now: is there still a fault?").only_whether());
  EXPECT_TRUE(Question("Many warnings of web came. Did the rollout go wrong?").only_whether());
  EXPECT_FALSE(Question("Why did the rollout go wrong?").whether());
  EXPECT_FALSE(Question("When did it go wrong?").whether());
  EXPECT_TRUE(Question("The log of api 4.1 has warnings. Does the service have a fault?").only_whether());
  EXPECT_FALSE(Question("Does the pod fail, and what is the error?").whether());
  EXPECT_FALSE(Question("Why does it log errors?").whether());
  EXPECT_TRUE(Question("Did the release land properly?").only_whether());
  EXPECT_TRUE(Question("We upgraded yesterday. Is everything fine now?").only_whether());
  EXPECT_TRUE(Question("Could you look whether the database has a problem?").only_whether());
  EXPECT_FALSE(Question("Does the log show a fault? Which?").only_whether());
  EXPECT_FALSE(Question("The shop answers 404. Why?").only_whether());
  EXPECT_FALSE(Question("Users have a problem since 14:00. Why?").whether());
  EXPECT_FALSE(Question("Why does it not start properly?").whether());
}

TEST(Question, WhoIsToBlameIsNotWhether) {
  EXPECT_FALSE(Question("The page takes 12 s since Tuesday. Did the release break it?").whether());
  EXPECT_TRUE(Question("Did the job fail?").whether());
  EXPECT_TRUE(Question("Customer reports that all is fine again since Tuesday, please check.").whether());
}

TEST(Question, TakesAnything) {
  const Question empty("");
  EXPECT_EQ(empty.shared_words("x"), 0);
  EXPECT_FALSE(empty.names("x"));
  const Question odd("\xff\xfe :: --- 99:99 2025-13-99 \x01");
  EXPECT_EQ(odd.meets_time("2025-10-08 09:16:30", ""), -1);
}

}  // namespace
}  // namespace carrel
