// Files of JSON that hold no API objects (alerts, measurements, pieces of objects), read again where a
// detector knows what they are.
#pragma once

#include <cstddef>
#include <deque>
#include <string_view>

#include "room/inventory/inventory.h"

namespace carrel {

struct LooseJson {
  const Document* document;
  Value root;

  // To cite from: a source whose value is the whole file.
  Object source() const;
};

// The documents of at most `largest` bytes that have `mark` in their text and are JSON.
std::deque<LooseJson> loose_json(const Inventory& inventory, std::string_view mark, std::size_t largest);

}  // namespace carrel
