// What runs and tenants can show of the rooms that touched their data.
#include <filesystem>
#include <string>

#include <gmock/gmock.h>

#include "program.h"

namespace carrel::e2e {
namespace {

using testing::HasSubstr;

using Prove = Scratch;

std::string first_gap(const rapidjson::Document& proof) {
  return proof["gaps"].Empty() ? "" : proof["gaps"][0].GetString();
}

TEST_F(Prove, ARunShowsWhatItsRoomsDid) {
  const auto report = json_of(carrel({"triage", example, "--json", "--tenant", "acme"}));
  const std::string id = report["run"].GetString();
  const Outcome before = carrel({"prove", id, "--json"});
  EXPECT_EQ(before.status, 0) << before.out << before.err;
  const auto proof = json_of(before);
  ASSERT_EQ(proof["rooms"].Size(), 2U);
  EXPECT_EQ(std::string(proof["input_sha256"].GetString()).size(), 64U);
  EXPECT_TRUE(proof["findings"].Empty()) << before.out;
  EXPECT_THAT(first_gap(proof), HasSubstr("was probed"));
  for (const auto& room : proof["rooms"].GetArray()) {
    EXPECT_STREQ(room["ending"].GetString(), "ok");
    EXPECT_STREQ(room["posture"]["network namespace"].GetString(), "its own");
    EXPECT_STREQ(room["posture"]["mounts"].GetString(), "/ ro,nosuid,nodev");
    EXPECT_STREQ(room["input_sha256"].GetString(), proof["input_sha256"].GetString());
    EXPECT_STREQ(room["input_sha256_after"].GetString(), proof["input_sha256"].GetString());
    EXPECT_EQ(room["survivors"].GetUint(), 0U);
    EXPECT_GT(room["bytes_out"].GetUint(), 0U);
    EXPECT_GT(room["peak_memory_bytes"].GetUint(), 0U);
    EXPECT_TRUE(room["denials"].Empty());
  }

  // Probed in twins of the same configuration, the run can show that as well.
  EXPECT_EQ(carrel({"room", "probe", "-q"}).status, 0);
  EXPECT_EQ(carrel({"room", "probe", "-q", "--room", "check"}).status, 0);
  const auto after = json_of(carrel({"prove", id, "--json"}));
  EXPECT_TRUE(after["gaps"].Empty()) << first_gap(after);
  EXPECT_GE(after["rooms"][0]["twin"]["held"].GetUint(), 110U);
  EXPECT_THAT(carrel({"prove", id}).out, HasSubstr("Nothing was found that must not be."));
}

TEST_F(Prove, NothingOfATenantIsInWhatBelongsToAnother) {
  const std::string canary = "canary-7f3c9a52e1-of-acme";
  const auto bundle = [&](const std::string& name, const std::string& line) {
    return file(name, "2026-01-02T03:04:05Z INFO started\n2026-01-02T03:04:06Z ERROR " + line +
                          "\n2026-01-02T03:04:07Z FATAL giving up: " + line + "\n");
  };
  const std::string acme = bundle("acme/app.log", canary), bolt = bundle("bolt/app.log", "the disk is full");
  for (const auto& [tenant, input] : {std::pair("acme", acme), std::pair("bolt", bolt)}) {
    carrel({"run", "explain-logs", input, "--tenant", tenant});
  }
  const Outcome outcome = carrel({"prove", "--tenant", "acme", "--canary", canary, "--json"});
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  const auto proof = json_of(outcome);
  EXPECT_EQ(proof["inputs"].Size(), 1U);
  EXPECT_EQ(proof["rooms"]["read"].GetUint(), 1U);
  EXPECT_STREQ(proof["others"][0].GetString(), "bolt");
  const auto& search = proof["canaries"][0];
  EXPECT_GT(search["own_places"].GetUint(), 0U) << "the control: where it was planted it is found";
  EXPECT_TRUE(search["elsewhere"].Empty());
  EXPECT_GT(search["bytes_searched_elsewhere"].GetUint64(), 1000U);

  // The other way round it is a finding: bolt's own canary would be in acme's data.
  const Outcome other = carrel({"prove", "--tenant", "bolt", "--canary", canary});
  EXPECT_EQ(other.status, 3);
  EXPECT_THAT(other.out, HasSubstr("FINDING  a canary of this tenant is in"));
  EXPECT_THAT(other.out, HasSubstr("gap      a canary is not in this tenant's own data"));
}

TEST_F(Prove, DataOfOneTenantGivenToAnotherIsFound) {
  for (const char* const tenant : {"acme", "bolt"}) carrel({"triage", example, "-q", "--tenant", tenant});
  const Outcome outcome = carrel({"prove", "--tenant", "acme"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.out, HasSubstr("was also read by runs of the tenant bolt"));
}

TEST_F(Prove, AFolderThatLeadsOutIsFound) {
  carrel({"triage", example, "-q", "--tenant", "acme"});
  const std::string folder = folder_ + "/.local/share/carrel/tenants/acme";
  std::filesystem::create_symlink("/etc/passwd", folder + "/objects/way-out");
  const Outcome outcome = carrel({"prove", "--tenant", "acme"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.out, HasSubstr("way-out is a symbolic link"));
}

TEST_F(Prove, WhatCannotBeProvenIsUsage) {
  EXPECT_EQ(carrel({"prove"}).status, 2);
  EXPECT_EQ(carrel({"prove", "no-such-run"}).status, 2);
  EXPECT_EQ(carrel({"prove", "--tenant", "nobody"}).status, 2);
  carrel({"triage", example, "-q", "--tenant", "acme"});
  EXPECT_EQ(carrel({"prove", "--tenant", "acme", "--canary", "short"}).status, 2);
}

}  // namespace
}  // namespace carrel::e2e
