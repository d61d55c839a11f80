#include "record/codec.h"

#include <limits>

#include <gtest/gtest.h>

#include "record/evidence.h"
#include "record/room.h"

namespace carrel {
namespace {

struct Numbers {
  bool flag = false;
  std::uint8_t small = 0;
  std::uint64_t large = 0;
  double real = 0;
  Verdict verdict = Verdict::fault;
  template <class Codec>
  void fields(Codec& c) {
    c(flag);
    c(small);
    c(large);
    c(real);
    c(verdict);
  }
};

struct Texts {
  std::string text;
  std::vector<std::string> list;
  template <class Codec>
  void fields(Codec& c) {
    c(text, 4);
    c(list, 2, 3);
  }
};

template <class T>
std::string why_not(std::string_view bytes) {
  auto record = decode<T>(bytes);
  if (record) return "";
  EXPECT_EQ(record.error().code, Code::room_refused);
  return record.error().what;
}

EvidenceList sample() {
  EvidenceList list;
  list.format = "folder of text";
  list.files = 3;
  list.lines_read = 1'000'000'000'000;
  list.lines.push_back({{"logs/a.log", 12, 14, ""}, "panic: \xc3\xa9", "panic", 2, 0.75});
  list.lines.push_back({{"pods.json", 7, 7, "/items/0"}, "\"name\": \"a\"", "state", 1, 0.5});
  Finding finding;
  finding.detector = "service-selects-nothing";
  finding.cause = "nothing matches";
  finding.weight = 0.9;
  finding.evidence = {1, 0};
  finding.searched = {{"pod", "default", 4}};
  finding.commands = {{"kubectl get pods", "to see"}};
  finding.missing = {"events"};
  finding.culprit = {"service", "default", "web", false};
  list.findings.push_back(finding);
  list.names.push_back({"pod", "default", "web-0", true});
  list.searched.push_back({"pod", "default", 4});
  list.left_out.push_back({"core", "file too large", 1, 0, 5'000'000'000});
  return list;
}

TEST(Codec, NumbersComeBack) {
  Numbers in{true, 255, std::numeric_limits<std::uint64_t>::max(), -1.5, Verdict::insufficient_evidence};
  auto bytes = encode(in);
  ASSERT_TRUE(bytes);
  auto out = decode<Numbers>(*bytes);
  ASSERT_TRUE(out) << out.error().what;
  EXPECT_TRUE(out->flag);
  EXPECT_EQ(out->small, 255);
  EXPECT_EQ(out->large, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(out->real, -1.5);
  EXPECT_EQ(out->verdict, Verdict::insufficient_evidence);
}

TEST(Codec, AnEvidenceListComesBackWhole) {
  auto bytes = encode(sample());
  ASSERT_TRUE(bytes);
  auto out = decode<EvidenceList>(*bytes);
  ASSERT_TRUE(out) << out.error().what;
  EXPECT_EQ(out->lines.at(0).quote, "panic: \xc3\xa9");
  EXPECT_EQ(out->lines.at(1).at.path, "/items/0");
  EXPECT_EQ(out->findings.at(0).evidence, (std::vector<std::uint32_t>{1, 0}));
  EXPECT_EQ(out->findings.at(0).culprit, (Name{"service", "default", "web", false}));
  EXPECT_EQ(out->left_out.at(0).bytes, 5'000'000'000);
  EXPECT_EQ(*encode(*out), *bytes);
}

TEST(Codec, EveryTruncationIsRefused) {
  const std::string bytes = *encode(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode<EvidenceList>(std::string_view(bytes).substr(0, size)))
        << size << " of " << bytes.size();
  }
}

TEST(Codec, BytesAfterTheLastFieldAreRefused) {
  EXPECT_EQ(why_not<EvidenceList>(*encode(sample()) + '\0'), "a message is longer than its fields");
}

TEST(Codec, EveryChangedByteGivesARecordOrAnError) {
  const std::string bytes = *encode(sample());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(value);
      auto record = decode<EvidenceList>(changed);
      if (record) {
        EXPECT_TRUE(encode(*record)) << "a record over its limits came out, byte " << at;
      }
    }
  }
}

TEST(Codec, LimitsHoldWhenWriting) {
  EXPECT_TRUE(encode(Texts{"four", {"abc", "d"}}));
  for (const Texts& over : {Texts{"fives", {}}, Texts{"", {"a", "b", "c"}}, Texts{"", {"abcd"}}}) {
    auto bytes = encode(over);
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().code, Code::does_not_fit);
  }
}

TEST(Codec, LimitsHoldWhenReading) {
  EXPECT_EQ(why_not<Texts>(std::string("\x05"
                                       "fives\x00",
                                       7)),
            "a message holds a text over its limit");
  EXPECT_EQ(why_not<Texts>(std::string("\x00\x03\x00\x00\x00", 5)), "a message holds a list over its limit");
}

TEST(Codec, ACountBeyondTheBytesIsALie) {
  // 100,000 names announced, none there: refused before memory is taken for them.
  std::string bytes;
  Encoder encoder(bytes);
  encoder(std::string("f"), limit::name);
  for (int i = 0; i < 4; ++i) encoder(0);  // files, lines, bytes, objects
  for (int i = 0; i < 2; ++i) encoder(0);  // evidence lines, findings
  encoder(100'000);
  EXPECT_EQ(why_not<EvidenceList>(bytes), "a message holds a list cut short");
}

TEST(Codec, NumbersOutOfRangeAreRefused) {
  EXPECT_EQ(why_not<Numbers>("\x02"), "a message holds a flag that is neither 0 nor 1");
  EXPECT_EQ(why_not<Numbers>("\x01\x80\x02"), "a message holds a number out of range");
  EXPECT_EQ(why_not<Numbers>("\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
            "a message holds a number cut short or too long");
  EXPECT_EQ(why_not<Numbers>("\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
            "a message holds a number cut short or too long");
  EXPECT_EQ(why_not<Numbers>(std::string("\x01\x01\x01\0\0\0\0\0\0\0\0\x03", 12)),
            "a message holds an unknown enumerator");
}

TEST(Codec, OnlyFiniteNumbersComeIn) {
  // What is not a number has no order, and the host sorts by scores.
  for (const double value :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(why_not<Numbers>(*encode(Numbers{false, 0, 0, value, Verdict::fault})),
              "a message holds a number that is not finite");
  }
}

TEST(Codec, EachRoomsJobAndResultComesBackEmpty) {
  EXPECT_TRUE(decode<ReadJob>(*encode(ReadJob{})));
  EXPECT_TRUE(decode<CheckJob>(*encode(CheckJob{})));
  EXPECT_TRUE(decode<CheckResult>(*encode(CheckResult{})));
  EXPECT_TRUE(decode<InspectJob>(*encode(InspectJob{})));
  EXPECT_TRUE(decode<ModelCard>(*encode(ModelCard{})));
  EXPECT_TRUE(decode<ThinkJob>(*encode(ThinkJob{})));
  EXPECT_TRUE(decode<ThinkResult>(*encode(ThinkResult{})));
}

TEST(Codec, ANegativeNumberComesBack) {
  ModelCard card;
  card.top_k = -1;
  auto out = decode<ModelCard>(*encode(card));
  ASSERT_TRUE(out) << out.error().what;
  EXPECT_EQ(out->top_k, -1);
}

}  // namespace
}  // namespace carrel
