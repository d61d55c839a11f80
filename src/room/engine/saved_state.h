// What an engine knows after the beginning of a prompt, kept as bytes, so that a later room need not read
// that beginning again.
//
// A state stands for its tokens up to a border of the schedule (schedule.h) that the further prompt has, too.
// What is computed after that border is then computed in the same batches as without the state, and comes out
// the same, bit for bit.
//
// The bytes come from a room that had read hostile text: their header is read within bounds, and what was
// made under other circumstances is not used. What follows the header is the engine's own to judge.
//
// A change of the schedule needs another number in the first line.
//
//   "carrel state 2\n", the header's size (8 bytes, little endian), the header, the engine's bytes
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "record/limits.h"
#include "room/engine/engine.h"

namespace carrel {

// What a state depends on beside its tokens.
struct StateOrigin {
  std::string key;      // of the host: tenant, bundle, model, image, template, system text and settings
  std::string library;  // of the engine
  std::string backend;
  std::uint32_t threads = 0;
  std::uint32_t batch = 0;
  bool exact = false;
  bool operator==(const StateOrigin&) const = default;
  template <class Codec>
  void fields(Codec& c) {
    c(key, limit::name);
    c(library, limit::name);
    c(backend, limit::name);
    c(threads);
    c(batch);
    c(exact);
  }
};

struct SavedState {
  StateOrigin origin;
  Tokens tokens;
  std::string_view bytes;  // the engine's; part of the blob
};

// The blob's parts; an Error (bad_input) where it is none. Whatever the bytes, memory is taken only for what
// they hold.
Result<SavedState> read_saved_state(std::string_view blob);

// How many tokens of `prefix` a state of `saved` can stand for where work is cut into batches of `batch`.
std::size_t reusable_tokens(const Tokens& saved, const Tokens& prefix, std::size_t batch);

struct Restored {
  std::size_t tokens = 0;  // sequence 0 has so many of the prefix
  std::string why_less;    // why not all of them; empty where it has all
};

// Puts as much of the prefix into sequence 0 of an open engine, which is empty, as the blob stands for.
Restored restore_prefix(Engine& engine, std::string_view blob, const StateOrigin& here, const Tokens& prefix);

// Writes sequence 0, which holds `prefix`. Returns how many bytes that took; 0 where `into` is too small.
std::size_t save_prefix(const Engine& engine, const StateOrigin& here, const Tokens& prefix,
                        std::span<char> into);

}  // namespace carrel
