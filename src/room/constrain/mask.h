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
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "record/text_pattern.h"

namespace carrel {

// A vocabulary's tokens by their bytes, sorted so that a mask is one walk. Tokens with no bytes (control
// tokens) are in no trie and so are never allowed.
class TokenTrie {
 public:
  // bytes[t] are the bytes of token t; empty for tokens that may never be written.
  explicit TokenTrie(const std::vector<std::string>& bytes);

  // In the order of a walk: a node's first child stands behind it, its next sibling at its `behind`, so that
  // a walk reads memory from front to back.
  struct Node {
    std::uint32_t behind = 0;       // the place behind all that is below it
    std::uint32_t first_token = 0;  // tokens that end here reach to the next node's first
    unsigned char byte = 0;
  };
  struct Part {
    std::vector<Node> nodes;  // nodes[0] is the root; behind the last one stands an end
    std::vector<std::uint32_t> tokens;

    std::span<const std::uint32_t> ends(std::uint32_t at) const {
      return {tokens.data() + nodes[at].first_token, tokens.data() + nodes[at + 1].first_token};
    }
    bool has_children(std::uint32_t at) const { return nodes[at].behind > at + 1; }
    // By node, where texts of whole code points are walked by their letters; otherwise empty.
    struct Below {
      Letters letters = 0;
      std::uint32_t height = 0;  // bytes
    };
    std::vector<Below> below;
    struct Text {
      Letters letters = 0;
      std::uint32_t code_points = 0;
    };
    std::vector<Text> texts;  // as `tokens`
  };
  std::size_t vocabulary() const { return vocabulary_; }

  const Part& all() const { return all_; }
  // Most tokens of a vocabulary are plain: whole code points that may stand anywhere in a JSON string, which
  // is where most of an answer is decoded. They are counted once, so that a mask there need not walk them.
  const Part& plain() const { return plain_part_; }
  // Most others end a string: plain code points, perhaps none, and from the quote on a tail, of which there
  // are few. The trie of what stands before the quote; its "tokens" are places in endings().
  struct Ending {
    std::uint32_t token = 0, tail = 0;
    std::uint32_t code_points = 0;  // before the quote
  };
  const Part& heads() const { return heads_; }
  const std::vector<Ending>& endings() const { return endings_; }
  const std::vector<std::string>& tails() const { return tails_; }
  // Neither plain nor an ending.
  const Part& rest() const { return rest_; }
  // The most code points of a plain token.
  std::uint32_t longest_plain() const { return static_cast<std::uint32_t>(plain_.size()) - 1; }
  // Sets the plain tokens of at most so many code points and clears all other places.
  void set_plain(std::uint32_t code_points, std::vector<bool>* mask) const;

 private:
  Part all_, plain_part_, heads_, rest_;
  std::vector<Ending> endings_;
  std::vector<std::string> tails_;
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
