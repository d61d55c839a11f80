#include "host/serve/warm_rooms.h"

#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "digest/sha256.h"
#include "host/walls/room_memory.h"
#include "record/codec.h"

namespace carrel {
namespace {

constexpr std::chrono::milliseconds glance(100);  // between two looks at whether whoever waits still does

Error interrupted() {
  return {Code::interrupted, "interrupted", ""};
}

// A private map of the earlier state that came with an order.
class SavedState {
 public:
  static Result<SavedState> map(const Fd& file) {
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return errno_error("the earlier state");
    SavedState state;
    if (info.st_size == 0) return state;
    state.size_ = static_cast<std::size_t>(info.st_size);
    state.memory_ = ::mmap(nullptr, state.size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (state.memory_ == MAP_FAILED) return errno_error("the earlier state cannot be mapped");
    return state;
  }
  SavedState() = default;
  SavedState(SavedState&& other) noexcept
      : memory_(std::exchange(other.memory_, MAP_FAILED)), size_(other.size_) {}
  SavedState& operator=(SavedState&&) = delete;
  ~SavedState() {
    if (memory_ != MAP_FAILED) ::munmap(memory_, size_);
  }
  std::string_view bytes() const {
    return memory_ == MAP_FAILED ? std::string_view() : std::string_view(static_cast<char*>(memory_), size_);
  }

 private:
  void* memory_ = MAP_FAILED;
  std::size_t size_ = 0;
};

RoomSpec spec_of(const ServeOrder& order, const Fd& model) {
  RoomSpec spec;
  spec.kind = RoomKind::think;
  spec.root = order.root;
  spec.program = order.program;
  spec.arguments = order.arguments;
  spec.inputs.emplace_back(::fcntl(model.get(), F_DUPFD_CLOEXEC, 0));
  spec.caps.wall_clock = std::chrono::milliseconds(order.wall_clock_ms);
  spec.caps.cpu = std::chrono::seconds(order.cpu_s);
  spec.caps.address_space = order.address_space;
  spec.caps.memory = order.memory;
  spec.caps.processes = order.processes;
  spec.caps.output_bytes = order.output_bytes;
  spec.caps.denials = order.denials;
  spec.processors = order.processors;
  return spec;
}

// All that a room cannot change once it is made: its model file, as the kernel knows it, its root, its caps.
std::string shape_of(const ServeOrder& order, const struct stat& model) {
  ServeOrder shape = order;
  shape.run.clear();
  shape.job.clear();
  const auto encoded = encode(shape);
  return sha256_of(fmt::format("{} {} {} {}.{} {}.{} ", model.st_dev, model.st_ino, model.st_size,
                               model.st_mtim.tv_sec, model.st_mtim.tv_nsec, model.st_ctim.tv_sec,
                               model.st_ctim.tv_nsec) +
                   (encoded ? *encoded : ""));
}

// What must hold of the files before a room is made for them.
Status check_files(const ServeOrder& order, const std::vector<Fd>& files, struct stat* model) {
  const auto refuse = [](const char* what) { return Error{Code::bad_input, what, ""}; };
  if (order.keep_for.empty() || order.run.empty()) return refuse("the order does not say whose it is");
  if (files.size() != (order.state_bytes == 0 ? 1U : 3U))
    return refuse("the order has other files than it says");
  if (::fstat(files[0].get(), model) != 0 || !S_ISREG(model->st_mode)) return refuse("the model is no file");
  if (order.state_bytes == 0) return {};
  struct stat saved {
  }, made{};
  if (::fstat(files[1].get(), &saved) != 0 || ::fstat(files[2].get(), &made) != 0 ||
      !S_ISREG(saved.st_mode) || static_cast<std::uint64_t>(saved.st_size) > order.state_bytes ||
      static_cast<std::uint64_t>(made.st_size) != order.state_bytes || !is_room_memory(files[2].get())) {
    return refuse("the memory for states is not what the order says");
  }
  return {};
}

}  // namespace

WarmRooms::~WarmRooms() {
  const std::lock_guard lock(mutex_);
  while (!entries_.empty()) end(entries_.begin(), "stopped");
}

void WarmRooms::end(Entries::iterator entry, const std::string& why) {
  entries_.erase(entry);
  ++counts_.rooms_ended[why];
}

// Ends idle rooms until there is room for so many bytes; false where what is busy holds too many.
bool WarmRooms::make_way(std::uint64_t bytes) {
  for (;;) {
    std::uint64_t held = 0;
    auto oldest = entries_.end();
    for (auto each = entries_.begin(); each != entries_.end(); ++each) {
      held += each->shown.reserved;
      if (!each->shown.busy && (oldest == entries_.end() || each->idle_since < oldest->idle_since))
        oldest = each;
    }
    if (held + bytes <= limits_.memory) return true;
    if (oldest == entries_.end()) return false;
    end(oldest, "memory");
  }
}

Result<WarmRooms::Entries::iterator> WarmRooms::take(const ServeOrder& order, const Fd& model,
                                                     std::uint64_t model_bytes, const std::string& shape,
                                                     const std::atomic<bool>& stop, bool* warm) {
  const std::uint64_t bytes = order.memory + model_bytes + 2 * order.state_bytes;
  if (bytes > limits_.memory) {
    return Error{Code::does_not_fit,
                 fmt::format("a room for this needs {} MiB and carrel serve may use {} MiB", bytes >> 20,
                             limits_.memory >> 20),
                 "give it more with `carrel serve --memory-mib`, or use a smaller model or --context"};
  }
  std::unique_lock lock(mutex_);
  for (;; changed_.wait_for(lock, glance)) {
    if (stop) return interrupted();
    auto entry = std::find_if(entries_.begin(), entries_.end(),
                              [&](const Entry& each) { return each.keep_for == order.keep_for; });
    if (entry != entries_.end()) {
      if (entry->shown.busy) continue;
      if (!entry->room->over() && entry->shape == shape) {
        entry->shown.busy = *warm = true;
        return entry;
      }
      end(entry, entry->room->over() ? "used" : "replaced");
    }
    if (!make_way(bytes)) continue;
    auto room = KeptRoom::make(spec_of(order, model), order.state_bytes);
    if (!room) return room.error();
    ++counts_.rooms_made;
    entries_.push_back({order.keep_for, shape, std::move(*room), {counts_.rooms_made, true, bytes, {}}, {}});
    return std::prev(entries_.end());
  }
}

Result<RoomOutcome> WarmRooms::run(const ServeOrder& order, std::vector<Fd> files,
                                   const std::function<void(const Progress&)>& progress,
                                   const std::atomic<bool>& stop) {
  struct stat model {};
  Status sound = check_files(order, files, &model);
  if (!sound) return sound.error();
  auto saved = order.state_bytes == 0 ? Result<SavedState>(SavedState()) : SavedState::map(files[1]);
  if (!saved) return saved.error();
  const Fd none;
  const std::string shape = shape_of(order, model);
  const auto start = Clock::now();
  for (;;) {
    bool warm = false;
    auto taken = take(order, files[0], static_cast<std::uint64_t>(model.st_size), shape, stop, &warm);
    if (!taken) return taken.error();
    const Entries::iterator entry = *taken;
    const auto told = [&](const Progress& step) {
      {
        const std::lock_guard lock(mutex_);
        entry->shown.progress = step;
      }
      progress(step);
    };
    auto outcome = entry->room->ask(order.job, saved->bytes(), order.state_bytes == 0 ? none : files[2],
                                    order.run, told, stop);
    const std::lock_guard lock(mutex_);
    entry->shown.busy = false;
    entry->shown.progress = {};
    entry->idle_since = Clock::now();
    if (entry->room->over()) end(entry, "used");
    changed_.notify_all();
    if (!outcome) continue;  // it had ended while it was idle
    counts_.run_s += std::chrono::duration<double>(Clock::now() - start).count();
    count(*outcome, warm);
    return std::move(*outcome);
  }
}

void WarmRooms::count(const RoomOutcome& outcome, bool warm) {
  ++counts_.runs[to_string(outcome.ending)];
  counts_.warm_runs += warm ? 1 : 0;
  if (outcome.ending != Ending::ok || outcome.answer.type != MessageType::result) return;
  const auto result = decode<ThinkResult>(outcome.answer.body);
  if (!result) return;
  counts_.prompt_tokens += result->prompt_tokens;
  counts_.reused_tokens += std::min(result->prefix_reused, result->prompt_tokens);
  for (const Try& each : result->tries) counts_.output_tokens += each.tokens;
  counts_.load_s += std::max(result->load_s, 0.0);
  counts_.prefill_s += std::max(result->prefill_s, 0.0);
  counts_.decode_s += std::max(result->decode_s, 0.0);
}

void WarmRooms::end_idle() {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  for (auto each = entries_.begin(); each != entries_.end();) {
    const auto entry = each++;
    if (entry->shown.busy) continue;
    if (entry->room->over()) {
      end(entry, "used");
    } else if (now - entry->idle_since >= limits_.keep) {
      end(entry, "idle");
    }
  }
  changed_.notify_all();
}

ServeCounts WarmRooms::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

std::vector<ServedRoom> WarmRooms::rooms() const {
  const std::lock_guard lock(mutex_);
  std::vector<ServedRoom> rooms;
  for (const Entry& entry : entries_) rooms.push_back(entry.shown);
  return rooms;
}

}  // namespace carrel
