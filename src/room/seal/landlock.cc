#include "room/seal/landlock.h"

#include <cerrno>
#include <cstdint>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

namespace carrel {
namespace {

// The kernel's structures and bits up to ABI 6; older <linux/landlock.h> have fewer, so they stand here.
struct RulesetAttributes {
  std::uint64_t handled_access_fs;
  std::uint64_t handled_access_net;
  std::uint64_t scoped;
};
struct [[gnu::packed]] PathRule {
  std::uint64_t allowed_access;
  std::int32_t parent_fd;
};
constexpr unsigned create_ruleset_version = 1;
constexpr int rule_path_beneath = 1;
constexpr std::uint64_t access_execute = 1ULL << 0;
constexpr std::uint64_t access_read_file = 1ULL << 2;
constexpr std::uint64_t access_read_folder = 1ULL << 3;
constexpr std::uint64_t network_bind_and_connect = 3;   // TCP
constexpr std::uint64_t scope_sockets_and_signals = 3;  // abstract unix sockets, signals

// All file accesses that an ABI knows, so that all are denied: 13 in ABI 1, then refer, truncate, ioctl on
// devices.
std::uint64_t file_accesses(int abi) {
  if (abi >= 5) return (1ULL << 16) - 1;
  if (abi >= 3) return (1ULL << 15) - 1;
  if (abi >= 2) return (1ULL << 14) - 1;
  return (1ULL << 13) - 1;
}

// The kernel refuses a structure that is longer than it knows, unless the rest is zero; the sizes are by ABI.
std::size_t attributes_size(int abi) {
  if (abi >= 6) return 24;
  if (abi >= 4) return 16;
  return 8;
}

}  // namespace

int landlock_abi() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, create_ruleset_version);
  return abi > 0 ? static_cast<int>(abi) : 0;
}

Status restrict_paths(const std::string& readable, bool executable) {
  const int abi = landlock_abi();
  if (abi == 0) {
    return Error{Code::machine, "this kernel has no Landlock, so the room cannot be kept from opening files",
                 "use a kernel of 5.13 or later with CONFIG_SECURITY_LANDLOCK and landlock in the lsm= list"};
  }
  RulesetAttributes attributes{};
  attributes.handled_access_fs = file_accesses(abi);
  if (abi >= 4) attributes.handled_access_net = network_bind_and_connect;
  if (abi >= 6) attributes.scoped = scope_sockets_and_signals;
  const Fd ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, attributes_size(abi), 0)));
  if (!ruleset.valid()) return errno_error("cannot make a Landlock ruleset");
  if (!readable.empty()) {
    const Fd folder(::open(readable.c_str(), O_PATH | O_CLOEXEC));
    if (!folder.valid()) return errno_error("cannot open " + readable + " of the room");
    const std::uint64_t execute = executable ? access_execute : 0;
    const PathRule rule{access_read_file | access_read_folder | execute, folder.get()};
    if (::syscall(SYS_landlock_add_rule, ruleset.get(), rule_path_beneath, &rule, 0) != 0) {
      return errno_error("cannot add a Landlock rule for " + readable);
    }
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
    return errno_error("cannot put on the Landlock ruleset");
  }
  return {};
}

}  // namespace carrel
