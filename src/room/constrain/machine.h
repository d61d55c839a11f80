// The states of an answer being written, and how a byte advances them: the inside of the automaton
// (automaton.h).
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "room/constrain/automaton.h"
#include "room/constrain/byte_set.h"
#include "room/constrain/grammar.h"

namespace carrel {

inline constexpr std::uint32_t no_item = 0;  // the end of a list of used items

// What a thread stands in the midst of.
enum class Phase : std::uint32_t {
  enter,   // before the first byte of the value `leaf`
  text,    // in a string; at[0] code points written, at[1] continuation bytes due, at[2]..at[3] bounds of the
           // next, at[4] the state of its pattern
  escape,  // behind a backslash; at[] as before
  quote,   // in words of a line; at[0] code points written, at[1] continuation bytes due, at[2] where in the
           // line they stand first, at[3] their bytes
  quote_escape,  // behind a backslash in them
  digits,        // in an integer; at[0] negative, at[1] high and at[2] low half of the value, at[3] digits
  literal,       // at[0]..at[1] the literals still possible, at[2] bytes written
  id,            // in an evidence id; at[0] its value so far, at[1] bytes written
  command,       // in `command`
  key,           // in a property's key; at[0] the first property that fits, at[1] bytes written
  first_item,    // behind '['
  between,       // behind a value inside an object or array, or behind '{'
  done,          // behind the whole answer
};

// An object or array being written.
struct Frame {
  std::uint32_t node = 0;
  std::uint32_t count = 0;       // object: the next property that may come; array: items so far
  std::uint32_t used = no_item;  // array without duplicates: its items; object: 1 once it has a property
  std::uint32_t line = 0;        // object: the number of the evidence line whose id it has, from 1
  bool operator==(const Frame&) const = default;
};

inline constexpr std::size_t deepest = 12;  // the schema's reader allows less

// One way to read what was written. Alternatives of the schema that begin alike are several threads; each can
// be completed. Threads are values, copied for every byte that is tried.
struct Thread {
  Phase phase = Phase::enter;
  std::uint32_t leaf = 0;
  std::uint32_t depth = 0;
  std::array<std::uint32_t, 5> at = {};
  CommandState command;
  std::array<Frame, deepest> frames;  // the first `depth` of them

  Thread() = default;
  // Threads are copied for every byte that is tried, and few are deep.
  Thread(const Thread& other)
      : phase(other.phase), leaf(other.leaf), depth(other.depth), at(other.at), command(other.command) {
    std::copy_n(other.frames.begin(), depth, frames.begin());
  }
  Thread& operator=(const Thread& other) {
    phase = other.phase;
    leaf = other.leaf;
    depth = other.depth;
    at = other.at;
    command = other.command;
    std::copy_n(other.frames.begin(), depth, frames.begin());
    return *this;
  }
  ~Thread() = default;

  Frame& top() { return frames[depth - 1]; }
  const Frame& top() const { return frames[depth - 1]; }
};

using Threads = std::vector<Thread>;

// What a character behind a backslash stands for; 0 where it may not stand there.
inline unsigned char unescaped(unsigned char byte) {
  return byte == 'n' ? '\n' : byte == 't' ? '\t' : byte == '"' || byte == '\\' || byte == '/' ? byte : 0;
}
inline constexpr std::string_view escapable = "\"\\/nt";  // what may stand behind a backslash

// Items of lists without duplicates, as linked lists that threads share.
struct Used {
  std::uint32_t item;
  std::uint32_t before;
};

// Advances threads. Holds what many threads share; const but for the list of used items, which only grows,
// and which the caller cuts back after a trial.
class Machine {
 public:
  explicit Machine(std::shared_ptr<const Grammar> grammar) : grammar_(std::move(grammar)) {
    used_.push_back({0, 0});  // stands for the empty list
  }

  const Grammar& grammar() const { return *grammar_; }
  std::size_t mark() const { return used_.size(); }
  void cut(std::size_t mark) { used_.resize(mark); }

  Threads begin() const {
    Threads threads;
    for (const std::uint32_t root : grammar_->roots()) {
      threads.emplace_back();
      threads.back().leaf = root;
    }
    return threads;
  }

  // All threads one byte on, into `out`; empty where the byte is not allowed.
  void step(const Threads& threads, unsigned char byte, Threads* out) {
    out->clear();
    completed_ = false;
    for (const Thread& thread : threads) step(thread, byte, out);
    if (completed_ && out->size() > 1) merge(out);
  }

  // The thread behind the string in which it stands, as if that could end here.
  Thread behind(const Thread& thread) { return completed(thread); }

