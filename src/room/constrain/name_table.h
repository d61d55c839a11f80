// The names of a bundle, ordered so that "all pods of this namespace that begin with api-" is one range.
//
// Built once for a grammar, in well under a millisecond for thousands of names; immutable and shared
// afterwards.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "record/evidence.h"

namespace carrel {

class NameTable {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;
  static constexpr std::uint32_t no_space = 0;  // the names that have no namespace

  struct Range {
    std::uint32_t begin = 0, end = 0;
    bool empty() const { return begin == end; }
  };
  struct Group {  // the names of one kind in one space
    std::uint32_t kind = 0;
    Range names;
    std::uint32_t shortest = 0;
  };
  struct Space {
    Range groups;
    Range names;  // all of its names, by kind and then by name
  };
  struct Namespace {
    std::string name;
    std::uint32_t space;  // `none` where nothing is known in it
  };

  // Names that are not safe in a command (record/command.h), or so long that a command could pass its limit,
  // are left out; no command can have them.
  explicit NameTable(const std::vector<Name>& names);
  NameTable(const NameTable&) = delete;

  // The number of a kind, `none` where no name has it. Numbers follow the kinds' order.
  std::uint32_t kind(std::string_view kind) const;
  const std::string& kind_text(std::uint32_t kind) const { return kinds_[kind]; }

  const Group* group(std::uint32_t space, std::uint32_t kind) const;
  Range names(std::uint32_t space, std::uint32_t kind) const;
  const Space& space(std::uint32_t space) const { return spaces_[space]; }
  std::size_t spaces() const { return spaces_.size(); }
  const std::vector<Group>& groups() const { return groups_; }

  std::string_view name(std::uint32_t name) const { return names_[name].text; }
  std::uint32_t kind_of(std::uint32_t name) const { return names_[name].kind; }
  // The space of a pod's containers, `none` where none is known.
  std::uint32_t containers(std::uint32_t pod) const { return names_[pod].inner; }

  // What {namespace} may stand for, in order.
  const std::vector<Namespace>& namespaces() const { return namespaces_; }

 private:
  struct Entry {
    std::string_view text;  // into text_
    std::uint32_t kind = 0;
    std::uint32_t inner = none;
  };
  void group_names(const std::vector<std::uint32_t>& space_of);
  void find_namespaces(const std::vector<std::string_view>& space_texts);

  std::string text_;
  std::vector<std::string> kinds_;
  std::vector<Entry> names_;  // by space, kind and name
  std::vector<Group> groups_;
  std::vector<Space> spaces_;
  std::vector<Namespace> namespaces_;
};

}  // namespace carrel
