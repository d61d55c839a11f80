#include "host/walls/vm_image.h"

#include <string_view>

#include <fmt/format.h>
#include <unistd.h>

#include "base/fd.h"

namespace carrel {
namespace {

constexpr const char* parts[] = {"carrel-boot",
                                 "initrd",
                                 "vmlinux",
                                 "manifest",
                                 "firmware/qboot.rom",
                                 "qemu-system-x86_64",
                                 "qemu-system-x86_64-microvm"};

// What stands after "NAME " at the beginning of a line.
std::string fact(std::string_view manifest, const std::string& name) {
  const std::string text = "\n" + std::string(manifest);
  const std::size_t at = text.find("\n" + name + " ");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + name.size() + 2;
  return text.substr(begin, text.find('\n', begin) - begin);
}

Error incomplete(const std::string& what) {
  return {Code::machine, "the vm wall has no " + what + ", so no virtual machine can be made",
          "`make vm-image` fetches it, then `make`; or take the namespace wall (--wall namespace)"};
}

}  // namespace

Result<VmImage> find_vm_image(const std::string& rooms) {
  VmImage image;
  image.root = rooms + "/vm-root";
  if (::access(image.root.c_str(), F_OK) != 0) return incomplete("image beside the rooms' roots");
  for (const char* const part : parts) {
    if (::access(fmt::format("{}/{}", image.root, part).c_str(), R_OK) != 0)
      return incomplete(fmt::format("{} in {}", part, image.root));
  }
  const auto manifest = read_file(image.root + "/manifest", 1 << 20);
  if (!manifest) return manifest.error();
  image.digest = fact(*manifest, "digest");
  image.qemu = fact(*manifest, "qemu");
  image.kernel = fact(*manifest, "kernel");
  if (image.digest.empty() || image.qemu.empty() || image.kernel.empty()) return incomplete("whole manifest");
  return image;
}

}  // namespace carrel
