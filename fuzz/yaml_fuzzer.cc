// YAML of a bundle.
// links: room/inventory
//
// Any bytes give trees within the limits or an error with its line.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/read_value.h"
#include "base/text.h"
#include "expect.h"
#include "room/inventory/api_objects.h"

namespace {

using namespace carrel;

void check(const Value& value, std::uint32_t lines) {
  expect(value.line <= value.end_line && value.end_line <= lines);
  for (const Value& item : value.items) check(item, lines);
  for (const auto& [key, member] : value.members) check(member, lines);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Result<std::vector<Value>> values = read_yaml(text);
  if (!values) {
    expect(values.error().what.starts_with("line "));
    return 0;
  }
  const auto lines = static_cast<std::uint32_t>(1 + std::count(text.begin(), text.end(), '\n'));
  Inventory inventory;
  const Document& document = inventory.add(Document{"all.yaml", std::string(text), {}});
  for (Value& value : *values) {
    check(value, lines);
    add_api_objects(&inventory, document, inventory.keep(std::move(value)));
  }
  (void)inventory.names();
  return 0;
}
