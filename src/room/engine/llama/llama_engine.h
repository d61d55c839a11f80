// The engine on libllama, on the CPU. Source of its calls: llama.h of the room image's version.
//
// Everything that opens a file by name (the CPU back ends are shared objects) happens in load_backends(),
// before the room is sealed. After that one descriptor is enough: the model's.
#pragma once

#include <memory>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "room/engine/engine.h"

struct llama_model;

namespace carrel {

// Restarts the program with a short limit on how long its threads spin, unless it has been. First of all in
// main(), whose arguments it takes; returns only where that is done or cannot be.
void start_with_short_spins(char** words);

// Loads the CPU back end that suits this machine best, from `folder`, or from where libggml looks by itself,
// and behind it the BLAS (blas.h).
// Once, first of all; an Error (machine) where there is none. Also silences the library: what it logs is kept
// for errors.
Status load_backends(const std::string& folder = "");

// The name of the back end that was chosen: "sapphirerapids".
std::string chosen_backend();

// The first error that the library logged since the last call, as one line, and forgets the rest. Empty where
// there is none.
std::string take_logged_error();

// What the library said it allocated since it was loaded: nothing but its log tells.
EngineMemory logged_memory();
// What it said of a context that is gone is no longer part of that.
void forget_context_memory();

struct FreeModel {
  void operator()(llama_model* model) const;
};
using ModelPointer = std::unique_ptr<llama_model, FreeModel>;

// Opens the model in the descriptor: all of it, or only what describes it. `name` is for messages. What is no
// GGUF, is cut short, or is of a kind that libllama does not know is an Error (bad_input) that says so.
Result<ModelPointer> load_model(Fd file, const std::string& name, bool only_description);

// The engine over a model that was loaded whole. A model that does not write text token by token is an Error.
Result<std::unique_ptr<Engine>> make_llama_engine(ModelPointer model, const std::string& name);

// Both in one: the engine over the model in the descriptor.
Result<std::unique_ptr<Engine>> load_llama_engine(Fd file, const std::string& name);

}  // namespace carrel
