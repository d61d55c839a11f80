// Sealed bytes: encrypted and authenticated as a stream, in constant memory (XChaCha20-Poly1305, libsodium's
// secretstream). docs/formats/sealed.md has the format.
//
// A sealed stream says what it is for: one made for another context, cut short, reordered or changed anywhere
// does not open. What the opener gives out is authentic, but only finish() tells that it is all.
//
//   Sealer sealer(key, "object 9f86d0…");
//   write(out, sealer.add(first));
//   write(out, sealer.add(second));
//   write(out, sealer.finish());
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "crypto/key.h"

namespace carrel {

inline constexpr std::string_view sealed_magic = "carrel sealed 1\n";
inline constexpr std::size_t sealed_chunk = 64 << 10;  // bytes of plain text a chunk; the last has fewer

class Sealer {
 public:
  Sealer(const SecretKey& key, std::string_view context);
  ~Sealer();
  // Sealed bytes that are ready; the first have the head in front.
  std::string add(std::string_view plain);
  // The rest, with the mark of the end. Called once.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class Opener {
 public:
  Opener(const SecretKey& key, std::string_view context);
  ~Opener();
  // Appends what opened to `plain`. Error: Code::bad_input, after which nothing more is given out.
  Status add(std::string_view sealed, std::string* plain);
  // Appends the rest, and says whether the end was seen. Called once.
  Status finish(std::string* plain);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Both at once, for what fits in memory.
std::string seal(const SecretKey& key, std::string_view context, std::string_view plain);
Result<std::string> open_sealed(const SecretKey& key, std::string_view context, std::string_view sealed);

}  // namespace carrel
