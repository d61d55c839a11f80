// Pods that began before a Secret or ConfigMap of theirs was changed.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/combine.h"
#include "room/evidence/detector_case.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;

std::string secret(const std::string& metadata) {
  return "---\napiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop, creationTimestamp: "
         "'2026-01-02T08:00:00Z', " +
         metadata + "}\n";
}

std::string managed(const std::string& time, const std::string& fields) {
  return "managedFields: [{manager: vault, time: '" + time + "', fieldsV1: {" + fields + "}}]";
}

std::string pod(const std::string& started) {
  return object_head("v1", "Pod", "ledger-7c9d5b6f8b-mz4kr") +
         "spec: {containers: [{name: main, image: 'x/y:1', env: [{name: DB_PASSWORD, valueFrom: "
         "{secretKeyRef: "
         "{name: db, key: password}}}]}]}\nstatus: {phase: Running, containerStatuses: [{name: main, ready: "
         "true, "
         "state: {running: {startedAt: '" +
         started + "'}}}]}\n";
}

std::string told(const std::string& yaml, const std::string& question) {
  const auto found = detect_in(yaml, {}, question);
  const Observation* stale = find_by(found, stale_settings);
  return stale == nullptr ? "" : fmt::format("{:.2f} {}", stale->weight, stale->cause);
}

constexpr const char* asks = "The password was rotated, why is ledger refused?";

TEST(StaleSettings, OfAPodThatBeganBeforeItsSecretWasChanged) {
  const std::string changed = secret(managed("2026-03-01T10:00:00Z", "'f:data': {}"));
  EXPECT_THAT(
      told(changed + pod("2026-02-01T10:00:00Z"), asks),
      HasSubstr("runs since 2026-02-01T10:00:00Z, and Secret db in namespace shop was changed after that "
                "(2026-03-01T10:00:00Z): what it has in its environment (DB_PASSWORD) is the old value"));
  EXPECT_EQ(told(changed + pod("2026-03-01T10:05:00Z"), asks), "") << "it was started again";
  EXPECT_EQ(
      told(secret(managed("2026-03-01T10:00:00Z", "'f:metadata': {}")) + pod("2026-02-01T10:00:00Z"), asks),
      "")
      << "its labels were changed, not its data";
  EXPECT_EQ(told(secret("annotations: {rotated-at: 'last week'}") + pod("2026-02-01T10:00:00Z"), asks), "");
  EXPECT_THAT(
      told(secret("annotations: {rotated-at: '2026-03-01T10:00:00Z'}") + pod("2026-02-01T10:00:00Z"), asks),
      HasSubstr("0.88 Pod ledger"));
}

TEST(StaleSettings, UnaskedTellLittleUntilALogSaysThatItIsRefused) {
  const std::string yaml =
      secret(managed("2026-03-01T10:00:00Z", "'f:data': {}")) + pod("2026-02-01T10:00:00Z");
  const std::string question = "Why does ledger fail?";
  const auto found = detect_in(yaml, {}, question);
  ASSERT_NE(find_by(found, stale_settings), nullptr);
  EXPECT_LT(find_by(found, stale_settings)->weight, 0.33);
  const auto log = [](const std::string& detector) {
    Observation made;
    made.detector = detector;
    made.strength = made.weight = 0.6;
    made.verdict = Verdict::fault;
    made.culprit = {"pod", "shop", "ledger-7c9d5b6f8b-mz4kr", true};
    made.cause = "Pod ledger fails to authenticate: password authentication failed for user \"ledger\".";
    made.lines.push_back(
        {{"ledger.log", 1, 1, ""}, "password authentication failed for user \"ledger\"", "", 1, 0.6});
    return made;
  };
  const auto refused = combine(found, {log("log-authentication-failed")}, Question(question));
  EXPECT_EQ(refused[0].detector, stale_settings);
  EXPECT_EQ(refused[0].lines.back().quote, "password authentication failed for user \"ledger\"");
  EXPECT_EQ(combine(found, {log("log-timeout")}, Question(question))[0].detector, "log-timeout");
}

}  // namespace
}  // namespace carrel
