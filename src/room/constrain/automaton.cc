#include "room/constrain/automaton.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"
#include "room/constrain/grammar.h"

namespace carrel {
namespace {

using Type = Schema::Type;

constexpr std::uint32_t no_item = 0;  // the end of a list of used items

// What a thread stands in the midst of.
enum class Phase : std::uint32_t {
  enter,   // before the first byte of the value `leaf`
  text,    // in a string; at[0] code points written, at[1] continuation bytes due, at[2]..at[3] bounds of the
           // next
  escape,  // behind a backslash; at[] as before
  digits,  // in an integer; at[0] negative, at[1] high and at[2] low half of the value, at[3] digits
  literal,     // at[0]..at[1] the literals still possible, at[2] bytes written
  id,          // in an evidence id; at[0] its value so far, at[1] bytes written
  command,     // in `command`
  key,         // in a property's key; at[0] the first property that fits, at[1] bytes written
  first_item,  // behind '['
  between,     // behind a value inside an object or array, or behind '{'
  done,        // behind the whole answer
};

// An object or array being written.
struct Frame {
  std::uint32_t node = 0;
  std::uint32_t count = 0;       // object: the next property that may come; array: items so far
  std::uint32_t used = no_item;  // array without duplicates: its items; object: 1 once it has a property
  bool operator==(const Frame&) const = default;
};

constexpr std::size_t deepest = 12;  // the schema's reader allows less

// One way to read what was written. Alternatives of the schema that begin alike are several threads; each can
// be completed. Threads are values, copied for every byte that is tried.
struct Thread {
  Phase phase = Phase::enter;
  std::uint32_t leaf = 0;
  std::uint32_t depth = 0;
  std::array<std::uint32_t, 4> at = {};
  CommandState command;
  std::array<Frame, deepest> frames;

  Frame& top() { return frames[depth - 1]; }
  const Frame& top() const { return frames[depth - 1]; }
};

using Threads = std::vector<Thread>;

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

  // The shortest text that completes the thread.
  std::string close(const Thread& thread);

 private:
  const Grammar::Node& node_of(const Frame& frame) const { return grammar_->node(frame.node); }

  void step(const Thread& thread, unsigned char byte, Threads* out);
  void enter(const Thread& thread, std::uint32_t node, unsigned char byte, Threads* out);
  void text(const Thread& thread, unsigned char byte, Threads* out);
  void escape(const Thread& thread, unsigned char byte, Threads* out);
  void digits(const Thread& thread, unsigned char byte, Threads* out);
  void literal(const Thread& thread, unsigned char byte, Threads* out);
  void id(const Thread& thread, unsigned char byte, Threads* out);
  void command(const Thread& thread, unsigned char byte, Threads* out);
  void key(const Thread& thread, unsigned char byte, Threads* out);
  void between(const Thread& thread, unsigned char byte, Threads* out);

  // The thread behind its value; `item` numbers the value in a list without duplicates.
  Thread completed(const Thread& thread, std::uint32_t item = 0);
  // A new thread before each of these values.
  static void expect(const Thread& thread, const std::vector<std::uint32_t>& starts, Threads* out);

