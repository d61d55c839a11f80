#include "room/bundle/read.h"

#include <algorithm>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "crypto/sealed_file.h"
#include "room/bundle/made_archive.h"

namespace carrel {
namespace {

using made::Files;
using made::Read;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::StartsWith;

// Text that does not compress to nothing, of the given length.
std::string varied(std::size_t size) {
  std::string text;
  std::uint32_t state = 1;
  while (text.size() < size) {
    state = state * 1664525 + 1013904223;
    text += fmt::format("2025-01-01T00:00:00Z line {} of it\n", state);
  }
  text.resize(size);
  return text;
}

const Files& files() {
  static const Files all{{"bundle/a.log", "first\nsecond\n"},
                         {"bundle/empty.log", ""},
                         {"bundle/logs/shop/api-0/api.log", varied(700'000)},
                         {"bundle/last.txt", "no newline at the end"}};
  return all;
}

struct Form {
  const char* format;
  const char* filter;
};

class EveryForm : public testing::TestWithParam<Form> {};

TEST_P(EveryForm, GivesEachFileWhole) {
  Read read;
  made::read_bytes(made::archive_of(files(), GetParam().format, GetParam().filter), &read);
  ASSERT_TRUE(read.summary) << read.summary.error().what;
  ASSERT_EQ(read.sink.text.size(), files().size());
  std::uint64_t bytes = 0;
  for (const auto& [name, body] : files()) {
    EXPECT_EQ(read.sink.text[name], body) << name;
    bytes += body.size();
  }
  EXPECT_EQ(read.summary->files, files().size());
  EXPECT_EQ(read.summary->bytes, bytes);
  EXPECT_TRUE(read.summary->left_out.empty());
}

// A bundle that comes through a pipe, one byte a write.
void read_by_bytes(const std::string& bytes, Read* read) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const Fd from(ends[0]);
  std::thread writer([&, to = Fd(ends[1])] {
    for (const char byte : bytes) {
      if (!write_all(to.get(), {&byte, 1})) return;
    }
  });
  made::read_fd(from.get(), read);
  char rest[4096];
  while (::read(from.get(), rest, sizeof rest) > 0) continue;
  writer.join();
}

TEST_P(EveryForm, ComesThroughAPipeByteForByte) {
  const Files small{{"a.log", varied(3000)}, {"b.log", "b\n"}};
  const std::string bytes = made::archive_of(small, GetParam().format, GetParam().filter);
  Read read;
  read_by_bytes(bytes, &read);
  if (std::string(GetParam().format) == "zip") {
    ASSERT_FALSE(read.summary);
    EXPECT_THAT(read.summary.error().what, HasSubstr("zip archive that comes through a pipe"));
    return;
  }
  ASSERT_TRUE(read.summary) << read.summary.error().what;
  EXPECT_EQ(read.sink.text["a.log"], small[0].second);
  EXPECT_EQ(read.sink.text["b.log"], small[1].second);
}

// Cut anywhere, an archive is an error that says so. Only the zero blocks at the end of a tar may be missing
// in part.
TEST_P(EveryForm, CutAnywhereIsAnError) {
  const Files small{{"a.log", "one\ntwo\n"}, {"b.log", varied(900)}};
  const std::string bytes = made::archive_of(small, GetParam().format, GetParam().filter);
  const bool plain_tar = std::string(GetParam().filter) == "none" && std::string(GetParam().format) != "zip";
  const std::size_t needed = plain_tar ? bytes.find_last_not_of('\0') + 1 : bytes.size();
  for (std::size_t size = 0; size < needed; ++size) {
    Read read;
    made::read_bytes(bytes.substr(0, size), &read);
    // So short that it could be anything: then it is no archive, and it may be a text.
    if (read.summary && size < 10 && read.sink.text.contains("bundle.tar")) continue;
    ASSERT_FALSE(read.summary) << size << " of " << bytes.size();
    EXPECT_EQ(read.summary.error().code, Code::bad_input);
    EXPECT_THAT(read.summary.error().what, StartsWith("bundle.tar "));
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, EveryForm,
                         testing::Values(Form{"pax", "none"}, Form{"gnutar", "none"}, Form{"ustar", "none"},
                                         Form{"pax", "gzip"}, Form{"pax", "zstd"}, Form{"pax", "xz"},
                                         Form{"pax", "bzip2"}, Form{"zip", "none"}),
                         [](const auto& form) {
                           return std::string(form.param.format) + "_" + form.param.filter;
                         });

std::string error_of(std::string_view bytes, const std::string& name = "it") {
  Read read;
  made::read_bytes(bytes, &read, {}, name);
  return read.summary ? "no error" : read.summary.error().what;
}

TEST(Read, SaysWhatIsWrongWithTheFile) {
  using namespace std::string_view_literals;
  EXPECT_THAT(error_of(""), HasSubstr("it is empty"));
  EXPECT_THAT(error_of("\0\1\2\3 some binary"sv), HasSubstr("neither an archive nor text"));
  EXPECT_THAT(error_of("\x85\x01\x0c\x03\xaa\xbb"), HasSubstr("encrypted (gpg)"));
  EXPECT_THAT(error_of("\x8c\x0d\x04\x09\x03\x02"), HasSubstr("encrypted (gpg)"));
  EXPECT_THAT(error_of("-----BEGIN PGP MESSAGE-----\n\nhQ"), HasSubstr("encrypted (gpg)"));
  EXPECT_THAT(error_of("age-encryption.org/v1\n-> X25519"), HasSubstr("encrypted (age)"));
  EXPECT_THAT(error_of("Salted__\1\2\3"), HasSubstr("encrypted (openssl)"));
  EXPECT_THAT(error_of("7z\xbc\xaf\x27\x1c\0\4"sv), HasSubstr("7z archive"));
  EXPECT_THAT(error_of("Rar!\x1a\x07\1\0"sv), HasSubstr("rar archive"));
  EXPECT_THAT(error_of(made::tar_end), HasSubstr("holds no files"));
  EXPECT_THAT(error_of(made::tar_header("folder/", 0, '5') + made::tar_end), HasSubstr("holds no files"));
  EXPECT_THAT(error_of(made::gzip("")), HasSubstr("it is empty"));
  EXPECT_THAT(error_of(made::gzip(made::gzip("twice"))), HasSubstr("holds a gzip file inside"));
}

TEST(Read, FindsDamage) {
  const std::string whole = made::gzip(made::tar_file("a.log", varied(5000)) + made::tar_end);
  std::string damaged = whole;
  damaged[damaged.size() - 6] ^= 1;  // the checksum that stands behind the data
  EXPECT_THAT(error_of(damaged), HasSubstr("damaged"));
  EXPECT_THAT(error_of(whole + "more"), HasSubstr("damaged"));
  EXPECT_EQ(error_of(whole + std::string(300, '\0')), "no error");
  std::string header = made::tar_file("a.log", "a") + made::tar_file("b.log", "b") + made::tar_end;
  header[1024 + 3] ^= 1;
  EXPECT_THAT(error_of(header), HasSubstr("damaged"));
  std::string zip = made::archive_of({{"a.log", varied(5000)}}, "zip", "none");
  zip[200] ^= 0x55;
  EXPECT_THAT(error_of(zip), HasSubstr("damaged"));
}

TEST(Read, TakesAnEncryptedZipForWhatItIs) {
  EXPECT_THAT(error_of(made::archive_of({{"a.log", "secret\n"}}, "zip", "none", "password")),
              HasSubstr("encrypted"));
}

TEST(Read, ReadsAGzipOfSeveralMembers) {
  const std::string tar = made::tar_file("a.log", varied(5000)) + made::tar_end;
  Read read;
  made::read_bytes(made::gzip(tar.substr(0, 700)) + made::gzip("") + made::gzip(tar.substr(700)), &read);
  ASSERT_TRUE(read.summary) << read.summary.error().what;
  EXPECT_EQ(read.sink.text["a.log"], varied(5000));
}

TEST(Read, TakesATextFileAlone) {
  Read read;
  made::read_bytes("error: it broke\n", &read, {}, "/home/user/app.log");
  ASSERT_TRUE(read.summary) << read.summary.error().what;
  EXPECT_EQ(read.sink.text["app.log"], "error: it broke\n");
  EXPECT_EQ(read.sink.files["app.log"].kind, TextFile::Kind::log);
  Read packed;
  made::read_bytes(made::gzip("{\"kind\": \"Pod\", \"metadata\": {\"name\": \"a\"}}\n"), &packed, {},
                   "pod.json.gz");
  ASSERT_TRUE(packed.summary) << packed.summary.error().what;
  EXPECT_EQ(packed.inventory.of("pod").size(), 1U);
  EXPECT_TRUE(packed.sink.text.contains("pod.json"));
}

TEST(Read, KeepsNamesThatNeedUtf8InEveryForm) {
  const std::string name = "Berichte/größe-日本.log";
  for (const char* format : {"pax", "gnutar", "zip"}) {
    Read read;
    made::read_bytes(format == std::string("zip") ? made::archive_of({{name, "x\n"}}, "zip", "none")
                                                  : made::tar_named_file(name, "x\n") + made::tar_end,
                     &read);
    ASSERT_TRUE(read.summary) << read.summary.error().what;
    EXPECT_TRUE(read.sink.text.contains(name)) << format;
  }
}

// Other writers mark a zip's names as UTF-8 (bit 11 of the flags), which libarchive converts to the locale's
// characters.
TEST(Read, KeepsNamesThatAZipMarksAsUtf8) {
  const std::string name = "größe.log";
  std::string zip = made::archive_of({{name, "x\n"}}, "zip", "none");
  for (const auto& [magic, flags] : {std::pair{"PK\x03\x04", 6}, std::pair{"PK\x01\x02", 8}}) {
    zip[zip.find(magic) + static_cast<std::size_t>(flags) + 1] |= 0x08;
  }
  Read read;
  made::read_bytes(zip, &read);
  ASSERT_TRUE(read.summary) << read.summary.error().what;
  EXPECT_TRUE(read.sink.text.contains(name));
}

TEST(Read, ReadsWhatIsPackedInsideOneLevelDeep) {
  const std::string big = varied(900'000);
  const std::string inner = made::archive_of(
      {{"x/a.log", big}, {"x/pod.json", R"({"kind":"Pod","metadata":{"name":"a"}})"}}, "pax", "zstd");
  Read read;
  made::read_bytes(made::tar_file("b/inner.tar.zst", inner) +
                       made::tar_file("b/app.log.gz", made::gzip("rotated\n")) +
                       made::tar_file("b/plain.tar", made::tar_file("y.log", "y\n") + made::tar_end) +
                       made::tar_file("b/after.log", "after\n") + made::tar_end,
                   &read);
  ASSERT_TRUE(read.summary) << read.summary.error().what;
  EXPECT_TRUE(read.sink.text["b/inner.tar.zst/x/a.log"] == big);
  EXPECT_EQ(read.inventory.of("pod").size(), 1U);
  EXPECT_EQ(read.sink.text["b/app.log.gz"], "rotated\n");
  EXPECT_EQ(read.sink.files["b/app.log.gz"].kind, TextFile::Kind::log);
  EXPECT_EQ(read.sink.text["b/plain.tar/y.log"], "y\n");
  EXPECT_EQ(read.sink.text["b/after.log"], "after\n");
  EXPECT_EQ(read.summary->files, 5U);
  EXPECT_TRUE(read.summary->left_out.empty());
}

TEST(Read, OpensASealedBundleWithItsKeyAlone) {
  const RecipientKeys keys = random_recipient_keys();
  const std::string tar = made::gzip(made::tar_file("a.log", varied(700'000)) + made::tar_end);
  FileSealer sealer({random_recipient_keys().recipient, keys.recipient});
  std::string sealed = sealer.add(tar);
  sealed += sealer.finish();
  const auto read_with = [](const std::string& bytes, const std::string& key, made::Read* read) {
    const Fd fd = made::file_of(bytes);
    BundleOptions options;
    options.name = "bundle.sealed";
    options.key = key;
    read->summary = read_bundle(fd.get(), options, &read->inventory, &read->sink);
  };
  Read whole;
  read_with(sealed, recipient_secret_text(keys.secret), &whole);
  ASSERT_TRUE(whole.summary) << whole.summary.error().what;
  EXPECT_TRUE(whole.sink.text["a.log"] == varied(700'000));

  Read none;
  read_with(sealed, "", &none);
  ASSERT_FALSE(none.summary);
  EXPECT_THAT(none.summary.error().what, HasSubstr("encrypted (carrel)"));
  EXPECT_THAT(none.summary.error().remedy, HasSubstr("--key FILE"));
  Read other;
  read_with(sealed, recipient_secret_text(random_recipient_keys().secret), &other);
  ASSERT_FALSE(other.summary);
  EXPECT_THAT(other.summary.error().what, HasSubstr("sealed for another key"));
  for (const std::size_t size : {20UL, 100UL, sealed.size() / 2, sealed.size() - 1}) {
    Read cut;
    read_with(sealed.substr(0, size), recipient_secret_text(keys.secret), &cut);
    EXPECT_FALSE(cut.summary) << size;
  }
  std::string changed = sealed;
  changed[changed.size() / 2] ^= 1;
  Read damaged;
  read_with(changed, recipient_secret_text(keys.secret), &damaged);
  EXPECT_FALSE(damaged.summary);
}

TEST(Read, LimitsHoldInsideToo) {
  BundleLimits limits;
  limits.bytes = 2'000'000;
  for (const std::string& inner :
       {made::gzip(std::string(5'000'000, 'x')),
        made::gzip(made::tar_file("a.log", std::string(5'000'000, 'x')) + made::tar_end)}) {
    Read read;
    made::read_bytes(
        made::tar_file("inner.gz", inner) + made::tar_file("after.log", "after\n") + made::tar_end, &read,
        limits);
    ASSERT_TRUE(read.summary) << read.summary.error().what;
    EXPECT_THAT(read.summary->left_out,
                Contains(Field(&LeftOut::reason, HasSubstr("more than 2000000 bytes unpacked"))));
    EXPECT_TRUE(read.summary->cut_short);
    EXPECT_LE(read.summary->bytes, 2'300'000U);
    EXPECT_FALSE(read.sink.text.contains("after.log"));
  }
  limits = {};
  limits.ratio = 10;
  Read bomb;
  made::read_bytes(made::tar_file("inner.gz", made::gzip(std::string(100 << 20, 'x'), 9)) + made::tar_end,
                   &bomb, limits);
  ASSERT_TRUE(bomb.summary) << bomb.summary.error().what;
  EXPECT_THAT(bomb.summary->left_out,
              Contains(Field(&LeftOut::reason, HasSubstr("more than 10 times its size"))));
}

TEST(Read, ReportsProgress) {
  const std::string tar = made::tar_file("a.log", varied(20 << 20)) + made::tar_end;
  const Fd fd = made::file_of(tar);
  std::vector<std::uint64_t> told;
  BundleOptions options;
  options.name = "bundle.tar";
  options.progress = [&](std::uint64_t bytes) { told.push_back(bytes); };
  Inventory inventory;
  made::Kept sink;
  ASSERT_TRUE(read_bundle(fd.get(), options, &inventory, &sink));
  ASSERT_GE(told.size(), 4U);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  EXPECT_LE(told.back(), tar.size());
}

TEST(Read, WithoutKubernetesNothingIsAnObject) {
  const Fd fd =
      made::file_of(made::tar_file("pods.json", R"({"kind":"Pod","metadata":{"name":"a"}})") + made::tar_end);
  BundleOptions options;
  options.kubernetes = false;
  Inventory inventory;
  made::Kept sink;
  ASSERT_TRUE(read_bundle(fd.get(), options, &inventory, &sink));
  EXPECT_TRUE(sink.files.at("pods.json").plain);
  EXPECT_TRUE(inventory.all().empty());
  EXPECT_TRUE(inventory.documents().empty());
  EXPECT_TRUE(sink.text.contains("pods.json"));
}

}  // namespace
}  // namespace carrel
