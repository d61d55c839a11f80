#include "room/evidence/loose_json.h"

#include <utility>

#include "base/read_value.h"

namespace carrel {

Object LooseJson::source() const {
  Object object;
  object.file = document;
  object.value = &root;
  object.line = root.line;
  return object;
}

void each_loose_json(const Inventory& inventory, std::string_view mark, std::size_t largest,
                     const std::function<void(const LooseJson&)>& visit) {
  for (const Document& document : inventory.documents()) {
    if (document.text.size() > largest || document.text.find(mark) == std::string::npos) continue;
    if (Result<Value> root = read_json(document.text)) visit({&document, std::move(*root)});
  }
}

}  // namespace carrel
