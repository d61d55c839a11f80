// What transcripts of tools tell of paths and disks, and who is told with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/combine.h"
#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string ping(int size, int lost, const std::string& host = "10.30.8.21") {
  return "$ ping -M do -c 4 -s " + std::to_string(size) + " " + host + "\nPING " + host + "\n\n--- " + host +
         " ping statistics ---\n4 packets transmitted, 0 received, " + std::to_string(lost) +
         "% packet loss, time 3028ms\n\n";
}

Observation log_of(const std::string& detector, const Name& culprit, const std::string& quote) {
  Observation made;
  made.detector = detector;
  made.verdict = Verdict::fault;
  made.cause = "Pod " + culprit.name + " suffers: " + quote;
  made.strength = made.weight = 0.8;
  made.culprit = culprit;
  made.lines.push_back({{culprit.name + ".log", 1, 1, ""}, quote, "", 1, 0.8});
  return made;
}

TEST(Transcripts, LargePacketsThatAreLostWhereSmallOnesGetThroughAreTold) {
  const std::string question = "Why do lists of orders time out?";
  const auto found = detect_in_files(
      {{"host/net.txt", ping(1372, 0) + ping(1472, 100) + ping(1472, 0, "10.20.8.12")}}, question);
  const Observation* one = find_by(found, "path-mtu");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause,
              HasSubstr("Large packets do not reach 10.30.8.21: those of 1500 bytes are lost, those of 1400 "
                        "get through (path MTU)"));
  EXPECT_EQ(one->lines.size(), 2u);
  const auto on_node =
      detect_in_files({{"nodes/worker-5/ping.txt", ping(1372, 0) + ping(1472, 100)}}, question);
  ASSERT_NE(find_by(on_node, "path-mtu"), nullptr);
  EXPECT_THAT(find_by(on_node, "path-mtu")->cause, HasSubstr("do not reach 10.30.8.21 from node worker-5:"));
  EXPECT_EQ(combine(found, {log_of("log-timeout", {"pod", "shop", "api-0", true}, "Read timed out")},
                    Question(question))[0]
                .detector,
            "path-mtu");
  // A host that does not answer at all, or answers all.
  for (const std::string& text :
       {ping(56, 100) + ping(1472, 100), ping(1372, 0) + ping(1472, 0), ping(1472, 100)})
    EXPECT_EQ(find_by(detect_in_files({{"net.txt", text}}, question), "path-mtu"), nullptr);
}

TEST(Transcripts, WhoWritesMostToASlowDiskIsTold) {
  const auto first = [](const std::string& rate) {
    const std::string table =
        "Time UID PID kB_rd/s kB_wr/s kB_ccwr/s iodelay Command\n"
        "01:10:01 0 771204 117802.30 " +
        rate + " 0.00 411 restic\n01:10:01 0 1811 0.00 588.90 0.00 5820 etcd\n";
    return combine(detect_in_files({{"host/pidstat.txt", table}}, "Why is etcd slow?"),
                   {log_of("log-slow-disk", {"pod", "kube-system", "etcd-1", true}, "slow fdatasync")},
                   Question("Why is etcd slow?"))[0]
        .cause;
  };
  EXPECT_THAT(first("398211.70"), HasSubstr("restic writes 398 MB/s"));
  EXPECT_THAT(first("1200.00"), Not(HasSubstr("restic")));
}

TEST(Renewals, WhoServesACertificateFromBeforeItsRenewalIsTold) {
  const auto first = [](const std::string& started, const std::string& quote) {
    const auto objects = detect_in(
        object_head("v1", "Pod", "gw-5224087d0-7g64p") +
            "spec: {containers: [{name: gw}], volumes: [{name: tls, secret: {secretName: gw-tls}}]}\n"
            "status: {phase: Running, containerStatuses: [{name: gw, ready: true, state: {running: "
            "{startedAt: '" +
            started + "'}}}]}\n" + object_head("cert-manager.io/v1", "Certificate", "gw") +
            "spec: {secretName: gw-tls}\nstatus: {notBefore: '2025-09-01T07:58:11Z', notAfter: "
            "'2025-11-30T07:58:11Z'}\n",
        {}, "Why do calls of gw fail?");
    return combine(objects, {log_of("log-certificate-expired", {"pod", "shop", "caller-0", true}, quote)},
                   Question("Why do calls of gw fail?"))[0]
        .cause;
  };
  const std::string expired = "Post \"https://gw.shop.svc:8443/v1\": certificate has expired";
  EXPECT_THAT(
      first("2025-07-03T08:04:20Z", expired),
      HasSubstr(
          "gw runs since 2025-07-03T08:04:20Z and has not reloaded its certificate, which was renewed on "
          "2025-09-01T07:58:11Z"));
  EXPECT_THAT(first("2025-09-03T08:04:20Z", expired), Not(HasSubstr("reloaded")));
  EXPECT_THAT(first("2025-07-03T08:04:20Z", "Post \"https://other.shop.svc/\": certificate has expired"),
              Not(HasSubstr("reloaded")));
}

TEST(Rewrites, ToAPartThatNoPathCapturesAreTold) {
  const auto told = [](const std::string& target, const std::string& path) {
    const auto found = detect_in(
        "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: inventory, namespace: shop, "
        "annotations: {nginx.ingress.kubernetes.io/rewrite-target: '" +
            target + "'}}\nspec: {rules: [{host: a.test, http: {paths: [{path: '" + path +
            "', backend: {service: {name: inventory, port: {number: 80}}}}]}}]}\n",
        {}, "Why is every page of inventory a 404?");
    const Observation* one = find_by(found, "ingress-rewrite");
    return one == nullptr ? "" : one->cause;
  };
  EXPECT_THAT(told("/$2", "/inventory"),
              HasSubstr("rewrites each request to /$2, but its path /inventory has no "
                        "capture group that $2 could stand for"));
  EXPECT_EQ(told("/$2", "/inventory(/|$)(.*)"), "");
  EXPECT_EQ(told("/", "/inventory"), "");
  EXPECT_EQ(told("/a$", "/inventory"), "");
}

TEST(Victims, YieldToWhoIsToBlame) {
  const auto first = [](const Observation& root, const Observation& victim) {
    Observation lesser = root;
    lesser.strength = lesser.weight = 0.6;
    return combine({}, {victim, lesser}, Question("Why does it fail?"))[0].detector;
  };
  const Name pod{"pod", "shop", "prometheus-0", true};
  EXPECT_EQ(first(log_of("log-permission-denied", pod, "permission denied"),
                  log_of("log-connection-refused", pod, "dial tcp [::1]:9090: connect: connection refused")),
            "log-permission-denied");
  EXPECT_EQ(
      first(log_of("log-permission-denied", pod, "permission denied"),
            log_of("log-connection-refused", pod, "dial tcp 10.1.1.1:9090: connect: connection refused")),
      "log-connection-refused");
  EXPECT_EQ(
      first(
          log_of("log-disk-watermark", {"pod", "logging", "es-0", true}, "flood stage disk watermark"),
          log_of("log-rate-limited", {"pod", "logging", "fluent-bit-x", true}, "HTTP status=429 URI=/_bulk")),
      "log-disk-watermark");
  EXPECT_EQ(first(log_of("log-plaintext-refused", {"pod", "pay", "payments-7cf5d6b9c8-dhcxg", true},
                         "filter_chain_not_found"),
                  log_of("log-connection-broken", {"pod", "erp", "sync-0", true},
                         "I/O error on POST request for \"http://payments.pay.svc/v1\": Connection reset")),
            "log-plaintext-refused");
}

}  // namespace
}  // namespace carrel
