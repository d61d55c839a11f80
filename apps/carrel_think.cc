// carrel-think: the program of the think and inspect rooms. Its first argument says which; the job comes over
// descriptor 0, the model file is descriptor 3, the answer leaves over descriptor 1. Where states are lent
// (StateLoan), that of an earlier room is descriptor 4, empty where there is none, and memory for this one's
// descriptor 5. With the argument "kept" a think room answers job after job with the model that it loaded
// for the first, until the host has no more.
#include <array>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <malloc.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "record/codec.h"
#include "record/room.h"
#include "room/engine/llama/llama_engine.h"
#include "room/engine/llama/model_card.h"
#include "room/engine/plain_tokens.h"
#include "room/seal/seal.h"
#include "room/worker/think.h"

namespace carrel {
namespace {

constexpr int model_descriptor = 3;
constexpr int saved_descriptor = 4;
constexpr int free_descriptor = 5;

// What the host lent for one job, mapped while that lasts.
class LentMemory {
 public:
  static Result<LentMemory> map(const StateLoan& loan) {
    LentMemory lent;
    if (Status done = lent.map(saved_descriptor, loan.saved_bytes, PROT_READ, MAP_PRIVATE); !done)
      return done.error();
    if (Status done = lent.map(free_descriptor, loan.free_bytes, PROT_READ | PROT_WRITE, MAP_SHARED); !done)
      return done.error();
    return lent;
  }
  LentMemory(LentMemory&& other) noexcept : mapped_(std::exchange(other.mapped_, {})) {}
  LentMemory& operator=(LentMemory&&) = delete;
  ~LentMemory() {
    for (const std::span<char> part : mapped_)
      if (!part.empty()) ::munmap(part.data(), part.size());
  }
  StateMemory state() const { return {{mapped_[0].data(), mapped_[0].size()}, mapped_[1]}; }

 private:
  LentMemory() = default;
  Status map(int descriptor, std::uint64_t size, int protection, int sharing) {
    if (size == 0) return {};
    void* const memory = ::mmap(nullptr, size, protection, sharing, descriptor, 0);
    if (memory == MAP_FAILED) return errno_error("the room's memory for states cannot be mapped");
    mapped_[static_cast<std::size_t>(descriptor - saved_descriptor)] = {static_cast<char*>(memory), size};
    return {};
  }
  std::array<std::span<char>, 2> mapped_;
};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Result<std::string> run_inspect(const std::string& body) {
  const Result<InspectJob> job = decode<InspectJob>(body);
  if (!job) return job.error();
  const Result<ModelCard> card = read_model_card(Fd(model_descriptor), *job);
  if (!card) return card.error();
  return encode(*card);
}

class Thinker {
 public:
  Result<std::string> answer(const std::string& body) {
    const auto started = std::chrono::steady_clock::now();
    const Result<ThinkJob> job = decode<ThinkJob>(body);
    if (!job) return job.error();
    const bool loaded_before = engine_ != nullptr;
    if (Status loaded = load(job->model_name); !loaded) return loaded.error();
    const double load_s = loaded_before ? 0 : seconds_since(started);
    const Result<LentMemory> memory = LentMemory::map(job->state);
    if (!memory) return memory.error();
    Result<ThinkResult> result = think(*job, *engine_, *trie_, started, memory->state(), progress_sender());
    if (!result) return result.error();
    result->load_s = load_s;
    return encode(*result);
  }

 private:
  Status load(const std::string& name) {
    if (engine_) return {};
    Result<std::unique_ptr<Engine>> engine = load_llama_engine(Fd(model_descriptor), name);
    if (!engine) return engine.error();
    engine_ = std::move(*engine);
    trie_.emplace(all_bytes(*engine_));
    return {};
  }

  std::unique_ptr<Engine> engine_;
  std::optional<TokenTrie> trie_;  // of its vocabulary
};

// Answers the job, and of a kept room all that follow; the first that it declines is its last.
Status think_room(std::string job, bool kept) {
  Thinker thinker;
  for (;;) {
    const Result<std::string> answer = thinker.answer(job);
    if (!answer) return answer.error();
    if (Status sent = send(MessageType::result, *answer); !sent || !kept) return sent;
    // What the job took is gone from here on; the C library gives its pages back.
    job.clear();
    job.shrink_to_fit();
    ::malloc_trim(0);
    Result<std::string> next = receive_job();
    if (!next) return {};  // the host has no more
    job = std::move(*next);
  }
}

Status serve(const std::string& room, bool kept) {
  // The tiles of AMX must be asked for, and the CPU back end is a shared object: both before the room is
  // sealed.
  request_amx();
  if (Status loaded = load_backends(); !loaded) return loaded;
  Result<std::string> job = seal_and_receive_job();
  if (!job) return job.error();
  if (room == "think") return think_room(std::move(*job), kept);
  const Result<std::string> answer = run_inspect(*job);
  if (!answer) return answer.error();
  return send(MessageType::result, *answer);
}

int run(const std::string& room, bool kept) {
  const Status served = serve(room, kept);
  if (served) return 0;
  return send_refusal(served.error()) ? 0 : 1;
}

}  // namespace
}  // namespace carrel

int main(int count, char** words) {
  const bool think = count >= 2 && std::strcmp(words[1], "think") == 0;
  const bool kept = think && count == 3 && std::strcmp(words[2], "kept") == 0;
  if (count != (kept ? 3 : 2) || (!think && std::strcmp(words[1], "inspect") != 0)) return 2;
  carrel::start_with_short_spins(words);
  return carrel::run(words[1], kept);
}
