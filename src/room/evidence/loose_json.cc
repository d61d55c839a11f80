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

std::deque<LooseJson> loose_json(const Inventory& inventory, std::string_view mark, std::size_t largest) {
  std::deque<LooseJson> found;
  for (const Document& document : inventory.documents()) {
    if (document.text.size() > largest || document.text.find(mark) == std::string::npos) continue;
    if (Result<Value> root = read_json(document.text)) found.push_back({&document, std::move(*root)});
  }
  return found;
}

}  // namespace carrel
