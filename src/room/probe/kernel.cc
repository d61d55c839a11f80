// The kernel's own interfaces: what a room could ask of it, or use against it.
#include <cerrno>
#include <cstdint>

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <mqueue.h>
#include <sys/eventfd.h>
#include <sys/io.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/personality.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "room/probe/probe.h"

namespace carrel::probe {
namespace {

std::string bpf_map(const Ground&) {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = attributes.value_size = 4;
  attributes.max_entries = 1;
  return told(::syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}

std::string perf_event(const Ground&) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.config = PERF_COUNT_SW_TASK_CLOCK;
  attributes.exclude_kernel = attributes.exclude_hv = 1;
  return told(::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}

// The kernel's 32-bit entry: call 20 is getpid there. That it returns at all is the way through.
std::string call_of_32_bits(const Ground&) {
  long result = 20;
  asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  return through;
}

// Call numbers of the x32 ABI; a kernel without it returns ENOSYS, which is a return too.
std::string call_of_x32(const Ground&) {
  ::syscall(0x40000000 | SYS_getpid);
  return through;
}

std::string unknown_call(const Ground&) {
  return told(::syscall(1023), ENOSYS);
}

// What follows would change the machine; the arguments are such that it does not, on a host that allows it.
std::string load_kernel(const Ground&) {
  return told(::syscall(SYS_kexec_load, 0, 1000 /* more segments than the kernel takes */, nullptr, 0),
              EINVAL);
}
std::string load_module(const Ground&) {
  return told(::syscall(SYS_init_module, nullptr, 0, ""), ENOEXEC);
}
std::string load_module_file(const Ground& ground) {
  return told(::syscall(SYS_finit_module, ground.input, "", 1 << 30 /* no such flag */), EINVAL);
}
std::string remove_module(const Ground&) {
  return told(::syscall(SYS_delete_module, "carrel-probe-no-such-module", O_NONBLOCK), ENOENT);
}
std::string restart_machine(const Ground&) {
  return told(::syscall(SYS_reboot, 0, 0, 0, nullptr), EINVAL);
}
std::string set_clock(const Ground&) {
  const timespec impossible{0, -1};
  return told(::syscall(SYS_clock_settime, CLOCK_REALTIME, &impossible), EINVAL);
}
std::string tune_clock(const Ground&) {
  timex nothing{};
  return told(::syscall(SYS_adjtimex, &nothing));
}
std::string swap_on(const Ground&) {
  return told(::syscall(SYS_swapon, "/carrel-probe-no-such-file", 0), ENOENT);
}
std::string account(const Ground&) {
  return told(::syscall(SYS_acct, "/carrel-probe-no-such-file"), ENOENT);
}
std::string read_kernel_log(const Ground&) {
  constexpr int size_of_buffer = 10;  // SYSLOG_ACTION_SIZE_BUFFER
  return told(::syscall(SYS_syslog, size_of_buffer, nullptr, 0));
}
std::string local_descriptor_table(const Ground&) {
  char table[64];
  return told(::syscall(SYS_modify_ldt, 0, table, sizeof table));
}

// A queue in a name space of its own, taken away again.
std::string posix_queue(const Ground&) {
  mq_attr attributes{};
  attributes.mq_maxmsg = attributes.mq_msgsize = 1;
  const mqd_t queue = ::mq_open("/carrel-probe", O_CREAT | O_RDWR, 0600, &attributes);
  if (queue < 0) return told(queue);
  ::mq_close(queue);
  ::mq_unlink("/carrel-probe");
  return through;
}

std::string secret_memory(const Ground&) {
  const long memory = ::syscall(SYS_memfd_secret, 0);
  if (memory >= 0) ::close(static_cast<int>(memory));
  return told(memory);
}

std::string landlock_of_its_own(const Ground&) {
  return told(::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1 /* the version alone */));
}

std::string make_pipe(const Ground&) {
  int ends[2];
  return told(::pipe2(ends, O_CLOEXEC));
}

}  // namespace

const std::vector<Probe>& kernel_probes() {
  static const std::vector<Probe> probes = {
      {"shared_memory", [](const Ground&) { return told(::shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600)); },
       true},
      {"message_queue", [](const Ground&) { return told(::msgget(IPC_PRIVATE, IPC_CREAT | 0600)); }, true},
      {"bpf", bpf_map},
      {"perf_event", perf_event},
      {"keyring",
       [](const Ground&) {
         return told(::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1));
       }},
      {"add_key",
       [](const Ground&) {
         return told(::syscall(SYS_add_key, "user", "carrel", "x", 1, KEY_SPEC_PROCESS_KEYRING));
       }},
      {"userfaultfd",
       [](const Ground&) { return told(::syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */)); }},
      {"personality", [](const Ground&) { return told(::personality(ADDR_NO_RANDOMIZE)); }},
      {"host_name", [](const Ground&) { return told(::sethostname("x", 1)); }, true},
      {"lock_memory",
       [](const Ground&) {
         static char page[4096];
         return told(::mlock(page, sizeof page));
       }},
      {"call_of_32_bits", call_of_32_bits},
      {"call_of_x32", call_of_x32},
      {"unknown_call", unknown_call},
      {"semaphores", [](const Ground&) { return told(::semget(IPC_PRIVATE, 1, IPC_CREAT | 0600)); }, true},
      {"posix_queue", posix_queue, true},
      {"load_kernel", load_kernel},
      {"load_module", load_module},
      {"load_module_file", load_module_file},
      {"remove_module", remove_module},
      {"restart_machine", restart_machine},
      {"set_clock", set_clock},
      {"tune_clock", tune_clock},
      {"swap_on", swap_on},
      {"account", account},
      {"read_kernel_log", read_kernel_log},
      {"io_ports", [](const Ground&) { return told(::iopl(0)); }},
      {"local_descriptor_table", local_descriptor_table},
      {"secret_memory", secret_memory},
      {"landlock_of_its_own", landlock_of_its_own},
      {"make_pipe", make_pipe},
      {"event_descriptor", [](const Ground&) { return told(::eventfd(0, EFD_CLOEXEC)); }},
      {"clock_of_processor_of_outside",
       [](const Ground& g) {
         clockid_t clock{};
         timespec time{};
         if (::clock_getcpuclockid(g.victim, &clock) != 0) return std::string("ESRCH");
         return told(::clock_gettime(clock, &time));
       }},
  };
  return probes;
}

}  // namespace carrel::probe
