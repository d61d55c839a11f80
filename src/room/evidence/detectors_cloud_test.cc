// What was taken away in the cloud.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/combine.h"
#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;

std::string looked_up(const std::string& call, const std::string& time) {
  return "{\"Events\": [\n{\"EventName\": \"CreateTags\", \"EventTime\": "
         "\"2025-11-11T10:13:00+00:00\"},\n{\"EventName\": \"" +
         call + "\",\n\"EventTime\": \"2025-11-11T" + time +
         ":31+00:00\", \"Username\": \"net-apply\",\n\"Resources\": [{\"ResourceName\": \"sg-0c41\"}]}]}\n";
}

TEST(Cloud, WhatWasTakenAwayJustBeforeIsWhyItIsNotReached) {
  Observation log;
  log.detector = "log-cache-unreachable";
  log.verdict = Verdict::fault;
  log.cause = "Pod session-0 cannot reach its cache";
  log.strength = log.weight = 0.84;
  log.culprit = {"pod", "identity", "session-0", true};
  log.lines.push_back({{"a.log", 1, 1, ""}, "Timeout connecting to server", "", 1, 0.84});
  const auto first = [&](const std::string& call, const std::string& time) {
    const std::string question =
        "Logins fail since 10:13 (session in namespace identity). What is the root cause?";
    return combine(detect_in_files({{"aws/cloudtrail.json", looked_up(call, time)}}, question), {log},
                   Question(question))[0];
  };
  const Observation one = first("RevokeSecurityGroupIngress", "10:12");
  EXPECT_EQ(one.detector, "cloud-call");
  EXPECT_THAT(
      one.cause,
      HasSubstr("net-apply at 2025-11-11T10:12:31+00:00 called RevokeSecurityGroupIngress on sg-0c41"));
  EXPECT_EQ(one.lines[0].at.line, 3u);
  // What only adds something, and what was hours before.
  EXPECT_EQ(first("CreateSnapshot", "10:12").detector, "log-cache-unreachable");
  EXPECT_EQ(first("RevokeSecurityGroupIngress", "07:12").detector, "log-cache-unreachable");
}

TEST(Cloud, RecordsOfATrailAreReadLikeWhatIsLookedUp) {
  const auto found = detect_in_files(
      {{"trail.json",
        "{\"Records\": [{\"eventName\": \"DeleteRoute\", \"eventTime\": \"2025-11-11T10:12:31Z\", "
        "\"userIdentity\": {\"userName\": \"ops\"}, \"requestParameters\": {\"routeTableId\": "
        "\"rtb-7\"}}]}"}},
      "Why is nothing reached since 10:13?");
  const Observation* one = find_by(found, "cloud-call");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause, HasSubstr("ops at 2025-11-11T10:12:31Z called DeleteRoute on rtb-7"));
}

TEST(Cloud, AKeyThatIsToBeDeletedIsTold) {
  const auto told = [](const std::string& state) {
    return detect_in_files(
        {{"kms.json", "{\"KeyMetadata\": {\"KeyId\": \"6f0e\", \"KeyState\": \"" + state + "\"}}"}},
        "Why can nothing be read?");
  };
  const auto found = told("PendingDeletion");
  const Observation* one = find_by(found, "cloud-key-unusable");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->cause, "KMS key 6f0e is pending deletion: nothing that it encrypts can be read.");
  EXPECT_EQ(find_by(told("Enabled"), "cloud-key-unusable"), nullptr);
}

TEST(Cloud, APortThatIsOpenOnlyToAGroupThatNoMachineHasIsShut) {
  const auto told = [](const std::string& admitted, const std::string& ranges) {
    return detect_in_files(
        {{"aws/instances.json",
          "{\"Reservations\": [{\"Instances\": [{\"SecurityGroups\": [\n{\"GroupId\": \"sg-new\"}]}]}]}\n"},
         {"aws/groups.json",
          "{\"SecurityGroups\": [{\"GroupId\": \"sg-cache\", \"GroupName\": \"points-redis\", "
          "\"IpPermissions\": "
          "[{\"FromPort\": 6379, \"IpRanges\": [" +
              ranges + "], \"UserIdGroupPairs\": [\n{\"GroupId\": \"" + admitted + "\"}]}]}]}\n"}},
        "Why does points time out since its nodes were replaced?");
  };
  const auto found = told("sg-old", "");
  const Observation* one = find_by(found, "cloud-port-shut");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->cause,
            "Security group sg-cache (points-redis) opens port 6379 only to sg-old, and the machines have "
            "sg-new: what "
            "they send there is dropped.");
  EXPECT_EQ(one->lines[0].at.file, "aws/groups.json");
  EXPECT_EQ(one->lines[1].at.file, "aws/instances.json");
  EXPECT_EQ(find_by(told("sg-new", ""), "cloud-port-shut"), nullptr);
  EXPECT_EQ(find_by(told("sg-old", "{\"CidrIp\": \"10.0.0.0/8\"}"), "cloud-port-shut"), nullptr);
}

TEST(Cloud, ARoleThatAnotherServiceAccountMayTakeIsTold) {
  const auto told = [](const std::string& subject) {
    Inventory inventory;
    add_yaml(&inventory, "accounts.yaml",
             "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: thumbs, namespace: media-prod, "
             "annotations: {eks.amazonaws.com/role-arn: 'arn:aws:iam::1:role/writer'}}\n");
    Document file{"aws/role.json",
                  "{\"Role\": {\"RoleName\": \"writer\", \"Arn\": \"arn:aws:iam::1:role/writer\",\n"
                  "\"AssumeRolePolicyDocument\": {\"Statement\": [{\"Condition\": {\"StringEquals\": {\n"
                  "\"oidc.example:aud\": \"sts.amazonaws.com\",\n\"oidc.example:sub\": " +
                      subject + "}}}]}}}\n",
                  {}};
    file.find_lines();
    inventory.add(std::move(file));
    const auto found = detect(inventory, "Why is the upload denied?");
    const Observation* one = find_by(found, "cloud-role-untrusted");
    return one == nullptr ? "" : one->cause;
  };
  EXPECT_EQ(told("\"system:serviceaccount:media:thumbs\""),
            "The trust policy of role writer lets only system:serviceaccount:media:thumbs assume it, and "
            "ServiceAccount thumbs in namespace media-prod is system:serviceaccount:media-prod:thumbs: "
            "sts:AssumeRoleWithWebIdentity is refused, whatever the role may do.");
  for (const char* const subject :
       {"\"system:serviceaccount:media-prod:thumbs\"", "\"system:serviceaccount:media-*:thumbs\"",
        "[\"system:serviceaccount:media:thumbs\", \"system:serviceaccount:media-prod:thumbs\"]", "\"\"",
        "{}"})
    EXPECT_EQ(told(subject), "") << subject;
}

TEST(Cloud, OddTrailsSayNothing) {
  for (const char* const text :
       {"{\"Events\": [{\"EventName\": 5}]}", "{\"Events\": {\"EventName\": \"DeleteRoute\"}}",
        "\"EventName\"", "{\"Events\": [{\"EventName\": \"\"}]}", "{\"KeyMetadata\": []}"})
    EXPECT_TRUE(detect_in_files({{"a.json", text}}, "Why?").empty()) << text;
}

}  // namespace
}  // namespace carrel
