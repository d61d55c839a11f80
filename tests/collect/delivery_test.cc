// How a bundle leaves the customer's site: sealed, signed, with the customer's own rules and a map to read
// the reply with; and what carrel says of who sent it.
#include <array>
#include <utility>

#include "desk.h"

namespace carrel::collect_test {
namespace {

using e2e::Outcome;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Delivery : public Desk {
 protected:
  void SetUp() override {
    Desk::SetUp();
    ASSERT_EQ(diag({"keys", path("support.key")}).status, 0);
    ASSERT_EQ(diag({"keys", "--signing", path("site.key")}).status, 0);
    serve_example();
  }
  Outcome diag(std::vector<std::string> words) const {
    words.insert(words.begin(), SUPPORT_DIAG);
    return run(words);
  }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  Outcome collect_platform(std::vector<std::string> more) const {
    more.insert(more.begin(), {"--namespace", "platform", "--no-logs"});
    return collect(more);
  }
  std::string check_of(const Outcome& outcome) const {
    const auto report = e2e::json_of(outcome);
    for (const auto& check : report["checks"].GetArray()) {
      if (std::string_view(check["name"].GetString()) == "signature")
        return check["verdict"].GetString() + std::string(": ") + check["detail"].GetString();
    }
    return "";
  }
};

TEST_F(Delivery, ABundleIsSealedOnItsWayAndCarrelOpensIt) {
  const Outcome outcome =
      collect({"--all-namespaces", "--encrypt-to", path("support.key.pub"), "--sign", path("site.key")});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("sealed   to 1 key"), HasSubstr("signed   " + bundle() + ".sig")));
  EXPECT_EQ(folder_listing(), ".keep\nbundle.tar.gz\nbundle.tar.gz.sig\n");
  EXPECT_TRUE(read(bundle()).starts_with("carrel bundle 1\n"));
  const Outcome closed = inspect();
  EXPECT_EQ(closed.status, 4);
  EXPECT_THAT(closed.err, HasSubstr("it is sealed"));

  const Outcome report = carrel(
      {"triage", bundle(), "--json", "--key", path("support.key"), "--signed-by", path("site.key.pub")});
  ASSERT_EQ(report.status, 0) << report.err;
  EXPECT_THAT(e2e::json_of(report)["root_cause"].GetString(),
              HasSubstr("storageClassName fast-ssd does not exist"));
  EXPECT_EQ(check_of(report), "pass: signed with the key of " + path("site.key.pub"));

  ASSERT_EQ(diag({"open", bundle(), "--key", path("support.key"), "--signed-by", path("site.key.pub"),
                  "--out", path("open.tar.gz")})
                .status,
            0);
  const Outcome opened = diag({"inspect", path("open.tar.gz"), "--json"});
  EXPECT_EQ(opened.status, 0) << opened.err;
  EXPECT_THAT(opened.out, AllOf(HasSubstr("\"signed\": \"yes\""), HasSubstr("support.key.pub")));
}

TEST_F(Delivery, ABadSignatureIsRefusedBeforeARoomIsMade) {
  ASSERT_EQ(collect_platform({"--sign", path("site.key")}).status, 0);
  const std::string signature = read(bundle() + ".sig");
  // Nobody asked who sent it.
  EXPECT_EQ(check_of(carrel({"triage", bundle(), "--json"})), "");
  EXPECT_EQ(check_of(carrel({"triage", bundle(), "--json", "--signed-by", path("site.key.pub")})),
            "pass: signed with the key of " + path("site.key.pub"));

  ASSERT_EQ(diag({"keys", "--signing", path("other.key")}).status, 0);
  for (const auto& [text, key] : std::vector<std::pair<std::string, std::string>>{
           {signature, "other.key.pub"},
           {"carrel-file-signature-1:" + std::string(86, 'A') + "==\n", "site.key.pub"},
           {"", "site.key.pub"},
           {"trust me\n", "site.key.pub"}}) {
    file("out/bundle.tar.gz.sig", text);
    const Outcome refused = carrel({"triage", bundle(), "--json", "--signed-by", path(key)});
    EXPECT_EQ(refused.status, 4) << text;
    EXPECT_EQ(refused.out, "");
    EXPECT_THAT(refused.err, AllOf(HasSubstr(bundle()), Not(HasSubstr("room"))));
  }
  file("out/bundle.tar.gz.sig", signature);
  std::string changed = read(bundle());
  changed[changed.size() / 2] ^= 1;
  file("out/bundle.tar.gz", changed);
  const Outcome refused = carrel({"triage", bundle(), "--signed-by", path("site.key.pub")});
  EXPECT_EQ(refused.status, 4);
  EXPECT_THAT(refused.err, HasSubstr("is not what was signed with that key"));
  EXPECT_EQ(carrel({"triage", bundle(), "--signed-by", path("site.key")}).status, 4);  // no public key
}

