// What a host's own tools lead to.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/combine.h"
#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Host, AFileSystemWithoutInodesIsTold) {
  const auto table = [](const std::string& used) {
    return "Filesystem      Inodes   IUsed   IFree IUse% Mounted on\n"
           "/dev/vda1      3276800  412006 2864794   13% /\n"
           "/dev/vdb1       655360  655360       0  " +
           used + "% /srv/builds\n";
  };
  const auto found =
      detect_in_files({{"nodes/w-1/df-i.txt", table("100")}}, "Why is there no space left on device?");
  const Observation* one = find_by(found, "inodes-used-up");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause, HasSubstr("/srv/builds of node w-1 has no inodes left (100% used, 0 free)"));
  EXPECT_EQ(one->lines[0].at.line, 3u);
  EXPECT_EQ(find_by(detect_in_files({{"df-i.txt", table("97")}}, "Why?"), "inodes-used-up"), nullptr);
  // Whoever has no space lacks inodes.
  Observation log;
  log.detector = "log-disk-full";
  log.verdict = Verdict::fault;
  log.cause = "Pod builder-0 has no space left on its disk: [Errno 28] No space left on device";
  log.strength = log.weight = 0.93;
  log.culprit = {"pod", "ci", "builder-0", true};
  log.lines.push_back({{"builder.log", 1, 1, ""}, "[Errno 28] No space left on device", "", 1, 0.9});
  const Question question("Why does builder-0 say that there is no space?");
  EXPECT_EQ(combine(found, {log}, question)[0].detector, "inodes-used-up");
  // Nearly all; images that are mounted; a table of bytes below one of inodes.
  const std::string other =
      "Filesystem Inodes IUsed IFree IUse% Mounted on\n/dev/vda1 10 9 1 99% /data\n/dev/loop3 11 11 0 100% "
      "/snap/core20/1\n"
      "Filesystem Size Used Avail Use% Mounted on\n/dev/vdb1 50G 50G 0 100% /full\n";
  const auto others = detect_in_files({{"df.txt", other}}, "Why is there no space?");
  ASSERT_NE(find_by(others, "inodes-used-up"), nullptr);
  EXPECT_THAT(find_by(others, "inodes-used-up")->cause,
              HasSubstr("/data has nearly no inodes left (99% used, 1 free)"));
  EXPECT_EQ(std::ranges::count(others, "inodes-used-up", &Observation::detector), 1);
  EXPECT_EQ(find_by(detect_in_files({{"df.txt",
                                      "Filesystem 1K-blocks Used Available Use% Mounted on\n"
                                      "/dev/vda1 100 100 0 100% /\n"}},
                                    "Why?"),
                    "inodes-used-up"),
            nullptr);
}

TEST(Host, AClockThatIsOffIsTold) {
  const auto tracking = [](const std::string& offset, const std::string& leap) {
    return "Reference ID    : 7F7F0101 ()\nSystem time     : " + offset +
           " seconds slow of NTP time\nLeap status     : " + leap + "\n";
  };
  const auto found =
      detect_in_files({{"nodes/w-3/chronyc-tracking.txt", tracking("93.402", "Not synchronised")}},
                      "Why do some logins fail?");
  const Observation* one = find_by(found, "clock-off");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause,
              HasSubstr("The clock of node w-3 is 93 seconds behind NTP time and not synchronised"));
  EXPECT_EQ(one->lines.size(), 2u);
  EXPECT_EQ(find_by(detect_in_files({{"chronyc.txt", tracking("0.000031", "Normal")}}, "Why?"), "clock-off"),
            nullptr);
  EXPECT_NE(find_by(detect_in_files({{"timedatectl.txt", "Local time: x\nSystem clock synchronized: no\n"}},
                                    "Why?"),
                    "clock-off"),
            nullptr);
}

