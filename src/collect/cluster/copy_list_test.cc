#include "collect/cluster/copy_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carrel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A body that comes in pieces of `step` bytes, and breaks off where `whole` is not set.
BodyReader body_of(const std::string& text, std::size_t step = 3, bool whole = true) {
  auto at = std::make_shared<std::size_t>(0);
  return [=](char* into, std::size_t size) -> Result<std::size_t> {
    if (*at == text.size() && !whole) return Error{Code::bad_input, "lost", ""};
    const std::size_t n = std::min({size, step, text.size() - *at});
    text.copy(into, n, *at);
    *at += n;
    return n;
  };
}

struct Copied {
  std::string text;
  std::vector<std::string> seen;
  std::uint64_t ends = 0;
  Status done;
  std::string next;
};

Copied copy(const std::vector<std::string>& pages, std::size_t step = 3) {
  Copied copied;
  ListCopy list(
      [&](std::string_view bytes) -> Status {
        copied.text += bytes;
        return {};
      },
      {[&](std::string_view path, std::string_view value) {
         copied.seen.push_back(std::string(path) + "=" + std::string(value));
       },
       [&] { ++copied.ends; }});
  for (const std::string& page : pages) {
    copied.done = list.page(body_of(page, step));
    if (!copied.done) return copied;
  }
  copied.next = list.next();
  copied.done = list.finish();
  return copied;
}

TEST(ListCopy, PagesBecomeOneListWithOneValueALine) {
  const Copied copied = copy(
      {R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7","continue":"x=","remainingItemCount":1},)"
       R"("items":[{"metadata":{"name":"a"},"spec":{"n":1.50,"t":[true,null]}}]})",
       R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"8"},"items":[{"metadata":{"name":"b"}}]})"});
  ASSERT_TRUE(copied.done) << copied.done.error().what;
  EXPECT_EQ(copied.text, R"({
  "kind": "PodList",
  "apiVersion": "v1",
  "metadata": {
    "resourceVersion": "7"
  },
  "items": [
    {
      "metadata": {
        "name": "a"
      },
      "spec": {
        "n": 1.50,
        "t": [
          true,
          null
        ]
      }
    },
    {
      "metadata": {
        "name": "b"
      }
    }
  ]
}
)");
  EXPECT_THAT(copied.seen,
              ElementsAre("metadata/name=a", "spec/n=1.50", "spec/t/*=true", "spec/t/*=", "metadata/name=b"));
  EXPECT_EQ(copied.ends, 2u);
}

TEST(ListCopy, TellsWhereTheNextPageBegins) {
  EXPECT_EQ(copy({R"({"metadata":{"continue":"a+b/c=5"},"items":[]})"}).next, "a+b/c=5");
  EXPECT_EQ(copy({R"({"metadata":{"continue":"x"},"items":[]})", R"({"metadata":{},"items":null})"}).next,
            "");
}

TEST(ListCopy, AnEmptyListIsAList) {
  for (const char* const text :
       {R"({"kind":"L","items":[]})", R"({"kind":"L","items":null})", R"({"kind":"L"})"})
    EXPECT_EQ(copy({text}).text, "{\n  \"kind\": \"L\",\n  \"items\": []\n}\n") << text;
}

TEST(ListCopy, DoesNotDependOnHowTheBodyIsCut) {
  const std::string page = R"({"metadata":{},"items":[{"a":"é\n\"x","b":-1e9},{"c":{}}]})";
  const Copied whole = copy({page}, page.size());
  for (std::size_t step = 1; step < page.size(); ++step) EXPECT_EQ(copy({page}, step).text, whole.text);
}

TEST(ListCopy, EveryTruncationIsAnError) {
  const std::string page = R"({"metadata":{},"items":[{"a":"x"}]})";
  for (std::size_t size = 0; size < page.size(); ++size)
    EXPECT_FALSE(copy({page.substr(0, size)}).done) << size;
}

TEST(ListCopy, WhatIsNoListIsAnError) {
  EXPECT_FALSE(copy({"[]"}).done);
  EXPECT_FALSE(copy({"\"text\""}).done);
  EXPECT_FALSE(copy({R"({"items":{"a":1}})"}).done);
  EXPECT_FALSE(copy({R"({"metadata":{"continue":{"a":1}},"items":[]})"}).done);
  EXPECT_FALSE(copy({"<html>"}).done);
  EXPECT_FALSE(copy({R"({"items":[)" + std::string(200, '[') + std::string(200, ']') + "]}"}).done);
}

TEST(ListCopy, TheErrorOfABodyOrASinkIsHandedOn) {
  ListCopy lost([](std::string_view) -> Status { return {}; }, {});
  EXPECT_EQ(lost.page(body_of(R"({"items":[)", 3, false)).error().what, "lost");
  ListCopy full([](std::string_view) -> Status { return Error{Code::machine, "full", ""}; }, {});
  const Status read = full.page(body_of(R"({"items":[{"a":")" + std::string(100'000, 'x') + R"("}]})", 4096));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().what, "full");
}

}  // namespace
}  // namespace carrel
