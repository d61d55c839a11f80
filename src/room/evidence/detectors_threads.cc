// Who blocks a Java program: in a thread dump (`jstack`, `kill -3`), the thread that holds the lock for which
// most of the others wait, and what it is at.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/brief.h"
#include "base/text.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

constexpr std::string_view state_mark = "java.lang.Thread.State";
constexpr std::size_t largest_dump = 16 << 20, most_locks = 10'000;
constexpr std::size_t many = 5;  // threads that wait

struct Lock {
  std::string_view id;
  std::size_t waiting = 0;
  std::string_view type;    // "example.RoleCache"
  std::string_view holder;  // a thread's name
  std::uint32_t held = 0;   // the line that says so
  std::uint32_t first_frame = 0, first_wait = 0;
};

// `"exec-117" #177 daemon prio=5 ...` to exec-117; empty: no thread begins here.
std::string_view thread_in(std::string_view line) {
  if (!line.starts_with('"')) return {};
  const std::size_t end = line.find('"', 1);
  return end == std::string_view::npos ? std::string_view() : line.substr(1, end - 1);
}

// "com.sun.jndi.ldap.Connection.readReply" of "at
// com.sun.jndi.ldap.Connection.readReply(java.naming@17/...)".
std::string_view call_in(std::string_view frame) {
  return frame.starts_with("at ") ? frame.substr(3, frame.find('(') - 3) : std::string_view();
}

// What only waits, and tells nothing of what for.
bool is_plumbing(std::string_view call) {
  for (const std::string_view start :
       {"java.lang.", "java.util.concurrent.", "jdk.internal.", "sun.misc.", "sun.nio."}) {
    if (call.starts_with(start)) return true;
  }
  return call.empty();
}

// The lock for which most threads wait in one of the dumps of a file; nobody waits: there is none.
Lock busiest_lock(const Document& dump) {
  std::map<std::string_view, Lock> locks;
  Lock busiest;
  const auto end_dump = [&] {
    for (const auto& [id, lock] : locks) {
      if (lock.held != 0 && lock.waiting > busiest.waiting) busiest = lock;
    }
    locks.clear();
  };
  std::string_view thread, waits_on;
  std::uint32_t first_frame = 0;  // of the thread, that says what it is at
  for (std::uint32_t number = 1; number <= dump.starts.size(); ++number) {
    const std::string_view whole = dump.line(number), line = trim(whole);
    if (line.starts_with("Full thread dump")) end_dump();
    if (const std::string_view name = thread_in(whole); !name.empty()) {
      thread = name;
      waits_on = {};
      first_frame = 0;
    }
    // Who waits on an object gave its lock back, though "locked" stands below.
    if (line.starts_with("- waiting on <")) waits_on = between(line, "<", ">");
    if (first_frame == 0 && !is_plumbing(call_in(line))) first_frame = number;
    const bool waits = line.starts_with("- waiting to lock <"), holds = line.starts_with("- locked <");
    const std::string_view id = between(line, "<", ">");
    if ((!waits && !holds) || (holds && id == waits_on)) continue;
    if (locks.size() >= most_locks && !locks.contains(id)) continue;
    Lock& lock = locks[id];
    lock.id = id;
    if (waits) {
      ++lock.waiting;
      if (lock.first_wait == 0) lock.first_wait = number;
    } else {
      lock.type = between(line, "(a ", ")");
      lock.holder = thread;
      lock.held = number;
      lock.first_frame = first_frame;
    }
  }
  end_dump();
  return busiest;
}

}  // namespace

void detect_thread_dumps(const Survey& survey, Observations* out) {
  constexpr std::size_t most_shown = 90;  // bytes of a name
  constexpr std::size_t most_told = 8;
  std::size_t told = 0;
  for (const Document& document : survey.inventory.documents()) {
    if (document.text.size() > largest_dump || document.text.find(state_mark) == std::string::npos) continue;
    const Lock lock = busiest_lock(document);
    if (lock.waiting < many || ++told > most_told) continue;
    const std::string_view call =
        lock.first_frame == 0 ? std::string_view() : call_in(trim(document.line(lock.first_frame)));
    Observation& made = report_missing(
        out, "threads-blocked", 0.9, "", "", "",
        fmt::format("{} threads wait for the lock of {} that thread {} holds{}.", lock.waiting,
                    brief(lock.type.empty() ? lock.id : lock.type, most_shown),
                    brief(lock.holder, most_shown),
                    call.empty() ? "" : fmt::format(", which is at {}", brief(call, most_shown))));
    if (lock.first_frame != 0)
      cite_line(&made, document, lock.first_frame, "what the thread that holds it is at");
    cite_line(&made, document, lock.held, "the lock that it holds");
    cite_line(&made, document, lock.first_wait, "the first of those that wait for it");
    lack(&made, "a second dump some seconds later, and whether the same thread still holds it");
  }
}

}  // namespace carrel
