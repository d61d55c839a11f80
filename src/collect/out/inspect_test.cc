#include "collect/out/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "collect/out/bundle_writer.h"

namespace carrel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string bundle(const std::function<void(Manifest*)>& change = {}) {
  std::string bytes;
  BundleWriter writer("top", 1715670341, [&](std::string_view more) -> Status {
    bytes += more;
    return {};
  });
  Manifest manifest;
  manifest.tool_version = "1";
  manifest.options = {{"tail", "5"}};
  for (const auto& [path, text] : {std::pair<std::string, std::string>{"a.log", "one\n"},
                                   {std::string(150, 'n') + "/b.log", std::string(2000, 'x')}}) {
    Spool spool("/tmp");
    EXPECT_TRUE(spool.write(text));
    ManifestFile file;
    file.path = path;
    file.source = "test";
    file.status = "read";
    file.redactions = {{"password", 2}};
    EXPECT_TRUE(writer.add(&file, spool));
    manifest.files.push_back(std::move(file));
  }
  manifest.missing = {{"c.log", "test", "HTTP 403", "forbidden"}};
  if (change) change(&manifest);
  EXPECT_TRUE(writer.finish(manifest));
  return bytes;
}

Result<Inspection> inspect(const std::string& bytes) {
  std::size_t at = 0;
  return inspect_bundle([&](char* into, std::size_t size) -> Result<std::size_t> {
    const std::size_t n = std::min(size, bytes.size() - at);
    bytes.copy(into, n, at);
    at += n;
    return n;
  });
}

// Another byte of a packed stream may stand for the same bytes: a run of zeros can be told in two ways.
std::string unpacked(const std::string& bytes) {
  std::string out(1 << 20, '\0');
  z_stream stream{};
  EXPECT_EQ(::inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int state = ::inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::inflateEnd(&stream);
  return state == Z_STREAM_END ? out : "";
}

TEST(Inspect, TellsWhatTheManifestTold) {
  const auto found = inspect(bundle());
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_EQ(found->top, "top");
  EXPECT_EQ(found->files, 2u);
  EXPECT_EQ(found->bytes, 2004u);
  EXPECT_THAT(found->damage, IsEmpty());
  ASSERT_EQ(found->manifest.files.size(), 2u);
  EXPECT_EQ(found->manifest.files[1].path, std::string(150, 'n') + "/b.log");
  EXPECT_EQ(found->manifest.files[0].redactions.at("password"), 2u);
  ASSERT_EQ(found->manifest.missing.size(), 1u);
  EXPECT_EQ(found->manifest.missing[0].reason, "forbidden");
  EXPECT_EQ(found->manifest.options.at(0).second, "5");
}

TEST(Inspect, WhatIsNotAsTheManifestSaysIsDamage) {
  EXPECT_THAT(inspect(bundle([](Manifest* manifest) { manifest->files[0].sha256[0] ^= 1; }))->damage,
              ElementsAre("a.log: is not what the manifest says"));
  EXPECT_THAT(inspect(bundle([](Manifest* manifest) { manifest->files.pop_back(); }))->damage,
              ElementsAre(HasSubstr("the bundle has it, the manifest has not")));
  EXPECT_THAT(
      inspect(bundle([](Manifest* manifest) { manifest->files[0].path = "z"; }))->damage,
      ElementsAre("z: the manifest has it, the bundle has not", HasSubstr("a.log: the bundle has it")));
}

TEST(Inspect, EveryTruncationAndEveryFlippedByteIsFound) {
  const std::string whole = bundle();
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(inspect(whole.substr(0, size))) << size;
  for (std::size_t at = 10; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    const auto found = inspect(changed);
    EXPECT_TRUE(!found || !found->damage.empty() || unpacked(changed) == unpacked(whole)) << at;
  }
}

TEST(Inspect, OtherFilesAreNoBundle) {
  EXPECT_THAT(inspect("plain text").error().what, HasSubstr("no gzip"));
  EXPECT_FALSE(inspect(""));
}

TEST(Inspect, OfASealedBundleItSaysThatItIsSealed) {
  EXPECT_THAT(inspect("carrel bundle 1\n" + std::string(200, 'x')).error().what, HasSubstr("it is sealed"));
}

TEST(Manifest, AnotherVersionIsNotRead) {
  EXPECT_THAT(read_manifest(R"({"version":2})").error().what, HasSubstr("version 2"));
  EXPECT_FALSE(read_manifest("{}"));
  EXPECT_FALSE(read_manifest("[1]"));
}

TEST(Manifest, WhateverWasReadIsWrittenAndReadAgain) {
  for (const std::string_view json : {
           R"({"version":1,"files":[{"path":"a","seconds":"nan"}]})",
           R"({"version":1,"files":[{"path":"a","seconds":"-inf"}]})",
           R"({"version":1,"options":{"a\u0000b":"1","a":"2"}})",
       }) {
    const auto manifest = read_manifest(json);
    ASSERT_TRUE(manifest) << json;
    const std::string written = to_json(*manifest);
    const auto again = read_manifest(written);
    ASSERT_TRUE(again) << written;
    EXPECT_EQ(to_json(*again), written);
  }
}

}  // namespace
}  // namespace carrel
