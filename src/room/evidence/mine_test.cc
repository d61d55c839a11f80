#include "room/evidence/mine.h"

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "record/limits.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

void mine(LogMiner* miner, const std::string& text,
          TextFile file = {"a.log", TextFile::Kind::log, "shop", "api-0", "api"}, std::size_t chunk = 0) {
  miner->begin(file);
  if (chunk == 0) chunk = text.size() + 1;
  for (std::size_t at = 0; at < text.size(); at += chunk)
    miner->add(std::string_view(text).substr(at, chunk));
  miner->end();
}

std::vector<EvidenceLine> lines(const std::string& text, const std::string& question = "",
                                std::size_t chunk = 0) {
  LogMiner miner(question);
  mine(&miner, text, {"a.log", TextFile::Kind::log, "shop", "api-0", "api"}, chunk);
  return miner.candidates({});
}

const EvidenceLine* line_with(const std::vector<EvidenceLine>& all, std::string_view words) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const EvidenceLine& line) {
    return line.quote.find(words) != std::string::npos;
  });
  return found == all.end() ? nullptr : &*found;
}

// Line `number` of a text.
std::string nth(const std::string& text, std::uint32_t number) {
  std::size_t begin = 0;
  for (std::uint32_t line = 1; line < number; ++line) begin = text.find('\n', begin) + 1;
  return text.substr(begin, text.find('\n', begin) - begin);
}

TEST(LogMiner, CountsTemplatesAndKeepsTheFirstLine) {
  const auto all = lines("a 1 ok\nERROR request 7 failed\nERROR request 8 failed\nERROR request 9 failed\n");
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].quote, "ERROR request 7 failed");
  EXPECT_EQ(all[0].at.line, 2u);
  EXPECT_EQ(all[0].occurrences, 3u);
  EXPECT_THAT(all[0].reason, HasSubstr("seen 3 times"));
}

TEST(LogMiner, ChunksCutAnywhereChangeNothing) {
  std::string text;
  for (int i = 0; i < 60; ++i) {
    text += fmt::format("2025-06-20T10:00:{:02}Z [INFO] served {} in {}ms\r\n", i, i * 7, i);
    if (i % 9 == 4)
      text += "2025-06-20T10:00:00Z [ERROR] lost x\n\tat a.B.c(B.java:1)\n\tat a.D.e(D.java:2)\n";
  }
  text += "last line without an end";
  const auto whole = lines(text);
  for (std::size_t chunk : {1, 2, 3, 7, 64, 1000}) {
    const auto cut = lines(text, "", chunk);
    ASSERT_EQ(cut.size(), whole.size()) << chunk;
    for (std::size_t i = 0; i < cut.size(); ++i) {
      EXPECT_EQ(cut[i].quote, whole[i].quote);
      EXPECT_EQ(cut[i].at.line, whole[i].at.line);
      EXPECT_EQ(cut[i].occurrences, whole[i].occurrences);
    }
  }
}

TEST(LogMiner, QuotesStandVerbatimAtTheirLines) {
  std::string text = "start\n";
  for (int i = 0; i < 30; ++i)
    text += fmt::format("WARN slow answer from shard-{}: {} ms\n", "abcdefghij"[i % 10], i);
  text += "ERROR " + std::string(900, 'x') + "\n" + "ERROR bad \xff bytes\n";
  for (const EvidenceLine& line : lines(text)) {
    EXPECT_EQ(nth(text, line.at.line).substr(0, line.quote.size()), line.quote);
    EXPECT_LE(line.quote.size(), limit::quote);
  }
}

