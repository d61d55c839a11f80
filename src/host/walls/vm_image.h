// What a virtual machine is made of: QEMU, its libraries and firmware, a kernel, the guest's init. `make
// vm-image` fetches it, the build lays it beside the rooms' roots, nothing of it is installed.
#pragma once

#include <string>

#include "base/result.h"

namespace carrel {

struct VmImage {
  std::string root;          // the folder in which QEMU runs
  std::string digest;        // of what was fetched, as its manifest tells
  std::string qemu, kernel;  // versions
};

// The image in the folder of the rooms' roots. An Error (Code::machine) where there is none, or a part is
// missing.
Result<VmImage> find_vm_image(const std::string& rooms);

}  // namespace carrel
