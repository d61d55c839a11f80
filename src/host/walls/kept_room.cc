#include "host/walls/kept_room.h"

#include <ctime>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>

#include "host/walls/namespace_wall.h"
#include "host/walls/room_memory.h"

namespace carrel {
namespace {

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[sizeof "2026-01-02T03:04:05Z"];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Result<std::string> random_name() {
  unsigned char bytes[8];
  if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes) return errno_error("no name for a room");
  std::string name;
  for (const unsigned char byte : bytes) name += fmt::format("{:02x}", byte);
  return name;
}

}  // namespace

Result<std::unique_ptr<KeptRoom>> KeptRoom::make(RoomSpec spec, std::uint64_t state_bytes) {
  std::unique_ptr<KeptRoom> room(new KeptRoom);
  if (room->turns_.over()) return errno_error("a room cannot be woken");
  auto name = random_name();
  if (!name) return name.error();
  room->name_ = std::move(*name);
  room->since_ = utc_now();
  room->state_bytes_ = state_bytes;
  if (state_bytes > 0) {
    auto loan = make_room_loan(state_bytes);
    if (!loan) return loan.error();
    room->earlier_ = std::move(loan->host);
    spec.inputs.push_back(std::move(loan->room));
    auto own = make_room_memory(state_bytes);
    if (!own) return own.error();
    spec.output = std::move(*own);
    room->own_ = Fd(::fcntl(spec.output.get(), F_DUPFD_CLOEXEC, 0));
    if (!room->own_.valid()) return errno_error("cannot keep a room's memory");
  }
  spec.arguments.emplace_back("kept");
  spec.caps.cpu *= most_turns;
  room->caps_ = spec.caps;
  // The kernel ends a room with the thread that started it, so that thread stays as long as the room.
  room->thread_ = std::thread([turns = &room->turns_, spec = std::move(spec)]() mutable {
    turns->finish(keep_room(std::move(spec), *turns));
  });
  return room;
}

KeptRoom::~KeptRoom() {
  turns_.close();
  if (thread_.joinable()) thread_.join();
}

std::optional<RoomOutcome> KeptRoom::ask(const std::string& job, std::string_view saved, const Fd& made,
                                         const std::string& run,
                                         const std::function<void(const Progress&)>& progress,
                                         const std::atomic<bool>& stop) {
  const std::lock_guard lock(mutex_);
  const auto failed = [](const Error& error) {
    RoomOutcome outcome;
    outcome.detail = error.what;
    outcome.remedy = error.remedy;
    return outcome;
  };
  if (state_bytes_ > 0) {
    if (Status lent = fill_room_memory(earlier_, saved); !lent) return failed(lent.error());
  }
  auto outcome = turns_.ask({&job, &progress, &stop});
  if (!outcome) return std::nullopt;
  outcome->kept = KeptRecord{name_, since_, runs_, !turns_.over()};
  outcome->machine = caps_;
  runs_.push_back(run);
  if (state_bytes_ == 0) return outcome;
  // The room has no task any more: what it made is taken, and nothing of this run stays in what it is lent.
  Status taken = made.valid() ? copy_room_memory(own_, made, state_bytes_) : Status();
  for (const Fd* memory : {&earlier_, &own_}) {
    if (Status cleared = clear_room_memory(*memory, state_bytes_); !cleared && taken) taken = cleared;
  }
  if (taken) return outcome;
  turns_.close();
  return failed(taken.error());
}

}  // namespace carrel
