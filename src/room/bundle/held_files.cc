#include "room/bundle/held_files.h"

#include <algorithm>

#include "base/read_value.h"
#include "room/bundle/kubectl_text.h"
#include "room/inventory/api_objects.h"

namespace carrel {
namespace {

constexpr const char* over_budget = "too large to parse, read as text";

enum class Syntax : std::uint8_t { json, yaml, plain };

// By the name where it says so, else by how the text begins: `kubectl get -o yaml > pods.txt` is common.
Syntax syntax_of(const Place& place, std::string_view text) {
  const std::string_view path = place.file.path;
  if (path.ends_with(".json")) return Syntax::json;
  if (path.ends_with(".yaml") || path.ends_with(".yml")) return Syntax::yaml;
  text = text.substr(0, std::min<std::size_t>(text.size(), 4096));
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return Syntax::plain;
  text.remove_prefix(first);
  if (text.starts_with('{')) return Syntax::json;
  if (text.starts_with("---\n")) text.remove_prefix(4);
  return text.starts_with("apiVersion:") || text.starts_with("kind:") ? Syntax::yaml : Syntax::plain;
}

// Bytes that a tree of values takes, its own block left out.
std::uint64_t footprint(const Value& value) {
  std::uint64_t bytes = value.scalar.capacity();
  if (!value.items.empty()) bytes += sizeof(std::vector<Value>) + value.items.size() * sizeof(Value);
  if (!value.members.empty())
    bytes += sizeof(std::vector<Value>) + value.members.size() * sizeof(value.members[0]);
  for (const Value& item : value.items) bytes += footprint(item);
  for (const auto& [key, member] : value.members) bytes += key.capacity() + footprint(member);
  return bytes;
}

// The objects of a listing: the items of a List, or the array itself; null for a single object.
const Value* items_of(const Value& root) {
  if (root.is(Value::Kind::array)) return &root;
  for (const auto& [key, member] : root.members) {
    if (key == "items" && !member.is(Value::Kind::object)) return &member;
  }
  return nullptr;
}

// client-go leaves `kind` out of what it lists. That it is a list is said here; of which kind tells the path.
void name_list(Value* root) {
  if (!root->is(Value::Kind::object) || (*root)["kind"].exists() || !(*root)["items"].is(Value::Kind::array))
    return;
  Value name;
  name.kind = Value::Kind::string;
  name.line = name.end_line = root->line;
  name.scalar = "List";
  root->members.emplace_back("kind", std::move(name));
}

bool has_api_shape(const Value& value) {
  return value["kind"].is(Value::Kind::string) || value[0]["kind"].exists() || value[0]["metadata"].exists();
}

}  // namespace

bool HeldFiles::spend(std::uint64_t bytes) {
  if (bytes > budget_ - spent_) return false;
  spent_ += bytes;
  return true;
}

std::uint64_t HeldFiles::room_for(const Place& place) const {
  const std::uint64_t left = budget_ - spent_;
  const std::string_view path = place.file.path;
  switch (place.file.kind) {
    case TextFile::Kind::structured:
      return std::min(left, path.ends_with(".json") ? json_bytes : yaml_bytes);
    case TextFile::Kind::tool_output:
      return std::min(left, text_bytes);
    default:
      return 0;
  }
}

void HeldFiles::note_log(const TextFile& file) {
  if (file.kind != TextFile::Kind::log && file.kind != TextFile::Kind::previous_log) return;
  inventory_->add_log(file.space, file.pod, file.container);
}

void HeldFiles::too_large(const Place& place, std::uint64_t bytes) {
  left_out_->add(over_budget, place.file.path, bytes);
}

void HeldFiles::add(const Place& place, std::string text) {
  const std::uint64_t size = text.size();
  Document document{place.file.path, std::move(text), {}};
  document.find_lines();
  if (!spend(size + document.starts.size() * sizeof(document.starts[0]))) return too_large(place, size);
  const Syntax syntax = syntax_of(place, document.text);
  const Document& kept = inventory_->add(std::move(document));
  const bool named = place.file.kind == TextFile::Kind::structured;
  if (syntax == Syntax::json) {
    auto value = read_json(kept.text);
    if (value) {
      std::vector<Value> values;
      values.push_back(std::move(*value));
      return add_values(place, kept, std::move(values));
    }
    if (named) return left_out_->add("not valid JSON, read as text", kept.path, size);
  } else if (syntax == Syntax::yaml) {
    auto values = read_yaml(kept.text);
    if (values) return add_values(place, kept, std::move(*values));
    if (named) return left_out_->add("not valid YAML, read as text", kept.path, size);
  }
  const std::size_t before = inventory_->all().size();
  read_kubectl_text(inventory_, kept);
  // A row of a table becomes some thirty times its size; what it took is known when it is there.
  constexpr std::uint64_t indices = 512;  // of an object in the inventory
  for (std::size_t i = before; i < inventory_->all().size(); ++i)
    spent_ = std::min(budget_, spent_ + sizeof(Object) + indices + footprint(*inventory_->all()[i].value));
}

void HeldFiles::add_values(const Place& place, const Document& document, std::vector<Value> values) {
  for (Value& value : values) {
    note_listing(place.listing, value);
    if (place.listing.role == Listing::Role::objects) name_list(&value);
    if (!has_api_shape(value)) continue;
    if (!spend(sizeof(Value) + footprint(value))) {
      too_large(place, document.text.size());
      return;
    }
    add_api_objects(inventory_, document, inventory_->keep(std::move(value)));
  }
}

void HeldFiles::note_listing(const Listing& listing, const Value& root) {
  const bool is_list = items_of(root) != nullptr;
  if (listing.role == Listing::Role::objects && is_list) listed_.emplace(listing.kind, listing.space);
  if (listing.role != Listing::Role::errors) return;
  // Errors by namespace, or a plain array of them.
  for (const auto& [space, error] : root.members) {
    if (error.exists()) failed_.emplace(listing.kind, space);
  }
  if (is_list && root.size() > 0) failed_.emplace(listing.kind, "*");
}

void HeldFiles::finish() {
  inventory_->settle_spaces();
  for (const auto& [kind, space] : listed_) {
    if (!failed_.contains({kind, space}) && !failed_.contains({kind, "*"}))
      inventory_->add_searched(kind, space);
  }
}

}  // namespace carrel
