#include "room/engine/saved_state.h"

#include <algorithm>

#include <fmt/format.h>

#include "record/codec.h"
#include "room/engine/schedule.h"

namespace carrel {
namespace {

constexpr std::string_view magic = "carrel state 2\n";
constexpr std::size_t size_bytes = 8;
constexpr std::size_t most_tokens = 1 << 24;

struct StateHeader {
  StateOrigin origin;
  Tokens tokens;
  template <class Codec>
  void fields(Codec& c) {
    c(origin);
    c(tokens, most_tokens);
  }
};

// The first thing that is otherwise here; empty where nothing is.
std::string other_origin(const StateOrigin& saved, const StateOrigin& here) {
  if (saved.key != here.key) return "it was kept for something else";
  if (saved.library != here.library) return "another version of the engine made it";
  if (saved.backend != here.backend) return "it was made with another processor";
  if (saved != here) return "it was made with other threads, batches or exactness";
  return "";
}

}  // namespace

Result<SavedState> read_saved_state(std::string_view blob) {
  const Error none{Code::bad_input, "it is damaged", ""};
  if (blob.size() < magic.size() + size_bytes || !blob.starts_with(magic)) return none;
  blob.remove_prefix(magic.size());
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < size_bytes; ++i)
    size |= static_cast<std::uint64_t>(static_cast<unsigned char>(blob[i])) << (8 * i);
  blob.remove_prefix(size_bytes);
  if (size > blob.size()) return none;
  Result<StateHeader> header = decode<StateHeader>(blob.substr(0, size));
  if (!header) return none;
  return SavedState{std::move(header->origin), std::move(header->tokens), blob.substr(size)};
}

std::size_t reusable_tokens(const Tokens& saved, const Tokens& prefix, std::size_t batch) {
  const auto differ = std::ranges::mismatch(saved, prefix);
  const auto common = static_cast<std::size_t>(differ.in1 - saved.begin());
  std::size_t border = 0;
  while (batch > 0 && border < common) {
    const std::size_t next = next_border(border, saved.size(), batch);
    if (next > common || next != next_border(border, prefix.size(), batch)) break;
    border = next;
  }
  return border;
}

Restored restore_prefix(Engine& engine, std::string_view blob, const StateOrigin& here,
                        const Tokens& prefix) {
  const Result<SavedState> saved = read_saved_state(blob);
  if (!saved) return {0, saved.error().what};
  if (std::string why = other_origin(saved->origin, here); !why.empty()) return {0, std::move(why)};
  const std::size_t tokens = reusable_tokens(saved->tokens, prefix, here.batch);
  if (tokens == 0) return {0, "the evidence is another"};
  if (!engine.restore(0, saved->bytes, saved->tokens.size())) return {0, "the engine does not take it"};
  if (tokens < saved->tokens.size() && !engine.truncate(0, tokens)) {
    engine.truncate(0, 0);
    return {0, "the evidence goes on differently, and this kind of model takes a state whole or not at all"};
  }
  if (tokens == prefix.size()) return {tokens, ""};
  return {tokens, "the evidence goes on differently"};
}

std::size_t save_prefix(const Engine& engine, const StateOrigin& here, const Tokens& prefix,
                        std::span<char> into) {
  const Result<std::string> header = encode(StateHeader{here, prefix});
  if (!header) return 0;
  const std::size_t before = magic.size() + size_bytes + header->size();
  const std::size_t state = engine.saved_size(0);
  if (state == 0 || before > into.size() || state > into.size() - before) return 0;
  char* at = std::ranges::copy(magic, into.data()).out;
  for (std::size_t i = 0; i < size_bytes; ++i) *at++ = static_cast<char>(header->size() >> (8 * i));
  std::ranges::copy(*header, at);
  return engine.save(0, into.subspan(before, state)) ? before + state : 0;
}

}  // namespace carrel
