// Readers of JSON and YAML that keep the place of every value, and the reader of API objects on top of them.
//
// Input is hostile: nesting, size and aliases are bounded (depth 128, 4 million values, YAML aliases are
// copied within that count), invalid UTF-8 becomes U+FFFD, duplicate keys keep the last. An error names line
// and reason.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "room/inventory/inventory.h"
#include "room/inventory/value.h"

namespace carrel {

Result<Value> read_json(std::string_view text);

// All documents of a YAML stream.
Result<std::vector<Value>> read_yaml(std::string_view text);

// Adds what a value of `file` holds: one object, a List kind's items (pointer "/items/3"), or a plain array
// of objects. `root` has to be kept by the inventory. Kind and namespace that an item does not tell are taken
// from its list or from the file's path (cluster-resources/pods/<namespace>.json, <namespace>/pods.json,
// namespaces/<namespace>/...). Says so as searched where the value is a listing: a typed List, or a List or
// array that the path says is of one kind. A file whose name says "filtered" lists nothing. Returns how many
// objects were added.
std::size_t add_api_objects(Inventory* inventory, const Document& file, const Value& root);

}  // namespace carrel
