// What a think room is lent beside its model: a state to read, and memory of one size to fill.
#include <csignal>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "room/probe/probe.h"

namespace carrel::probe {
namespace {

constexpr off_t elsewhere = 1 << 20;  // no size that the memory has

std::string map_saved_writable(const Ground& ground) {
  void* const memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ground.saved, 0);
  return told(memory == MAP_FAILED ? -1 : 0);
}

// The limit on what may be written to files holds for it, too: it can only be mapped.
std::string write_beyond_memory(const Ground& ground) {
  std::signal(SIGXFSZ, SIG_IGN);
  if (::lseek(ground.output, elsewhere, SEEK_SET) < 0) return told(-1);
  return told(::write(ground.output, "x", 1));
}

std::string execute_memory(const Ground& ground) {
  void* const memory = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, ground.output, 0);
  return told(memory == MAP_FAILED ? -1 : 0);
}

}  // namespace

const std::vector<Probe>& memory_probes() {
  static const std::vector<Probe> probes = {
      {"write_saved", [](const Ground& g) { return told(::write(g.saved, "x", 1)); }},
      {"map_saved_writable", map_saved_writable},
      {"grow_memory", [](const Ground& g) { return told(::ftruncate(g.output, elsewhere)); }},
      {"shrink_memory", [](const Ground& g) { return told(::ftruncate(g.output, 0)); }},
      {"write_beyond_memory", write_beyond_memory},
      {"seal_memory", [](const Ground& g) { return told(::fcntl(g.output, F_ADD_SEALS, F_SEAL_WRITE)); }},
      {"execute_memory", execute_memory},
  };
  return probes;
}

}  // namespace carrel::probe
