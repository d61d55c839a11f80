// The vm wall as a user asks for it.
#include <filesystem>

#include <gmock/gmock.h>

#include "program.h"

namespace carrel::e2e {
namespace {

using testing::HasSubstr;

class VmWall : public Scratch {
 protected:
  // The rooms' roots beside the program, and whether a virtual machine's is among them.
  static std::string rooms() { return std::filesystem::path(CARREL).parent_path() / "libexec/carrel"; }
  static bool has_image() { return std::filesystem::exists(rooms() + "/vm-root/initrd"); }
};

#define NEEDS_IMAGE() \
  if (!has_image()) GTEST_SKIP() << "there is no vm image: `make vm-image`, then `make`, makes it"

TEST_F(VmWall, GivesTheReportOfTheNamespaceWall) {
  NEEDS_IMAGE();
  const Outcome machine = carrel({"triage", example, "--json", "--tenant", "acme", "--wall", "vm",
                                  "--vm-accel", "tcg", "--engine", "none"});
  ASSERT_EQ(machine.status, 0) << machine.err;
  auto by_machine = json_of(machine);
  const auto proof = json_of(carrel({"prove", by_machine["run"].GetString(), "--json"}));
  EXPECT_TRUE(proof["findings"].Empty()) << proof["findings"][0].GetString();
  auto by_namespaces = json_of(carrel({"triage", example, "--json", "--tenant", "acme"}));
  for (auto* report : {&by_machine, &by_namespaces}) {
    EXPECT_TRUE(report->HasMember("run"));
    report->RemoveMember("run");
    (*report)["stats"].RemoveMember("stages");
    (*report)["stats"].RemoveMember("peak_memory_bytes");
  }
  EXPECT_TRUE(by_machine == by_namespaces) << machine.out;
}

TEST_F(VmWall, ReadsAFolderThroughItsStream) {
  NEEDS_IMAGE();
  file("logs/app.log", "2026-01-02T03:04:06Z ERROR cannot open /data/db: No space left on device\n");
  const Outcome outcome =
      carrel({"run", "explain-logs", folder_ + "/logs", "--json"}, {"CARREL_WALL=vm", "CARREL_VM_ACCEL=tcg"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(json_of(outcome)["root_cause"].GetString(), HasSubstr("No space left on device"));
}

TEST_F(VmWall, RefusesAModelBySoftwareBeforeAnyWork) {
  NEEDS_IMAGE();
  const Outcome outcome =
      carrel({"triage", example, "--model", folder_ + "/any.gguf", "--wall", "vm", "--vm-accel", "tcg"});
  EXPECT_EQ(outcome.status, 6);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err,
              HasSubstr("a virtual machine by software emulation (--vm-accel tcg) runs no model"));
  EXPECT_THAT(outcome.err, HasSubstr("--engine none"));
}

TEST_F(VmWall, WithoutItsImageSaysSoInASentence) {
  std::filesystem::create_directory(folder_ + "/rooms");
  for (const char* const part : {"read-root", "playbooks"})
    std::filesystem::create_directory_symlink(rooms() + "/" + part, folder_ + "/rooms/" + part);
  const Outcome outcome = carrel({"triage", example, "--rooms", folder_ + "/rooms", "--wall", "vm"});
  EXPECT_EQ(outcome.status, 7);
  EXPECT_THAT(outcome.err, HasSubstr("the vm wall has no image beside the rooms' roots"));
  EXPECT_THAT(outcome.err, HasSubstr("make vm-image"));
}

TEST_F(VmWall, ProbesNoRoomThatItDoesNotMake) {
  NEEDS_IMAGE();
  const Outcome outcome = carrel({"room", "probe", "--wall", "vm", "--vm-accel", "tcg", "--room", "think"});
  EXPECT_EQ(outcome.status, 6);
  EXPECT_THAT(outcome.err, HasSubstr("runs no model"));
}

TEST_F(VmWall, IsToldAboutByTheDoctor) {
  NEEDS_IMAGE();
  const Outcome outcome = carrel({"doctor"});
  EXPECT_THAT(outcome.out, HasSubstr("the vm wall (tcg) boots a guest in "));
  EXPECT_THAT(outcome.out, HasSubstr("the vm wall (kvm) "));
}

TEST_F(VmWall, OtherWallsDoNotExist) {
  const Outcome outcome = carrel({"triage", example, "--wall", "paper"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("wall must be namespace or vm"));
}

}  // namespace
}  // namespace carrel::e2e
