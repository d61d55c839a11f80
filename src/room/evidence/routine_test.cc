#include "room/evidence/routine.h"

#include <gtest/gtest.h>

#include "room/evidence/question.h"

namespace carrel {
namespace {

TEST(Routine, KnowsWhatIsWrittenWhereNothingIsWrong) {
  const Question open("What is the likely root cause of the trouble in this bundle?");
  for (const char* const line :
       {R"(E0924 10:56:21.763377 1 timeout.go:142] "Post-timeout activity" timeElapsed="5.7ms" method="GET")",
        "kubelet[1493]: inotify_add_watch /sys/fs/cgroup/kubepods.slice/cri-containerd-48: no such file or "
        "directory",
        "org.apache.catalina.connector.ClientAbortException: java.io.IOException: Broken pipe",
        R"({"level":50,"err":{"type":"Error","message":"aborted","code":"ECONNRESET"},"msg":"aborted"})",
        "[WARN ] [ignore_throttled] parameter is deprecated because frozen indices have been deprecated",
        "ERROR:  duplicate key value violates unique constraint \"schedule_lock_pkey\""})
    EXPECT_TRUE(is_routine(line, open)) << line;
  for (const char* const line :
       {"upstream prematurely closed connection while reading response header from upstream, client: "
        "10.1.1.1",
        "Reconciler error: Secret \"db\" not found",
        "inotify_add_watch /sys/fs/cgroup/x: no space left on device", "Error: read ECONNRESET",
        "ERROR:  duplicate key value violates unique constraint \"orders_pkey\"", "connection refused", ""})
    EXPECT_FALSE(is_routine(line, open)) << line;
}

TEST(Routine, WhatIsAskedAboutIsNone) {
  const char* const line =
      "(node:1) MaxListenersExceededWarning: Possible EventEmitter memory leak detected.";
  EXPECT_TRUE(is_routine(line, Question("Why is the page empty?")));
  EXPECT_FALSE(is_routine(line, Question("Why does its memory grow?")));
}

}  // namespace
}  // namespace carrel
