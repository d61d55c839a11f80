// One that is unlike all others of its kind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;

std::string cron(const std::string& name, const std::string& zone) {
  return object_head("batch/v1", "CronJob", name) + "spec: {schedule: '30 18 * * *', timeZone: " + zone +
         "}\n";
}

std::string account(const std::string& name, const std::string& as) {
  return "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: " + name +
         ", namespace: shop, annotations: {iam.gke.io/gcp-service-account: " + as + "}}\n";
}

TEST(Peers, ACronJobInAnotherTimeZoneThanAllOthersIsTold) {
  const auto told = [](const std::string& zone) {
    return detect_in(cron("close", zone) + cron("open", "Europe/Madrid") + cron("rates", "Europe/Madrid"), {},
                     "Why does the job close start six hours late?");
  };
  const auto found = told("America/New_York");
  const Observation* one = find_by(found, "cronjob-zone-unlike");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(
      one->cause,
      HasSubstr("time zone America/New_York, the other CronJobs there that name one in Europe/Madrid"));
  EXPECT_EQ(find_by(told("Europe/Madrid"), "cronjob-zone-unlike"), nullptr);
  EXPECT_EQ(find_by(detect_in(cron("a", "UTC") + cron("b", "UTC") + cron("close", "Etc/UTC"), {},
                              "Why is close late?"),
                    "cronjob-zone-unlike"),
            nullptr);
  // Of two nobody knows which is right.
  EXPECT_EQ(
      find_by(detect_in(cron("a", "UTC") + cron("b", "Europe/Rome"), {}, "Why?"), "cronjob-zone-unlike"),
      nullptr);
}

TEST(Peers, AServiceAccountOfAnotherProjectIsTold) {
  const auto told = [](const std::string& project) {
    return detect_in(account("thumbs", "thumbs@" + project + ".iam.gserviceaccount.com") +
                         account("ingest", "ingest@acme-prod.iam.gserviceaccount.com"),
                     {}, "Why does thumbs get 403 from its bucket?");
  };
  const auto found = told("acme-staging");
  const Observation* one = find_by(found, "rbac-identity-unlike");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->culprit.name, "thumbs");
  EXPECT_THAT(one->cause, HasSubstr("acts in the cloud as thumbs@acme-staging.iam.gserviceaccount.com"));
  EXPECT_EQ(find_by(told("acme-prod"), "rbac-identity-unlike"), nullptr);
}

TEST(Peers, AReplicaThatRunsAnotherImageUnderTheSameTagIsTold) {
  const auto replica = [](const std::string& name, const std::string& digest) {
    std::string text =
        object_head("v1", "Pod", name) +
        "spec: {nodeName: w-7, containers: [{name: main, image: 'x/y:stable', imagePullPolicy: "
        "IfNotPresent}]}\nstatus: {phase: Running, containerStatuses: [{name: main, ready: true, "
        "restartCount: 0, imageID: 'x/y@sha256:" +
        digest + "'}]}\n";
    return text.replace(text.find("namespace: shop"), 15,
                        "namespace: shop, labels: {pod-template-hash: 66c9}");
  };
  const auto told = [&](const std::string& digest) {
    return detect_in(replica("quote-66c9-a", "9e0c4d6f5b7a8132") + replica("quote-66c9-b", digest) +
                         replica("quote-66c9-c", "9e0c4d6f5b7a8132"),
                     {}, "Which of the replicas of quote is different?");
  };
  const auto found = told("1b77aa09c3f2e5d4");
  const Observation* one = find_by(found, "image-unlike");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->culprit.name, "quote-66c9-b");
  EXPECT_THAT(one->cause, HasSubstr("under the same tag x/y:stable its digest is not theirs"));
  EXPECT_THAT(one->cause, HasSubstr("what node w-7 pulled before the tag was moved"));
  EXPECT_EQ(find_by(told("9e0c4d6f5b7a8132"), "image-unlike"), nullptr);
}

}  // namespace
}  // namespace carrel