TEST_F(Delivery, ABundleThatNobodySignedSaysSo) {
  const Outcome report = carrel({"triage", e2e::example, "--json", "--signed-by", path("site.key.pub")});
  EXPECT_EQ(report.status, 0) << report.err;
  EXPECT_EQ(check_of(report), "warn: not signed: there is no " + e2e::example + ".sig");
  EXPECT_THAT(carrel({"triage", e2e::example, "--signed-by", path("site.key.pub")}).out,
              HasSubstr("warn  signature  not signed"));
}

TEST_F(Delivery, WhatIsWrongWithAKeyIsToldBeforeAnybodyIsAsked) {
  for (const auto& [option, value, words] : std::vector<std::array<std::string, 3>>{
           {"--encrypt-to", path("support.key"), "this is no key of the kind carrel-recipient-1"},
           {"--encrypt-to", path("site.key.pub"), "this is no key of the kind carrel-recipient-1"},
           {"--encrypt-to", path("missing"), "cannot open"},
           {"--sign", path("site.key.pub"), "this is no key of the kind carrel-signing-key-1"},
           {"--rules", file("r.yaml", "version: 1\nmask:\n- class: Big\n"), "r.yaml:3:10"},
           {"--map-key", path("map.key"), "--map-key is the key of a map"},
           {"--map", file("old.map", "kept"), "a map is never overwritten"},
           {"--map", "/nonexistent/m.map", "cannot write in /nonexistent"}}) {
    const Outcome outcome = collect_platform({option, value});
    EXPECT_NE(outcome.status, 0);
    EXPECT_THAT(outcome.err, HasSubstr(words));
  }
  EXPECT_THAT(server_->requests(), testing::IsEmpty());
  EXPECT_EQ(folder_listing(), ".keep\n");
  EXPECT_EQ(read(path("old.map")), "kept");
}

TEST_F(Delivery, ASignatureOfAnotherBundleDoesNotStayBesideIt) {
  ASSERT_EQ(collect_platform({"--sign", path("site.key")}).status, 0);
  EXPECT_EQ(collect_platform({"--sign", path("site.key")}).status, 2);
  const Outcome outcome = collect_platform({"--force"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("bundle.tar.gz.sig is there already"));
  ASSERT_EQ(collect_platform({"--force", "--sign", path("site.key")}).status, 0);
  EXPECT_EQ(carrel({"triage", bundle(), "-q", "--signed-by", path("site.key.pub")}).status, 0);
}

TEST_F(Delivery, TheCustomersOwnRulesMaskAndTheirMapReadsBack) {
  const std::string rules = file("rules.yaml", "version: 1\nmask:\n- class: machine\n  words: [worker-a]\n");
  const std::vector<std::string> words = {"--rules",     rules,       "--addresses", "--map",
                                          path("m.map"), "--map-key", path("m.key")};
  ASSERT_EQ(collect_platform(words).status, 0);
  const std::string nodes = from_bundle("cluster-resources/nodes.json");
  EXPECT_THAT(nodes, AllOf(HasSubstr("redacted-machine-"), HasSubstr("redacted-ip-")));
  EXPECT_THAT(run({"tar", "-xzOf", bundle()}).out, Not(HasSubstr("worker-a\"")));
  const std::size_t at = nodes.find("redacted-machine-");
  const std::string pseudonym = nodes.substr(at, nodes.find_first_not_of("0123456789", at + 17) - at);
  const Outcome back = diag({"reveal", "--map", path("m.map"), "--map-key", path("m.key"),
                             file("reply.txt", "drain " + pseudonym + " first\n")});
  ASSERT_EQ(back.status, 0) << back.err;
  EXPECT_EQ(back.out, "drain worker-a first\n");
  EXPECT_EQ(inspect().status, 0);
}

}  // namespace
}  // namespace carrel::collect_test
