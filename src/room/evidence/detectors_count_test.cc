// Questions that count, and that ask which.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;

std::string pod(const std::string& name, const std::string& space, const std::string& phase,
                const std::string& waiting) {
  std::string text =
      object_head("v1", "Pod", name) +
      "spec: {nodeName: w-1, containers: [{name: main, image: 'x/y:1'}]}\nstatus: {phase: " + phase +
      ", containerStatuses: [{name: main, ready: " + (waiting.empty() ? "true" : "false") +
      ", restartCount: 0, state: {" +
      (waiting.empty() ? "running: {}" : "waiting: {reason: " + waiting + "}") + "}}]}\n";
  return text.replace(text.find("namespace: shop"), 15, "namespace: " + space);
}

TEST(Counts, PodsThatAreNotReadyAreCountedAndNamed) {
  const std::string pods = pod("web-1", "shop", "Running", "") +
                           pod("db-0", "shop", "Running", "CrashLoopBackOff") +
                           pod("mail-0", "shop", "Pending", "ImagePullBackOff") +
                           pod("other-0", "test", "Running", "CrashLoopBackOff");
  const auto in = [&](const std::string& question) {
    const auto found = detect_in(pods, {}, question);
    const Observation* one = find_by(found, "pods-counted");
    return one == nullptr ? std::string() : one->cause;
  };
  EXPECT_EQ(
      in("How many pods of namespace shop are not ready, and which ones?"),
      "2 of 3 pods of namespace shop are not ready: db-0 (CrashLoopBackOff), mail-0 (ImagePullBackOff).");
  EXPECT_THAT(in("How many pods are not ready?"), HasSubstr("3 of 4 pods are not ready"));
  EXPECT_EQ(in("Why is db-0 not ready?"), "");
  EXPECT_EQ(in("How many pods does namespace shop have?"), "");
}

TEST(Counts, WhichPodOfANodeUsesMostIsTold) {
  const auto used = [](const std::string& name, const std::string& memory) {
    return "---\napiVersion: metrics.k8s.io/v1beta1\nkind: PodMetrics\nmetadata: {name: " + name +
           ", namespace: shop}\ncontainers: [{name: main, usage: {cpu: 10m, memory: " + memory + "}}]\n";
  };
  std::string elsewhere = pod("big-0", "shop", "Running", "");
  elsewhere.replace(elsewhere.find("w-1"), 3, "w-2");
  const auto found =
      detect_in(pod("a-0", "shop", "Running", "") + pod("b-0", "shop", "Running", "") + elsewhere +
                    used("a-0", "100Mi") + used("b-0", "900Mi") + used("big-0", "9Gi"),
                {}, "Which pod of node w-1 uses most of its memory?");
  const Observation* one = find_by(found, "uses-most");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause, HasSubstr("Pod b-0 in namespace shop uses the most memory on node w-1: 900Mi"));
}

TEST(Counts, WhoAsksWhyIsNotAnsweredWithACount) {
  const std::string pods =
      pod("web-1", "shop", "Running", "") + pod("db-0", "shop", "Running", "CrashLoopBackOff");
  for (const char* const question :
       {"A number of pods are failing. What is the root cause?", "Which pods crash, and why?",
        "Why is the node almost out of memory, and how many pods are failing because of it?"}) {
    const auto found = detect_in(pods, {}, question);
    EXPECT_EQ(find_by(found, "pods-counted"), nullptr) << question;
    EXPECT_EQ(find_by(found, "uses-most"), nullptr) << question;
  }
}

}  // namespace
}  // namespace carrel
