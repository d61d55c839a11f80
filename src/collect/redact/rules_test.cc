#include "collect/redact/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collect/redact/redactor.h"

namespace carrel {
namespace {

using testing::HasSubstr;

std::string redact_with(const std::string& yaml, std::string_view text) {
  auto rules = read_redaction_rules("rules.yaml", yaml);
  EXPECT_TRUE(rules) << rules.error().what;
  if (!rules) return "";
  const RedactionPlan plan(std::move(*rules));
  auto pseudonyms = Pseudonyms::create(false);
  Redactor redactor(plan, &*pseudonyms);
  std::string out;
  redactor.begin("x");
  redactor.feed(text, &out);
  redactor.finish(&out);
  return out;
}

TEST(Rules, WordsPatternsAndNames) {
  const std::string yaml =
      "version: 1\nmask:\n- class: customer\n  words: [Acme, \"Acme Ltd\"]\n- class: employee\n"
      "  patterns: [\"EMP-######\", \"T\\\\#-??*\"]\n- class: iban\n  names: [iban, account_number]\n";
  EXPECT_EQ(redact_with(yaml,
                        "ACME and acme ltd, pacmen; EMP-123456 EMP-12345 EMP-1234567; T#-abc-d iban=DE89 "
                        "accountNumber: \"77 8\"\n"),
            "redacted-customer-1 and redacted-customer-2, pacmen; redacted-employee-3 EMP-12345 EMP-1234567; "
            "redacted-employee-4 iban=redacted-iban-5 accountNumber: \"redacted-iban-6\"\n");
}

TEST(Rules, KeepNamesAndValues) {
  const std::string yaml =
      "version: 1\nkeep:\n  names: [token-budget, demo_password]\n  values: [changeme]\n";
  EXPECT_EQ(redact_with(yaml, "demoPassword=a1b2 password=changeme password=other1\n"),
            "demoPassword=a1b2 password=changeme password=redacted-password-1\n");
}

TEST(Rules, TellEveryMistakeWithItsPlace) {
  const auto rules = read_redaction_rules("r.yaml",
                                          "version: 2\nmask:\n- class: Big\n  words: [ab]\n- words: [long "
                                          "enough]\n- class: x\n  patterns: [\"#1\"]\n"
                                          "  regex: [a]\nkeep:\n  name: [x]\naddresses: maybe\nelse: 1\n");
  ASSERT_FALSE(rules);
  EXPECT_EQ(rules.error().code, Code::bad_input);
  for (const char* each :
       {"r.yaml:1:10: version must be 1", "r.yaml:3:10: a rule needs a class",
        "r.yaml:4:11: a word needs 3 bytes", "r.yaml:5:3: a rule needs a class",
        "r.yaml:7:15: a pattern begins with two bytes", "r.yaml:8:3: a rule has no key \"regex\"",
        "r.yaml:10:3: keep has no key \"name\"", "r.yaml:11:12: addresses must be true or false",
        "r.yaml:12:1: there is no key \"else\""}) {
    EXPECT_THAT(rules.error().what, HasSubstr(each));
  }
}

TEST(Rules, AreOneMapping) {
  EXPECT_THAT(read_redaction_rules("r.yaml", "- a\n").error().what, HasSubstr("r.yaml is not one mapping"));
  EXPECT_THAT(read_redaction_rules("r.yaml", "a: [\n").error().what, HasSubstr("r.yaml"));
  EXPECT_THAT(read_redaction_rules("r.yaml", "mask: []\n").error().what, HasSubstr("\"version\" is missing"));
}

}  // namespace
}  // namespace carrel
