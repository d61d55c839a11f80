// What a room can learn of the machine it is on.
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "room/probe/probe.h"

namespace carrel::probe {
namespace {

std::string environment(const Ground&) {
  return std::to_string(environ[0] == nullptr ? 0 : 1) + " variables";
}

// All open descriptors below a thousand: a leaked one is a way out, the filter's listener a way to undo it.
std::string descriptors(const Ground& ground) {
  std::string open;
  bool other = false;
  for (int fd = 0; fd < 1000; ++fd) {
    const bool is_open = ::fcntl(fd, F_GETFD) >= 0;
    other = other || is_open != (fd <= ground.last);
    if (is_open) open += (open.empty() ? "" : " ") + std::to_string(fd);
  }
  return other ? open : "those it was given";
}

std::string own_name(const Ground&) {
  utsname names{};
  if (::uname(&names) != 0) return told(-1);
  return names.nodename;
}

}  // namespace

const std::vector<Probe>& leak_probes() {
  static const std::vector<Probe> probes = {
      {"environment", environment},
      {"descriptors", descriptors},
      {"own_name", own_name},
      {"own_process_id", [](const Ground&) { return std::to_string(::getpid()); }},
      {"own_user_id", [](const Ground&) { return std::to_string(::getauxval(AT_UID)); }},
  };
  return probes;
}

}  // namespace carrel::probe
