// Pseudonyms: what stands in a bundle for each secret. Equal values get equal pseudonyms, so that a password
// that is wrong in one place and right in another can still be told; nothing of the value is in it.
//
//   redacted-password-3
//
// Lower-case letters, digits and '-' alone: it may stand in JSON, YAML, XML, a URL, a shell's word and a
// host's name without changing how these are read. The number counts the values of the bundle, not those of
// its class: a value that is found as two classes keeps its first name.
//
// One table serves a bundle; one thread uses it. Memory: 40 bytes a value, and the values themselves only
// where a map of them is wanted.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace carrel {

inline constexpr std::string_view pseudonym_prefix = "redacted-";

class Pseudonyms {
 public:
  // Beyond so many values, and so many bytes of kept ones, further ones share "redacted-LABEL-more".
  static constexpr std::size_t most_values = 1'000'000;
  static constexpr std::size_t most_kept_bytes = 64 << 20;

  struct Entry {
    std::string pseudonym;
    std::string value;
  };

  // `keep`: whether values are kept for a map. Error: Code::machine, where the kernel gives no random
  // numbers.
  static Result<Pseudonyms> create(bool keep);

  // What stands for this value. Label: lower-case letters, digits and '-'.
  std::string of(std::string_view label, std::string_view value);

  // Every value with its pseudonym, in the order of their numbers; empty unless values are kept.
  const std::vector<Entry>& kept() const { return kept_; }
  std::size_t count() const { return known_.size(); }
  // Values that share a pseudonym because there were too many.
  std::uint64_t shared() const { return shared_; }

 private:
  using Digest = std::array<unsigned char, 16>;
  struct DigestHash {
    std::size_t operator()(const Digest& digest) const;
  };
  struct Known {
    std::uint32_t number;
    std::uint32_t label;
  };

  explicit Pseudonyms(bool keep);

  bool keep_;
  std::array<unsigned char, 32> key_{};  // so that no table of digests tells a guessed value
  std::unordered_map<Digest, Known, DigestHash> known_;
  std::vector<std::string> labels_;
  std::vector<Entry> kept_;
  std::size_t kept_bytes_ = 0;
  std::uint64_t shared_ = 0;
};

}  // namespace carrel
