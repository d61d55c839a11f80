#include "room/inventory/api_objects.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "room/inventory/kinds.h"

namespace carrel {
namespace {

// What a path says of a file's objects. Either may be empty.
struct PathTells {
  std::string kind;
  std::string space;
  bool whole = true;  // nothing in the name speaks of a selection
};

std::string_view stem_of(std::string_view file) {
  const std::size_t dot = file.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? file : file.substr(0, dot);
}

// cluster-resources/<kind>/<namespace>.json and cluster-resources/<kind>.json (troubleshoot),
// <namespace>/<kind>.json and <kind>.json (cluster-info dump),
// namespaces/<namespace>/<group>/<kind>.yaml and cluster-scoped-resources/<group>/<kind>.yaml (must-gather).
PathTells read_path(std::string_view path) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  PathTells tells;
  const std::string_view stem = stem_of(parts.back());
  tells.whole = !contains_folded(stem, "filtered") && !contains_folded(stem, "selected");
  const auto folder = [&](std::size_t up) {
    return parts.size() > up ? parts[parts.size() - 1 - up] : std::string_view();
  };
  const KindEntry* of_folder = find_kind(folder(1));
  const KindEntry* of_file = find_kind(stem);
  if (of_folder != nullptr && (folder(2) == "cluster-resources" || of_file == nullptr)) {
    tells.kind = std::string(of_folder->singular);
    if (!of_folder->cluster_scoped && folder(2) == "cluster-resources") tells.space = std::string(stem);
  } else if (of_file != nullptr) {
    tells.kind = std::string(of_file->singular);
    if (folder(3) == "namespaces") {
      tells.space = std::string(folder(2));
    } else if (!of_file->cluster_scoped && parts.size() > 2 && folder(1) != "cluster-resources" &&
               folder(1) != "cluster-scoped-resources" && folder(1) != "kubectl") {
      tells.space = std::string(folder(1));
    }
  }
  return tells;
}

class Adder {
 public:
  Adder(Inventory* inventory, const Document& file)
      : inventory_(inventory), file_(file), tells_(read_path(file.path)) {}

  std::size_t add(const Value& root) {
    if (root.is(Value::Kind::array)) {
      add_items(root, "", tells_.kind);
      if (!tells_.kind.empty() && tells_.whole && (added_ > 0 || root.items.empty()))
        say_searched(tells_.kind);
      return added_;
    }
    const std::string_view kind = root["kind"].text();
    if (kind.ends_with("List") && root["items"].is(Value::Kind::array)) {
      add_list(root, kind);
    } else if (kind.ends_with("List") && root.members.size() > 0 && root["metadata"]["name"].text().empty()) {
      // An empty list may come as "items": null.
      add_list(root, kind);
    } else {
      add_one(root, "", "");
    }
    return added_;
  }

 private:
  Inventory* inventory_;
  const Document& file_;
  PathTells tells_;
  std::size_t added_ = 0;
  std::set<std::string> spaces_;

  void add_list(const Value& list, std::string_view kind) {
    const bool typed = kind.size() > 4;
    const std::string item_kind = typed ? resource_name(kind) : tells_.kind;
    add_items(list["items"], "/items", item_kind);
    if (item_kind.empty() || !tells_.whole) return;
    if (!list["metadata"]["continue"].text().empty()) return;  // a page of it
    // A plain List may be of any few objects, unless the path says what it lists.
    if (typed || tells_.kind == item_kind) say_searched(item_kind);
  }

  void say_searched(const std::string& kind) {
    const KindEntry* entry = find_kind(kind);
    if (entry != nullptr && entry->cluster_scoped) {
      inventory_->add_searched(kind, "");
    } else if (tells_.kind == kind && !tells_.space.empty() &&
               (spaces_.empty() || spaces_.contains(tells_.space))) {
      inventory_->add_searched(kind, tells_.space);
    } else if (spaces_.size() > 1) {
      inventory_->add_searched(kind, "*");
    } else if (spaces_.size() == 1 && !spaces_.begin()->empty()) {
      inventory_->add_searched(kind, *spaces_.begin());
    }
  }

  void add_items(const Value& items, const std::string& place, const std::string& kind) {
    for (std::size_t i = 0; i < items.items.size(); ++i) {
      add_one(items.items[i], place + "/" + std::to_string(i), kind);
    }
  }

  void add_one(const Value& value, std::string pointer, const std::string& list_kind) {
    if (!value.is(Value::Kind::object)) return;
    const Value& metadata = value["metadata"];
    const std::string_view own_kind = value["kind"].text();
    Object object;
    object.kind = own_kind.empty() ? list_kind : resource_name(own_kind);
    object.name = std::string(metadata["name"].text());
    if (object.kind.empty() || object.name.empty()) return;
    const KindEntry* entry = find_kind(object.kind);
    if (entry == nullptr || !entry->cluster_scoped) {
      object.space = std::string(metadata["namespace"].text());
      if (object.space.empty() && entry != nullptr && tells_.kind == object.kind) object.space = tells_.space;
    }
    object.file = &file_;
    object.pointer = std::move(pointer);
    object.value = &value;
    object.line = value.line;
    spaces_.insert(object.space);
    inventory_->add(std::move(object));
    ++added_;
  }
};

}  // namespace

std::size_t add_api_objects(Inventory* inventory, const Document& file, const Value& root) {
  return Adder(inventory, file).add(root);
}

}  // namespace carrel
