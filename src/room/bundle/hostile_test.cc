// Hostile archives: each refusal with its own reason and count, and the good member beside it still read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "room/bundle/made_archive.h"

namespace carrel {
namespace {

using made::Read;
using made::tar_end;
using made::tar_file;
using made::tar_header;
using made::tar_named_file;

const std::string good = tar_file("good.log", "all is well\n");

struct Refusal {
  const char* name;
  std::string members;
  const char* reason;
  std::uint64_t files;
};

class Refused : public testing::TestWithParam<Refusal> {};

TEST_P(Refused, IsCountedAndTheRestIsRead) {
  Read read;
  made::read_bytes(good + GetParam().members + tar_file("after.log", "still here\n") + tar_end, &read);
  ASSERT_TRUE(read.summary) << read.summary.error().what;
  EXPECT_EQ(read.left_out(GetParam().reason), GetParam().files);
  EXPECT_EQ(read.summary->left_out.size(), 1U);
  EXPECT_TRUE(is_utf8(read.summary->left_out[0].file));
  EXPECT_EQ(read.summary->files, 2U);
  EXPECT_EQ(read.sink.text.size(), 2U);
  EXPECT_EQ(read.sink.text["good.log"], "all is well\n");
  EXPECT_EQ(read.sink.text["after.log"], "still here\n");
}

std::string nested(std::size_t levels) {
  std::string path;
  for (std::size_t i = 0; i < levels; ++i) path += "d/";
  return path + "x.log";
}

// An old GNU sparse file: one region of data, and a size of a terabyte.
std::string gnu_sparse(std::uint64_t real_size) {
  std::string header = tar_header("sparse.log", 512, 'S');
  const auto put = [&](std::size_t at, std::string_view text) { header.replace(at, text.size(), text); };
  put(257, std::string_view("ustar  \0", 8));
  put(386, "00000000000");
  put(398, "00000001000");
  put(483,
      fmt::format("{:011o}", real_size >> 12));  // in 12 octal digits of the header's own unit of one byte
  put(148, "        ");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum));
  header[154] = '\0';
  return header + made::padded(std::string(512, 'x'));
}

const char* const broken_utf8 = "caf\xe9.log";

INSTANTIATE_TEST_SUITE_P(
    Kinds, Refused,
    testing::Values(
        Refusal{"absolute", tar_file("/etc/passwd", "x"), "absolute path", 1},
        Refusal{"climbs", tar_file("../../etc/passwd", "x") + tar_file("a/../b", "x"), "climbs out", 2},
        Refusal{"dots_alone", tar_file("..", "x"), "climbs out", 1},
        Refusal{"symlink", tar_header("link", 0, '2', "/etc/passwd"), "symbolic link", 1},
        Refusal{"symlink_with_body", tar_header("link", 0, '2', "good.log"), "symbolic link", 1},
        Refusal{"hardlink_outside", tar_header("hard", 0, '1', "/etc/passwd"), "hard link", 1},
        Refusal{"hardlink_inside", tar_header("hard", 0, '1', "./good.log"), "hard link to another file", 1},
        Refusal{"character_device", tar_header("dev/null", 0, '3'), "device", 1},
        Refusal{"block_device", tar_header("dev/sda", 0, '4'), "device", 1},
        Refusal{"fifo", tar_header("fifo", 0, '6'), "named pipe", 1},
        Refusal{"duplicate", tar_file("good.log", "a lie\n"), "duplicate", 1},
        Refusal{"duplicate_spelled_otherwise", tar_file("././/good.log", "a lie\n"), "duplicate", 1},
        Refusal{"long_component", tar_named_file(std::string(300, 'n'), "x"), "over-long name", 1},
        Refusal{"long_path", tar_named_file(std::string(250, 'a') + "/" + std::string(5000, '/') + "b", "x"),
                "over-long name", 1},
        Refusal{"deep", tar_named_file(nested(1500), "x"), "nested too deep", 1},
        Refusal{"not_utf8", tar_file(broken_utf8, "x"), "not UTF-8", 1},
        Refusal{"not_utf8_in_pax", tar_named_file(broken_utf8, "x"), "not UTF-8", 1},
        Refusal{"control_characters", tar_file("a\x1b[2Jb.log", "x"), "control characters", 1},
        Refusal{"sparse", gnu_sparse(1ULL << 40), "sparse file", 1},
        Refusal{"gzip_in_gzip", tar_file("inner.gz", made::gzip(made::gzip("inner\n"))),
                "packed twice inside", 1},
        Refusal{"gzip_two_deep", tar_file("inner.tar", tar_file("a.gz", made::gzip("inner\n")) + tar_end),
                "archive or compressed file inside", 1},
        Refusal{"tar_two_deep", tar_file("inner.tar", tar_file("deeper.tar", good + tar_end) + tar_end),
                "archive or compressed file inside", 1},
        Refusal{"climbing_out_of_a_nested_tar", tar_file("inner.tar", tar_file("../../up", "x") + tar_end),
                "climbs", 1},
        Refusal{"link_in_a_nested_tar",
                tar_file("inner.tar", tar_header("link", 0, '2', "/etc/passwd") + tar_end), "symbolic link",
                1},
        Refusal{"damaged_gzip", tar_file("inner.gz", made::gzip(std::string(5000, 'x')).substr(0, 30)),
                "damaged archive or compressed file inside", 1},
        Refusal{"nested_zip", tar_file("inner.zip", made::archive_of({{"a", "b"}}, "zip", "none")),
                "archive or compressed file inside", 1},
        Refusal{"binary", tar_file("core", std::string("\x01\0\2 core", 8)), "binary file", 1},
        Refusal{"encrypted", tar_file("key.gpg", "\x85\x01\x0c\x03 and so on"), "encrypted file", 1}),
    [](const auto& refusal) { return refusal.param.name; });

