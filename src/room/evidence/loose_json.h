// Files of JSON that hold no API objects (alerts, measurements, pieces of objects), read again where a
// detector knows what they are.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "room/inventory/inventory.h"

namespace carrel {

struct LooseJson {
  const Document* document;
  Value root;

  // To cite from: a source whose value is the whole file.
  Object source() const;
};

// Calls `visit` with each document of at most `largest` bytes that has `mark` in its text and is JSON. One is
// in memory at a time: what a bundle may have of parsed files was counted before, and these come on top of
// it.
void each_loose_json(const Inventory& inventory, std::string_view mark, std::size_t largest,
                     const std::function<void(const LooseJson&)>& visit);

}  // namespace carrel
