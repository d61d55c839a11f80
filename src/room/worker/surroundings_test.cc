#include "room/worker/surroundings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "record/codec.h"

namespace carrel {
namespace {

using testing::ElementsAre;

Citation at(const std::string& file, std::uint32_t line, std::uint32_t end_line) {
  return {{file, line, end_line, ""}, "quote"};
}

// Pours the text in pieces of `size` bytes.
void pour(SurroundingLines& sink, const std::string& path, std::string_view text, std::size_t size) {
  TextFile file;
  file.path = path;
  sink.begin(file);
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size()))) sink.add(text.substr(0, size));
  sink.end();
}

TEST(Surroundings, AreTheLinesAroundWhateverTheChunks) {
  const std::vector<Citation> citations = {at("a.log", 3, 3), at("a.log", 1, 2), at("a.log", 6, 6),
                                           at("b.log", 1, 1), at("absent", 1, 1)};
  for (std::size_t size = 1; size < 30; ++size) {
    SurroundingLines sink(citations, 1);
    pour(sink, "a.log", "one\ntwo\r\nthree\nfour\n\nsix", size);
    pour(sink, "b.log", "", size);
    const std::vector<Surroundings> found = sink.take();
    ASSERT_EQ(found.size(), 5u);
    EXPECT_EQ(found[0].first_line, 2u);
    EXPECT_THAT(found[0].lines, ElementsAre("two", "three", "four"));
    EXPECT_THAT(found[1].lines, ElementsAre("one", "two", "three"));
    EXPECT_THAT(found[2].lines, ElementsAre("", "six"));
    EXPECT_EQ(found[2].file_lines, 6u);
    EXPECT_EQ(found[2].first_line, 5u);
    // sha256sum of the text above
    EXPECT_EQ(found[0].file_sha256, "3a72d931663caaff5599b9259d52ccaedc6f761516983f99d38db8fef497ba61")
        << size;
    EXPECT_TRUE(found[3].lines.empty());
    EXPECT_EQ(found[3].file_lines, 0u);
    EXPECT_EQ(found[4].file_sha256, "");
  }
}

TEST(Surroundings, AreBoundedAndValid) {
  const std::vector<Citation> citations = {at("a", 2, 2)};
  SurroundingLines sink(citations, UINT32_MAX);
  std::string text = std::string(100'000, 'x') + "\n" + std::string(2 * limit::quote, '\xff') + "\n";
  for (int i = 0; i < 100'000; ++i) text += "y\n";
  pour(sink, "a", text, 4096);
  const std::vector<Surroundings> found = sink.take();
  EXPECT_LE(found[0].lines.size(), limit::surrounding_lines);
  EXPECT_EQ(found[0].lines[0].size(), limit::quote);
  EXPECT_LE(found[0].lines[1].size(), limit::quote);
  EXPECT_TRUE(encode(found[0]));
}

TEST(Surroundings, OfNoneAskedForAreNone) {
  const std::vector<Citation> citations = {at("a", 1, 1)};
  SurroundingLines sink(citations, 0);
  pour(sink, "a", "text\n", 4);
  EXPECT_EQ(sink.take()[0].file_sha256, "");
}

}  // namespace
}  // namespace carrel
