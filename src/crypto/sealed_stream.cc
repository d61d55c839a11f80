#include "crypto/sealed_stream.h"

#include <algorithm>
#include <utility>

#include <sodium.h>

#include "crypto/bytes_of.h"

namespace carrel {
namespace {

constexpr std::size_t header_bytes = crypto_secretstream_xchacha20poly1305_HEADERBYTES;
constexpr std::size_t mark_bytes = crypto_secretstream_xchacha20poly1305_ABYTES;  // what a chunk grows by
constexpr std::size_t head_bytes = sealed_magic.size() + header_bytes;
constexpr std::size_t sealed_chunk_bytes = sealed_chunk + mark_bytes;

}  // namespace

struct Sealer::State {
  crypto_secretstream_xchacha20poly1305_state stream;
  std::string context;
  std::string ready;  // the head, until it was given out
  std::string plain;  // less than a chunk

  void push(std::string_view chunk, bool last, std::string* out) {
    const std::size_t before = out->size();
    out->resize(before + chunk.size() + mark_bytes);
    crypto_secretstream_xchacha20poly1305_push(&stream, bytes_of(*out) + before, nullptr, bytes_of(chunk),
                                               chunk.size(), bytes_of(std::string_view(context)),
                                               context.size(),
                                               last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
  }

  ~State() {
    sodium_memzero(&stream, sizeof stream);
    sodium_memzero(plain.data(), plain.size());
  }
};

Sealer::Sealer(const SecretKey& key, std::string_view context) : state_(std::make_unique<State>()) {
  state_->context = context;
  state_->ready = sealed_magic;
  state_->ready.resize(head_bytes);
  crypto_secretstream_xchacha20poly1305_init_push(&state_->stream,
                                                  bytes_of(state_->ready) + sealed_magic.size(), key.data());
}
Sealer::~Sealer() = default;

std::string Sealer::add(std::string_view plain) {
  std::string out = std::exchange(state_->ready, {});
  // A full chunk waits for what comes next: the last must be the one with the mark of the end.
  while (state_->plain.size() + plain.size() > sealed_chunk) {
    const std::size_t wanted = sealed_chunk - state_->plain.size();
    state_->plain.append(plain.substr(0, wanted));
    plain.remove_prefix(wanted);
    state_->push(state_->plain, false, &out);
    state_->plain.clear();
  }
  state_->plain.append(plain);
  return out;
}

std::string Sealer::finish() {
  std::string out = std::exchange(state_->ready, {});
  state_->push(state_->plain, true, &out);
  return out;
}

struct Opener::State {
  crypto_secretstream_xchacha20poly1305_state stream;
  SecretKey key;
  std::string context;
  std::string sealed;  // less than a chunk, or the head
  bool begun = false, ended = false, failed = false;

  ~State() { sodium_memzero(&stream, sizeof stream); }

  Error fail(const std::string& what, const std::string& remedy) {
    failed = true;
    return {Code::bad_input, what, remedy};
  }

  Status begin(std::string_view head) {
    if (!head.starts_with(sealed_magic)) return fail("these are no sealed bytes of Carrel", "");
    if (head.size() < head_bytes) return fail("the sealed bytes are cut short", "take the whole file");
    if (crypto_secretstream_xchacha20poly1305_init_pull(&stream, bytes_of(head) + sealed_magic.size(),
                                                        key.data()) != 0)
      return fail("the head of the sealed bytes is damaged", "");
    begun = true;
    return {};
  }

  Status pull(std::string_view chunk, std::string* plain) {
    const std::size_t before = plain->size();
    if (ended) return fail("something follows the end of the sealed bytes", "take the whole, unchanged file");
    if (chunk.size() < mark_bytes) return fail("the sealed bytes are cut short", "take the whole file");
    plain->resize(before + chunk.size() - mark_bytes);
    unsigned char tag = 0;
    if (crypto_secretstream_xchacha20poly1305_pull(
            &stream, bytes_of(*plain) + before, nullptr, &tag, bytes_of(chunk), chunk.size(),
            bytes_of(std::string_view(context)), context.size()) != 0) {
      plain->resize(before);
      return fail("the sealed bytes do not open with this key",
                  "take the key they were sealed with; if it is that "
                  "one, the file was changed or cut");
    }
    ended = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    return {};
  }
};

Opener::Opener(const SecretKey& key, std::string_view context) : state_(std::make_unique<State>()) {
  std::copy_n(key.data(), key.size(), state_->key.data());
  state_->context = context;
}
Opener::~Opener() = default;

Status Opener::add(std::string_view sealed, std::string* plain) {
  State& state = *state_;
  if (state.failed) return Error{Code::bad_input, "the sealed bytes did not open", ""};
  while (!sealed.empty()) {
    const std::size_t whole = state.begun ? sealed_chunk_bytes : head_bytes;
    const std::size_t taken = std::min(whole - state.sealed.size(), sealed.size());
    state.sealed.append(sealed.substr(0, taken));
    sealed.remove_prefix(taken);
    if (state.sealed.size() < whole) break;
    Status done = state.begun ? state.pull(state.sealed, plain) : state.begin(state.sealed);
    if (!done) return done;
    state.sealed.clear();
  }
  return {};
}

Status Opener::finish(std::string* plain) {
  State& state = *state_;
  if (state.failed) return Error{Code::bad_input, "the sealed bytes did not open", ""};
  if (!state.begun) return state.begin(state.sealed);  // too short for a head: says so
  if (!state.sealed.empty()) {
    if (Status done = state.pull(std::exchange(state.sealed, {}), plain); !done) return done;
  }
  if (!state.ended) return state.fail("the sealed bytes are cut short", "take the whole file");
  return {};
}

std::string seal(const SecretKey& key, std::string_view context, std::string_view plain) {
  Sealer sealer(key, context);
  std::string sealed = sealer.add(plain);
  return sealed += sealer.finish();
}

Result<std::string> open_sealed(const SecretKey& key, std::string_view context, std::string_view sealed) {
  Opener opener(key, context);
  std::string plain;
  if (Status done = opener.add(sealed, &plain); !done) return done.error();
  if (Status done = opener.finish(&plain); !done) return done.error();
  return plain;
}

}  // namespace carrel
