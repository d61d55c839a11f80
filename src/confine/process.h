// What a process gives up before it runs a program that is not trusted. System calls alone, so that a copy of
// one thread may make them between clone and execve; false leaves errno as the failed call set it.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sys/resource.h>

namespace carrel {

// No capability is left in any set and none can come back: the bounding set is empty, user id 0 means nothing
// (NOROOT), and no_new_privs makes execve grant nothing. `last` is the kernel's last capability.
bool drop_capabilities(std::uint32_t last);
bool forbid_new_privileges();

struct Limit {
  decltype(RLIMIT_AS) resource;
  rlim_t value;  // soft and hard
};

// A hard limit that is lower already stays: without capabilities it could not be raised, and lower is
// stricter.
bool set_limits(const Limit* limits, std::size_t count);

}  // namespace carrel
