// How long a virtual machine takes until the program inside could begin: from the call until the host hears
// of init.
//
// links: host/walls
//
// `vm_boot ROOMS` with the folder of the rooms' roots. The median by the clock, by software emulation and,
// where it works, under KVM, whose bar is what Firecracker promises (its SPECIFICATION.md): 125 ms to init.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <vector>

#include <fmt/format.h>

#include "host/walls/vm_wall.h"

namespace {

constexpr int boots = 7;

// Prints a line; false where a guest that booted before does not any more.
bool measure(const carrel::VmImage& image, carrel::Acceleration acceleration, const char* name, double bar) {
  const std::atomic<bool> stop = false;
  carrel::VmWall wall(image, acceleration, "");
  std::vector<double> seconds;
  for (int i = 0; i < boots; ++i) {
    const carrel::Preflight one = wall.preflight(stop, true);
    if (!one.works) {
      std::fprintf(stderr, "vm_boot: %s\n", one.why.c_str());
      return i == 0 && acceleration == carrel::Acceleration::kvm;
    }
    seconds.push_back(one.boot_s);
  }
  std::ranges::sort(seconds);
  const double value = seconds[boots / 2];
  fmt::print(
      "{{\"name\":\"{}\",\"value\":{:.3f},\"unit\":\"s\",\"comparator\":null,\"ratio\":null,\"bar\":{},"
      "\"holds\":{}}}\n",
      name, value, bar, value <= bar);
  return true;
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) {
    std::fprintf(stderr, "usage: vm_boot ROOMS\n");
    return 2;
  }
  const auto image = carrel::find_vm_image(words[1]);
  if (!image) {
    std::fprintf(stderr, "vm_boot: %s; nothing is measured\n  %s\n", image.error().what.c_str(),
                 image.error().remedy.c_str());
    return 0;
  }
  const bool software = measure(*image, carrel::Acceleration::tcg, "vm_boot_tcg_s", 2.5);
  return software && measure(*image, carrel::Acceleration::kvm, "vm_boot_kvm_s", 0.125) ? 0 : 1;
}
