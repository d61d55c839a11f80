// carrel-think: the program of the think and inspect rooms. Its argument says which; the job comes over
// descriptor 0, the model file is descriptor 3, the answer leaves over descriptor 1. The state of an earlier
// room, and memory for this one's, are in the descriptors behind the model's (StateLoan).
#include <chrono>
#include <cstring>
#include <string>

#include <sys/mman.h>

#include "base/fd.h"
#include "record/codec.h"
#include "record/room.h"
#include "room/engine/llama/llama_engine.h"
#include "room/engine/llama/model_card.h"
#include "room/seal/seal.h"
#include "room/worker/think.h"

namespace carrel {
namespace {

constexpr int model_descriptor = 3;

// Maps what the host lent.
Result<StateMemory> map_state(const StateLoan& loan) {
  int next = model_descriptor + 1;
  const auto map = [&](std::uint64_t size, int protection, int sharing) -> Result<char*> {
    void* const memory = ::mmap(nullptr, size, protection, sharing, next++, 0);
    if (memory == MAP_FAILED) return errno_error("the room's memory for states cannot be mapped");
    return static_cast<char*>(memory);
  };
  StateMemory memory;
  if (loan.saved_bytes > 0) {
    Result<char*> saved = map(loan.saved_bytes, PROT_READ, MAP_PRIVATE);
    if (!saved) return saved.error();
    memory.saved = {*saved, loan.saved_bytes};
  }
  if (loan.free_bytes > 0) {
    Result<char*> free = map(loan.free_bytes, PROT_READ | PROT_WRITE, MAP_SHARED);
    if (!free) return free.error();
    memory.free = {*free, loan.free_bytes};
  }
  return memory;
}

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

Result<std::string> run_think(const std::string& body) {
  const auto started = std::chrono::steady_clock::now();
  const Result<ThinkJob> job = decode<ThinkJob>(body);
  if (!job) return job.error();
  Result<ModelPointer> model = load_model(Fd(model_descriptor), job->model_name, false);
  if (!model) return model.error();
  Result<std::unique_ptr<Engine>> engine = make_llama_engine(std::move(*model), job->model_name);
  if (!engine) return engine.error();
  const double load_s = seconds_since(started);
  const Result<StateMemory> memory = map_state(job->state);
  if (!memory) return memory.error();

  std::string stage;
  std::function<void(std::uint64_t)> report;
  const DecodeProgress progress = [&](const std::string& now, std::uint64_t done, std::uint64_t total) {
    if (now != stage) {
      stage = now;
      report = progress_sender(stage, total);
    }
    report(done);
  };
  Result<ThinkResult> result = think(*job, **engine, started, *memory, progress);
  if (!result) return result.error();
  result->load_s = load_s;
  return encode(*result);
}

Status serve(const std::string& room) {
  // The tiles of AMX must be asked for, and the CPU back end is a shared object: both before the room is
  // sealed.
  request_amx();
  if (Status loaded = load_backends(); !loaded) return loaded;
  Result<std::string> job = seal_and_receive_job();
  if (!job) return job.error();
  const Result<std::string> answer = room == "inspect" ? run_inspect(*job) : run_think(*job);
  if (!answer) return answer.error();
  return send(MessageType::result, *answer);
}

int run(const std::string& room) {
  const Status served = serve(room);
  if (served) return 0;
  return send_refusal(served.error()) ? 0 : 1;
}

}  // namespace
}  // namespace carrel

int main(int count, char** words) {
  if (count != 2 || (std::strcmp(words[1], "think") != 0 && std::strcmp(words[1], "inspect") != 0)) return 2;
  carrel::start_with_short_spins(words);
  return carrel::run(words[1]);
}
