#include "base/value_builder.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

namespace carrel {

void drop_earlier_duplicates(Value* object) {
  if (object->members.size() < 2) return;
  auto& members = object->members.vector();
  if (members.size() <= 16) {  // nearly all objects: comparing is cheaper than hashing
    bool twice = false;
    for (std::size_t i = 1; i < members.size() && !twice; ++i) {
      for (std::size_t k = 0; k < i && !twice; ++k) twice = members[k].first == members[i].first;
    }
    if (!twice) return;
  }
  std::unordered_set<std::string_view> seen;
  std::vector<bool> keep(members.size());
  bool all = true;
  for (std::size_t i = members.size(); i-- > 0;) {
    keep[i] = seen.insert(members[i].first).second;
    all = all && keep[i];
  }
  if (all) return;
  seen.clear();
  std::size_t next = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!keep[i]) continue;
    if (next != i) members[next] = std::move(members[i]);
    ++next;
  }
  members.erase(members.begin() + static_cast<std::ptrdiff_t>(next), members.end());
}

bool ValueBuilder::refuse(std::string why) {
  refusal_ = std::move(why);
  return false;
}

bool ValueBuilder::count(std::size_t values) {
  if (values > most_values - values_) return refuse(fmt::format("it holds more than {} values", most_values));
  values_ += values;
  return true;
}

bool ValueBuilder::begin(Value::Kind kind, std::uint32_t line, std::uint32_t column) {
  if (open_.size() >= deepest_value)
    return refuse(fmt::format("it is nested deeper than {} levels", deepest_value));
  if (!count(1)) return false;
  Open& open = open_.emplace_back();
  open.value.kind = kind;
  open.value.line = line;
  open.value.end_line = line;
  open.value.column = column;
  return true;
}

bool ValueBuilder::key(std::string name, std::uint32_t line, std::uint32_t column) {
  if (open_.empty()) return refuse("it has a key outside of an object");
  Open& open = open_.back();
  open.key = std::move(name);
  open.key_line = line;
  open.key_column = column;
  open.keyed = true;
  return true;
}

void ValueBuilder::attach(Value value) {
  if (open_.empty()) {
    root_ = std::move(value);
    return;
  }
  Open& parent = open_.back();
  parent.value.end_line = std::max(parent.value.end_line, value.end_line);
  if (parent.value.kind == Value::Kind::array) {
    parent.value.items.push_back(std::move(value));
    return;
  }
  value.line = parent.key_line;
  value.column = parent.key_column;
  value.end_line = std::max(value.end_line, value.line);
  parent.value.members.emplace_back(std::move(parent.key), std::move(value));
  parent.key.clear();
  parent.keyed = false;
}

bool ValueBuilder::add(Value value) {
  if (!count(1)) return false;
  attach(std::move(value));
  return true;
}

bool ValueBuilder::end(std::uint32_t end_line) {
  if (open_.empty()) return refuse("it closes what was never opened");
  Value value = std::move(open_.back().value);
  open_.pop_back();
  value.end_line = std::max(value.end_line, end_line);
  drop_earlier_duplicates(&value);
  if (value.items.size() > 0) value.items.vector().shrink_to_fit();
  if (value.members.size() > 0) value.members.vector().shrink_to_fit();
  attach(std::move(value));
  return true;
}

const Value* ValueBuilder::newest() const {
  if (open_.empty()) return root_ ? &*root_ : nullptr;
  const Value& parent = open_.back().value;
  if (!parent.items.empty()) return &parent.items.back();
  if (!parent.members.empty()) return &parent.members.back().second;
  return nullptr;
}

Value ValueBuilder::take() {
  Value root = root_ ? std::move(*root_) : Value();
  root_.reset();
  return root;
}

}  // namespace carrel
