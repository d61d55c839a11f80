// Reads saved text of kubectl: `describe`, `get` (tables, with or without their header), `events`, `top`, and
// the tree of the lineage plugin. What it says becomes objects in the API's shape whose values know their
// lines.
//
//   const Document& document = inventory.add({"kubectl/get-pods.txt", text, {}});
//   if (!read_kubectl_text(&inventory, document)) ...  // some other text
//
// The formats are those of k8s.io/kubectl/pkg/describe and k8s.io/kubernetes/pkg/printers; old and new
// spellings are understood. Input is hostile: whatever does not fit is left to the text's other readers.
#pragma once

#include "room/inventory/inventory.h"

namespace carrel {

// Adds what `document` (kept by the inventory) holds. True where something was recognised.
bool read_kubectl_text(Inventory* inventory, const Document& document);

}  // namespace carrel
