#include "room/constrain/name_table.h"

#include <algorithm>
#include <map>

#include "record/command.h"

namespace carrel {
namespace {

// A command has few slots and little literal text, so names of this length keep it under limit::command.
constexpr std::size_t longest_name = limit::command / 4;

bool is_kind(std::string_view kind) {
  return !kind.empty() && kind.size() <= 63 && std::all_of(kind.begin(), kind.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

// The first eight bytes as a number that orders as they do.
std::uint64_t head_of(std::string_view text) {
  std::uint64_t head = 0;
  for (std::size_t i = 0; i < 8; ++i)
    head = head << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0);
  return head;
}

struct Sorted {
  std::uint64_t group;  // space and kind
  std::uint64_t head;
  std::string_view name;
  std::string_view space;
  bool operator<(const Sorted& other) const {
    if (group != other.group) return group < other.group;
    if (head != other.head) return head < other.head;
    return name < other.name;
  }
};

}  // namespace

NameTable::NameTable(const std::vector<Name>& names) {
  // Kinds are few: they are ordered first, so that sorting compares numbers.
  std::map<std::string_view, std::uint32_t> kind_numbers;
  std::vector<const std::uint32_t*> kind_of;  // of each name; null where that is no kind
  kind_of.reserve(names.size());
  std::unordered_map<std::string_view, const std::uint32_t*> seen;
  for (const Name& name : names) {
    const auto [at, fresh] = seen.try_emplace(name.kind, nullptr);
    if (fresh && is_kind(name.kind)) at->second = &kind_numbers.emplace(name.kind, 0).first->second;
    kind_of.push_back(at->second);
  }
  for (auto& [kind, number] : kind_numbers) {
    number = static_cast<std::uint32_t>(kinds_.size());
    kinds_.emplace_back(kind);
  }

  std::unordered_map<std::string_view, std::uint32_t> space_numbers = {{std::string_view(), no_space}};
  space_numbers.reserve(names.size() / 2 + 16);
  std::vector<Sorted> sorted;
  sorted.reserve(names.size());
  std::size_t bytes = 0;
  for (std::size_t at = 0; at < names.size(); ++at) {
    const Name& name = names[at];
    if (kind_of[at] == nullptr || name.name.size() > longest_name || !is_safe_name(name.name)) continue;
    const std::uint32_t fresh = static_cast<std::uint32_t>(space_numbers.size());
    // Within a space, a run of one kind is the rule, so the look-up is skipped where it repeats.
    const std::uint32_t space = !sorted.empty() && sorted.back().space == name.space
                                    ? static_cast<std::uint32_t>(sorted.back().group >> 32)
                                    : space_numbers.try_emplace(name.space, fresh).first->second;
    sorted.push_back({std::uint64_t{space} << 32 | *kind_of[at], head_of(name.name), name.name, name.space});
    bytes += name.name.size();
  }
  if (!std::is_sorted(sorted.begin(), sorted.end())) std::sort(sorted.begin(), sorted.end());

  std::vector<std::string_view> space_texts(space_numbers.size());
  for (const auto& [text, number] : space_numbers) space_texts[number] = text;
  const std::uint32_t pod = kind("pod");
  const std::uint32_t container = kind("container");
  std::vector<std::uint32_t> space_of;
  space_of.reserve(sorted.size());
  names_.reserve(sorted.size());
  text_.reserve(bytes);  // so that the views into it stay valid
  std::string inner;
  for (const Sorted& from : sorted) {
    const auto space = static_cast<std::uint32_t>(from.group >> 32);
    const auto kind_number = static_cast<std::uint32_t>(from.group);
    const bool again = !names_.empty() && names_.back().text == from.name &&
                       names_.back().kind == kind_number && space_of.back() == space;
    if (again) continue;
    Entry entry;
    entry.text = std::string_view(text_.data() + text_.size(), from.name.size());
    entry.kind = kind_number;
    text_ += from.name;
    if (kind_number == pod && container != none) {
      inner.assign(from.space).append("/").append(from.name);
      if (const auto found = space_numbers.find(inner); found != space_numbers.end())
        entry.inner = found->second;
    }
    names_.push_back(entry);
    space_of.push_back(space);
  }
  spaces_.resize(space_numbers.size());
  group_names(space_of);
  find_namespaces(space_texts);
}

void NameTable::group_names(const std::vector<std::uint32_t>& space_of) {
  for (std::uint32_t at = 0; at < names_.size();) {
    Group group;
    group.kind = names_[at].kind;
    group.names = {at, at};
    group.shortest = at;
    const std::uint32_t space = space_of[at];
    for (; at < names_.size() && space_of[at] == space && names_[at].kind == group.kind; ++at) {
      if (names_[at].text.size() < names_[group.shortest].text.size()) group.shortest = at;
    }
    group.names.end = at;
    Space& of = spaces_[space];
    if (of.groups.empty()) {
      of.groups.begin = static_cast<std::uint32_t>(groups_.size());
      of.names.begin = group.names.begin;
    }
    groups_.push_back(group);
    of.groups.end = static_cast<std::uint32_t>(groups_.size());
    of.names.end = at;
  }
}

void NameTable::find_namespaces(const std::vector<std::string_view>& space_texts) {
  std::map<std::string_view, std::uint32_t> found;
  for (std::uint32_t space = 1; space < spaces_.size(); ++space) {
    // The spaces of containers have a '/', which no safe name has.
    if (spaces_[space].names.empty() || !is_safe_name(space_texts[space])) continue;
    if (space_texts[space].size() > longest_name) continue;
    found.emplace(space_texts[space], space);
  }
  const Range named = names(no_space, kind("namespace"));
  for (std::uint32_t at = named.begin; at < named.end; ++at) found.emplace(names_[at].text, none);
  for (const auto& [name, space] : found) namespaces_.push_back({std::string(name), space});
}

std::uint32_t NameTable::kind(std::string_view kind) const {
  const auto at = std::lower_bound(kinds_.begin(), kinds_.end(), kind);
  return at != kinds_.end() && *at == kind ? static_cast<std::uint32_t>(at - kinds_.begin()) : none;
}

const NameTable::Group* NameTable::group(std::uint32_t space, std::uint32_t kind) const {
  if (space == none) return nullptr;
  for (std::uint32_t at = spaces_[space].groups.begin; at < spaces_[space].groups.end; ++at) {
    if (groups_[at].kind == kind) return &groups_[at];
  }
  return nullptr;
}

NameTable::Range NameTable::names(std::uint32_t space, std::uint32_t kind) const {
  const Group* found = group(space, kind);
  return found == nullptr ? Range{} : found->names;
}

}  // namespace carrel