TEST(Hostile, NameWithNul) {
  Read read;
  made::read_bytes(good + tar_named_file(std::string("a.log\0.gz", 9), "x\n") + tar_end, &read);
  ASSERT_TRUE(read.summary) << read.summary.error().what;
  EXPECT_EQ(read.left_out("NUL"), 1U);
  EXPECT_EQ(read.sink.text.size(), 1U);
}

TEST(Hostile, NameWithNulInAGnuHeader) {
  const std::string name("a.log\0.gz\0", 10);
  Read read;
  made::read_bytes(good + tar_header("././@LongLink", name.size(), 'L') + made::padded(name) +
                       tar_file("short", "x\n") + tar_end,
                   &read);
  ASSERT_TRUE(read.summary) << read.summary.error().what;
  EXPECT_EQ(read.left_out("NUL"), 1U);
}

TEST(Hostile, NameWithNulInAZip) {
  std::string zip = made::archive_of({{"a.log-.gz", "x\n"}, {"good.log", "well\n"}}, "zip", "none");
  for (std::size_t at = zip.find("a.log-.gz"); at != zip.npos; at = zip.find("a.log-.gz", at))
    zip[at + 5] = '\0';
  Read read;
  made::read_bytes(zip, &read);
  ASSERT_TRUE(read.summary) << read.summary.error().what;
  EXPECT_EQ(read.left_out("NUL"), 1U);
  EXPECT_EQ(read.sink.text.size(), 1U);
}

TEST(Hostile, BombByRatio) {
  std::string tar = tar_file("good.log", "well\n") + tar_header("zeros.log", 200 << 20);
  tar.resize(tar.size() + (200 << 20), 'a');
  const std::string packed = made::gzip(tar + tar_end, 1);
  BundleLimits limits;
  limits.ratio = 100;
  Read read;
  made::read_bytes(packed, &read, limits);
  ASSERT_TRUE(read.summary) << read.summary.error().what;
  EXPECT_EQ(read.sink.text["good.log"], "well\n");
  EXPECT_LT(read.summary->bytes, 80U << 20);
  ASSERT_EQ(read.summary->left_out.size(), 1U);
  EXPECT_THAT(read.summary->left_out[0].reason, testing::HasSubstr("more than 100 times"));
  EXPECT_EQ(read.summary->left_out[0].file, "zeros.log");
}

TEST(Hostile, BombInAZip) {
  made::Files files{{"good.log", "well\n"}, {"zeros.log", std::string(200 << 20, 'a')}};
  BundleLimits limits;
  limits.ratio = 100;
  Read read;
  made::read_bytes(made::archive_of(files, "zip", "none"), &read, limits);
  ASSERT_TRUE(read.summary) << read.summary.error().what;
  EXPECT_LT(read.summary->bytes, 80U << 20);
  EXPECT_EQ(read.summary->left_out.size(), 1U);
}

