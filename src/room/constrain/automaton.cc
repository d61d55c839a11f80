#include "room/constrain/automaton.h"

#include <algorithm>

#include "base/text.h"
#include "room/constrain/machine.h"

namespace carrel {
namespace {

class Automaton : public Constraint {
 public:
  explicit Automaton(std::shared_ptr<const Grammar> grammar)
      : machine_(std::move(grammar)), threads_(machine_.begin()) {}

  bool allows(std::string_view bytes) const override {
    const std::size_t before = machine_.mark();
    const bool allowed = !bytes.empty() && run(bytes) != nullptr;
    machine_.cut(before);
    return allowed;
  }

  bool accept(std::string_view bytes) override {
    const std::size_t before = machine_.mark();
    Threads* after = bytes.empty() ? nullptr : run(bytes);
    if (after == nullptr) {
      machine_.cut(before);
      return false;
    }
    threads_.swap(*after);
    return true;
  }

  bool finished() const override { return threads_.front().phase == Phase::done; }

  std::string forced(std::size_t limit) const override {
    const std::size_t before = machine_.mark();
    std::string out;
    Threads now = threads_, next, only;
    while (out.size() < limit) {
      const int byte = only_byte(now, &next, &only);
      if (byte < 0) break;
      out += static_cast<char>(byte);
      now.swap(only);
    }
    machine_.cut(before);
    return std::string(whole_code_points(out));
  }

  void mask(const TokenTrie& trie, std::vector<bool>* mask) const override {
    const std::size_t before = machine_.mark();
    bool texts_only = true;
    std::uint32_t free_room = 0;  // code points that a string without a pattern may still take
    bool any_free = false;
    for (const Thread& thread : threads_) {
      texts_only = texts_only && between_characters(thread);
      if (!between_characters(thread) || pattern_of(thread) != nullptr) continue;
      any_free = true;
      free_room = std::max(free_room, machine_.grammar().node(thread.leaf).most - thread.at[0]);
    }
    if (texts_only || (any_free && free_room >= trie.longest_plain())) {
      trie.set_plain(free_room, mask);
      for (const Thread& thread : threads_) {
        if (free_room >= trie.longest_plain()) break;  // all are set
        if (const TextPattern* pattern = pattern_of(thread);
            pattern != nullptr && between_characters(thread)) {
          walk_pattern(trie.plain(), 0, *pattern, static_cast<TextPattern::State>(thread.at[4]), thread.at[0],
                       0, mask);
        }
      }
      if (threads_.size() == 1 && any_free) {
        inside_ = threads_;
        Threads ended = threads_;
        ended.front().at[0] =
            std::max(ended.front().at[0], machine_.grammar().node(ended.front().leaf).least);
        machine_.step(ended, '"', &behind_);
        walk_text(trie.other(), 0, 0, mask);
      } else {
        walk(trie.other(), 0, threads_, 0, mask);
      }
    } else {
      mask->assign(mask->size(), false);
      walk(trie.all(), 0, threads_, 0, mask);
    }
    machine_.cut(before);
  }

  std::string shortest_close() const override {
    std::string best;
    for (std::size_t at = 0; at < threads_.size(); ++at) {
      std::string text = machine_.close(threads_[at]);
      if (at == 0 || text.size() < best.size()) best = std::move(text);
    }
    return best;
  }

  std::unique_ptr<Constraint> clone() const override { return std::make_unique<Automaton>(*this); }

  Automaton(const Automaton& other)
      : machine_(other.machine_), threads_(other.threads_) {}  // scratch stays behind

