// Whether a guest boots here at all: tried once, and the verdict kept.
#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "digest/sha256.h"
#include "host/walls/vm_wall.h"

namespace carrel {
namespace {

using std::chrono::milliseconds;

constexpr const char* first_line = "carrel vm verdict 1";
constexpr std::uint64_t idle_memory = 64ULL << 20;

const char* remedy(Acceleration acceleration) {
  if (acceleration == Acceleration::tcg)
    return "`carrel doctor` tries again and tells more; or take --wall namespace";
  return "take --wall namespace, or a machine whose KVM works whole (hardware, or full nested "
         "virtualisation); to read "
         "without a model there is --vm-accel tcg; `carrel doctor` tries again";
}

Preflight does_not(Acceleration acceleration, const std::string& why, const std::string& how = "") {
  Preflight verdict;
  verdict.why = fmt::format("the vm wall ({}) cannot be made here: {}", to_string(acceleration), why);
  verdict.remedy = how.empty() ? remedy(acceleration) : how;
  return verdict;
}

// "works 1.234" or "fails" and the reason and remedy on lines of their own.
std::string to_text(const std::string& key, const Preflight& verdict) {
  return fmt::format("{}\n{}\n{} {:.3f}\n{}\n{}\n", first_line, key, verdict.works ? "works" : "fails",
                     verdict.boot_s, escape_for_terminal(verdict.why), escape_for_terminal(verdict.remedy));
}

bool from_text(const std::string& text, const std::string& key, Preflight* verdict) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string::npos) return false;  // cut off
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  if (lines.size() != 5 || lines[0] != first_line || lines[1] != key) return false;
  const std::size_t space = lines[2].find(' ');
  if (space == std::string::npos) return false;  // damaged
  verdict->works = lines[2].starts_with("works ");
  verdict->boot_s = std::strtod(lines[2].c_str() + space, nullptr);
  verdict->why = lines[3];
  verdict->remedy = lines[4];
  return verdict->works || !verdict->why.empty();
}

}  // namespace

// What the verdict depends on: this boot of this kernel, the image, and the programs that were built into it.
std::string VmWall::verdict_key() const {
  utsname host{};
  ::uname(&host);
  const auto boot = read_file("/proc/sys/kernel/random/boot_id", 256);
  std::string text = fmt::format("{} {} {} {} {} {} {}", host.release, host.version, boot ? *boot : "",
                                 image_.digest, image_.qemu, image_.kernel, to_string(acceleration_));
  for (const char* const program : {"initrd", "carrel-boot"}) {
    struct stat state {};
    if (::stat(fmt::format("{}/{}", image_.root, program).c_str(), &state) != 0) continue;
    text += fmt::format(" {} {}.{}", state.st_size, state.st_mtim.tv_sec, state.st_mtim.tv_nsec);
  }
  return sha256_of(text);
}

Preflight VmWall::preflight(const std::atomic<bool>& stop, bool again) {
  const std::string key = verdict_key();
  const std::string path =
      cache_folder_.empty() ? "" : fmt::format("{}/vm-verdict-{}", cache_folder_, to_string(acceleration_));
  if (!path.empty() && !again) {
    const auto text = read_file(path, 64 << 10);
    Preflight known;
    if (text && from_text(*text, key, &known)) return known;
  }
  Preflight verdict = boot_once(stop);
  if (path.empty() || stop) return verdict;
  // A verdict that cannot be kept is found again the next time.
  std::error_code error;
  std::filesystem::create_directories(cache_folder_, error);
  (void)static_cast<bool>(write_file_durably(path, to_text(key, verdict)));
  return verdict;
}

Preflight VmWall::boot_once(const std::atomic<bool>& stop) {
  if (acceleration_ == Acceleration::kvm) {
    const Fd kvm(::open("/dev/kvm", O_RDWR | O_CLOEXEC));
    if (!kvm.valid() && errno == ENOENT)
      return does_not(
          acceleration_, "there is no /dev/kvm",
          "switch virtualisation on in the firmware and load kvm_intel or kvm_amd; or take --wall namespace; "
          "to read without a model there is --vm-accel tcg");
    if (!kvm.valid() && errno == EACCES)
      return does_not(acceleration_, "/dev/kvm may not be opened by this user",
                      "sudo usermod -aG kvm $USER, then log in again; or take --wall namespace");
    if (!kvm.valid()) return does_not(acceleration_, errno_error("/dev/kvm cannot be opened").what);
  }
  RoomSpec spec;
  spec.caps.memory = idle_memory;
  spec.caps.address_space = idle_memory;
  const milliseconds deadline = boot_limit(acceleration_);
  spec.caps.wall_clock = deadline + milliseconds(5000);
  const RoomOutcome outcome = run_machine(std::move(spec), deadline, {}, nullptr, stop);
  Preflight verdict;
  verdict.works = outcome.ending == Ending::ok;
  verdict.boot_s = outcome.start_s;
  if (verdict.works) return verdict;
  std::string why = acceleration_ == Acceleration::kvm ? "/dev/kvm opens, but no guest boots under it: " : "";
  why += outcome.detail;
  if (!outcome.last_words.empty()) why += "; its last words: " + escape_for_terminal(outcome.last_words);
  // What keeps any room from being made has its own remedy; what a machine's end suggests is told by this
  // wall.
  const bool own =
      outcome.detail.starts_with("the virtual machine") || outcome.detail.starts_with("the guest");
  return does_not(acceleration_, why, own || acceleration_ == Acceleration::kvm ? "" : outcome.remedy);
}

std::string user_cache_folder() {
  const char* const given = std::getenv("XDG_CACHE_HOME");
  if (given != nullptr && given[0] == '/') return std::string(given) + "/carrel";
  const char* const home = std::getenv("HOME");
  return home != nullptr && home[0] == '/' ? std::string(home) + "/.cache/carrel" : "";
}

}  // namespace carrel
