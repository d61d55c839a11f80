// What QEMU is given, word by word where it matters.
#include "host/walls/vm_command.h"

#include <algorithm>

#include <gmock/gmock.h>

namespace carrel {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

VmShape shape(Acceleration acceleration) {
  VmShape one;
  one.acceleration = acceleration;
  one.memory_mib = 300;
  one.tsc_khz = 2'600'000;
  one.disks = {3, 4};
  one.streams = {5};
  return one;
}

// The word after each appearance of `flag`.
std::vector<std::string> values_of(const std::vector<std::string>& words, const std::string& flag) {
  std::vector<std::string> values;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == flag) values.push_back(words[i + 1]);
  }
  return values;
}

TEST(VmCommand, GivesNoNetworkAndNoDeviceThatWasNotNamed) {
  for (const Acceleration acceleration : {Acceleration::kvm, Acceleration::tcg}) {
    const auto words = vm_arguments(shape(acceleration));
    EXPECT_THAT(values_of(words, "-nic"), testing::ElementsAre("none"));
    EXPECT_THAT(words, Contains("-nodefaults"));
    EXPECT_THAT(words, Contains("-no-user-config"));
    EXPECT_THAT(
        values_of(words, "-device"),
        testing::ElementsAre("virtio-blk-device,drive=disk2", "virtio-blk-device,drive=disk3",
                             "virtio-serial-device,max_ports=32", "virtserialport,chardev=room,nr=1",
                             "virtserialport,chardev=words,nr=2", "virtserialport,chardev=stream3,nr=3"));
  }
}

TEST(VmCommand, EveryDiskIsReadOnlyTwice) {
  const auto disks = values_of(vm_arguments(shape(Acceleration::tcg)), "-blockdev");
  EXPECT_EQ(disks.size(), 4U) << "a file and a format for each";
  for (const std::string& disk : disks) EXPECT_THAT(disk, HasSubstr("read-only=on"));
}

TEST(VmCommand, DescriptorsAreWhatItOpens) {
  EXPECT_THAT(values_of(vm_arguments(shape(Acceleration::tcg)), "-add-fd"),
              testing::ElementsAre("fd=40,set=1", "fd=3,set=2", "fd=4,set=3"));
}

TEST(VmCommand, EachAccelerationHasItsProgram) {
  const auto kvm = vm_arguments(shape(Acceleration::kvm));
  EXPECT_EQ(kvm[0], "kvm");
  EXPECT_EQ(kvm[1], "/qemu-system-x86_64-microvm");
  EXPECT_THAT(values_of(kvm, "-append")[0], Not(HasSubstr("tsc_early_khz")));
  const auto tcg = vm_arguments(shape(Acceleration::tcg));
  EXPECT_EQ(tcg[0], "tcg");
  EXPECT_EQ(tcg[1], "/qemu-system-x86_64");
  EXPECT_THAT(values_of(tcg, "-sandbox")[0], HasSubstr("on,"));
  EXPECT_THAT(values_of(tcg, "-append")[0], HasSubstr("tsc_early_khz=2600000 lpj=10400000"));
}

TEST(VmCommand, TheCounterIsMeasuredOnce) {
  const std::uint64_t rate = tsc_khz();
  EXPECT_GT(rate, 100'000U);
  EXPECT_LT(rate, 20'000'000U);
  EXPECT_EQ(rate % 10'000, 0U);
  EXPECT_EQ(tsc_khz(), rate);
}

}  // namespace
}  // namespace carrel
