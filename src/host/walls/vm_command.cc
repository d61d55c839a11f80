#include "host/walls/vm_command.h"

#include <chrono>

#include <fmt/format.h>
#include <x86intrin.h>

#include "record/guest.h"

namespace carrel {
namespace {

// What a room's kernel does without: each of these costs time at boot or is a way to talk to it.
constexpr const char* kernel_words =
    "quiet loglevel=0 panic=-1 lsm=landlock audit=0 8250.nr_uarts=0 random.trust_cpu=on cryptomgr.notests "
    "initcall_blacklist=cmos_init,init_kprobe_trace,init_blk_tracer,snapshot_device_init,serial8250_init";

std::string kernel_command_line(const VmShape& shape) {
  std::string line = kernel_words;
  // Without a reference clock that keeps up, the kernel measures its time stamp counter against one that a
  // busy host makes stand still, and hangs; under KVM it asks the host.
  if (shape.acceleration == Acceleration::tcg)
    line += fmt::format(" tsc_early_khz={} lpj={} no_timer_check", shape.tsc_khz, shape.tsc_khz * 4);
  return line;
}

}  // namespace

const char* to_string(Acceleration acceleration) {
  return acceleration == Acceleration::kvm ? "kvm" : "tcg";
}

std::vector<std::string> vm_arguments(const VmShape& shape) {
  const bool kvm = shape.acceleration == Acceleration::kvm;
  std::vector<std::string> words = {
      to_string(shape.acceleration),
      // The smaller of Debian's two programs knows KVM and microvm alone; TCG has only the large one.
      kvm ? "/qemu-system-x86_64-microvm" : "/qemu-system-x86_64", "-L", "/firmware", "-M",
      "microvm,acpi=on,pit=off,pic=off,isa-serial=off,rtc=on,x-option-roms=off", "-accel",
      kvm ? "kvm" : "tcg,tb-size=64", "-cpu", kvm ? "host" : "max", "-m",
      fmt::format("{}M", shape.memory_mib), "-smp", fmt::to_string(shape.processors), "-nodefaults",
      "-no-user-config", "-display", "none", "-nic", "none", "-no-reboot", "-kernel", "/vmlinux", "-initrd",
      "/initrd", "-append", kernel_command_line(shape)};
  // The small one is built without it; the filter that carrel-boot puts on stands either way.
  if (!kvm) {
    words.insert(words.end(),
                 {"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"});
  }
  const auto add = [&](std::initializer_list<std::string> more) { words.insert(words.end(), more); };
  int set = 0;
  add({"-add-fd", fmt::format("fd={},set={}", machine_words, ++set)});
  add({"-chardev", "stdio,id=room,signal=off", "-chardev", "file,id=words,path=/dev/fdset/1,append=on"});
  for (const int disk : shape.disks) {
    ++set;
    add({"-add-fd", fmt::format("fd={},set={}", disk, set), "-blockdev",
         fmt::format("driver=file,filename=/dev/fdset/"
                     "{0},node-name=file{0},read-only=on,auto-read-only=off,locking=off",
                     set),
         "-blockdev", fmt::format("driver=raw,file=file{0},node-name=disk{0},read-only=on", set), "-device",
         fmt::format("virtio-blk-device,drive=disk{}", set)});
  }
  add({"-device", "virtio-serial-device,max_ports=32"});
  add({"-device", fmt::format("virtserialport,chardev=room,nr={}", message_port)});
  add({"-device", fmt::format("virtserialport,chardev=words,nr={}", words_port)});
  unsigned port = first_stream_port;
  for (const int stream : shape.streams) {
    add({"-chardev", fmt::format("socket,id=stream{0},fd={1}", port, stream), "-device",
         fmt::format("virtserialport,chardev=stream{0},nr={0}", port)});
    ++port;
  }
  return words;
}

std::uint64_t tsc_khz() {
  using Clock = std::chrono::steady_clock;
  static const std::uint64_t measured = [] {
    std::uint64_t best = 0;
    double least_gap = 1e9;
    // Busy machines stop this process at any place; the pair of readings that were least apart is the one to
    // believe.
    for (int i = 0; i < 5; ++i) {
      const auto start = Clock::now();
      const std::uint64_t first = __rdtsc();
      const double gap = std::chrono::duration<double>(Clock::now() - start).count();
      while (Clock::now() - start < std::chrono::milliseconds(2)) {
      }
      const auto end = Clock::now();
      const std::uint64_t last = __rdtsc();
      const double more = std::chrono::duration<double>(Clock::now() - end).count();
      if (gap + more >= least_gap) continue;
      least_gap = gap + more;
      best = static_cast<std::uint64_t>(static_cast<double>(last - first) /
                                        std::chrono::duration<double>(end - start).count() / 1000);
    }
    constexpr std::uint64_t step = 10'000;
    return (best + step / 2) / step * step;
  }();
  return measured;
}

}  // namespace carrel
