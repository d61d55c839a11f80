// Sealed bundles from end to end: support-diag seals, carrel opens in its rooms.
#include <filesystem>

#include <gmock/gmock.h>

#include "desk.h"

namespace carrel::collect_test {
namespace {

using e2e::Outcome;
using testing::HasSubstr;

class Seal : public e2e::Scratch {
 protected:
  void SetUp() override {
    ASSERT_EQ(diag({"keys", path("support.key")}).status, 0);
    ASSERT_EQ(diag({"keys", "--signing", path("site.key")}).status, 0);
    const Outcome sealed = diag({"seal", e2e::example, "--encrypt-to", path("support.key.pub"), "--sign",
                                 path("site.key"), "--out", path("b.sealed")});
    ASSERT_EQ(sealed.status, 0) << sealed.err;
  }
  Outcome diag(std::vector<std::string> words) const {
    words.insert(words.begin(), SUPPORT_DIAG);
    return run(words);
  }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
};

TEST_F(Seal, CarrelOpensItInTheReadRoom) {
  const Outcome plain = carrel({"triage", e2e::example, "--json"});
  for (const std::vector<std::string>& key : {std::vector<std::string>{"--key", path("support.key")},
                                              {"--bundle-key-command", "cat " + path("support.key")}}) {
    std::vector<std::string> words = {"triage", path("b.sealed"), "--json"};
    words.insert(words.end(), key.begin(), key.end());
    const Outcome opened = carrel(words);
    ASSERT_EQ(opened.status, 0) << opened.err;
    EXPECT_STREQ(e2e::json_of(opened)["root_cause"].GetString(),
                 e2e::json_of(plain)["root_cause"].GetString());
  }
  const auto run = e2e::json_of(carrel({"triage", path("b.sealed"), "--json", "--key", path("support.key")}));
  EXPECT_EQ(carrel({"replay", run["run"].GetString(), "-q", "--key", path("support.key")}).status, 0);
  EXPECT_EQ(carrel({"replay", run["run"].GetString(), "-q"}).status, 4);
  const Outcome without = carrel({"triage", path("b.sealed")});
  EXPECT_EQ(without.status, 4);
  EXPECT_THAT(without.err, HasSubstr("is encrypted (carrel)"));
  ASSERT_EQ(diag({"keys", path("other.key")}).status, 0);
  const Outcome other = carrel({"triage", path("b.sealed"), "--key", path("other.key")});
  EXPECT_EQ(other.status, 4);
  EXPECT_THAT(other.err, HasSubstr("is sealed for another key"));
  const Outcome no_key = carrel({"triage", path("b.sealed"), "--key", path("support.key.pub")});
  EXPECT_NE(no_key.status, 0);
}

TEST_F(Seal, OpenGivesTheSameBytesAndChecksTheSignature) {
  const std::vector<std::string> open = {"open",        path("b.sealed"),     "--key", path("support.key"),
                                         "--signed-by", path("site.key.pub"), "--out", path("b.tar.gz")};
  const Outcome opened = diag(open);
  ASSERT_EQ(opened.status, 0) << opened.err;
  EXPECT_TRUE(read(path("b.tar.gz")) == read(e2e::example));
  EXPECT_EQ(diag(open).status, 2);  // never over a file that is there

  std::string changed = read(path("b.sealed"));
  changed[changed.size() / 2] ^= 1;
  file("c.sealed", changed);
  file("c.sealed.sig", read(path("b.sealed.sig")));
  const Outcome unsigned_bytes = diag({"open", path("c.sealed"), "--key", path("support.key"), "--signed-by",
                                       path("site.key.pub"), "--out", path("c.tar.gz")});
  EXPECT_EQ(unsigned_bytes.status, 4);
  EXPECT_THAT(unsigned_bytes.err, HasSubstr("is not what was signed"));
  EXPECT_EQ(diag({"open", path("c.sealed"), "--key", path("support.key"), "--out", path("c.tar.gz")}).status,
            4);
  EXPECT_FALSE(std::filesystem::exists(path("c.tar.gz")));
}

TEST_F(Seal, AnOptionThatMayBeRepeatedTakesOneWordEach) {
  EXPECT_EQ(diag({"seal", "--encrypt-to", path("support.key.pub"), "--encrypt-to", path("support.key.pub"),
                  e2e::example, "--out", path("two.sealed")})
                .status,
            0);
  EXPECT_EQ(diag({"seal", "--sign", path("site.key"), e2e::example, "--out", path("x")}).status, 2);
  EXPECT_FALSE(std::filesystem::exists(e2e::example + ".sig"));
}

TEST_F(Seal, KeysAreNeverOverwritten) {
  const Outcome again = diag({"keys", path("support.key")});
  EXPECT_EQ(again.status, 2);
  EXPECT_THAT(again.err, HasSubstr("never overwritten"));
  const auto mode = std::filesystem::status(path("support.key")).permissions();
  EXPECT_EQ(mode & std::filesystem::perms(077), std::filesystem::perms::none);
}

}  // namespace
}  // namespace carrel::collect_test
