#include "room/evidence/line_class.h"

#include <gtest/gtest.h>

namespace carrel {
namespace {

struct Sample {
  const char* line;
  Severity severity;
  const char* message;
};

class Levels : public ::testing::TestWithParam<Sample> {};

TEST_P(Levels, ReadsLevelAndMessage) {
  const LineClass found = classify(GetParam().line);
  EXPECT_EQ(found.severity, GetParam().severity) << GetParam().line;
  if (*GetParam().message != 0) {
    EXPECT_EQ(found.message, GetParam().message);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Formats, Levels,
    ::testing::Values(
        Sample{"E0612 10:00:00.000001       1 reflector.go:138] Failed to watch *v1.Pod: unknown",
               Severity::error, "Failed to watch *v1.Pod: unknown"},
        Sample{"I0612 10:00:00.000001       1 server.go:191] \"Failed probe\" probe=\"ready\" err=\"no "
               "metrics\"",
               Severity::info, ""},
        Sample{"runner_errors_total{level=\"fatal\"} 0", Severity::debug, ""},
        Sample{"2025-10-08 16:18:15.234 ERROR [http-nio-8080-exec-32] c.a.client.StripeClient - Payment API "
               "call failed",
               Severity::error, "Payment API call failed"},
        Sample{"2025-10-08 16:18:30.890 SUCCESS [exec-33] c.a.client.StripeClient - Payment processed",
               Severity::info, "Payment processed"},
        Sample{"2025-06-20T10:37:30.113Z [ERROR] auth-service - Authentication failed", Severity::error,
               "auth-service - Authentication failed"},
        Sample{"ERROR:app:Error checking for promotions: (2003)", Severity::error,
               "Error checking for promotions: (2003)"},
        Sample{"INFO:     127.0.0.1:56752 - \"GET / HTTP/1.1\" 200 OK", Severity::info, ""},
        Sample{"2025-06-19 08:35:17,235 ERROR    SSL certificate expired", Severity::error,
               "SSL certificate expired"},
        Sample{"ts=2025-05-22T06:30:34Z caller=main.go:108 Error=\"Unable to connect to Database\" "
               "DSN=u@tcp(db:3306)/s",
               Severity::error, "Unable to connect to Database; u@tcp(db:3306)/s"},
        Sample{"time=\"2025-01-01T00:00:00Z\" level=warning msg=\"disk is filling\" err=\"x y\"",
               Severity::warning, "disk is filling: x y"},
        Sample{
            "{\"level\":\"error\",\"ts\":1.5,\"msg\":\"cannot bind\",\"error\":\"address already in use\"}",
            Severity::error, "cannot bind: address already in use"},
        Sample{"{\"level\":50,\"time\":1,\"pid\":1,\"msg\":\"boom\"}", Severity::error, "boom"},
        Sample{"{\"severity\":\"ERROR\",\"message\":\"a \\\"b\\\" \\u0026 c\"}", Severity::error,
               "a \"b\" & c"},
        Sample{"2025/07/07 05:54:40 [emerg] 1#1: host not found in upstream \"api\"", Severity::fatal, ""},
        Sample{"2025/07/07 05:54:40 [notice] 1#1: start worker processes", Severity::info, ""},
        Sample{"2025-01-01 00:00:00.000 UTC [77] FATAL:  password authentication failed for user \"app\"",
               Severity::fatal, "password authentication failed for user \"app\""},
        Sample{"2025-01-01T00:00:00.000000Z 0 [ERROR] [MY-010119] [Server] Aborting", Severity::error,
               "Aborting"},
        Sample{"[2025-01-01 00:00:00,123] ERROR [KafkaServer id=1] Fatal error during startup (kafka.Server)",
               Severity::error, "Fatal error during startup (kafka.Server)"},
        Sample{"Jun 12 10:00:01 node-1 kubelet[812]: Failed to start container", Severity::error, ""},
        Sample{"panic: runtime error: invalid memory address or nil pointer dereference", Severity::fatal,
               ""},
        Sample{"Exception in thread \"main\" java.lang.IllegalStateException: x", Severity::fatal, ""},
        Sample{"10.0.0.1 - - [12/Jun/2025:10:00:00 +0000] \"GET /x HTTP/1.1\" 503 12", Severity::error, ""},
        Sample{"10.0.0.1 - - [12/Jun/2025:10:00:00 +0000] \"GET /x HTTP/1.1\" 200 12", Severity::info, ""},
        Sample{"/bin/sh: syntax error: unexpected \"fi\"", Severity::error, ""},
        Sample{"<3>kernel: Out of memory: Killed process 12 (java)", Severity::error, ""},
        Sample{"\x1b[31mERROR\x1b[0m something", Severity::error, ""},
        Sample{"2025-06-20 10:00:05.000 ERROR 1 --- [           main] o.s.boot.SpringApplication     : "
               "Application run "
               "failed",
               Severity::error, "Application run failed"},
        Sample{"1:M 12 Jun 2025 10:01:00.123 # MISCONF Redis is configured", Severity::warning,
               "MISCONF Redis is configured"},
        Sample{"2025-06-20 10:04:00.000000+00:00 [error] <0.9.0> Mnesia lost", Severity::error,
               "Mnesia lost"},
        Sample{"2025/06/20 10:00:01 [error] 29#29: *1 upstream timed out", Severity::error,
               "upstream timed out"},
        Sample{"[2025-06-04 11:42:04,078: WARNING/ForkPoolWorker-2] Task sync retry", Severity::warning,
               "Task sync retry"},
        Sample{"fail: Microsoft.Hosting[0]", Severity::error, ""}));

INSTANTIATE_TEST_SUITE_P(
    FalseAlarms, Levels,
    ::testing::Values(
        Sample{"0 errors, 3 warnings found", Severity::unknown, ""},
        Sample{"sync done error=nil", Severity::unknown, ""},
        Sample{"result: error: [] ok", Severity::unknown, ""},
        Sample{"finished without error", Severity::unknown, ""},
        Sample{"opened /var/log/error.log", Severity::unknown, ""},
        Sample{"level=info ts=1 msg=\"scraped http_errors_total\" error=null", Severity::info, ""},
        Sample{"2025-01-01 00:00:00 DEBUG x.y - connection refused, retrying", Severity::debug, ""},
        Sample{"{\"level\":\"info\",\"msg\":\"error page rendered\",\"err\":null}", Severity::info, ""},
        Sample{"Running...", Severity::unknown, "Running..."}, Sample{"", Severity::unknown, ""}));

TEST(LineClass, FindsTheTime) {
  EXPECT_EQ(classify("2025-06-19 08:35:17,235 ERROR    x").time, "2025-06-19 08:35:17,235");
  EXPECT_EQ(classify("ts=2025-05-22T06:30:34Z caller=m.go:1 msg=\"x\"").time, "2025-05-22T06:30:34Z");
  EXPECT_EQ(classify("{\"ts\":\"2025-05-22T06:30:34Z\",\"msg\":\"x\"}").time, "2025-05-22T06:30:34Z");
  EXPECT_EQ(classify("Jun 12 10:00:01 host sshd[1]: x").time, "Jun 12 10:00:01");
  EXPECT_EQ(classify("[2025-06-04 11:42:04,078: INFO/MainProcess] x").time, "2025-06-04 11:42:04,078");
  EXPECT_EQ(classify("no time").time, "");
}

TEST(LineClass, TakesAnyBytes) {
  constexpr std::string_view kBytes = "{}[]<>\"\\:=, -0129TZeErRoOJan\x1b\xff\xc3m";
  std::uint32_t random = 7;
  for (int round = 0; round < 3000; ++round) {
    std::string line;
    for (int i = 0; i < 60; ++i) {
      random = random * 1664525u + 1013904223u;
      line.push_back(kBytes[(random >> 20) % kBytes.size()]);
    }
    const LineClass found = classify(line);
    EXPECT_LE(found.body.size(), line.size());
  }
}

TEST(LineClass, AWordInTheNameOfAPictureIsNoLevel) {
  EXPECT_EQ(classify("12:00:01 resize ErrorBoundary.png ok; failed-state.svg ok").severity,
            Severity::unknown);
  EXPECT_EQ(classify("12:00:01 upload failed: badge.png").severity, Severity::error);
}

TEST(LineClass, HowMongoDbReadForASlowQueryIsPartOfTheMessage) {
  EXPECT_EQ(classify("{\"t\":{\"$date\":\"2026-03-02T10:00:06.745+00:00\"},\"s\":\"I\",\"c\":\"COMMAND\","
                     "\"msg\":\"Slow query\","
                     "\"attr\":{\"ns\":\"shop.fares\",\"planSummary\":\"COLLSCAN\",\"durationMillis\":5902}}")
                .message,
            "Slow query (shop.fares: COLLSCAN)");
}

}  // namespace
}  // namespace carrel
