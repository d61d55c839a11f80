// The commands of a playbook's patterns over a bundle's names, as an automaton whose edges are made when they
// are walked: a tree of the patterns' bytes and slots, beside the table of names. Nothing is multiplied out,
// so thousands of names cost nothing before one is spelt.
//
// Every state can be completed: where a namespace has no pod, the patterns that need one are not offered in
// it. Immutable after construction; states are small values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "record/command.h"
#include "room/constrain/byte_set.h"
#include "room/constrain/name_table.h"

namespace carrel {

// Where a command stands: at a node of the tree, or (slot != 0) inside the slot on the way to that node.
struct CommandState {
  std::uint32_t node = 0;
  std::uint32_t slot = 0;
  std::uint32_t space = NameTable::no_space;  // `none`: a namespace of which nothing is known
  std::uint32_t pod = NameTable::none;        // the pod chosen last
  std::uint32_t begin = 0, end = 0;           // slot: the names that are still possible; {number}: its value
  std::uint32_t offset = 0;                   // bytes of the slot written
  bool operator==(const CommandState&) const = default;
};

class CommandGrammar {
 public:
  CommandGrammar(const std::vector<CommandPattern>& patterns, const std::vector<Name>& names);

  // True where there is no command at all.
  bool empty() const;
  // Adds to `out` the states after this byte; none where it is not possible.
  void step(const CommandState& state, unsigned char byte, std::vector<CommandState>* out) const;
  // Adds the bytes that may come next, and perhaps some that step() refuses.
  void add_next(const CommandState& state, ByteSet* out) const;
  // True where the command may end here.
  bool may_end(const CommandState& state) const { return state.slot == 0 && nodes_[state.node].ends; }
  // A short text that completes the command from here.
  std::string close(const CommandState& state) const;

 private:
  enum class Edge : std::uint8_t { byte, named, object, space, container, number };
  // Some of the conditions under which what follows can be completed: a bit for each kind that must have a
  // name in the chosen namespace, and the three below.
  using Needs = std::uint64_t;
  static constexpr Needs need_object = 1;          // any name in the namespace
  static constexpr Needs need_containers = 2;      // the chosen pod has containers
  static constexpr Needs need_pod_with_inner = 4;  // some pod of the namespace has containers
  static constexpr unsigned first_kind_bit = 3;

  struct Node {
    Edge edge = Edge::byte;  // how one comes here from the parent
    unsigned char byte = 0;
    bool ends = false;
    bool cluster = false;  // named: the kind has no namespace
    std::uint32_t kind = NameTable::none;
    std::uint32_t first_child = 0, next_sibling = 0;  // 0: none
    std::uint32_t needs_begin = 0, needs_end = 0;     // alternatives, into needs_
    std::uint32_t least = UINT32_MAX;                 // no fewer bytes complete a command from here
  };

  void insert(const CommandPattern& pattern, std::size_t group, std::uint32_t node);
  std::uint32_t insert_part(const CommandPart& part, std::uint32_t node);
  std::uint32_t child(std::uint32_t node, Edge edge, unsigned char byte, std::uint32_t kind, bool cluster);
  void find_kind_bits();
  void find_needs();
  Needs kind_bit(std::uint32_t kind) const;
  void needs_through(const Node& edge, std::vector<Needs>* out) const;

  Needs has(std::uint32_t space) const { return space == NameTable::none ? 0 : space_has_[space]; }
  Needs has_after(std::uint32_t space, std::uint32_t pod) const {
    return has(space) |
           (pod != NameTable::none && table_.containers(pod) != NameTable::none ? need_containers : 0);
  }
  bool feasible(const Node& node, Needs has) const;

  // The text a candidate of a slot stands for: byte `offset` of it, or -1 behind its end.
  int byte_of(const Node& slot, std::uint32_t candidate, std::uint32_t offset) const;
  std::string text_of(const Node& slot, std::uint32_t candidate) const;
  // The first of these candidates, which share the bytes before the offset and are in order, whose byte there
  // is not below `least`.
  std::uint32_t first_with(const Node& slot, NameTable::Range range, std::uint32_t offset, int least) const;
  void add_next(const Node& slot, NameTable::Range range, std::uint32_t offset, ByteSet* out) const;
  // What may fill the slot in this state; a range over names or over the table's namespaces.
  NameTable::Range candidates(const CommandState& state, const Node& slot) const;
  // The state after the slot was filled.
  CommandState filled(const CommandState& state, std::uint32_t slot, std::uint32_t candidate) const;
  bool candidate_feasible(const CommandState& state, std::uint32_t slot, std::uint32_t candidate) const;
  bool any_feasible(const CommandState& state, std::uint32_t slot, NameTable::Range range) const;
  void step_number(const CommandState& state, unsigned char byte, std::vector<CommandState>* out) const;
  void step_slot(const CommandState& state, unsigned char byte, std::vector<CommandState>* out) const;
  // The shortest completion found that is shorter than `below` bytes.
  std::optional<std::string> shortest(const CommandState& state, std::size_t below) const;
  std::optional<std::string> shortest_filling(const CommandState& state, std::size_t below) const;

  NameTable table_;
  std::vector<Node> nodes_;
  std::vector<Needs> needs_;
  std::vector<std::uint32_t> kinds_with_bits_;
  std::vector<Needs> space_has_;  // by space
};

}  // namespace carrel
