#include "room/constrain/command_grammar.h"

#include <algorithm>

#include <fmt/format.h>

namespace carrel {
namespace {

constexpr std::uint32_t largest_number = 9999;
constexpr std::size_t tried_names = 64;  // of one slot, in the search for a short completion

}  // namespace

CommandGrammar::CommandGrammar(const std::vector<CommandPattern>& patterns, const std::vector<Name>& names)
    : table_(names) {
  nodes_.reserve(1024);
  nodes_.emplace_back();
  for (const CommandPattern& pattern : patterns) insert(pattern, 0, 0);
  find_kind_bits();
  find_needs();
}

// Every way to leave out optional groups, with shared beginnings.
void CommandGrammar::insert(const CommandPattern& pattern, std::size_t group, std::uint32_t node) {
  if (group == pattern.groups.size()) {
    nodes_[node].ends = true;
    return;
  }
  if (pattern.groups[group].optional) insert(pattern, group + 1, node);
  for (const CommandPart& part : pattern.groups[group].parts) node = insert_part(part, node);
  insert(pattern, group + 1, node);
}

std::uint32_t CommandGrammar::insert_part(const CommandPart& part, std::uint32_t node) {
  const auto text = [&](std::string_view bytes) {
    for (const char c : bytes)
      node = child(node, Edge::byte, static_cast<unsigned char>(c), NameTable::none, false);
  };
  if (part.kind == CommandPart::Kind::text) {
    text(part.text);
    return node;
  }
  if (part.text == "namespace" && part.name_only) return child(node, Edge::space, 0, NameTable::none, false);
  if (part.text == "container") return child(node, Edge::container, 0, NameTable::none, false);
  if (part.text == "number") return child(node, Edge::number, 0, NameTable::none, false);
  if (part.text == "object") return child(node, Edge::object, 0, NameTable::none, false);
  if (!part.name_only) {
    text(part.text);
    text(" ");
  }
  // A kind that no name has leads nowhere: the node stays without an end and so is never entered.
  return child(node, Edge::named, 0, table_.kind(part.text), is_cluster_scoped(part.text));
}

std::uint32_t CommandGrammar::child(std::uint32_t node, Edge edge, unsigned char byte, std::uint32_t kind,
                                    bool cluster) {
  std::uint32_t last = 0;
  for (std::uint32_t at = nodes_[node].first_child; at != 0; at = nodes_[at].next_sibling) {
    const Node& known = nodes_[at];
    if (known.edge == edge && known.byte == byte && known.kind == kind && known.cluster == cluster) return at;
    last = at;
  }
  const auto fresh = static_cast<std::uint32_t>(nodes_.size());
  Node made;
  made.edge = edge;
  made.byte = byte;
  made.kind = kind;
  made.cluster = cluster;
  nodes_.push_back(made);
  (last == 0 ? nodes_[node].first_child : nodes_[last].next_sibling) = fresh;
  return fresh;
}

// What each space has, as far as the patterns ask for it.
void CommandGrammar::find_kind_bits() {
  for (const Node& node : nodes_) {
    if (node.edge != Edge::named || node.cluster || node.kind == NameTable::none) continue;
    if (std::find(kinds_with_bits_.begin(), kinds_with_bits_.end(), node.kind) == kinds_with_bits_.end()) {
      kinds_with_bits_.push_back(node.kind);
    }
  }
  const std::uint32_t pod = table_.kind("pod");
  space_has_.assign(table_.spaces(), 0);
  for (std::uint32_t space = 0; space < table_.spaces(); ++space) {
    const NameTable::Space& of = table_.space(space);
    Needs& found = space_has_[space];
    if (!of.names.empty()) found |= need_object;
    for (std::uint32_t at = of.groups.begin; at < of.groups.end; ++at) {
      const NameTable::Group& group = table_.groups()[at];
      found |= kind_bit(group.kind);
      for (std::uint32_t name = group.names.begin; group.kind == pod && name < group.names.end; ++name) {
        if (table_.containers(name) == NameTable::none) continue;
        found |= need_pod_with_inner;
        break;
      }
    }
  }
}

CommandGrammar::Needs CommandGrammar::kind_bit(std::uint32_t kind) const {
  const auto at = std::find(kinds_with_bits_.begin(), kinds_with_bits_.end(), kind);
  if (at == kinds_with_bits_.end()) return 0;
  return Needs{1} << (first_kind_bit + static_cast<unsigned>(at - kinds_with_bits_.begin()));
}

// From the leaves to the root: children stand behind their parents.
void CommandGrammar::find_needs() {
  std::vector<Needs> mine, through;
  for (std::size_t at = nodes_.size(); at-- > 0;) {
    Node& node = nodes_[at];
    const std::uint32_t only = node.first_child;
    const bool chain =
        !node.ends && only != 0 && nodes_[only].next_sibling == 0 && nodes_[only].edge == Edge::byte;
    if (chain) {
      node.needs_begin = nodes_[only].needs_begin;
      node.needs_end = nodes_[only].needs_end;
      node.least = nodes_[only].least == UINT32_MAX ? UINT32_MAX : nodes_[only].least + 1;
      continue;
    }
    mine.clear();
    if (node.ends) {
      mine.push_back(0);
      node.least = 0;
    }
    for (std::uint32_t child = node.first_child; child != 0; child = nodes_[child].next_sibling) {
      through.clear();
      needs_through(nodes_[child], &through);
      mine.insert(mine.end(), through.begin(), through.end());
      if (!through.empty()) node.least = std::min(node.least, nodes_[child].least + 1);
    }
    // Only the least demanding matter.
    std::sort(mine.begin(), mine.end());
    node.needs_begin = static_cast<std::uint32_t>(needs_.size());
    for (const Needs need : mine) {
      const bool implied = std::any_of(needs_.begin() + node.needs_begin, needs_.end(),
                                       [&](Needs known) { return (known & ~need) == 0; });
      if (!implied) needs_.push_back(need);
    }
    node.needs_end = static_cast<std::uint32_t>(needs_.size());
  }
}

// What must hold before the edge so that it can be walked and what follows completed.
void CommandGrammar::needs_through(const Node& edge, std::vector<Needs>* out) const {
  if (edge.edge == Edge::space) {
    const auto& spaces = table_.namespaces();
    const bool any = std::any_of(spaces.begin(), spaces.end(), [&](const NameTable::Namespace& space) {
      return feasible(edge, has(space.space));
    });
    if (any) out->push_back(0);
    return;
  }
  const bool pod = edge.kind != NameTable::none && edge.kind == table_.kind("pod");
  for (std::uint32_t at = edge.needs_begin; at < edge.needs_end; ++at) {
    const Needs need = needs_[at];
    if (edge.edge == Edge::byte || edge.edge == Edge::number) {
      out->push_back(need);
    } else if (edge.edge == Edge::object) {
      out->push_back(need | need_object);
    } else if (edge.edge == Edge::container) {
      out->push_back(need | need_containers);
    } else if (edge.kind == NameTable::none) {
      continue;
    } else if (edge.cluster) {
      if (table_.group(NameTable::no_space, edge.kind) != nullptr) out->push_back(need);
    } else if (pod && (need & need_containers) != 0) {
      out->push_back((need & ~need_containers) | need_pod_with_inner);
    } else {
      out->push_back(need | kind_bit(edge.kind));
    }
  }
}

bool CommandGrammar::feasible(const Node& node, Needs has) const {
  for (std::uint32_t at = node.needs_begin; at < node.needs_end; ++at) {
    if ((needs_[at] & ~has) == 0) return true;
  }
  return false;
}

bool CommandGrammar::empty() const {
  return !feasible(nodes_[0], has(NameTable::no_space));
}

int CommandGrammar::byte_of(const Node& slot, std::uint32_t candidate, std::uint32_t offset) const {
  std::string_view name;
  if (slot.edge == Edge::space) {
    name = table_.namespaces()[candidate].name;
  } else {
    name = table_.name(candidate);
  }
  if (slot.edge == Edge::object) {
    const std::string& kind = table_.kind_text(table_.kind_of(candidate));
    if (offset < kind.size()) return static_cast<unsigned char>(kind[offset]);
    if (offset == kind.size()) return ' ';
    offset -= static_cast<std::uint32_t>(kind.size()) + 1;
  }
  return offset < name.size() ? static_cast<unsigned char>(name[offset]) : -1;
}

std::string CommandGrammar::text_of(const Node& slot, std::uint32_t candidate) const {
  if (slot.edge == Edge::space) return table_.namespaces()[candidate].name;
  const std::string name(table_.name(candidate));
  return slot.edge == Edge::object ? table_.kind_text(table_.kind_of(candidate)) + " " + name : name;
}

NameTable::Range CommandGrammar::candidates(const CommandState& state, const Node& slot) const {
  switch (slot.edge) {
    case Edge::space:
      return {0, static_cast<std::uint32_t>(table_.namespaces().size())};
    case Edge::object:
      return state.space == NameTable::none ? NameTable::Range{} : table_.space(state.space).names;
    case Edge::container: {
      const std::uint32_t inner =
          state.pod == NameTable::none ? NameTable::none : table_.containers(state.pod);
      return table_.names(inner, table_.kind("container"));
    }
    case Edge::named:
      return table_.names(slot.cluster ? NameTable::no_space : state.space, slot.kind);
    case Edge::number:
    case Edge::byte:
      break;
  }
  return {};
}

CommandState CommandGrammar::filled(const CommandState& state, std::uint32_t slot,
                                    std::uint32_t candidate) const {
  CommandState after;
  after.node = slot;
  after.space = state.space;
  after.pod = state.pod;
  if (nodes_[slot].edge == Edge::space) after.space = table_.namespaces()[candidate].space;
  if (nodes_[slot].edge == Edge::named && nodes_[slot].kind == table_.kind("pod")) after.pod = candidate;
  return after;
}

bool CommandGrammar::candidate_feasible(const CommandState& state, std::uint32_t slot,
                                        std::uint32_t candidate) const {
  const CommandState after = filled(state, slot, candidate);
  return feasible(nodes_[slot], has_after(after.space, after.pod));
}

bool CommandGrammar::any_feasible(const CommandState& state, std::uint32_t slot,
                                  NameTable::Range range) const {
  for (std::uint32_t at = range.begin; at < range.end; ++at) {
    if (candidate_feasible(state, slot, at)) return true;
  }
  return false;
}

void CommandGrammar::step(const CommandState& state, unsigned char byte,
                          std::vector<CommandState>* out) const {
  if (state.slot != 0) return step_slot(state, byte, out);
  const Needs now = has_after(state.space, state.pod);
  for (std::uint32_t at = nodes_[state.node].first_child; at != 0; at = nodes_[at].next_sibling) {
    const Node& node = nodes_[at];
    if (node.edge == Edge::byte) {
      if (node.byte != byte || !feasible(node, now)) continue;
      CommandState next = state;
      next.node = at;
      out->push_back(next);
      continue;
    }
    if (node.edge != Edge::space && !feasible(node, now | need_containers)) continue;
    CommandState inside = state;
    inside.slot = at;
    inside.offset = 0;
    const NameTable::Range range = candidates(state, node);
    inside.begin = range.begin;
    inside.end = range.end;
    step_slot(inside, byte, out);
  }
}

std::uint32_t CommandGrammar::first_with(const Node& slot, NameTable::Range range, std::uint32_t offset,
                                         int least) const {
  while (range.begin < range.end) {
    const std::uint32_t middle = range.begin + (range.end - range.begin) / 2;
    if (byte_of(slot, middle, offset) < least) {
      range.begin = middle + 1;
    } else {
      range.end = middle;
    }
  }
  return range.begin;
}

void CommandGrammar::add_next(const Node& slot, NameTable::Range range, std::uint32_t offset,
                              ByteSet* out) const {
  if (slot.edge == Edge::number) {
    for (int digit = '0'; digit <= '9'; ++digit) out->set(static_cast<std::size_t>(digit));
    return;
  }
  while (!range.empty()) {
    const int byte = byte_of(slot, range.begin, offset);
    if (byte >= 0) out->set(static_cast<std::size_t>(byte));
    range.begin = first_with(slot, range, offset, byte + 1);
  }
}

void CommandGrammar::add_next(const CommandState& state, ByteSet* out) const {
  if (state.slot != 0) return add_next(nodes_[state.slot], {state.begin, state.end}, state.offset, out);
  for (std::uint32_t at = nodes_[state.node].first_child; at != 0; at = nodes_[at].next_sibling) {
    const Node& node = nodes_[at];
    if (node.edge == Edge::byte) {
      out->set(node.byte);
    } else {
      add_next(node, candidates(state, node), 0, out);
    }
  }
}

void CommandGrammar::step_number(const CommandState& state, unsigned char byte,
                                 std::vector<CommandState>* out) const {
  if (byte < (state.offset == 0 ? '1' : '0') || byte > '9') return;
  const std::uint32_t value = state.begin * 10 + (byte - '0');
  if (value > largest_number || !feasible(nodes_[state.slot], has_after(state.space, state.pod))) return;
  CommandState after;
  after.node = state.slot;
  after.space = state.space;
  after.pod = state.pod;
  out->push_back(after);
  if (value * 10 > largest_number) return;
  CommandState longer = state;
  longer.begin = value;
  longer.end = 0;
  ++longer.offset;
  out->push_back(longer);
}

void CommandGrammar::step_slot(const CommandState& state, unsigned char byte,
                               std::vector<CommandState>* out) const {
  const Node& slot = nodes_[state.slot];
  if (slot.edge == Edge::number) return step_number(state, byte, out);
  const NameTable::Range all = {state.begin, state.end};
  NameTable::Range range = {first_with(slot, all, state.offset, byte), 0};
  if (range.begin == state.end || byte_of(slot, range.begin, state.offset) != byte) return;
  range.end = first_with(slot, all, state.offset, byte + 1);

  CommandState next = state;
  next.offset = state.offset + 1;
  if (byte_of(slot, range.begin, next.offset) < 0) {  // the first one is whole; it may end here
    if (candidate_feasible(state, state.slot, range.begin))
      out->push_back(filled(state, state.slot, range.begin));
    ++range.begin;
  }
  if (!any_feasible(state, state.slot, range)) return;
  next.begin = range.begin;
  next.end = range.end;
  out->push_back(next);
}

std::string CommandGrammar::close(const CommandState& state) const {
  return shortest(state, SIZE_MAX).value_or(std::string());
}

std::optional<std::string> CommandGrammar::shortest(const CommandState& state, std::size_t below) const {
  if (below == 0) return std::nullopt;
  if (state.slot != 0) return shortest_filling(state, below);
  if (nodes_[state.node].ends) return std::string();
  std::optional<std::string> best;
  for (std::uint32_t at = nodes_[state.node].first_child; at != 0; at = nodes_[at].next_sibling) {
    const Node& node = nodes_[at];
    if (node.least == UINT32_MAX || node.least + 1 >= below) continue;
    std::optional<std::string> found;
    CommandState next = state;
    if (node.edge == Edge::byte) {
      if (!feasible(node, has_after(state.space, state.pod))) continue;
      next.node = at;
      found = shortest(next, below - 1);
      if (found) found->insert(found->begin(), static_cast<char>(node.byte));
    } else {
      next.slot = at;
      next.offset = 0;
      const NameTable::Range range = candidates(state, node);
      next.begin = range.begin;
      next.end = range.end;
      found = shortest_filling(next, below);
    }
    if (!found) continue;
    below = found->size();
    best = std::move(found);
  }
  return best;
}

std::optional<std::string> CommandGrammar::shortest_filling(const CommandState& state,
                                                            std::size_t below) const {
  const Node& slot = nodes_[state.slot];
  std::optional<std::string> best;
  const auto try_text = [&](std::string text, const CommandState& after) {
    if (text.size() >= below) return;
    auto rest = shortest(after, below - text.size());
    if (!rest) return;
    best = std::move(text) + *rest;
    below = best->size();
  };
  if (slot.edge == Edge::number) {
    CommandState after;
    after.node = state.slot;
    after.space = state.space;
    after.pod = state.pod;
    if (feasible(slot, has_after(state.space, state.pod))) try_text(state.offset == 0 ? "1" : "0", after);
    return best;
  }
  std::size_t tried = 0;
  for (std::uint32_t at = state.begin; at < state.end && tried < tried_names; ++at) {
    if (!candidate_feasible(state, state.slot, at)) continue;
    ++tried;
    try_text(text_of(slot, at).substr(state.offset), filled(state, state.slot, at));
  }
  return best;
}

}  // namespace carrel
