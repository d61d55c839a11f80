// support-diag redact and reveal, as they are run.
#include <filesystem>

#include <gmock/gmock.h>

#include "desk.h"

namespace carrel::collect_test {
namespace {

using e2e::Outcome;
using testing::HasSubstr;
using testing::Not;

class Redact : public e2e::Scratch {
 protected:
  Outcome diag(std::vector<std::string> words) const {
    words.insert(words.begin(), SUPPORT_DIAG);
    return run(words);
  }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
};

TEST_F(Redact, WhatIsMaskedIsReadBack) {
  const std::string text =
      "level=info password=hunter2 url=postgres://app:hunter2@db/x1 mail=bob@example.com\n";
  const std::string log = file("app.log", text);
  const Outcome masked = diag({"redact", "--map", path("m.map"), "--map-key", path("m.key"), log});
  EXPECT_EQ(masked.status, 0) << masked.err;
  EXPECT_THAT(
      masked.out,
      HasSubstr("password=redacted-password-1 url=postgres://redacted-user-2:redacted-password-1@db/"));
  EXPECT_THAT(masked.out, Not(HasSubstr("hunter2")));
  EXPECT_THAT(masked.err,
              HasSubstr("masked 5 secrets (4 different) in 1 file: database 1, email 1, password 2, user 1"));
  EXPECT_THAT(read(path("m.map")), Not(HasSubstr("hunter2")));
  const auto mode = std::filesystem::status(path("m.key")).permissions();
  EXPECT_EQ(mode & std::filesystem::perms(077), std::filesystem::perms::none);

  const std::string reply = file("reply.txt", masked.out + "see redacted-host-99\n");
  const Outcome back = diag({"reveal", "--map", path("m.map"), "--map-key", path("m.key"), reply});
  EXPECT_EQ(back.status, 0) << back.err;
  EXPECT_EQ(back.out, text + "see redacted-host-99\n");
  EXPECT_THAT(back.err, HasSubstr("1 pseudonym in it is not of this map"));
}

TEST_F(Redact, FilesGoIntoAFolderWithAReport) {
  const std::string a = file("a.yaml", "password: one1\n"), b = file("b.log", "all well\n");
  const Outcome done = diag({"redact", "--out", path("out"), "--report", path("report.json"), a, b});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_EQ(done.out, "");
  EXPECT_EQ(read(path("out/a.yaml")), "password: redacted-password-1\n");
  EXPECT_EQ(read(path("out/b.log")), "all well\n");
  const std::string report = read(path("report.json"));
  EXPECT_THAT(report, HasSubstr("a.yaml"));
  EXPECT_THAT(report, Not(HasSubstr("b.log")));
  const Outcome told = diag({"redact", "--out", path("more"), "--report", "-", a, b});
  EXPECT_EQ(told.out, report);
  const Outcome mixed = diag({"redact", "--report", "-", a});
  EXPECT_EQ(mixed.status, 2);
  EXPECT_EQ(mixed.out, "");
  EXPECT_EQ(diag({"redact", "--out", "-", a}).status, 2);
  const Outcome again = diag({"redact", "--out", path("out"), a});
  EXPECT_EQ(again.status, 2);
  EXPECT_THAT(again.err, HasSubstr("exists already"));
}

TEST_F(Redact, SaysWhatIsWrongBeforeItWritesAnything) {
  const std::string log = file("a.log", "x\n");
  const Outcome rules = diag({"redact", "--rules", file("r.yaml", "version: 1\nmask:\n- class: Big\n"), log});
  EXPECT_EQ(rules.status, 4);
  EXPECT_EQ(rules.out, "");
  EXPECT_THAT(rules.err, HasSubstr("r.yaml:3:10: a rule needs a class"));
  const Outcome packed = diag({"redact", e2e::example});
  EXPECT_EQ(packed.status, 4);
  EXPECT_EQ(packed.out, "");
  EXPECT_THAT(packed.err, HasSubstr("is packed (gzip), and secrets in it would stay"));
  const Outcome wide = diag({"redact", file("wide.env", std::string("\xff\xfeP\0=\0h\0", 8))});
  EXPECT_EQ(wide.status, 4);
  EXPECT_EQ(wide.out, "");
  EXPECT_THAT(wide.err, HasSubstr("is text in UTF-16, and secrets in it would stay"));
  file("old.map", "kept");
  const Outcome map = diag({"redact", "--map", path("old.map"), "--map-key", path("k"), log});
  EXPECT_EQ(map.status, 2);
  EXPECT_THAT(map.err, HasSubstr("a map is never overwritten"));
  EXPECT_EQ(read(path("old.map")), "kept");
  EXPECT_EQ(diag({"redact", path("missing")}).status, 4);
}

TEST_F(Redact, AMapOpensWithItsKeyAlone) {
  const std::string log = file("a.log", "password=hunter2\n");
  ASSERT_EQ(diag({"redact", "--map", path("m.map"), "--map-key", path("m.key"), log}).status, 0);
  ASSERT_EQ(diag({"redact", "--map", path("n.map"), "--map-key", path("n.key"), log}).status, 0);
  const Outcome other = diag({"reveal", "--map", path("m.map"), "--map-key", path("n.key"), log});
  EXPECT_EQ(other.status, 4);
  EXPECT_EQ(other.out, "");
  EXPECT_THAT(other.err, HasSubstr("this is not its key"));
  const Outcome none = diag({"reveal", "--map", path("m.map"), log});
  EXPECT_EQ(none.status, 2);
  EXPECT_THAT(none.err, HasSubstr("name its file with --map-key"));
}

}  // namespace
}  // namespace carrel::collect_test