TEST(Host, WhoListensIsToldToWhoCannot) {
  Observation log;
  log.detector = "log-port-in-use";
  log.verdict = Verdict::fault;
  log.cause = "The log nginx.txt cannot listen: its port is already in use: bind() to 0.0.0.0:443 failed";
  log.strength = log.weight = 0.8;
  log.lines.push_back(
      {{"nginx.txt", 1, 1, ""}, "bind() to 0.0.0.0:443 failed (98: Address already in use)", "", 1, 0.8});
  const auto first = [&](const std::string& listeners) {
    return combine(detect_in_files({{"host/ss-ltnp.txt", listeners}}, "Why does nginx not start?"), {log},
                   Question("Why does nginx not start?"))[0];
  };
  const std::string ss =
      "State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n"
      "LISTEN 0      128    0.0.0.0:22         0.0.0.0:*         users:((\"sshd\",pid=842,fd=3))\n"
      "LISTEN 0      4096   0.0.0.0:443        0.0.0.0:*         users:((\"haproxy\",pid=903,fd=7))\n";
  EXPECT_THAT(first(ss).cause, HasSubstr("haproxy listens on port 443"));
  EXPECT_EQ(first(ss).lines[1].at.line, 3u);
  EXPECT_THAT(first("tcp 0 0 0.0.0.0:443 0.0.0.0:* LISTEN 897/haproxy\n").cause,
              HasSubstr("haproxy listens on port 443"));
  EXPECT_THAT(first("tcp 0 0 0.0.0.0:4430 0.0.0.0:* LISTEN 897/haproxy\n").cause, Not(HasSubstr("haproxy")));
  EXPECT_THAT(first("tcp 0 0 0.0.0.0:443 0.0.0.0:* LISTEN 897/nginx: master\n").cause,
              HasSubstr("nginx listens on port 443"));
  // The minute of a time is no port.
  log.lines[0].quote = "2026-05-02T14:22:11Z listen tcp :8443: bind: address already in use";
  EXPECT_THAT(first(ss).cause, Not(HasSubstr("listens")));
  log.lines[0].quote = "2026-05-02 14:22:11 listen tcp [::]:22: bind: address already in use";
  EXPECT_THAT(first(ss).cause, HasSubstr("sshd listens on port 22"));
  log.lines[0].quote = "Web server failed to start. Port 443 was already in use.";
  EXPECT_THAT(first(ss).cause, HasSubstr("haproxy listens on port 443"));
  log.culprit = {"pod", "shop", "web-0", true};
  EXPECT_THAT(first(ss).cause, Not(HasSubstr("listens")));
  // By itself it is nothing.
  for (const Observation& each : detect_in_files({{"host/ss-ltnp.txt", ss}}, "What is wrong?"))
    EXPECT_EQ(each.weight, 0);
}

TEST(Host, ACertificateOfASearchDomainIsToldWithIt) {
  Observation log;
  log.detector = "log-certificate-name";
  log.verdict = Verdict::fault;
  log.cause =
      "Pod puller-0 meets a TLS certificate that is not valid for the host name: certificate is valid";
  log.strength = log.weight = 0.8;
  log.lines.push_back({{"puller.log", 1, 1, ""},
                       "certificate is valid for *.corp.example, not api.vendor.example",
                       "",
                       1,
                       0.8});
  const auto first = [&](const std::string& text) {
    const auto domains = detect_in_files({{"debug/resolv.conf", text}}, "Why does TLS fail?");
    for (const Observation& each : domains) EXPECT_EQ(each.weight, 0);
    return combine(domains, {log}, Question("Why does TLS fail?"))[0];
  };
  const Observation told = first(
      "nameserver 10.43.0.10\nsearch shop.svc.cluster.local svc.cluster.local cluster.local "
      "corp.example\noptions ndots:5\n");
  EXPECT_THAT(told.cause, HasSubstr("appends the search domain corp.example to names (options ndots:5)"));
  EXPECT_EQ(told.lines[1].at.line, 2u);
  EXPECT_THAT(first("search shop.svc.cluster.local other.example\n").cause, Not(HasSubstr("search domain")));
  EXPECT_THAT(first("research corp.example\n").cause, Not(HasSubstr("search domain")));
}

}  // namespace
}  // namespace carrel