TEST(Hostile, BytesInAll) {
  BundleLimits limits;
  limits.bytes = 1 << 20;
  std::string tar;
  for (int i = 0; i < 8; ++i) tar += tar_file(fmt::format("{}.log", i), std::string(300'000, 'a'));
  Read read;
  made::read_bytes(tar + tar_end, &read, limits);
  ASSERT_TRUE(read.summary) << read.summary.error().what;
  EXPECT_LE(read.summary->bytes, limits.bytes);
  ASSERT_FALSE(read.summary->left_out.empty());
  EXPECT_THAT(read.summary->left_out.back().reason, testing::HasSubstr("more than 1048576 bytes"));
}

TEST(Hostile, BytesOfOneFile) {
  BundleLimits limits;
  limits.file_bytes = 1000;
  Read read;
  made::read_bytes(tar_file("long.log", std::string(20'000, 'a')) + tar_file("next.log", "b\n") + tar_end,
                   &read, limits);
  ASSERT_TRUE(read.summary) << read.summary.error().what;
  EXPECT_EQ(read.sink.text["long.log"].size(), 1000U);
  EXPECT_EQ(read.sink.text["next.log"], "b\n");
  ASSERT_EQ(read.summary->left_out.size(), 1U);
  EXPECT_EQ(read.summary->left_out[0].bytes, 19'000U);
}

TEST(Hostile, NumberOfFiles) {
  BundleLimits limits;
  limits.files = 10;
  std::string tar;
  for (int i = 0; i < 25; ++i) tar += tar_file(fmt::format("{}.log", i), "a\n");
  Read read;
  made::read_bytes(tar + tar_end, &read, limits);
  ASSERT_TRUE(read.summary) << read.summary.error().what;
  EXPECT_EQ(read.summary->files, 10U);
  EXPECT_EQ(read.left_out("more than 10 files"), 15U);
}

TEST(Hostile, StructuredBytes) {
  BundleLimits limits;
  limits.structured_bytes = 2000;
  std::string tar;
  for (int i = 0; i < 10; ++i)
    tar += tar_file(fmt::format("pod-{}.json", i),
                    fmt::format(R"({{"kind":"Pod","metadata":{{"name":"p{}"}}}})", i));
  Read read;
  made::read_bytes(tar + tar_end, &read, limits);
  ASSERT_TRUE(read.summary) << read.summary.error().what;
  EXPECT_EQ(read.sink.text.size(), 10U);
  EXPECT_LT(read.inventory.of("pod").size(), 10U);
  EXPECT_GT(read.left_out("too large to parse"), 0U);
}

TEST(Hostile, BytesBehindTheEnd) {
  Read read;
  made::read_bytes(good + tar_end + std::string(512, '\0') + "hidden", &read);
  ASSERT_TRUE(read.summary) << read.summary.error().what;
  ASSERT_EQ(read.summary->left_out.size(), 1U);
  EXPECT_THAT(read.summary->left_out[0].reason, testing::HasSubstr("behind the archive's end"));
}

TEST(Hostile, SymbolicLinkInAZipIsNoFile) {
  std::string out(4096, '\0');
  std::size_t used = 0;
  archive* const writer = archive_write_new();
  archive_write_set_format_zip(writer);
  archive_write_open_memory(writer, out.data(), out.size(), &used);
  archive_entry* const entry = archive_entry_new();
  archive_entry_set_pathname(entry, "link.log");
  archive_entry_set_filetype(entry, AE_IFLNK);
  archive_entry_set_symlink(entry, "/etc/passwd");
  archive_write_header(writer, entry);
  archive_entry_free(entry);
  archive_write_close(writer);
  archive_write_free(writer);
  Read read;
  made::read_bytes(std::string_view(out).substr(0, used), &read);
  ASSERT_TRUE(read.summary) << read.summary.error().what;
  EXPECT_EQ(read.left_out("symbolic link"), 1U);
  EXPECT_TRUE(read.sink.text.empty());
}

}  // namespace
}  // namespace carrel