TEST(LogMiner, KeepsAStackTraceWhole) {
  const std::string text =
      "INFO up\nERROR request failed\njava.lang.IllegalStateException: no order\n\tat a.B.c(B.java:1)\n"
      "Caused by: a.DbException: gone\n\tat a.D.e(D.java:2)\nINFO on\n";
  const auto all = lines(text);
  const EvidenceLine* trace = line_with(all, "\tat a.B.c");
  ASSERT_NE(trace, nullptr);
  EXPECT_EQ(trace->at.line, 2u);
  EXPECT_EQ(trace->at.end_line, 6u);
  EXPECT_THAT(trace->quote, HasSubstr("Caused by: a.DbException: gone"));
  EXPECT_EQ(line_with(all, "java.lang.IllegalStateException: no order"), trace);
}

TEST(LogMiner, GoPanicsTellWhereTheyAre) {
  LogMiner miner("Why does it crash?");
  miner.begin({"logs/shop/api-0/api.log", TextFile::Kind::log, "shop", "api-0", "api"});
  miner.add(
      "INFO up\npanic: runtime error: invalid memory address or nil pointer dereference\n"
      "[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x8f2c4e]\n\ngoroutine 61 [running]:\n"
      "github.com/acme/api/discount.(*Engine).Apply(0xc0003fa1e0)\n\t/src/discount/engine.go:57 +0x4e\n");
  miner.end();
  const auto found = miner.observations();
  ASSERT_FALSE(found.empty());
  EXPECT_NE(found[0].cause.find("nil pointer dereference (at /src/discount/engine.go:57)"), std::string::npos)
      << found[0].cause;
  EXPECT_EQ(found[0].lines[0].at.line, 2u);
  EXPECT_EQ(found[0].lines[1].at.line, 7u);
}

TEST(LogMiner, PythonsExceptionIsTheDecisiveLine) {
  std::string text = "INFO up\nTraceback (most recent call last):\n";
  for (int i = 0; i < 20; ++i)
    text += fmt::format("  File \"/app/module.py\", line {}, in function_{}\n    call()\n", i, i);
  text += "KeyError: 'DB_HOST'\nINFO on\n";
  const auto all = lines(text);
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].quote, "KeyError: 'DB_HOST'");
  EXPECT_EQ(all[0].at.line, 43u);
}

TEST(LogMiner, ALongTraceCitesItsCauseToo) {
  std::string text = "ERROR outer\n";
  for (int i = 0; i < 40; ++i)
    text += fmt::format("\tat a.b.LongNameOfAClass.method{}(File.java:{})\n", i, i);
  text += "Caused by: java.net.UnknownHostException: db.shop\n\tat a.b(C.java:1)\n";
  LogMiner miner("");
  mine(&miner, text);
  const auto found = miner.observations();
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].detector, "log-dns");
  EXPECT_EQ(found[0].lines[0].quote, "Caused by: java.net.UnknownHostException: db.shop");
  EXPECT_EQ(found[0].lines[0].at.line, 42u);
}

TEST(LogMiner, AnAnnouncedExceptionTooLongForOneQuoteIsCitedAlone) {
  const std::string exception = "org.acme.SendException: " + std::string(380, 'x') + " too large";
  const std::string text = "INFO up\nERROR [pool-3] Publisher - Failed to publish document 17\n" +
                           exception.substr(0, 390) +
                           "\n\tat org.springframework.Template.send(Template.java:1)\n\tat "
                           "com.acme.Publisher.publish(P.java:58)\nINFO on\n";
  LogMiner miner("");
  mine(&miner, text);
  const auto found = miner.observations();
  ASSERT_FALSE(found.empty());
  ASSERT_GE(found[0].lines.size(), 3U);
  EXPECT_EQ(found[0].lines[0].quote, exception.substr(0, 390));
  EXPECT_EQ(found[0].lines[0].at.line, 3U);
  EXPECT_EQ(found[0].lines[1].quote, "ERROR [pool-3] Publisher - Failed to publish document 17");
  EXPECT_EQ(found[0].lines[2].quote, "com.acme.Publisher.publish(P.java:58)");
  EXPECT_EQ(found[0].lines[2].at.line, 5U);
}

