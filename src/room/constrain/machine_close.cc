// The shortest text that makes an answer whole from where it stands.
#include "record/schema_text.h"
#include "room/constrain/machine.h"

namespace carrel {
namespace {

using Type = Schema::Type;

// Words of a line as they stand in JSON; they hold no control characters but line break and tab.
std::string escaped(std::string_view words) {
  const std::string literal = json_string(words);
  return literal.substr(1, literal.size() - 2);
}

}  // namespace

std::uint32_t Machine::shortest_unused(const Grammar::Node& node, std::uint32_t begin, std::uint32_t end,
                                       std::uint32_t list, std::uint32_t but) const {
  std::uint32_t best = end;
  for (std::uint32_t at = begin; at < end; ++at) {
    if (at == but || is_used(list, at) || left_out_within(node, at, at + 1) > 0) continue;
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
      if (node.type == Type::quote) return '"' + close_quote(thread);
      if (node.type != Type::evidence && node.type != Type::literal) return node.shortest;
      const auto [begin, end] = all_items(node);
      *item = shortest_unused(node, begin, end, used_around(thread), Grammar::none);
      return item_text(node, *item);
    }
    case Phase::escape:
    case Phase::text:
      return close_text(thread);
    case Phase::quote:
    case Phase::quote_escape:
      return close_quote(thread);
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

std::string Machine::close_text(const Thread& thread) const {
  const Grammar::Node& node = grammar_->node(thread.leaf);
  std::uint32_t written = thread.at[0];
  const auto state = static_cast<TextPattern::State>(thread.at[4]);
  std::string out;
  if (thread.phase == Phase::escape) {
    if (!node.pattern) {
      out = "n";
      ++written;
    } else {
      for (const char c : escapable) {
        const auto after = node.pattern->after(state, unescaped(static_cast<unsigned char>(c)), written);
        if (after == TextPattern::none) continue;
        std::string text = c + node.pattern->rest(after, written + 1);
        if (out.empty() || text.size() < out.size()) out = std::move(text);
      }
      return out + '"';
    }
  } else if (thread.at[1] > 0) {
    out += static_cast<char>(thread.at[2]);
    out.append(thread.at[1] - 1, '\x80');
    ++written;
  }
  if (node.pattern) return out + node.pattern->rest(state, written) + '"';
  if (written < node.least) out.append(node.least - written, '-');
  return out + '"';
}

std::string Machine::close_quote(const Thread& thread) const {
  const Grammar::Node& node = grammar_->node(thread.leaf);
  const QuotableLines& lines = grammar_->lines();
  const std::uint32_t line = thread.top().line;
  std::string out;
  std::uint32_t written = thread.at[0];
  std::uint32_t place = thread.at[2] + thread.at[3];  // behind the words so far
  if (thread.phase == Phase::quote_escape) {
    for (const char c : escapable) {
      const std::uint32_t found = find_quote(thread, unescaped(static_cast<unsigned char>(c)));
      if (found == QuotableLines::none) continue;
      out = c;
      place = found + thread.at[3] + 1;
      ++written;
      break;
    }
  } else if (thread.at[1] > 0) {
    out = lines.line(line).substr(place, thread.at[1]);
    place += thread.at[1];
    ++written;
  }
  if (written < node.least) {
    const std::uint32_t due = node.least - written;
    if (written == 0) place = lines.first_run(line, due);
    out += escaped(lines.next(line, place, due));
  }
  return out + '"';
}

std::string Machine::close_property(const Grammar::Property& property, std::uint32_t* line) const {
  const Grammar::Node& node = grammar_->node(property.starts.front());
  if (node.type == Type::quote) {
    Thread before;
    before.leaf = property.starts.front();
    before.depth = 1;
    before.top().line = *line;
    return '"' + close_quote(before);
  }
  if (node.quoted) {
    const auto [begin, end] = all_items(node);
    *line = shortest_unused(node, begin, end, no_item, Grammar::none);
    return item_text(node, *line);
  }
  return grammar_->shortest_of(property.starts);
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
      std::string text = property.key.substr(thread.at[1]) + close_property(property, &behind.top().line);
      text += close(behind);
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
    const bool ends_id = inside && item != Grammar::none && grammar_->node(thread.leaf).quoted;
    std::uint32_t line = ends_id ? item : frame.line;
    for (std::uint32_t at = frame.count; at < node.last_required; ++at) {
      const Grammar::Property& property = node.properties[at];
      if (!property.required) continue;
      if (any) out += ',';
      any = true;
      out += property.key + close_property(property, &line);
    }
    out += '}';
  }
  return out;
}

}  // namespace carrel
