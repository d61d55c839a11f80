// Deliveries that follow another branch than the one that changes go to.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

const std::string question = "We merged tariffs 2.31 to main, but production still runs 2.30. Why?";

std::string cause(const std::vector<Observation>& found) {
  const Observation* one = find_by(found, "delivery-elsewhere");
  return one == nullptr ? "" : fmt::format("{:.2f} {}", one->weight, one->cause);
}

TEST(Deliveries, ABranchThatIsFollowedInsteadOfTheMainlineIsTold) {
  const auto text = [](const std::string& target) {
    return std::vector<std::pair<std::string, std::string>>{
        {"argocd/app-get.txt",
         "Name:               argocd/tariffs-prod\nSource:\n- Repo:             "
         "https://git.example/x.git\n  Target:           " +
             target + "\nSync Status:        Synced to " + target + " (4be07d1)\n"}};
  };
  const std::string told =
      "0.90 Application tariffs-prod follows the target revision hotfix/SC-7 and no mainline: what is merged "
      "elsewhere does not arrive, though it is Synced.";
  EXPECT_EQ(cause(detect_in_files(text("hotfix/SC-7"), question)), told);
  EXPECT_EQ(cause(detect_in_files(text("main"), question)), "");
  EXPECT_EQ(cause(detect_in_files(text("v2.30.1"), question)), "") << "a release is not followed by mistake";
  EXPECT_EQ(cause(detect_in_files(text("hotfix/SC-7"), "Why is tariffs-prod on hotfix/SC-7 slow?")), "");
  EXPECT_EQ(cause(detect_in_files(text("hotfix/SC-7"), "Why is the shop slow?")), "");
}

TEST(Deliveries, OneThatIsNotSyncedIsNotSaidToBe) {
  const auto found =
      detect_in_files({{"argocd/app-get.txt",
                        "Name:         argocd/tariffs-prod\n- Repo:       x.git\n  Target:     "
                        "hotfix/SC-7\nSync Status:  OutOfSync from hotfix/SC-7\n"}},
                      question);
  EXPECT_THAT(cause(found), ::testing::EndsWith("does not arrive."));
}

TEST(Deliveries, AnApplicationSaysItToo) {
  const auto found = detect_in(
      "---\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: tariffs-prod, namespace: "
      "argocd}\nspec: {source: {targetRevision: feature/x}}\nstatus: {sync: {status: Synced}}\n",
      {}, question);
  EXPECT_THAT(cause(found),
              ::testing::HasSubstr("Application tariffs-prod follows the target revision feature/x"));
}

}  // namespace
}  // namespace carrel
