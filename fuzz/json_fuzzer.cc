// JSON of a bundle.
// links: room/inventory
//
// Any bytes give a tree within the limits or an error with its line; objects point into their tree.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/read_value.h"
#include "base/text.h"
#include "expect.h"
#include "room/inventory/api_objects.h"

namespace {

using namespace carrel;

void check(const Value& value, std::uint32_t lines) {
  expect(value.line >= 1 && value.line <= value.end_line && value.end_line <= lines);
  expect(is_utf8(value.scalar));
  for (const Value& item : value.items) check(item, lines);
  for (const auto& [key, member] : value.members) {
    expect(is_utf8(key));
    check(member, lines);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Result<Value> value = read_json(text);
  if (!value) {
    expect(value.error().what.starts_with("line "));
    return 0;
  }
  check(*value, static_cast<std::uint32_t>(1 + std::count(text.begin(), text.end(), '\n')));
  Inventory inventory;
  const Document& document =
      inventory.add(Document{"cluster-resources/pods/shop.json", std::string(text), {}});
  add_api_objects(&inventory, document, inventory.keep(std::move(*value)));
  (void)inventory.names();
  (void)inventory.searched();
  return 0;
}
