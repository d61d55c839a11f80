// Where programs say that they listen, and who asks them elsewhere.
#include "room/evidence/listening.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/combine.h"
#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;

struct Line {
  std::string text;
  std::int64_t port = 0;
  bool loopback = false;
  bool aside = false;
};

class Lines : public ::testing::TestWithParam<Line> {};

TEST_P(Lines, TellTheirPort) {
  const auto port = listening_in(GetParam().text);
  if (GetParam().port == 0) {
    EXPECT_FALSE(port) << port->number;
    return;
  }
  ASSERT_TRUE(port);
  EXPECT_EQ(port->number, GetParam().port);
  EXPECT_EQ(port->loopback, GetParam().loopback);
  EXPECT_EQ(port->aside, GetParam().aside);
}

INSTANTIATE_TEST_SUITE_P(
    OfManyPrograms, Lines,
    ::testing::Values(
        Line{"   - Local:        http://localhost:3000", 3000},
        Line{"INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)", 8000, true},
        Line{"[2026-01-02 10:11:12 +0000] [7] [INFO] Listening at: http://0.0.0.0:8000 (7)", 8000},
        Line{"2026-01-02 10:11:12.345  INFO 1 --- [main] o.s.b.w.embedded.tomcat.TomcatWebServer : Tomcat "
             "started on "
             "port(s): 8080 (http) with context path ''",
             8080},
        Line{"      Now listening on: http://[::]:8080", 8080},
        Line{"      Now listening on: http://localhost:5000", 5000, true},
        Line{"Server listening on http://localhost:3000", 3000},
        Line{R"({"level":"info","ts":"2026-01-02T10:11:12Z","msg":"listening","pid":4711,"port":9000})",
             9000},
        Line{R"({"level":30,"time":1735812672000,"msg":"Server listening at http://0.0.0.0:8081"})", 8081},
        Line{R"(time=2026-01-02T10:11:12Z level=INFO msg="starting server" addr=:8080)", 8080},
        Line{R"({"msg":"starting server","addr":":8443"})", 8443},
        Line{"LOG:  listening on IPv4 address \"0.0.0.0\", port 5432", 5432},
        Line{"2026/01/02 10:11:12 metrics server listening on :9090", 9090, false, true},
        Line{"listening on [::1]:6379", 6379, true},
        Line{"LOG:  listening on Unix socket \"/var/run/postgresql/.s.PGSQL.5432\""},
        Line{"listen tcp :8080: bind: address already in use, stopped listening on :8080"},
        Line{"worker 7 started listening at 10:11:12"}, Line{"listening for events since 12:30"},
        Line{"connected to the broker listening on kafka:9092"}, Line{"listening on port 812345"}, Line{""}));

TextFile log_of(const std::string& pod, const std::string& container = "main") {
  return {"logs/" + pod + ".log", TextFile::Kind::log, "shop", pod, container};
}

TEST(Listening, AServiceThatSendsElsewhereIsTold) {
  const auto found = [](const std::string& target, const std::string& line, const std::string& pod) {
    ListeningPorts ports;
    ports.note(log_of(pod), 7, line);
    Inventory inventory;
    add_yaml(&inventory, "services.yaml",
             object_head("v1", "Service", "web") +
                 "spec: {selector: {app: web}, ports: [{port: 80, targetPort: " + target + "}]}\n" +
                 deployment("web", plain_pod));
    return detect(inventory, "Why does web answer 502?", ports);
  };
  const std::string pod = "web-6f85d7cbb6-q7x8d";
  const auto elsewhere = found("8080", "listening on :3000", pod);
  const Observation* one = find_by(elsewhere, "service-target-unheard");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause,
              HasSubstr("sends port 80 to targetPort 8080, but by its log web listens on port 3000"));
  ASSERT_EQ(one->lines.size(), 2u);
  EXPECT_EQ(one->lines[1].at.file, "logs/" + pod + ".log");
  EXPECT_EQ(one->lines[1].at.line, 7u);
  // The name of a port is its number; the loopback address serves nobody else.
  EXPECT_NE(find_by(found("http", "listening on :3000", pod), "service-target-unheard"), nullptr);
  EXPECT_NE(find_by(found("8080", "listening on 127.0.0.1:8080", pod), "service-target-loopback"), nullptr);
  // It listens there; it speaks of other ports alone; it is another's log.
  for (const auto& [line, whose] :
       std::vector<std::pair<std::string, std::string>>{{"listening on :8080", pod},
                                                        {"metrics listening on :9090", pod},
                                                        {"listening on :3000", "api-6f85d7cbb6-q7x8d"}}) {
    const auto none = found("8080", line, whose);
    EXPECT_EQ(find_by(none, "service-target-unheard"), nullptr) << line;
    EXPECT_EQ(find_by(none, "service-target-loopback"), nullptr) << line;
  }
}