TEST(LogMiner, ATraceBehindALineThatIsNoTextIsQuotedWhereItBegins) {
  const std::string text =
      "up\n\xff\xff ERROR failed\nTraceback (most recent call last):\n  File \"/app/a.py\", line 3, in "
      "f\nKeyError: 'DB'\nup\n";
  bool found = false;
  for (const EvidenceLine& line : lines(text)) {
    EXPECT_EQ(nth(text, line.at.line), line.quote.substr(0, line.quote.find('\n')));
    found |= line.quote.starts_with("Traceback");
  }
  EXPECT_TRUE(found);
}

TEST(LogMiner, WhatStandsBelowAColonIsTold) {
  const std::string text =
      "INFO up\nError: cannot load the configuration: 1 error(s) decoding:\n\n* error decoding 'exporters': "
      "unknown type: \"zipkin2\" for id: \"zipkin2\"\nINFO on\n";
  LogMiner miner("");
  mine(&miner, text);
  const auto found = miner.observations();
  ASSERT_FALSE(found.empty());
  EXPECT_THAT(found[0].cause, HasSubstr("unknown type: \"zipkin2\""));
  EXPECT_EQ(found[0].lines[0].at.line, 4U);
  EXPECT_EQ(nth(text, 4), found[0].lines[0].quote);
  // A line of the log's own tells something else.
  LogMiner apart("");
  mine(&apart, "ERROR cannot load the rules:\n2025-01-02 03:04:05 INFO - all is well\n");
  EXPECT_THAT(apart.observations()[0].cause, Not(HasSubstr("all is well")));
}

TEST(LogMiner, WhatIsOverCountsLittleWhereOnlyWhetherIsAsked) {
  std::string text = "2025-06-12T10:00:00Z ERROR cache: connection refused\n";
  for (int i = 1; i < 30; ++i) text += fmt::format("2025-06-12T10:{:02}:00Z INFO request {} done\n", i, i);
  const auto weight = [&](const char* question) {
    LogMiner miner(question);
    mine(&miner, text);
    return miner.observations()[0].weight;
  };
  EXPECT_GT(weight("Why do requests fail?"), 0.45);
  EXPECT_LT(weight("Is everything fine?"), 0.45);
  EXPECT_LT(weight("What is the likely root cause of the trouble in this bundle?"), 0.4);
}

TEST(LogMiner, RoutineIsNoFault) {
  LogMiner miner("What is the likely root cause of the trouble in this bundle?");
  mine(&miner,
       "2026-01-05T10:00:00Z ERROR Servlet.service() threw exception\n"
       "org.apache.catalina.connector.ClientAbortException: java.io.IOException: Broken pipe\n"
       "\tat org.apache.A.b(A.java:1)\n2026-01-05T10:00:01Z INFO done\n");
  for (const Observation& found : miner.observations())
    EXPECT_NE(found.detector, "log-connection-lost") << found.cause;
}

TEST(LogMiner, EtcdWarnsOfWhatTakesATenthOfASecond) {
  const auto slow = [](const char* took) {
    LogMiner miner("What is the likely root cause of the trouble in this bundle?");
    mine(&miner, fmt::format("{{\"level\":\"warn\",\"msg\":\"apply request took too "
                             "long\",\"took\":\"{}\",\"expected-duration\":\"100ms\"}}\n",
                             took));
    const auto found = miner.observations();
    return std::ranges::any_of(found, [](const Observation& one) { return one.detector == "log-slow"; });
  };
  EXPECT_FALSE(slow("168.941016ms"));
  EXPECT_TRUE(slow("4.168941016s"));
}

TEST(LogMiner, AControllersSecondAttemptIsNoFault) {
  LogMiner miner("");
  mine(&miner,
       "E0612 10:00:00.000001       1 controller.go:114] \"re-queuing item\" err=\"Operation cannot be "
       "fulfilled: the "
       "object has been modified; please apply your changes to the latest version and try again\"\n");
  EXPECT_TRUE(miner.observations().empty());
}

