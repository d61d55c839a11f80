#include "room/constrain/machine.h"

namespace carrel {
namespace {

using Type = Schema::Type;

}  // namespace

void Machine::step(const Thread& thread, unsigned char byte, Threads* out) {
  switch (thread.phase) {
    case Phase::enter:
      return enter(thread, thread.leaf, byte, out);
    case Phase::text:
      return text(thread, byte, out);
    case Phase::escape:
      return escape(thread, byte, out);
    case Phase::quote:
      return quote(thread, byte, out);
    case Phase::quote_escape:
      return quote_escape(thread, byte, out);
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
      if (byte != static_cast<unsigned char>(node.type == Type::object ? '{' : '[')) return;
      next.frames[next.depth++] = {number, 0, no_item};
      next.phase = node.type == Type::object ? Phase::between : Phase::first_item;
      next.leaf = 0;
      break;
    case Type::string:
      if (byte != '"') return;
      next.phase = Phase::text;
      break;
    case Type::quote:
      if (byte != '"') return;
      next.phase = Phase::quote;
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
  const std::uint32_t due = thread.at[1], written = thread.at[0];
  auto state = static_cast<TextPattern::State>(thread.at[4]);
  if (due > 0) {
    if (byte < thread.at[2] || byte > thread.at[3]) return;
    out->push_back(thread);
    out->back().at = {written + (due == 1 ? 1 : 0), due - 1, 0x80, 0xbf, state};
    if (due == 1) out->back().at[2] = out->back().at[3] = 0;
    return;
  }
  if (byte == '"') {
    const bool ends = node.pattern ? node.pattern->may_end(state, written) : written >= node.least;
    if (ends) out->push_back(completed(thread));
    return;
  }
  if (byte < 0x20 || written >= node.most) return;
  if (byte == '\\') {
    const bool any = !node.pattern || std::any_of(escapable.begin(), escapable.end(), [&](char c) {
      return node.pattern->after(state, unescaped(static_cast<unsigned char>(c)), written) !=
             TextPattern::none;
    });
    if (!any) return;
    out->push_back(thread);
    out->back().phase = Phase::escape;
    return;
  }
  // The first byte of a longer code point and the bounds of its second: Unicode 15, table 3-7.
  if (byte >= 0x80 && (byte < 0xc2 || byte > 0xf4)) return;
  if (node.pattern) {
    state =
        byte < 0x80 ? node.pattern->after(state, byte, written) : node.pattern->after_other(state, written);
    if (state == TextPattern::none) return;
  }
  out->push_back(thread);
  if (byte < 0x80) {
    out->back().at = {written + 1, 0, 0, 0, state};
    return;
  }
  const std::uint32_t more = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
  const std::uint32_t low = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
  const std::uint32_t high = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
  out->back().at = {written, more, low, high, state};
}

void Machine::escape(const Thread& thread, unsigned char byte, Threads* out) {
  const unsigned char meant = unescaped(byte);
  if (meant == 0) return;
  const Grammar::Node& node = grammar_->node(thread.leaf);
  auto state = static_cast<TextPattern::State>(thread.at[4]);
  if (node.pattern) state = node.pattern->after(state, meant, thread.at[0]);
  if (state == TextPattern::none) return;
  out->push_back(thread);
  out->back().phase = Phase::text;
  out->back().at = {thread.at[0] + 1, 0, 0, 0, state};
}

std::uint32_t Machine::find_quote(const Thread& thread, unsigned char byte) const {
  const Grammar::Node& node = grammar_->node(thread.leaf);
  const bool begins = thread.at[1] == 0;  // a code point, and not inside one
  if (begins && thread.at[0] >= node.most) return QuotableLines::none;
  const std::uint32_t behind = thread.at[0] + 1;
  return grammar_->lines().find(thread.top().line, thread.at[2], thread.at[3], byte,
                                node.least - std::min(node.least, behind));
}

void Machine::quote(const Thread& thread, unsigned char byte, Threads* out) {
  const std::uint32_t due = thread.at[1];
  if (due == 0 && byte == '"') {
    if (thread.at[0] >= grammar_->node(thread.leaf).least) out->push_back(completed(thread));
    return;
  }
  if (due == 0 && byte == '\\') {
    const bool any = std::any_of(escapable.begin(), escapable.end(), [&](char c) {
      return find_quote(thread, unescaped(static_cast<unsigned char>(c))) != QuotableLines::none;
    });
    if (!any) return;
    out->push_back(thread);
    out->back().phase = Phase::quote_escape;
    return;
  }
  // The lines hold whole code points, so a byte that stands there is never a wrong one inside of one.
  if (byte < 0x20 || (due == 0 && (byte & 0xc0) == 0x80)) return;
  const std::uint32_t place = find_quote(thread, byte);
  if (place == QuotableLines::none) return;
  const std::uint32_t left = due > 0 ? due - 1 : byte < 0x80 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
  out->push_back(thread);
  out->back().at = {thread.at[0] + (left == 0 ? 1 : 0), left, place, thread.at[3] + 1, 0};
}

void Machine::quote_escape(const Thread& thread, unsigned char byte, Threads* out) {
  const unsigned char meant = unescaped(byte);
  const std::uint32_t place = meant == 0 ? QuotableLines::none : find_quote(thread, meant);
  if (place == QuotableLines::none) return;
  out->push_back(thread);
  out->back().phase = Phase::quote;
  out->back().at = {thread.at[0] + 1, 0, place, thread.at[3] + 1, 0};
}

void Machine::digits(const Thread& thread, unsigned char byte, Threads* out) {
  const IntegerBounds& bounds = grammar_->node(thread.leaf).bounds;
  const bool negative = thread.at[0] != 0;
  const std::uint64_t value = std::uint64_t{thread.at[1]} << 32 | thread.at[2];
  const std::uint32_t count = thread.at[3];
  if (byte == '-') {
    if (negative || count > 0 || !bounds.shortest_rest(true, 0, 0, nullptr)) return;
    out->push_back(thread);
    out->back().at[0] = 1;
    return;
  }
  if (byte >= '0' && byte <= '9') {
    if ((count > 0 && value == 0) || (negative && count == 0 && byte == '0')) return;
    if (value > UINT64_MAX / 10 - 1) return;
    const std::uint64_t longer = value * 10 + (byte - '0');
    if (!bounds.shortest_rest(negative, longer, count + 1, nullptr)) return;
    out->push_back(thread);
    out->back().at = {thread.at[0], static_cast<std::uint32_t>(longer >> 32),
                      static_cast<std::uint32_t>(longer), count + 1, 0};
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
    next.at = {begin, end, offset + 1, 0, 0};
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
    const Grammar::Node& node = grammar_->node(thread.leaf);
    if (used_within(used_around(thread), begin, end) + left_out_within(node, begin, end) >= end - begin)
      return;
    out->push_back(thread);
    out->back().at = {value, written + 1, 0, 0, 0};
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
      next.at = {at, offset + 1, 0, 0, 0};
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
    next.at = {frame.count, any ? 0U : 1U, 0, 0, 0};
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
  if (around.type != Type::array) {
    if (thread.phase == Phase::id && grammar_->node(thread.leaf).quoted) next.top().line = item;
    return next;
  }
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

namespace {

void add_all(std::string_view bytes, ByteSet* out) {
  for (const char byte : bytes) out->set(static_cast<unsigned char>(byte));
}

void add_enter(const Grammar::Node& node, ByteSet* out) {
  switch (node.type) {
    case Type::object:
      return add_all("{", out);
    case Type::array:
      return add_all("[", out);
    case Type::integer:
      return add_all("-0123456789", out);
    case Type::literal:
      for (const std::string& literal : node.literals) add_all(literal.substr(0, 1), out);
      return;
    default:
      return add_all("\"", out);
  }
}

}  // namespace

void Machine::add_candidates(const Thread& thread, ByteSet* out) const {
  constexpr std::string_view behind_a_value = ",]}";
  switch (thread.phase) {
    case Phase::enter:
      return add_enter(grammar_->node(thread.leaf), out);
    case Phase::escape:
    case Phase::quote_escape:
      return add_all(escapable, out);
    case Phase::digits:
      add_all("-0123456789", out);
      return add_all(behind_a_value, out);
    case Phase::literal:
      for (std::uint32_t at = thread.at[0]; at < thread.at[1]; ++at) {
        const std::string& text = grammar_->node(thread.leaf).literals[at];
        if (thread.at[2] < text.size()) add_all(text.substr(thread.at[2], 1), out);
      }
      return add_all(behind_a_value, out);
    case Phase::id:
      return add_all("E0123456789\"", out);
    case Phase::key:
      for (const Grammar::Property& property : node_of(thread.top()).properties) {
        if (thread.at[1] < property.key.size()) add_all(property.key.substr(thread.at[1], 1), out);
      }
      return;
    case Phase::first_item:
      for (const std::uint32_t start : node_of(thread.top()).starts) add_enter(grammar_->node(start), out);
      return add_all("]", out);
    case Phase::between:
      add_all(behind_a_value, out);
      return add_all("\"", out);
    case Phase::done:
      return;
    case Phase::text:
      return add_text(thread, out);
    case Phase::quote:
      add_all("\"\\", out);
      return grammar_->lines().add_next(thread.top().line, thread.at[2], thread.at[3], out);
    case Phase::command:
      if (grammar_->commands().may_end(thread.command)) add_all("\"", out);
      return grammar_->commands().add_next(thread.command, out);
  }
}

void Machine::add_text(const Thread& thread, ByteSet* out) const {
  const Grammar::Node& node = grammar_->node(thread.leaf);
  const std::uint32_t written = thread.at[0];
  if (thread.at[1] > 0) {
    for (std::uint32_t byte = thread.at[2]; byte <= thread.at[3]; ++byte) out->set(byte);
    return;
  }
  if (node.pattern == nullptr && written < node.most) {
    out->set();
    return;
  }
  add_all("\"", out);
  if (node.pattern == nullptr) return;
  const auto state = static_cast<TextPattern::State>(thread.at[4]);
  add_all("\\", out);
  for (unsigned char byte = ' '; byte < 0x80; ++byte) {
    if (node.pattern->after(state, byte, written) != TextPattern::none) out->set(byte);
  }
  if (node.pattern->after_other(state, written) == TextPattern::none) return;
  for (std::size_t byte = 0x80; byte < out->size(); ++byte) out->set(byte);
}

bool Machine::same(const Thread& a, const Thread& b) const {
  if (a.phase != b.phase || a.leaf != b.leaf || a.depth != b.depth || a.at != b.at) return false;
  if (!(a.command == b.command)) return false;
  for (std::uint32_t level = 0; level < a.depth; ++level) {
    const Frame &left = a.frames[level], &right = b.frames[level];
    if (left.node != right.node || left.count != right.count || left.line != right.line) return false;
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

}  // namespace carrel
