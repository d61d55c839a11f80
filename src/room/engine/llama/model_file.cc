// Back ends, the library's log, and loading a model file: what happens before there is an engine.
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <llama.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/text.h"
#include "room/engine/llama/blas.h"
#include "room/engine/llama/llama_engine.h"

namespace carrel {
namespace {

constexpr std::size_t logged_bytes = 4096;  // bytes of errors that are remembered

// How long a thread that waits for others spins before it sleeps; 10,000 rounds are about half a millisecond,
// as long as choosing a token takes at most, so that the other threads are awake for the next one. libgomp's
// own default is thousands of times that, and where the machine is busy with something else, the waiting
// threads keep the working one from its processor: measured, decoding then took 20 to 40 times as long. With
// 1,000 rounds a step took 3 % longer on two processors with priority, and half as long again without, under
// a load of 5. libgomp reads the setting before main(), and a room starts without an environment.
constexpr const char* spin_setting = "GOMP_SPINCOUNT";
constexpr const char* short_spins = "GOMP_SPINCOUNT=10000";

struct Log {
  std::string errors;   // the lines at error level, up to a limit
  std::string backend;  // from libggml's "loaded CPU backend from .../libggml-cpu-haswell.so"
  EngineMemory memory;
};
Log& log() {
  static Log instance;
  return instance;
}

// "load_tensors:   CPU_REPACK model buffer size =   284.06 MiB", and likewise of the cache and of computing.
void note_memory(std::string_view line) {
  constexpr std::string_view size = " buffer size =";
  const std::size_t at = line.find(size);
  if (at == std::string_view::npos) return;
  const std::string_view what = line.substr(0, at);
  const double mib = std::strtod(std::string(line.substr(at + size.size())).c_str(), nullptr);
  if (!(mib >= 0 && mib < 1e9)) return;
  const auto bytes = static_cast<std::uint64_t>(mib * (1 << 20));
  EngineMemory& memory = log().memory;
  if (what.ends_with("model")) {
    (what.find("Mapped") != std::string_view::npos ? memory.mapped : memory.weights) += bytes;
  } else if (what.ends_with("compute") || what.ends_with("output")) {
    memory.compute += bytes;
  } else {
    memory.cache += bytes;  // "KV", and the states of recurrent models
  }
}

void listen(ggml_log_level level, const char* text, void*) {
  const std::string_view line = trim(text);
  if (level == GGML_LOG_LEVEL_ERROR && !line.empty() && log().errors.size() < logged_bytes) {
    log().errors += (log().errors.empty() ? "" : "\n") + std::string(line);
  }
  note_memory(line);
  constexpr std::string_view loaded = "libggml-cpu-";
  const std::size_t at = line.rfind(loaded);
  if (at != std::string_view::npos && line.find("loaded") != std::string_view::npos) {
    const std::string_view name = line.substr(at + loaded.size());
    log().backend = name.substr(0, name.find('.'));
  }
}

// A sentence on why the library did not take the file, from what it logged.
Error not_loaded(const std::string& name) {
  const std::string logged = take_logged_error();
  const auto says = [&](const char* text) { return logged.find(text) != std::string::npos; };
  if (says("unknown model architecture") || says("unknown architecture")) {
    const std::size_t quote = logged.find('\'');
    const std::size_t end = quote == std::string::npos ? quote : logged.find('\'', quote + 1);
    const std::string which = end == std::string::npos ? "" : " " + logged.substr(quote, end + 1 - quote);
    return {Code::bad_input,
            fmt::format("{} is of an architecture{} that this libllama does not know", name, which),
            "use another model, or make the room image from a newer llama.cpp: make room LLAMA_PREFIX=DIR"};
  }
  if (says("not within the file bounds") || says("failed to read") || says("incomplete") || says("EOF") ||
      says("unexpected end")) {
    return {Code::bad_input, name + " is cut short: it ends before what its header promises",
            "download or copy it again"};
  }
  return {Code::bad_input, fmt::format("{} cannot be loaded{}{}", name, logged.empty() ? "" : ": ", logged),
          "check the file, or use another model"};
}

}  // namespace

void start_with_short_spins(char** words) {
  if (std::getenv(spin_setting) != nullptr) return;
  const auto* path = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  if (path == nullptr) return;
  std::vector<char*> environment;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry)
    environment.push_back(*entry);
  std::string setting = short_spins;
  environment.push_back(setting.data());
  environment.push_back(nullptr);
  ::execve(path, words, environment.data());
}

std::string take_logged_error() {
  const std::string all = std::exchange(log().errors, "");
  // "llama_model_load: error loading model: ..." begins with names of functions; the first line is the
  // reason, what follows are its consequences.
  std::string_view line = std::string_view(all).substr(0, all.find('\n'));
  for (std::size_t colon = line.find(": "); colon != std::string_view::npos; colon = line.find(": ")) {
    const std::string_view head = line.substr(0, colon);
    if (head != "error loading model" && head.find(' ') != std::string_view::npos) break;
    line.remove_prefix(colon + 2);
  }
  return escape_for_terminal(cut_utf8(line, 300));  // a hostile file chooses part of what is logged
}

EngineMemory logged_memory() {
  return log().memory;
}

void forget_context_memory() {
  log().memory.cache = log().memory.compute = 0;
}

std::string chosen_backend() {
  return log().backend.empty() ? "CPU" : log().backend;
}

Status load_backends(const std::string& folder) {
  llama_log_set(listen, nullptr);
  ggml_log_set(listen, nullptr);
  if (folder.empty()) {
    ggml_backend_load_all();
  } else {
    ggml_backend_load_all_from_path(folder.c_str());
  }
  llama_backend_init();
  if (ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU) == nullptr) {
    return Error{Code::machine, "the room image has no CPU back end of ggml that this processor can run",
                 "make the image again with `make room`"};
  }
  load_blas();
  return {};
}

void FreeModel::operator()(llama_model* model) const {
  llama_model_free(model);
}

Result<ModelPointer> load_model(Fd file, const std::string& name, bool only_description) {
  char magic[4] = {};
  if (::pread(file.get(), magic, 4, 0) != 4 || std::memcmp(magic, "GGUF", 4) != 0) {
    return Error{Code::bad_input, name + " is not a GGUF model file", "get the model file again"};
  }
  const std::unique_ptr<FILE, int (*)(FILE*)> stream(::fdopen(file.get(), "rb"), std::fclose);
  if (!stream) return errno_error("cannot read " + name);
  file.release();  // the stream's now
  llama_model_params parameters = llama_model_default_params();
  ggml_backend_dev_t no_devices[] = {nullptr};  // the processor alone
  parameters.devices = no_devices;
  parameters.n_gpu_layers = 0;
  parameters.vocab_only = only_description;
  take_logged_error();
  ModelPointer model(llama_model_load_from_file_ptr(stream.get(), parameters));
  if (!model) return not_loaded(name);
  return model;
}

}  // namespace carrel