TEST(LogMiner, AChainOfCausesIsTold) {
  LogMiner miner("");
  mine(&miner,
       "ERROR Consumer exception\njava.lang.IllegalStateException: cannot go on\n\tat "
       "org.apache.A.b(A.java:1)\n"
       "Caused by: org.acme.BadRecord: partition 3 at offset 884213\n\tat org.apache.A.c(A.java:2)\n"
       "Caused by: org.acme.Unreadable: Unknown magic byte!\n\tat com.bank.Reader.read(R.java:9)\n\t... 3 "
       "more\nINFO on\n");
  const auto found = miner.observations();
  ASSERT_FALSE(found.empty());
  EXPECT_THAT(
      found[0].cause,
      HasSubstr("cannot go on: BadRecord: partition 3 at offset 884213: Unreadable: Unknown magic byte!"));
  EXPECT_THAT(found[0].cause, HasSubstr("(at com.bank.Reader.read(R.java:9))"));
}

TEST(LogMiner, StructuredFilesAreCountedNotMined) {
  LogMiner miner("");
  mine(&miner, "{\n \"level\": \"error\",\n \"msg\": \"x failed\"\n}\n",
       {"a.json", TextFile::Kind::structured, "", "", ""});
  EXPECT_EQ(miner.lines_read(), 4u);
  EXPECT_THAT(miner.candidates({}), IsEmpty());
  EXPECT_THAT(miner.observations(), IsEmpty());
}

TEST(LogMiner, PreviousLogsCountMore) {
  LogMiner miner("");
  mine(&miner, "ERROR first way to fail\n", {"a.log", TextFile::Kind::log, "s", "p", "c"});
  mine(&miner, "ERROR second way to fail\n", {"a-previous.log", TextFile::Kind::previous_log, "s", "p", "c"});
  const auto all = miner.candidates({});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].at.file, "a-previous.log");
}

TEST(LogMiner, WordsAndTimesOfTheQuestionCount) {
  const std::string text =
      "2025-06-12 10:00:00 ERROR invoice upload broke\n2025-06-19 10:00:00 ERROR cache warmup broke\n";
  EXPECT_THAT(lines(text, "Why do invoice uploads break?")[0].quote, HasSubstr("invoice"));
  EXPECT_THAT(lines(text, "What broke on 2025-06-19?")[0].quote, HasSubstr("warmup"));
}

TEST(LogMiner, AFaultThatWasOvercomeCountsLess) {
  const auto all =
      lines("ERROR broker connection lost\nERROR disk alarm raised\nINFO broker connection established\n");
  EXPECT_THAT(all[0].quote, HasSubstr("disk"));
  EXPECT_THAT(line_with(all, "broker connection lost")->reason, HasSubstr("recovered later"));
}

TEST(LogMiner, WhatTheProgramItselfPassesOverCountsLess) {
  const auto all =
      lines("ERROR cannot read the list of agents, ignored\nERROR cannot read the list of orders\n");
  EXPECT_LT(line_with(all, "agents")->score, line_with(all, "orders")->score);
}

TEST(LogMiner, MemoryIsBoundedAndWhatIsDroppedIsCounted) {
  LogMiner miner("");
  std::uint64_t written = 0;
  miner.begin({"flood.log", TextFile::Kind::log, "", "", ""});
  std::string block;
  for (int i = 0; i < 120'000; ++i) {
    std::string word;
    for (int n = i; n > 0 || word.empty(); n /= 26) word.push_back(static_cast<char>('a' + n % 26));
    block += fmt::format("unique {} thing\n", word);
    ++written;
  }
  miner.add(block);
  miner.end();
  EXPECT_EQ(miner.lines_read(), written);
  EXPECT_LT(miner.candidates({}).size(), 1000u);
  std::uint64_t accounted = 0;
  for (const LeftOut& left : miner.left_out()) {
    EXPECT_EQ(left.file, "flood.log");
    accounted += left.lines;
  }
  for (const EvidenceLine& line : miner.candidates({})) accounted += line.occurrences;
  EXPECT_EQ(accounted, written);
}

