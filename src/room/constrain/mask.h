// Constraint: what may come next in one try's answer, byte by byte.
//
// Two implementations: the automaton (automaton.h) and a slow, obvious reference (reference.h, linked into
// tests alone), which tests compare on random strings and walks. Not thread-safe; each try has its own.
//
//   while (!constraint.finished()) {
//     token = best token whose bytes constraint.allows(...);   // the full mask only where the best is
//     refused constraint.accept(bytes of token);
//   }
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace carrel {

// A vocabulary's tokens by their bytes, sorted so that a mask is one walk. Tokens with no bytes (control
// tokens) are in no trie and so are never allowed.
class TokenTrie {
 public:
  // bytes[t] are the bytes of token t; empty for tokens that may never be written.
  explicit TokenTrie(const std::vector<std::string>& bytes);

  struct Node {
    std::uint32_t first_child = 0;  // index of the first child; children of a node are consecutive
    std::uint32_t children = 0;
    std::uint32_t first_token = 0;  // tokens that end here: tokens()[first_token, first_token + ends)
    std::uint32_t ends = 0;
    unsigned char byte = 0;
  };
  struct Part {
    std::vector<Node> nodes;  // nodes[0] is the root
    std::vector<std::uint32_t> tokens;
  };
  const std::vector<Node>& nodes() const { return all_.nodes; }
  const std::vector<std::uint32_t>& tokens() const { return all_.tokens; }
  std::size_t vocabulary() const { return vocabulary_; }

  // Most tokens of a vocabulary are plain: whole code points that may stand anywhere in a JSON string, which
  // is where most of an answer is decoded. They are counted once, so that a mask there walks only the other
  // tokens.
  const Part& all() const { return all_; }
  const Part& other() const { return other_; }
  const Part& plain() const { return plain_part_; }
  // The most code points of a plain token.
  std::uint32_t longest_plain() const { return static_cast<std::uint32_t>(plain_.size()) - 1; }
  // Sets the plain tokens of at most so many code points and clears all other places.
  void set_plain(std::uint32_t code_points, std::vector<bool>* mask) const;

 private:
  static Part build(const std::vector<std::string>& bytes, const std::vector<std::uint32_t>& sorted);

  Part all_, other_, plain_part_;
  std::vector<std::vector<bool>> plain_;  // [n]: the mask of the plain tokens of at most n code points
  std::size_t vocabulary_ = 0;
};

class Constraint {
 public:
  virtual ~Constraint() = default;

  // True where all these bytes may come next, one after the other. Empty bytes are never allowed.
  virtual bool allows(std::string_view bytes) const = 0;
  // Takes allowed bytes; false (and no change) where they are not allowed.
  virtual bool accept(std::string_view bytes) = 0;
  // True when the answer is whole; nothing but an end-of-generation token may follow.
  virtual bool finished() const = 0;
  // The bytes that must come next whatever is chosen, whole code points, at most `limit`; empty where there
  // is a choice or at the end.
  virtual std::string forced(std::size_t limit) const = 0;
  // Sets mask[t] for every token of the trie that allows() holds for, and clears all others. mask.size() may
  // be larger than the vocabulary (padded logits rows).
  virtual void mask(const TokenTrie& trie, std::vector<bool>* mask) const = 0;
  // The shortest bytes that make the answer whole from here: what must stay reserved of the token cap.
  // (Inside a command, over many names, a short close need not be the very shortest.)
  virtual std::string shortest_close() const = 0;
  virtual std::unique_ptr<Constraint> clone() const = 0;
};

}  // namespace carrel