  // The shortest text that completes the thread.
  std::string close(const Thread& thread);

  // Adds the bytes that the thread may take, and perhaps some that it may not.
  void add_candidates(const Thread& thread, ByteSet* out) const;

 private:
  const Grammar::Node& node_of(const Frame& frame) const { return grammar_->node(frame.node); }

  void step(const Thread& thread, unsigned char byte, Threads* out);
  void enter(const Thread& thread, std::uint32_t node, unsigned char byte, Threads* out);
  void text(const Thread& thread, unsigned char byte, Threads* out);
  void escape(const Thread& thread, unsigned char byte, Threads* out);
  void quote(const Thread& thread, unsigned char byte, Threads* out);
  void quote_escape(const Thread& thread, unsigned char byte, Threads* out);
  // Where the words of a quote stand with one byte more, so that it can still be completed.
  std::uint32_t find_quote(const Thread& thread, unsigned char byte) const;
  void digits(const Thread& thread, unsigned char byte, Threads* out);
  void literal(const Thread& thread, unsigned char byte, Threads* out);
  void id(const Thread& thread, unsigned char byte, Threads* out);
  void command(const Thread& thread, unsigned char byte, Threads* out);
  void key(const Thread& thread, unsigned char byte, Threads* out);
  void between(const Thread& thread, unsigned char byte, Threads* out);

  void add_text(const Thread& thread, ByteSet* out) const;

  // The thread behind its value; `item` numbers the value in a list without duplicates.
  Thread completed(const Thread& thread, std::uint32_t item = 0);
  // A new thread before each of these values.
  static void expect(const Thread& thread, const std::vector<std::uint32_t>& starts, Threads* out);

  // The used items that bear on the value this thread writes.
  std::uint32_t used_around(const Thread& thread) const {
    if (thread.depth == 0) return no_item;
    const Grammar::Node& around = node_of(thread.top());
    return around.type == Schema::Type::array && around.unique ? thread.top().used : no_item;
  }
  bool is_used(std::uint32_t list, std::uint32_t item) const {
    for (; list != no_item; list = used_[list].before) {
      if (used_[list].item == item) return true;
    }
    return false;
  }
  // How many used items are numbered begin to end - 1.
  std::uint32_t used_within(std::uint32_t list, std::uint32_t begin, std::uint32_t end) const {
    std::uint32_t count = 0;
    for (; list != no_item; list = used_[list].before)
      count += used_[list].item >= begin && used_[list].item < end;
    return count;
  }
  bool same_items(std::uint32_t a, std::uint32_t b) const {
    while (a != b) {
      if (a == no_item || b == no_item || used_[a].item != used_[b].item) return false;
      a = used_[a].before;
      b = used_[b].before;
    }
    return true;
  }
  // How many evidence ids numbered begin to end - 1 the node leaves out, of lines that are too short to be
  // quoted.
  static std::uint32_t left_out_within(const Grammar::Node& node, std::uint32_t begin, std::uint32_t end) {
    const auto& out = node.left_out;
    return static_cast<std::uint32_t>(std::lower_bound(out.begin(), out.end(), end) -
                                      std::lower_bound(out.begin(), out.end(), begin));
  }
  bool same(const Thread& a, const Thread& b) const;
  void merge(Threads* threads) const;
  // The evidence ids that digits may still become: their range [begin, end) of numbers, from 1.
  void id_range(std::uint32_t value, std::uint32_t digits, std::uint32_t* begin, std::uint32_t* end) const;

  std::uint32_t shortest_unused(const Grammar::Node& node, std::uint32_t begin, std::uint32_t end,
                                std::uint32_t list, std::uint32_t but) const;
  std::string item_text(const Grammar::Node& node, std::uint32_t item) const;
  std::pair<std::uint32_t, std::uint32_t> all_items(const Grammar::Node& node) const;
  std::string close_value(const Thread& thread, std::uint32_t* item) const;
  std::string close_text(const Thread& thread) const;
  std::string close_quote(const Thread& thread) const;
  // The shortest value of a property; `line` is the line that its object quotes, and becomes the first that
  // may be where the property is its id.
  std::string close_property(const Grammar::Property& property, std::uint32_t* line) const;
  std::string more_items(const Frame& frame, std::uint32_t count, std::uint32_t item);
  std::string close_key(const Thread& thread);

  std::shared_ptr<const Grammar> grammar_;
  std::vector<Used> used_;
  bool completed_ = false;  // a value ended in this step: threads may have become alike
};

}  // namespace carrel
