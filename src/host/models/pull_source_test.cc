#include "host/models/pull_source.h"

#include <gmock/gmock.h>

namespace carrel {
namespace {

const char* nothing(const char*) {
  return nullptr;
}

TEST(PullSource, ReadsUrlsAndFilesOfAHub) {
  const auto url = parse_pull_source("https://example.org/a/phi.gguf?x=1", false, nothing);
  ASSERT_TRUE(url);
  EXPECT_EQ(url->url, "https://example.org/a/phi.gguf?x=1");
  EXPECT_EQ(url->file, "phi.gguf");
  EXPECT_FALSE(url->from_hub);
  const auto endpoint = [](const char* name) {
    return std::string(name) == "HF_ENDPOINT" ? "https://hub.example" : nullptr;
  };
  const auto hub = parse_pull_source("hf:org/repo:sub/phi-q4.gguf", false, endpoint);
  ASSERT_TRUE(hub);
  EXPECT_EQ(hub->url, "https://hub.example/org/repo/resolve/main/sub/phi-q4.gguf");
  EXPECT_EQ(hub->file, "phi-q4.gguf");
  EXPECT_TRUE(hub->from_hub);
  EXPECT_EQ(parse_pull_source("hf:org/repo@v1.2:a.gguf", false, endpoint)->url,
            "https://hub.example/org/repo/resolve/v1.2/a.gguf");
}

TEST(PullSource, PlainHttpNeedsASum) {
  EXPECT_FALSE(parse_pull_source("http://example.org/a.gguf", false, nothing));
  EXPECT_TRUE(parse_pull_source("http://example.org/a.gguf", true, nothing));
  for (const char* here : {"http://127.0.0.1:80/a.gguf", "http://localhost/a.gguf", "http://[::1]:8/a.gguf"})
    EXPECT_TRUE(parse_pull_source(here, false, nothing)) << here;
  for (const char* other : {"http://127.0.0.1.example.org/a.gguf", "http://localhost@example.org/a.gguf",
                            "http://user:localhost@example.org/a.gguf"})
    EXPECT_FALSE(parse_pull_source(other, false, nothing)) << other;
}

TEST(PullSource, RefusesWhatNamesNoModelFile) {
  for (const char* bad :
       {"", "a.gguf", "/tmp/a.gguf", "ftp://example.org/a.gguf", "file:///etc/a.gguf", "https://example.org/",
        "https://example.org/a.bin", "https://example.org/..gguf/%2e.gguf x", "hf:", "hf:org/repo",
        "hf:repo:a.gguf", "hf:org/../a:a.gguf", "hf:org/repo:../a.gguf", "hf:org/repo@../x:a.gguf",
        "hf:org/re po:a.gguf", "hf:org/repo:a.gguf?x", "hf:a/b/c:a.gguf",
        "https://example.org/a-00001-of-00002.gguf", "https://example.org/a\nb.gguf"}) {
    EXPECT_FALSE(parse_pull_source(bad, false, nothing)) << bad;
  }
}

}  // namespace
}  // namespace carrel
