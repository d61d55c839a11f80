#include "room/constrain/automaton.h"

#include <algorithm>
#include <span>

#include "base/text.h"
#include "room/constrain/machine.h"

namespace carrel {
namespace {

// How far ahead of a string with a pattern whole branches of a trie are taken at once, code points: longer
// than nearly all tokens.
constexpr std::uint32_t steps_ahead = 24;

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
    for (const Threads* now = &threads_; out.size() < limit; now = &behind_) {
      const int byte = only_byte(*now, &first_, &second_);
      if (byte < 0) break;
      out += static_cast<char>(byte);
      behind_.swap(second_);
    }
    machine_.cut(before);
    return std::string(whole_code_points(out));
  }

  // The threads are alternatives, so a mask is what each of them allows, taken together.
  void mask(const TokenTrie& trie, std::vector<bool>* mask) const override {
    const std::size_t before = machine_.mark();
    Threads texts, others;
    std::uint32_t free_room = 0;
    for (const Thread& thread : threads_) {
      const bool text = between_characters(thread);
      (text ? texts : others).push_back(thread);
      if (text) free_room = std::max(free_room, free_room_of(trie, thread));
    }
    trie.set_plain(free_room, mask);
    for (const Thread& thread : texts) mask_text(trie, thread, free_room, mask);
    if (!texts.empty()) walk(trie.rest(), 0, texts, 0, mask);
    if (!others.empty()) walk(trie.all(), 0, others, 0, mask);
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
  // In a string that any character may go on: where most of an answer is written.
  bool takes_any(const Thread& thread) const {
    return between_characters(thread) && pattern_of(thread) == nullptr &&
           thread.at[0] < machine_.grammar().node(thread.leaf).most;
  }
  const TextPattern* pattern_of(const Thread& thread) const {
    return thread.phase == Phase::text ? machine_.grammar().node(thread.leaf).pattern.get() : nullptr;
  }

  std::uint32_t room_of(const Thread& thread) const {
    return machine_.grammar().node(thread.leaf).most - thread.at[0];
  }
  static TextPattern::State state_of(const Thread& thread) {
    return static_cast<TextPattern::State>(thread.at[4]);
  }
  // So many code points that any plain token of them may follow in the string: all of its room where it has
  // no pattern, and often where its pattern only leaves out what is not plain.
  std::uint32_t free_room_of(const TokenTrie& trie, const Thread& thread) const {
    const std::uint32_t room = room_of(thread);
    const TextPattern* const pattern = pattern_of(thread);
    if (pattern == nullptr) return room;
    const Letters plain = trie.plain().below[0].letters;
    TextPattern::Run run;
    for (const std::uint32_t steps : {steps_ahead, trie.longest_plain()}) {
      run = pattern->run(state_of(thread), thread.at[0], std::min(room, steps), false);
      if ((plain & ~run.letters) != 0) return 0;
      if (run.steps < steps) break;
    }
    return run.steps;
  }

  // The byte that must come next, with the threads behind it in `only`; -1 where there is a choice or none.
  int only_byte(const Threads& now, Threads* next, Threads* only) const {
    if (std::any_of(now.begin(), now.end(), [&](const Thread& thread) { return takes_any(thread); }))
      return -1;
    ByteSet candidates;
    for (const Thread& thread : now) machine_.add_candidates(thread, &candidates);
    int found = -1;
    for (std::size_t byte = 0; byte < candidates.size(); ++byte) {
      if (!candidates[byte]) continue;
      machine_.step(now, static_cast<unsigned char>(byte), next);
      if (next->empty()) continue;
      if (found >= 0) return -1;
      found = static_cast<int>(byte);
      only->swap(*next);
    }
    return found;
  }

  static void set(std::uint32_t token, std::vector<bool>* mask) {
    if (token < mask->size()) (*mask)[token] = true;
  }

  // Plain tokens and endings, from a thread between two characters of a string. The plain ones of `set_room`
  // code points are set.
  void mask_text(const TokenTrie& trie, const Thread& thread, std::uint32_t set_room,
                 std::vector<bool>* mask) const {
    const TextPattern* const pattern = pattern_of(thread);
    const TextPattern::State state = state_of(thread);
    const Grammar::Node& text = machine_.grammar().node(thread.leaf);
    const std::uint32_t written = thread.at[0], room = room_of(thread);
    if (pattern != nullptr && set_room < std::min(room, trie.longest_plain())) {
      PatternWalk(trie.plain(), *pattern, state, written, room, false, [&](std::uint32_t token) {
        set(token, mask);
      }).all();
    }
    // Where a string ends, what may follow does not depend on what is in it.
    Threads behind = {machine_.behind(thread)};
    std::vector<bool> follows;
    for (const std::string& tail : trie.tails())
      follows.push_back(tail.size() == 1 || run(behind, std::string_view(tail).substr(1)) != nullptr);
    const auto set_ending = [&](const TokenTrie::Ending& ending) {
      if (follows[ending.tail]) set(ending.token, mask);
    };
    if (pattern == nullptr) {
      for (const TokenTrie::Ending& ending : trie.endings()) {
        if (ending.code_points <= room && written + ending.code_points >= text.least) set_ending(ending);
      }
    } else {
      PatternWalk(trie.heads(), *pattern, state, written, room, true, [&](std::uint32_t ending) {
        set_ending(trie.endings()[ending]);
      }).all();
    }
  }

  // A walk over texts of whole code points that may stand in a string of a pattern, with `ending` those
  // behind which it may end; `take` gets what ends with each of them.
  template <typename Take>
  class PatternWalk {
   public:
    PatternWalk(const TokenTrie::Part& part, const TextPattern& pattern, TextPattern::State state,
                std::uint32_t written, std::uint32_t room, bool ending, Take take)
        : part_(part),
          pattern_(pattern),
          state_(state),
          written_(written),
          run_(pattern.run(state, written, std::min(room, steps_ahead), ending)),
          all_steps_(run_.steps == room),
          ending_(ending),
          take_(std::move(take)) {}

    void all() const {
      if (!ending_ || pattern_.may_end(state_, written_)) take(part_.ends(0));
      below(0, state_, written_, 0, true);
    }

   private:
    void take(std::span<const std::uint32_t> tokens) const {
      for (const std::uint32_t token : tokens) take_(token);
    }
    // Below a node. `due`: bytes that its code point lacks. `runs`: it was come to by letters of the run
    // alone.
    void below(std::uint32_t at, TextPattern::State state, std::uint32_t written, std::uint32_t due,
               bool runs) const {
      const std::uint32_t behind = part_.nodes[at].behind;
      const TokenTrie::Part::Below& texts = part_.below[at];
      // What the run leaves out of these letters no state takes: then each text is known by its letters.
      if (runs && (texts.letters & ~run_.letters & pattern_.alphabet()) == 0 &&
          (all_steps_ || written + texts.height <= written_ + run_.steps)) {
        const std::uint32_t last = part_.nodes[behind].first_token;
        for (std::uint32_t place = part_.nodes[at + 1].first_token; place < last; ++place) {
          const TokenTrie::Part::Text& text = part_.texts[place];
          if ((text.letters & ~run_.letters) == 0 && text.code_points <= run_.steps)
            take_(part_.tokens[place]);
        }
        return;
      }
      for (std::uint32_t child = at + 1; child < behind; child = part_.nodes[child].behind) {
        const unsigned char byte = part_.nodes[child].byte;
        TextPattern::State next = state;
        std::uint32_t left = due;
        if (due > 0) {
          --left;
        } else if (byte < 0x80) {
          next = pattern_.after(state, byte, written);
        } else {
          next = pattern_.after_other(state, written);
          left = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        }
        if (next == TextPattern::none) continue;
        const std::uint32_t count = written + (left == 0 ? 1 : 0);
        if (!ending_ || (left == 0 && pattern_.may_end(next, count))) take(part_.ends(child));
        if (part_.has_children(child))
          below(child, next, count, left, runs && (run_.letters & letter_of(byte)) != 0);
      }
    }

    const TokenTrie::Part& part_;
    const TextPattern& pattern_;
    const TextPattern::State state_;
    const std::uint32_t written_;
    const TextPattern::Run run_;
    const bool all_steps_;  // no text has more
    const bool ending_;
    const Take take_;
  };

  // The threads behind all these bytes, or null. They live until the next call.
  Threads* run(std::string_view bytes) const { return run(threads_, bytes); }
  Threads* run(const Threads& from, std::string_view bytes) const {
    const Threads* now = &from;
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
    const std::uint32_t behind = part.nodes[at].behind;
    ByteSet candidates;  // asked for where there are many
    if (depth == 0) {
      for (const Thread& thread : threads) machine_.add_candidates(thread, &candidates);
    }
    for (std::uint32_t child = at + 1; child < behind; child = part.nodes[child].behind) {
      const TokenTrie::Node& to = part.nodes[child];
      if (depth == 0 && !candidates[to.byte]) continue;
      machine_.step(threads, to.byte, &next);
      if (next.empty()) continue;
      for (const std::uint32_t token : part.ends(child)) set(token, mask);
      if (part.has_children(child)) walk(part, child, next, depth + 1, mask);
    }
  }

  mutable Machine machine_;  // trials add used items and cut them back
  Threads threads_;
  mutable Threads first_, second_, behind_;               // scratch of run() and forced()
  mutable std::vector<std::unique_ptr<Threads>> levels_;  // scratch of walk(), one a depth
};

}  // namespace

std::unique_ptr<Constraint> start(std::shared_ptr<const Grammar> grammar) {
  return std::make_unique<Automaton>(std::move(grammar));
}

}  // namespace carrel