TEST(LogMiner, TheEndOfALongLineDecides) {
  const auto told = [](const std::string& end) {
    LogMiner miner("Why are there no images?");
    mine(&miner,
         "level=error msg=\"PullImage failed\" error=\"failed to pull image " + std::string(390, 'w') +
             ": failed to do request: " + end + "\"\n",
         {"node.log", TextFile::Kind::log, "", "", ""});
    return miner.observations();
  };
  const auto found = told("dial tcp 10.6.0.9:5000: connect: no route to host");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].detector, "log-registry-unreachable");
  EXPECT_EQ(found[0].lines[0].quote,
            "failed to do request: dial tcp 10.6.0.9:5000: connect: no route to host\"");
  EXPECT_EQ(found[0].lines[0].at.line, 1u);
  EXPECT_EQ(found[0].lines[1].quote.size(), limit::quote);
  EXPECT_NE(told("unexpected status")[0].detector, "log-registry-unreachable");
  // What is not UTF-8 is not quoted.
  for (const Observation& each : told("no route to host\xff"))
    for (const EvidenceLine& line : each.lines) EXPECT_TRUE(is_utf8(line.quote));
}

TEST(LogMiner, ATraceBelowALaterLineDecides) {
  LogMiner miner("Why does nothing arrive?");
  mine(&miner,
       "2025-12-01T18:13:15.449Z ERROR Client : sending order 886913 failed\n"
       "2025-12-01T18:13:16.449Z INFO Client : sent order 886914\n"
       "2025-12-01T18:28:19.726Z ERROR Client : sending order 884864 failed\n"
       "javax.net.ssl.SSLHandshakeException: PKIX path building failed: no path\n"
       "\tat java.base/sun.security.ssl.Alert.createSSLException(Alert.java:130)\n"
       "2025-12-01T18:29:19.726Z INFO Client : sent order 884865\n",
       {"a.log", TextFile::Kind::log, "s", "p", "c"});
  const auto found = miner.observations();
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].detector, "log-certificate-untrusted");
  EXPECT_EQ(found[0].lines[0].at.line, 4u);
  EXPECT_EQ(found[0].lines[1].at.line, 1u);
  EXPECT_EQ(found[0].lines[1].quote, "2025-12-01T18:13:15.449Z ERROR Client : sending order 886913 failed");
}

TEST(LogMiner, ALineWithoutEndIsWaitedOut) {
  LogMiner miner("");
  miner.begin({"long.log", TextFile::Kind::log, "", "", ""});
  miner.add("ERROR ");
  const std::string part(1 << 16, 'y');
  for (int i = 0; i < 64; ++i) miner.add(part);
  miner.add("\nERROR after\n");
  miner.end();
  EXPECT_EQ(miner.lines_read(), 2u);
  EXPECT_EQ(line_with(miner.candidates({}), "ERROR after")->at.line, 2u);
}

TEST(LogMiner, TakesAnyBytes) {
  constexpr std::string_view kBytes = "\n\n\t at{}\"=:[]ERTracebk0159.-\xff\xc3\xa9";
  std::uint32_t random = 3;
  LogMiner miner("why");
  for (int round = 0; round < 200; ++round) {
    std::string text;
    for (int i = 0; i < 2000; ++i) {
      random = random * 1664525u + 1013904223u;
      text.push_back(kBytes[(random >> 16) % kBytes.size()]);
    }
    mine(&miner, text, {fmt::format("f{}", round), TextFile::Kind::log, "", "", ""}, 97);
  }
  for (const EvidenceLine& line : miner.candidates({})) EXPECT_FALSE(line.quote.empty());
  EXPECT_FALSE(miner.observations().empty());
}

}  // namespace
}  // namespace carrel
