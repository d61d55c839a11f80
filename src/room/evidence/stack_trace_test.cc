#include "room/evidence/stack_trace.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carrel {
namespace {

using Role = TraceTracker::Role;
using ::testing::ElementsAre;

std::vector<Role> roles(const std::vector<std::string>& lines) {
  TraceTracker tracker;
  std::vector<Role> found;
  for (const std::string& line : lines) found.push_back(tracker.next(line));
  return found;
}

TEST(TraceTracker, Java) {
  EXPECT_THAT(
      roles({"Exception in thread \"main\" a.B: x", "\tat a.B.c(B.java:1)", "Caused by: a.C: y",
             "\tat a.C.d(C.java:2)", "\t... 12 more", "next line"}),
      ElementsAre(Role::none, Role::continues, Role::cause, Role::continues, Role::continues, Role::none));
}

TEST(TraceTracker, Node) {
  EXPECT_THAT(roles({"Error: connect ECONNREFUSED", "    at TCPConnectWrap.x (node:net:1)",
                     "  code: 'ECONNREFUSED'", "}", "done"}),
              ElementsAre(Role::none, Role::continues, Role::continues, Role::continues, Role::none));
}

TEST(TraceTracker, Python) {
  EXPECT_THAT(roles({"Traceback (most recent call last):", "  File \"a.py\", line 1, in f", "    g()",
                     "KeyError: 'x'", "INFO next"}),
              ElementsAre(Role::starts, Role::continues, Role::continues, Role::ends, Role::none));
}

TEST(TraceTracker, PydanticTellsTheFieldBelow) {
  EXPECT_THAT(
      roles({"Traceback (most recent call last):", "  File \"a.py\", line 1, in f",
             "pydantic_core.ValidationError: 1 validation error for Settings", "BUCKET",
             "  Field required [type=missing, input_value={}]", "    For further information visit x"}),
      ElementsAre(Role::starts, Role::continues, Role::cause, Role::cause, Role::ends, Role::none));
}

TEST(TraceTracker, PythonUnderALoggersIndent) {
  EXPECT_THAT(roles({"   Traceback (most recent call last):", "   File \"a.py\", line 1, in f", "      g()",
                     "   KeyError: 'x'", "next"}),
              ElementsAre(Role::starts, Role::continues, Role::continues, Role::ends, Role::none));
}

TEST(TraceTracker, Go) {
  EXPECT_THAT(roles({"panic: boom", "goroutine 1 [running]:", "main.main()", "\t/a.go:1 +0x1", "created by x",
                     "exit status 2"}),
              ElementsAre(Role::none, Role::continues, Role::continues, Role::continues, Role::continues,
                          Role::none));
}

TEST(TraceTracker, OrdinaryIndentedTextIsNone) {
  EXPECT_THAT(roles({"Options:", "  at  least one", "  --help"}),
              ElementsAre(Role::none, Role::none, Role::none));
}

TEST(TraceTracker, EndsWhenItIsTooLong) {
  TraceTracker tracker;
  tracker.next("\tat a.b(c)");
  Role role = Role::continues;
  for (int i = 0; i < 5000 && role == Role::continues; ++i) role = tracker.next("\tat a.b(c)");
  EXPECT_EQ(role, Role::none);
}

TEST(OwnFrame, IsTheProgramsAndNotALibrarys) {
  EXPECT_EQ(own_frame("\tat com.acme.Export.rows(Export.java:88)"), "com.acme.Export.rows(Export.java:88)");
  EXPECT_EQ(own_frame("\tat app//com.acme.Export.rows(Export.java:88)"),
            "com.acme.Export.rows(Export.java:88)");
  EXPECT_EQ(own_frame("\tat com.zaxxer.hikari.HikariDataSource.getConnection(HikariDataSource.java:127)"),
            "");
  EXPECT_EQ(own_frame("\tat java.base/java.lang.Thread.run(Thread.java:1583)"), "");
  EXPECT_EQ(own_frame("    at loadPrices (/app/src/prices.js:12:9)"), "loadPrices (/app/src/prices.js:12:9)");
  EXPECT_EQ(own_frame("    at Layer.handle (/app/node_modules/express/lib/router/layer.js:95:5)"), "");
  EXPECT_EQ(own_frame("  File \"/app/tasks.py\", line 3, in run"), "File \"/app/tasks.py\", line 3, in run");
  EXPECT_EQ(own_frame("  File \"/usr/lib/python3/dist-packages/x.py\", line 3, in run"), "");
  EXPECT_EQ(own_frame("\t/src/internal/discount/engine.go:57 +0x4e"), "/src/internal/discount/engine.go:57");
  EXPECT_EQ(own_frame("\t/usr/local/go/src/runtime/panic.go:792 +0x132"), "");
  EXPECT_EQ(own_frame("I0612 10:00:00 main.go:12 up"), "");
  EXPECT_EQ(own_frame("Caused by: com.acme.Broken: x"), "");
}

}  // namespace
}  // namespace carrel
