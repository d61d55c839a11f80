#include "collect/redact/redactor.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/read_value.h"

namespace carrel {
namespace {

using testing::HasSubstr;

const RedactionPlan& default_plan() {
  static const RedactionPlan plan;
  return plan;
}

// Redacts the text fed in pieces of so many bytes; 0: whole. Sizes come from `sizes` in turn.
std::string redact_in_pieces(std::string_view text, const std::vector<std::size_t>& sizes,
                             const RedactionPlan& plan = default_plan()) {
  auto pseudonyms = Pseudonyms::create(false);
  Redactor redactor(plan, &*pseudonyms);
  std::string out;
  redactor.begin("text");
  for (std::size_t at = 0, i = 0; at < text.size(); ++i) {
    const std::size_t size = sizes.empty() ? text.size() : sizes[i % sizes.size()];
    redactor.feed(text.substr(at, size), &out);
    at += size;
  }
  redactor.finish(&out);
  return out;
}

std::string redact(std::string_view text, const RedactionPlan& plan = default_plan()) {
  return redact_in_pieces(text, {}, plan);
}

std::string read_whole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::filesystem::path> example_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::filesystem::path(CARREL_SOURCE_DIR) / "examples")) {
    if (entry.is_regular_file() && entry.path().extension() != ".gz") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST(Redactor, EqualValuesHaveEqualPseudonyms) {
  EXPECT_EQ(redact("password=hunter2\nDB_PASSWORD=hunter2\ntoken=other-9\n"),
            "password=redacted-password-1\nDB_PASSWORD=redacted-password-1\ntoken=redacted-token-2\n");
}

// A Secret, the environment and a URL: the same password is the same, however it is written.
TEST(Redactor, AValueIsTheSameInBase64InJsonAndInAUrl) {
  const std::string out = redact(
      "{\"data\":{\"password\":\"cEBzcyJ3b3Jk\"},\"kind\":\"Secret\"}\n"
      "{\"password\":\"p@ss\\\"word\"}\n"
      "PASSWORD='p@ss\"word'\n"
      "postgres://app:p%40ss%22word@db/x\n");
  EXPECT_THAT(out, HasSubstr("\"data\":{\"password\":\"redacted-password-1\"}"));
  EXPECT_THAT(out, HasSubstr("{\"password\":\"redacted-password-1\"}"));
  EXPECT_THAT(out, HasSubstr("PASSWORD='redacted-password-1'"));
  EXPECT_THAT(out, HasSubstr(":redacted-password-1@db/"));
}

TEST(Redactor, WhatIsRedactedStaysWhenItIsRedactedAgain) {
  const std::string once = redact(R"({"password":"hunter2","a":"postgres://u:p4ss@db.example.com/x1y"})"
                                  "\nAuthorization: Bearer abcdef0123456789\nmail bob@example.com\n");
  EXPECT_EQ(redact(once), once);
}

TEST(Redactor, WhatOnlyLooksLikeASecretStays) {
  for (const std::string_view text : {
           "secretName: db-creds\n",
           "existingSecret: db-creds\n",
           "imagePullSecrets:\n- name: registry\n",
           "DB_PASSWORD:  <set to the key 'password' in secret 'db'>  Optional: false\n",
           "password: ${DB_PASSWORD}\n",
           "password: $(DB_PASSWORD)\n",
           "password: {{ .Values.password }}\n",
           "password: ***HIDDEN***\n",
           "password: \"\"\n",
           "passwordFile: /etc/db/password\n",
           "tokenExpirationSeconds: 3607\n",
           "automountServiceAccountToken: false\n",
           "max_tokens: 4096\n",
           "\"secretKeyRef\":{\"key\":\"password\",\"name\":\"db\"}",
           "valueFrom:\n  secretKeyRef:\n    key: password\n    name: db\n",
           "- name: token\n  mountPath: /var/run/secrets\n",
           "error: couldn't find key db-password in Secret shop/db\n",
           "references non-existent secret key: password\n",
           "MountVolume.SetUp failed for volume \"x\" : secret \"db-creds\" not found\n",
           "invalid token: signature does not match\n",
           "unexpected token: }\n",
           "password authentication failed for user \"app\"\n",
           "password is required\n",
           "Password is required!\n",
           "password set\n",
           "password reset\n",
           "password reset requested by app2user\n",
           "password was changed 2024-05-14T07:05:41Z\n",
           "login failed: password is wrong\n",
           "the password is in /run/secrets/db1\n",
           "password file /etc/db1/password is empty\n",
           "passwords: 3\n",
           "password:\n  valueFrom: x\nvalue: y\n",
           "docker run --name mysql -p3306:3306 mysql\n",
           "docker run --name mongo -p 27017:27017 mongo\n",
           "[\"redis-cli\", \"-a\"]\n",
           "password is base64 encoded\n",
           "mysql -P 3307 -p shop\n",
           "mkdir -p /var/lib/mysql\n",
           "curl -k https://x\n",
           "jdbc:oracle:thin:@//db.svc:1521/shop\n",
           "PWD=/home/app\n",
           "tls.key:  1679 bytes\n",
           "key: node.kubernetes.io/not-ready\n",
           "image: repo/app@sha256:4c1d20d3a8f1d9a3f6f1b1c3e5a7b9d1f3e5c7a9b1d3f5e7a9c1b3d5f7e9a1c3\n",
           "Started user@1000.service\n",
           "git@github.com:org/repo.git\n",
           "go: k8s.io/client-go@v0.26.0\n",
           "http://api.shop.svc:8080/x?a=b\n",
           "{\"kind\":\"ConfigMap\",\"data\":{\"mode\":\"c2VjcmV0\"}}",
           "apiVersion: v1\ndata:\n  level: info\n  port: \"5432\"\nkind: ConfigMap\n",
           "{\"data\":{\"result\":[{\"x\":\"dGhpcw==\"}]},\"status\":\"success\"}",
           "involvedObject:\n  kind: Secret\n  name: x\nreason: Synced\n",
       }) {
    EXPECT_EQ(redact(text), text);
  }
}

TEST(Redactor, JsonAndYamlStayWhatTheyWere) {
  for (const std::filesystem::path& file : example_files()) {
    const std::string out = redact(read_whole(file));
    if (file.extension() == ".json") {
      EXPECT_TRUE(read_json(out)) << file;
    }
    if (file.extension() == ".yaml") {
      EXPECT_TRUE(read_yaml(out)) << file;
    }
  }
  const auto yaml =
      read_yaml(redact("a:\n  password: |\n    x\n    y\n  token: 'a''b'\n  secret: {k: v}\nb: 1\n"));
  ASSERT_TRUE(yaml);
  EXPECT_EQ(yaml->front()["b"].text(), "1");
  EXPECT_THAT(std::string(yaml->front()["a"]["password"].text()), HasSubstr("redacted-password-1"));
}

std::string ordinary_line(std::uint32_t number) {
  const std::string clock = fmt::format("2025-06-20T{:02}:{:02}:{:02}.{:03}Z", number / 3600 % 24,
                                        number / 60 % 60, number % 60, number * 7919 % 1000);
  const std::uint32_t value = number * 2654435761U;
  switch (number % 16) {
    case 0:
      return fmt::format("{} [ERROR] auth - request {:08x} from 10.2.3.4 failed: timed out after {} ms",
                         clock, value, value % 9000);
    case 1:
      return fmt::format(
          "{{\"level\":\"info\",\"ts\":\"{}\",\"msg\":\"request "
          "served\",\"trace_id\":\"{:08x}{:08x}\",\"status\":200}}",
          clock, value, ~value);
    case 2:
      return fmt::format(
          "E0620 {} 1 reflector.go:138] Failed to watch *v1.Secret: secrets is forbidden: User "
          "\"system:serviceaccount:shop:api\" cannot list resource",
          clock);
    case 3:
      return fmt::format("{} WARN token bucket is empty, key space {} of 16384, session expired", clock,
                         value % 16384);
    case 4:
      return fmt::format("ts={} caller=auth.go:85 method=Verify key=orders/{} cache=hit took={}us", clock,
                         value % 1000, value % 999);
    case 5:
      return fmt::format(
          "10.1.2.3 - - [20/Jun/2025:10:00:00 +0000] \"GET /static/{:08x}.js HTTP/1.1\" 200 {}", value,
          value % 99999);
    case 6:
      return fmt::format("{} INFO  Loaded secret shop/db-creds (version {})", clock, value % 100);
    case 7:
      return fmt::format("\tat com.acme.auth.TokenFilter.doFilter(TokenFilter.java:{})", value % 500);
    case 8:
      return fmt::format("{} LOG:  connection authorized: user=orders database=orders application_name=psql",
                         clock);
    case 9:
      return fmt::format("{} INFO container image repo.example.com/shop/api:1.{} pulled in {} ms", clock,
                         value % 50, value % 5000);
    default:
      return fmt::format("{} INFO o.a.k.c.consumer - partition {} offset {} committed by worker-{}", clock,
                         value % 12, value, value % 4);
  }
}

// What is ordinary stays: at most one line in a hundred is touched.
TEST(Redactor, OrdinaryLinesStay) {
  std::string text;
  for (std::uint32_t i = 0; i < 20'000; ++i) text += ordinary_line(i) + "\n";
  for (const std::filesystem::path& file : example_files()) text += read_whole(file) + "\n";
  const std::string out = redact(text);
  std::size_t lines = 0, touched = 0;
  std::string first;
  for (std::size_t a = 0, b = 0; a < text.size() && b < out.size(); ++lines) {
    const std::size_t a_end = text.find('\n', a), b_end = out.find('\n', b);
    ASSERT_NE(b_end, std::string::npos);
    if (text.compare(a, a_end - a, out, b, b_end - b) != 0) {
      ++touched;
      if (touched <= 40) first += text.substr(a, std::min<std::size_t>(a_end - a, 160)) + "\n";
    }
    a = a_end + 1;
    b = b_end + 1;
  }
  RecordProperty("lines", static_cast<int>(lines));
  RecordProperty("touched", static_cast<int>(touched));
  EXPECT_LE(touched * 100, lines) << touched << " of " << lines << "\n" << first;
}

TEST(Redactor, ReportsClassesAndLines) {
  auto pseudonyms = Pseudonyms::create(true);
  Redactor redactor(default_plan(), &*pseudonyms);
  std::string out;
  redactor.begin("a.log");
  redactor.feed("one\npassword=a1b2\nthree\npassword=c3d4\nmail x@example.com\n", &out);
  redactor.finish(&out);
  const FileRedactions& report = redactor.redactions();
  EXPECT_EQ(report.file, "a.log");
  EXPECT_EQ(report.count(), 3U);
  EXPECT_EQ(report.classes.at("password").count, 2U);
  EXPECT_THAT(report.classes.at("password").lines, testing::ElementsAre(2, 4));
  EXPECT_THAT(report.classes.at("email").lines, testing::ElementsAre(5));
  ASSERT_EQ(pseudonyms->kept().size(), 3U);
  EXPECT_EQ(pseudonyms->kept()[1].pseudonym, "redacted-password-2");
  EXPECT_EQ(pseudonyms->kept()[1].value, "c3d4");
}

// A secret of any length, in each of the ways it may end, leaves nothing behind and hides nothing after it.
TEST(Redactor, LongSecretsEnd) {
  for (const std::size_t size : {1'000UL, 65'000UL, 66'000UL, 600'000UL, 1'300'000UL}) {
    std::string random;
    for (std::size_t i = 0; random.size() < size; ++i) random += fmt::format("{:08x}", i * 2654435761U);
    std::string lines = random;
    for (std::size_t i = 64; i < lines.size(); i += 65) lines.insert(i, "\n");
    std::string block = lines;
    for (std::size_t i = 0; (i = block.find('\n', i)) != std::string::npos; i += 5)
      block.insert(i + 1, "    ");
    for (const auto& [before, secret, after] : std::vector<std::array<std::string, 3>>{
             {"{\"password\":\"", random, "\",\"next\":\"stays\"}"},
             {"x password=", random, " stays\n"},
             {"password: ", random, "\nstays: 1\n"},
             {"password: |\n    ", block, "\nstays: 1\n"},
             {"-----BEGIN PRIVATE KEY-----\n", lines, "\n-----END PRIVATE KEY-----\nstays\n"},
             {"{\"data\":{\"a\":\"", random, "\",\"b\":\"YmI=\"},\"kind\":\"Secret\",\"stays\":1}"},
             {"kind: Secret\ndata:\n  a: ", random, "\n  b: YmI=\nstays: 1\n"},
         }) {
      const std::string out = redact(before + secret + after);
      EXPECT_LT(out.size(), 300U) << before << size;
      EXPECT_NE(out.find("stays"), std::string::npos) << before << size;
      EXPECT_EQ(out.find("\"YmI="), std::string::npos) << before << size;
      EXPECT_TRUE(redact_in_pieces(before + secret + after, {7'001, 1, 130'003}) == out) << before << size;
    }
  }
}

// Nothing that can be seen says whose data these are: what reads as base64 is masked for that, and the
// password because of its name.
TEST(Redactor, DataOfAnUnknownKindAreLookedAtByAll) {
  const std::string long_text(2 * sight_ahead, ' ');
  for (const std::string_view around : {"{\"data\":{", "{\"data\":{\"odd\" \"\n", "data:\n  odd: [\"\n  "}) {
    const std::string out = redact(std::string(around) +
                                   "\"note\":\"all is well\",\n  \"blob\":\"c2VjcmV0IGJsb2I=\","
                                   "\n  \"password\":\"Planted-77-secret\",\n" +
                                   long_text);
    EXPECT_THAT(out, HasSubstr("all is well")) << around;
    EXPECT_EQ(out.find("Planted-77-secret"), std::string::npos) << around;
  }
  EXPECT_EQ(redact("{\"data\":{\"blob\":\"c2VjcmV0IGJsb2I=\"," + long_text).find("c2VjcmV0"),
            std::string::npos);
}

TEST(Redactor, AddressesAreMaskedWhereWanted) {
  const std::string text =
      "from 203.0.113.7:443 to 198.51.100.20, fe80::1ff:fe23:4567:890a via 02:42:ac:11:00:02 at 12:30:45 "
      "v1.2.3.4.5 "
      "127.0.0.1 ::1\n";
  EXPECT_EQ(redact(text), text);
  RedactionRules rules;
  rules.addresses = true;
  const RedactionPlan plan(rules);
  EXPECT_EQ(
      redact(text, plan),
      "from redacted-ip-1:443 to redacted-ip-2, redacted-ip-3 via redacted-mac-4 at 12:30:45 v1.2.3.4.5 "
      "127.0.0.1 ::1\n");
}

// The plain way of doing it: all of a corpus, cut in every way.
TEST(Redactor, HowTheBytesAreCutChangesNothing) {
  std::string text;
  for (const std::filesystem::path& file : example_files()) text += read_whole(file);
  text +=
      "\npassword: |\n  a\n  b\n{\"data\":{\"a\":\"Yg==\"},\"kind\":\"Secret\"}\n-----BEGIN PRIVATE "
      "KEY-----\nMIIabc\n";
  while (text.size() < 1'300'000) text += text;
  const std::string whole = redact(text);
  EXPECT_TRUE(whole != text);
  EXPECT_TRUE(redact_in_pieces(text, {1}) == whole);
  EXPECT_TRUE(redact_in_pieces(text, {1, 2, 3, 5, 8, 4093, 65'537, 13}) == whole);
  EXPECT_TRUE(redact_in_pieces(text, {524'288}) == whole);
  EXPECT_TRUE(redact_in_pieces(text, {100'000}) == whole);
}

TEST(Redactor, BytesThatAreNoTextPass) {
  std::string bytes;
  for (int i = 0; i < 70'000; ++i) bytes += static_cast<char>(i * 31 ^ i >> 3);
  EXPECT_EQ(redact(bytes).size(), bytes.size());
  EXPECT_EQ(redact(""), "");
}

}  // namespace
}  // namespace carrel