TEST(Listening, NothingIsConcludedWhereSeveralContainersSpeak) {
  ListeningPorts ports;
  ports.note(log_of("web-0"), 1, "listening on :3000");
  EXPECT_NE(unheard(ports.of("shop", "web-0"), "", 8080).instead, nullptr);
  ports.note(log_of("web-0", "proxy"), 1, "listening on :15001");
  EXPECT_EQ(unheard(ports.of("shop", "web-0"), "", 8080).instead, nullptr);
  EXPECT_EQ(unheard(ports.of("shop", "web-0"), "main", 8080).instead->port.number, 3000);
  EXPECT_EQ(unheard(ports.of("shop", "web-0"), "main", 3000).instead, nullptr);
  EXPECT_EQ(unheard(ports.of("shop", "other"), "", 8080).instead, nullptr);
  // What is said late, or by no pod, is not kept.
  ports.note(log_of("late-0"), 501, "listening on :3000");
  ports.note({"host.log", TextFile::Kind::log, "", "", ""}, 1, "listening on :3000");
  EXPECT_TRUE(ports.of("shop", "late-0").empty());
  EXPECT_TRUE(ports.of("", "").empty());
}

TEST(Listening, MemoryIsBounded) {
  ListeningPorts ports;
  for (int port = 1000; port < 2000; ++port)
    ports.note(log_of("web-0"), 1, "listening on :" + std::to_string(port));
  EXPECT_EQ(ports.of("shop", "web-0").size(), 32u);
}

TEST(Listening, AProbeThatIsRefusedIsToldWhereItsContainerListens) {
  const auto cause = [](const std::string& line) {
    ListeningPorts ports;
    ports.note(log_of("web-0"), 3, line);
    Inventory inventory;
    add_yaml(&inventory, "events.yaml",
             event_about("Pod", "web-0", "Unhealthy",
                         "Readiness probe failed: Get \"http://10.1.2.3:8080/healthz\": dial tcp "
                         "10.1.2.3:8080: connect: connection refused"));
    const auto found = detect(inventory, "Why is web-0 not ready?", ports);
    const Observation* one = find_by(found, "probe-failing");
    return one == nullptr ? "" : one->cause;
  };
  EXPECT_THAT(cause("listening on :9000"), HasSubstr("by its log it listens on port 9000"));
  EXPECT_THAT(cause("listening on 127.0.0.1:8080"),
              HasSubstr("by its log it listens on 127.0.0.1, port 8080 alone"));
  EXPECT_THAT(cause("listening on :8080"), ::testing::Not(HasSubstr("by its log")));
}

TEST(Listening, WhoIsRefusedAtAServicesPortIsToldOfTheService) {
  Observation service;
  service.detector = "service-target-unheard";
  service.verdict = Verdict::fault;
  service.cause =
      "Service web in namespace shop sends port 80 to targetPort 8080, but by its log web listens on port "
      "3000";
  service.strength = service.weight = 0.6;
  service.culprit = {"service", "shop", "web", true};
  service.lines.push_back({{"services.yaml", 4, 4, ""}, "targetPort: 8080", "", 1, 0.6});
  const auto first = [&](const std::string& upstream) {
    Observation log;
    log.detector = "log-upstream-failed";
    log.verdict = Verdict::fault;
    log.cause = "Container controller gets no good answer from its upstream";
    log.strength = log.weight = 0.8;
    log.culprit = {"pod", "ingress", "controller-0", true};
    log.lines.push_back({{"controller.log", 1, 1, ""},
                         "connect() failed (111: Connection refused), upstream: " + upstream,
                         "",
                         1,
                         0.8});
    return combine({service}, {log}, Question("Why does the shop answer 502?"))[0].detector;
  };
  EXPECT_EQ(first("\"http://10.8.4.16:8080/\""), "service-target-unheard");
  EXPECT_EQ(first("\"http://10.8.4.16:80801/\""), "log-upstream-failed");
  EXPECT_EQ(first("\"http://10.8.4.16:9000/\""), "log-upstream-failed");
}

}  // namespace
}  // namespace carrel