  // The used items that bear on the value this thread writes.
  std::uint32_t used_around(const Thread& thread) const {
    if (thread.depth == 0) return no_item;
    const Grammar::Node& around = node_of(thread.top());
    return around.type == Type::array && around.unique ? thread.top().used : no_item;
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
  bool same(const Thread& a, const Thread& b) const;
  void merge(Threads* threads) const;
  // The evidence ids that digits may still become: their range [begin, end) of numbers, from 1.
  void id_range(std::uint32_t value, std::uint32_t digits, std::uint32_t* begin, std::uint32_t* end) const;

  std::uint32_t shortest_unused(const Grammar::Node& node, std::uint32_t begin, std::uint32_t end,
                                std::uint32_t list, std::uint32_t but) const;
  std::string item_text(const Grammar::Node& node, std::uint32_t item) const;
  std::pair<std::uint32_t, std::uint32_t> all_items(const Grammar::Node& node) const;
  std::string close_value(const Thread& thread, std::uint32_t* item) const;
  std::string more_items(const Frame& frame, std::uint32_t count, std::uint32_t item);
  std::string close_key(const Thread& thread);

  std::shared_ptr<const Grammar> grammar_;
  std::vector<Used> used_;
  bool completed_ = false;  // a value ended in this step: threads may have become alike
};

void Machine::step(const Thread& thread, unsigned char byte, Threads* out) {
  switch (thread.phase) {
    case Phase::enter:
      return enter(thread, thread.leaf, byte, out);
    case Phase::text:
      return text(thread, byte, out);
    case Phase::escape:
      return escape(thread, byte, out);
    case Phase::digits:
      return digits(thread, byte, out);
    case Phase::literal:
      return literal(thread, byte, out);
    case Phase::id:
      return id(thread, byte, out);
    case Phase::command:
      return command(thread, byte, out);
    case Phase::key:
      return key(thread, byte, out);
    case Phase::first_item:
      if (byte != ']') {
        if (node_of(thread.top()).most == 0) return;
        for (const std::uint32_t start : node_of(thread.top()).starts) enter(thread, start, byte, out);
        return;
      }
      return between(thread, byte, out);
    case Phase::between:
      return between(thread, byte, out);
    case Phase::done:
      return;
  }
}

void Machine::enter(const Thread& thread, std::uint32_t number, unsigned char byte, Threads* out) {
  const Grammar::Node& node = grammar_->node(number);
  Thread next = thread;
  next.leaf = number;
  next.at = {};
  switch (node.type) {
    case Type::object:
    case Type::array:
      if (byte != (node.type == Type::object ? '{' : '[')) return;
      next.frames[next.depth++] = {number, 0, no_item};
      next.phase = node.type == Type::object ? Phase::between : Phase::first_item;
      next.leaf = 0;
      break;
    case Type::string:
      if (byte != '"') return;
      next.phase = Phase::text;
      break;
    case Type::evidence:
      if (byte != '"') return;
      next.phase = Phase::id;
      next.at[1] = 1;
      break;
    case Type::command:
      if (byte != '"') return;
      next.phase = Phase::command;
      next.command = CommandState{};
      break;
    case Type::integer:
      next.phase = Phase::digits;
      return digits(next, byte, out);
    default:
      next.phase = Phase::literal;
      next.at[1] = static_cast<std::uint32_t>(node.literals.size());
      return literal(next, byte, out);
  }
  out->push_back(next);
}

void Machine::text(const Thread& thread, unsigned char byte, Threads* out) {
  const Grammar::Node& node = grammar_->node(thread.leaf);
  const std::uint32_t due = thread.at[1];
  if (due > 0) {
    if (byte < thread.at[2] || byte > thread.at[3]) return;
    out->push_back(thread);
    out->back().at = {thread.at[0] + (due == 1 ? 1 : 0), due - 1, 0x80, 0xbf};
    if (due == 1) out->back().at[2] = out->back().at[3] = 0;
    return;
  }
  if (byte == '"') {
    if (thread.at[0] >= node.least) out->push_back(completed(thread));
    return;
  }
  if (byte < 0x20 || thread.at[0] >= node.most) return;
  if (byte < 0x80) {
    out->push_back(thread);
    if (byte == '\\') {
      out->back().phase = Phase::escape;
    } else {
      ++out->back().at[0];
    }
    return;
  }
  // The first byte of a longer code point and the bounds of its second: Unicode 15, table 3-7.
  if (byte < 0xc2 || byte > 0xf4) return;
  const std::uint32_t more = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
  const std::uint32_t low = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
  const std::uint32_t high = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
  out->push_back(thread);
  out->back().at = {thread.at[0], more, low, high};
}

void Machine::escape(const Thread& thread, unsigned char byte, Threads* out) {
  if (byte != '"' && byte != '\\' && byte != '/' && byte != 'n' && byte != 't') return;
  out->push_back(thread);
  out->back().phase = Phase::text;
  ++out->back().at[0];
}

void Machine::digits(const Thread& thread, unsigned char byte, Threads* out) {
  const IntegerBounds& bounds = grammar_->node(thread.leaf).bounds;
  const bool negative = thread.at[0] != 0;
  const std::uint64_t value = std::uint64_t{thread.at[1]} << 32 | thread.at[2];
  const std::uint32_t count = thread.at[3];
  std::string rest;
  if (byte == '-') {
    if (negative || count > 0 || !bounds.shortest_rest(true, 0, 0, &rest)) return;
    out->push_back(thread);
    out->back().at[0] = 1;
    return;
  }
  if (byte >= '0' && byte <= '9') {
    if ((count > 0 && value == 0) || (negative && count == 0 && byte == '0')) return;
    if (value > UINT64_MAX / 10 - 1) return;
    const std::uint64_t longer = value * 10 + (byte - '0');
    if (!bounds.shortest_rest(negative, longer, count + 1, &rest)) return;
    out->push_back(thread);
    out->back().at = {thread.at[0], static_cast<std::uint32_t>(longer >> 32),
                      static_cast<std::uint32_t>(longer), count + 1};
    return;
  }
  // A number ends where something else begins.
  if (count > 0 && bounds.holds(negative, value)) step(completed(thread), byte, out);
}

void Machine::literal(const Thread& thread, unsigned char byte, Threads* out) {
  const std::vector<std::string>& texts = grammar_->node(thread.leaf).literals;
  const std::uint32_t offset = thread.at[2];
  const std::uint32_t used = used_around(thread);
  const auto byte_at = [&](std::uint32_t at, std::uint32_t place) {
    return place < texts[at].size() ? static_cast<unsigned char>(texts[at][place]) : -1;
  };
  std::uint32_t begin = thread.at[0];
  while (begin < thread.at[1] && byte_at(begin, offset) != byte) ++begin;
  std::uint32_t end = begin;
  while (end < thread.at[1] && byte_at(end, offset) == byte) ++end;
  if (used_within(used, begin, end) < end - begin) {
    Thread next = thread;
    next.at = {begin, end, offset + 1, 0};
    const bool whole = end - begin == 1 && texts[begin].size() == offset + 1;
    out->push_back(whole ? completed(next, begin) : next);
    return;
  }
  // An integer of an enumeration ends where something else begins ("1" beside "12").
  const std::uint32_t first = thread.at[0];
  if (offset > 0 && byte_at(first, offset) < 0 && !is_used(used, first))
    step(completed(thread, first), byte, out);
}

void Machine::id_range(std::uint32_t value, std::uint32_t digits, std::uint32_t* begin,
                       std::uint32_t* end) const {
  std::uint32_t span = 1;
  for (std::uint32_t left = grammar_->evidence_digits() - digits; left > 0; --left) span *= 10;
  *begin = std::max(value * span, 1U);
  *end = std::max(*begin, std::min(value * span + span, grammar_->evidence_count() + 1));
}

void Machine::id(const Thread& thread, unsigned char byte, Threads* out) {
  const std::uint32_t written = thread.at[1];
  const std::uint32_t width = grammar_->evidence_digits();
  if (written == 1) {
    if (byte != 'E') return;
    out->push_back(thread);
    out->back().at[1] = 2;
  } else if (written < width + 2) {
    if (byte < '0' || byte > '9') return;
    const std::uint32_t value = thread.at[0] * 10 + (byte - '0');
    std::uint32_t begin = 0, end = 0;
    id_range(value, written - 1, &begin, &end);
    if (used_within(used_around(thread), begin, end) >= end - begin) return;
    out->push_back(thread);
    out->back().at = {value, written + 1, 0, 0};
  } else if (byte == '"') {
    out->push_back(completed(thread, thread.at[0]));
  }
}

void Machine::command(const Thread& thread, unsigned char byte, Threads* out) {
  if (byte == '"') {
    if (grammar_->commands().may_end(thread.command)) out->push_back(completed(thread));
    return;
  }
  std::vector<CommandState> next;
  grammar_->commands().step(thread.command, byte, &next);
  for (const CommandState& state : next) {
    out->push_back(thread);
    out->back().command = state;
  }
}

// Behind `begin` properties, so much of a key was written that `offset` bytes of it agree with property
// `first`.
void Machine::key(const Thread& thread, unsigned char byte, Threads* out) {
  const Grammar::Node& node = node_of(thread.top());
  const std::uint32_t offset = thread.at[1];
  const std::string& agreed = node.properties[thread.at[0]].key;
  for (std::uint32_t at = thread.at[0]; at < node.properties.size(); ++at) {
    const std::string& text = node.properties[at].key;
    if (text.size() > offset && static_cast<unsigned char>(text[offset]) == byte &&
        text.compare(0, offset, agreed, 0, offset) == 0) {
      Thread next = thread;
      next.at = {at, offset + 1, 0, 0};
      if (offset + 1 < text.size()) {
        out->push_back(next);
      } else {
        next.top().count = at + 1;
        next.top().used = 1;
        next.at = {};
        expect(next, node.properties[at].starts, out);
      }
      return;
    }
    if (node.properties[at].required) return;  // none behind it may come before it
  }
}

void Machine::between(const Thread& thread, unsigned char byte, Threads* out) {
  const Frame& frame = thread.top();
  const Grammar::Node& node = node_of(frame);
  if (node.type == Type::array) {
    if (byte == ']' && frame.count >= node.least) {
      Thread next = thread;
      next.frames[--next.depth] = Frame{};
      out->push_back(completed(next));
    } else if (byte == ',' && thread.phase == Phase::between && frame.count < node.most) {
      expect(thread, node.starts, out);
    }
    return;
  }
  const bool more = frame.count < node.properties.size();
  const bool any = frame.used != 0;
  if (byte == '}' && frame.count >= node.last_required) {
    Thread next = thread;
    next.frames[--next.depth] = Frame{};
    out->push_back(completed(next));
  } else if (more && (any ? byte == ',' : byte == '"')) {
    Thread next = thread;
    next.phase = Phase::key;
    next.at = {frame.count, any ? 0U : 1U, 0, 0};
    out->push_back(next);
  }
}

Thread Machine::completed(const Thread& thread, std::uint32_t item) {
  completed_ = true;
  Thread next = thread;
  next.leaf = 0;
  next.at = {};
  next.command = CommandState{};
  next.phase = next.depth == 0 ? Phase::done : Phase::between;
  if (next.depth == 0) return next;
  const Grammar::Node& around = node_of(next.top());
  if (around.type != Type::array) return next;
  ++next.top().count;
  if (around.unique) {
    used_.push_back({item, next.top().used});
    next.top().used = static_cast<std::uint32_t>(used_.size()) - 1;
  }
  return next;
}

void Machine::expect(const Thread& thread, const std::vector<std::uint32_t>& starts, Threads* out) {
  for (const std::uint32_t start : starts) {
    out->push_back(thread);
    out->back().phase = Phase::enter;
    out->back().leaf = start;
    out->back().at = {};
  }
}

bool Machine::same(const Thread& a, const Thread& b) const {
  if (a.phase != b.phase || a.leaf != b.leaf || a.depth != b.depth || a.at != b.at) return false;
  if (!(a.command == b.command)) return false;
  for (std::uint32_t level = 0; level < a.depth; ++level) {
    const Frame &left = a.frames[level], &right = b.frames[level];
    if (left.node != right.node || left.count != right.count) return false;
    const bool list = node_of(left).type == Type::array;
    if (list ? !same_items(left.used, right.used) : left.used != right.used) return false;
  }
  return true;
}

void Machine::merge(Threads* threads) const {
  Threads kept;
  for (const Thread& thread : *threads) {
    const bool known =
        std::any_of(kept.begin(), kept.end(), [&](const Thread& other) { return same(other, thread); });
    if (!known) kept.push_back(thread);
  }
  threads->swap(kept);
}

std::uint32_t Machine::shortest_unused(const Grammar::Node& node, std::uint32_t begin, std::uint32_t end,
                                       std::uint32_t list, std::uint32_t but) const {
  std::uint32_t best = end;
  for (std::uint32_t at = begin; at < end; ++at) {
    if (at == but || is_used(list, at)) continue;
    if (node.type == Type::evidence) return at;  // all ids have one length
    if (best == end || node.literals[at].size() < node.literals[best].size()) best = at;
  }
  return best;
}

std::string Machine::item_text(const Grammar::Node& node, std::uint32_t item) const {
  return node.type == Type::evidence ? '"' + evidence_id(item - 1, grammar_->evidence_count()) + '"'
                                     : node.literals[item];
}

// The whole range of items of a list without duplicates.
std::pair<std::uint32_t, std::uint32_t> Machine::all_items(const Grammar::Node& node) const {
  if (node.type == Type::evidence) return {1, grammar_->evidence_count() + 1};
  return {0, static_cast<std::uint32_t>(node.literals.size())};
}

// The rest of the value the thread is in; `item` becomes its number where it is an evidence id or a literal.
std::string Machine::close_value(const Thread& thread, std::uint32_t* item) const {
  const Grammar::Node& node = grammar_->node(thread.leaf);
  std::string out;
  switch (thread.phase) {
    case Phase::enter: {
      if (node.type != Type::evidence && node.type != Type::literal) return node.shortest;
      const auto [begin, end] = all_items(node);
      *item = shortest_unused(node, begin, end, used_around(thread), Grammar::none);
      return item_text(node, *item);
    }
    case Phase::escape:
      out = "n";
      [[fallthrough]];
    case Phase::text: {
      std::uint32_t count = thread.at[0] + static_cast<std::uint32_t>(out.size());
      if (thread.at[1] > 0) {
        out += static_cast<char>(thread.at[2]);
        out.append(thread.at[1] - 1, '\x80');
        ++count;
      }
      if (count < node.least) out.append(node.least - count, '-');
      return out + '"';
    }
    case Phase::digits:
      node.bounds.shortest_rest(thread.at[0] != 0, std::uint64_t{thread.at[1]} << 32 | thread.at[2],
                                thread.at[3], &out);
      return out;
    case Phase::literal:
      *item = shortest_unused(node, thread.at[0], thread.at[1], used_around(thread), Grammar::none);
      return node.literals[*item].substr(thread.at[2]);
    case Phase::id: {
      auto [begin, end] = all_items(node);
      if (thread.at[1] > 2) id_range(thread.at[0], thread.at[1] - 2, &begin, &end);
      *item = shortest_unused(node, begin, end, used_around(thread), Grammar::none);
      return item_text(node, *item).substr(thread.at[1]);
    }
    case Phase::command:
      return grammar_->commands().close(thread.command) + '"';
    default:
      return out;
  }
}

// The items an array still needs behind `count` of them; those of `frame` and `item` may not come again.
std::string Machine::more_items(const Frame& frame, std::uint32_t count, std::uint32_t item) {
  const Grammar::Node& node = node_of(frame);
  std::string out;
  const std::size_t before = mark();
  std::uint32_t list = frame.used;
  for (; count < node.least; ++count) {
    if (count > 0) out += ',';
    if (!node.unique) {
      out += grammar_->shortest_of(node.starts);
      continue;
    }
    const Grammar::Node& of = grammar_->node(node.starts.front());
    const auto [begin, end] = all_items(of);
    const std::uint32_t next = shortest_unused(of, begin, end, list, item);
    out += item_text(of, next);
    used_.push_back({next, list});
    list = static_cast<std::uint32_t>(used_.size()) - 1;
  }
  cut(before);
  return out;
}

// Of the properties whose keys agree with what was written, the one that leaves least to write.
std::string Machine::close_key(const Thread& thread) {
  const Grammar::Node& node = node_of(thread.top());
  const std::string& agreed = node.properties[thread.at[0]].key;
  std::string best;
  for (std::uint32_t at = thread.at[0]; at < node.properties.size(); ++at) {
    const Grammar::Property& property = node.properties[at];
    if (property.key.compare(0, thread.at[1], agreed, 0, thread.at[1]) == 0) {
      Thread behind = thread;
      behind.phase = Phase::between;
      behind.top().count = at + 1;
      behind.top().used = 1;
      std::string text =
          property.key.substr(thread.at[1]) + grammar_->shortest_of(property.starts) + close(behind);
      if (best.empty() || text.size() < best.size()) best = std::move(text);
    }
    if (property.required) break;
  }
  return best;
}

std::string Machine::close(const Thread& thread) {
  if (thread.phase == Phase::key) return close_key(thread);
  std::string out;
  std::uint32_t item = Grammar::none;
  bool inside =
      thread.phase != Phase::done && thread.phase != Phase::first_item && thread.phase != Phase::between;
  if (inside) out = close_value(thread, &item);
  for (std::uint32_t level = thread.depth; level-- > 0; inside = true, item = Grammar::none) {
    const Frame& frame = thread.frames[level];
    const Grammar::Node& node = node_of(frame);
    if (node.type == Type::array) {
      out += more_items(frame, frame.count + (inside ? 1 : 0), item) + ']';
      continue;
    }
    bool any = frame.used != 0;
    for (std::uint32_t at = frame.count; at < node.last_required; ++at) {
      const Grammar::Property& property = node.properties[at];
      if (!property.required) continue;
      if (any) out += ',';
      any = true;
      out += property.key + grammar_->shortest_of(property.starts);
    }
    out += '}';
  }
  return out;
}

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
      int found = -1;
      for (int byte = 0; byte < 256; ++byte) {
        machine_.step(now, static_cast<unsigned char>(byte), &next);
        if (next.empty()) continue;
        if (found >= 0) {
          found = -1;
          break;
        }
        found = byte;
        only.swap(next);
      }
      if (found < 0) break;
      out += static_cast<char>(found);
      now.swap(only);
    }
    machine_.cut(before);
    return std::string(whole_code_points(out));
  }

  void mask(const TokenTrie& trie, std::vector<bool>* mask) const override {
    const std::size_t before = machine_.mark();
    bool texts_only = true, any_text = false;
    std::uint32_t room = 0;  // code points that a string may still take
    for (const Thread& thread : threads_) {
      const bool is_text = thread.phase == Phase::text && thread.at[1] == 0;
      texts_only = texts_only && is_text;
      any_text = any_text || is_text;
      if (is_text) room = std::max(room, machine_.grammar().node(thread.leaf).most - thread.at[0]);
    }
    if (texts_only || (any_text && room >= trie.longest_plain())) {
      trie.set_plain(room, mask);
      walk(trie.other(), 0, threads_, 0, mask);
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
      for (std::uint32_t end = to.first_token; end < to.first_token + to.ends; ++end) {
        if (part.tokens[end] < mask->size()) (*mask)[part.tokens[end]] = true;
      }
      if (to.children > 0) walk(part, child, next, depth + 1, mask);
    }
  }

  mutable Machine machine_;  // trials add used items and cut them back
  Threads threads_;
  mutable Threads first_, second_;                        // scratch of run()
  mutable std::vector<std::unique_ptr<Threads>> levels_;  // scratch of walk(), one a depth
};

}  // namespace

std::unique_ptr<Constraint> start(std::shared_ptr<const Grammar> grammar) {
  return std::make_unique<Automaton>(std::move(grammar));
}

}  // namespace carrel
