// Reads API objects out of JSON and YAML values.
#pragma once

#include "base/value.h"
#include "room/inventory/inventory.h"

namespace carrel {

// Adds what a value of `file` holds: one object, a List kind's items (pointer "/items/3"), or a plain array
// of objects. `root` has to be kept by the inventory. Kind and namespace that an item does not tell are taken
// from its list or from the file's path (cluster-resources/pods/<namespace>.json, <namespace>/pods.json,
// namespaces/<namespace>/...). Says so as searched where the value is a listing: a typed List, or a List or
// array that the path says is of one kind. A file whose name says "filtered" lists nothing. Returns how many
// objects were added.
std::size_t add_api_objects(Inventory* inventory, const Document& file, const Value& root);

}  // namespace carrel