 private:
  // What stands behind a code point that is not whole yet is left to the model.
  static std::string_view whole_code_points(std::string_view text) {
    std::size_t end = 0;
    while (end < text.size()) {
      // A text that begins inside a code point ends that one first.
      const bool rest = (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80;
      const std::size_t length = rest ? 1 : utf8_length(text.substr(end));
      if (length == 0) break;
      end += length;
    }
    return text.substr(0, end);
  }

  bool between_characters(const Thread& thread) const {
    return thread.phase == Phase::text && thread.at[1] == 0;
  }
  const TextPattern* pattern_of(const Thread& thread) const {
    return thread.phase == Phase::text ? machine_.grammar().node(thread.leaf).pattern.get() : nullptr;
  }

  // The byte that must come next, with the threads behind it in `only`; -1 where there is a choice or none.
  int only_byte(const Threads& now, Threads* next, Threads* only) const {
    ByteSet candidates;
    for (const Thread& thread : now) machine_.add_candidates(thread, &candidates);
    int found = -1;
    const auto settles = [&](int byte) {  // true where a second byte is possible too
      machine_.step(now, static_cast<unsigned char>(byte), next);
      if (next->empty()) return false;
      if (found >= 0) return true;
      found = byte;
      only->swap(*next);
      return false;
    };
    // Inside texts, where most choices are, almost any two letters show that there is one.
    constexpr std::string_view likely = "ea0 -";
    if (candidates.all()) {
      for (const char byte : likely) {
        if (settles(byte)) return -1;
      }
    }
    for (int byte = 0; byte < 256; ++byte) {
      if (!candidates[static_cast<std::size_t>(byte)]) continue;
      if (candidates.all() && likely.find(static_cast<char>(byte)) != std::string_view::npos) continue;
      if (settles(byte)) return -1;
    }
    return found;
  }

  static void set_ends(const TokenTrie::Part& part, const TokenTrie::Node& node, std::vector<bool>* mask) {
    for (std::uint32_t end = node.first_token; end < node.first_token + node.ends; ++end) {
      if (part.tokens[end] < mask->size()) (*mask)[part.tokens[end]] = true;
    }
  }

  // Tokens of whole code points that may stand in a string of a pattern.
  static void walk_pattern(const TokenTrie::Part& part, std::uint32_t at, const TextPattern& pattern,
                           TextPattern::State state, std::uint32_t written, std::uint32_t due,
                           std::vector<bool>* mask) {
    const TokenTrie::Node& node = part.nodes[at];
    for (std::uint32_t child = node.first_child; child < node.first_child + node.children; ++child) {
      const TokenTrie::Node& to = part.nodes[child];
      TextPattern::State next = state;
      std::uint32_t left = due, count = written;
      if (due > 0) {
        --left;
      } else if (to.byte < 0x80) {
        next = pattern.after(state, to.byte, written);
      } else {
        next = pattern.after_other(state, written);
        left = to.byte < 0xe0 ? 1 : to.byte < 0xf0 ? 2 : 3;
      }
      if (next == TextPattern::none) continue;
      if (left == 0) ++count;
      set_ends(part, to, mask);
      if (to.children > 0) walk_pattern(part, child, pattern, next, count, left, mask);
    }
  }

  // The threads behind all these bytes, or null. They live until the next call.
  Threads* run(std::string_view bytes) const {
    const Threads* now = &threads_;
    Threads* next = &first_;
    for (const char byte : bytes) {
      machine_.step(*now, static_cast<unsigned char>(byte), next);
      if (next->empty()) return nullptr;
      now = next;
      next = next == &first_ ? &second_ : &first_;
    }
    return next == &first_ ? &second_ : &first_;
  }

  void walk(const TokenTrie::Part& part, std::uint32_t at, const Threads& threads, std::size_t depth,
            std::vector<bool>* mask) const {
    if (depth == levels_.size()) levels_.push_back(std::make_unique<Threads>());
    Threads& next = *levels_[depth];
    const TokenTrie::Node& node = part.nodes[at];
    for (std::uint32_t child = node.first_child; child < node.first_child + node.children; ++child) {
      const TokenTrie::Node& to = part.nodes[child];
      machine_.step(threads, to.byte, &next);
      if (next.empty()) continue;
      set_ends(part, to, mask);
      if (to.children > 0) walk(part, child, next, depth + 1, mask);
    }
  }

  // The same from the only thread, `inside_`, which is between two characters of a string without a pattern:
  // most bytes add one to what it has written, and its end leads to `behind_` wherever it comes.
  void walk_text(const TokenTrie::Part& part, std::uint32_t at, std::size_t depth,
                 std::vector<bool>* mask) const {
    if (depth == levels_.size()) levels_.push_back(std::make_unique<Threads>());
    std::uint32_t& written = inside_.front().at[0];
    const Grammar::Node& text = machine_.grammar().node(inside_.front().leaf);
    const TokenTrie::Node& node = part.nodes[at];
    for (std::uint32_t child = node.first_child; child < node.first_child + node.children; ++child) {
      const TokenTrie::Node& to = part.nodes[child];
      if (to.byte == '"') {
        if (written < text.least) continue;
        set_ends(part, to, mask);
        if (to.children > 0) walk(part, child, behind_, depth + 1, mask);
      } else if (to.byte >= 0x20 && to.byte < 0x80 && to.byte != '\\') {
        if (written >= text.most) continue;
        set_ends(part, to, mask);
        ++written;
        if (to.children > 0) walk_text(part, child, depth + 1, mask);
        --written;
      } else {
        Threads& next = *levels_[depth];
        machine_.step(inside_, to.byte, &next);
        if (next.empty()) continue;
        set_ends(part, to, mask);
        if (to.children > 0) walk(part, child, next, depth + 1, mask);
      }
    }
  }

  mutable Machine machine_;  // trials add used items and cut them back
  Threads threads_;
  mutable Threads first_, second_;                        // scratch of run()
  mutable std::vector<std::unique_ptr<Threads>> levels_;  // scratch of walk(), one a depth
  mutable Threads inside_, behind_;                       // scratch of walk_text()
};

}  // namespace

std::unique_ptr<Constraint> start(std::shared_ptr<const Grammar> grammar) {
  return std::make_unique<Automaton>(std::move(grammar));
}

}  // namespace carrel
