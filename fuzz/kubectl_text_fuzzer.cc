// Saved text of kubectl.
// links: room/bundle
//
// Whatever the bytes, the objects that are made of it name lines of the document. The first byte chooses the
// file's name, which decides how rows without a header are understood.
#include <iterator>
#include <string>
#include <string_view>

#include "base/text.h"
#include "expect.h"
#include "room/bundle/kubectl_text.h"

namespace {

using namespace carrel;

constexpr const char* paths[] = {
    "get-pods-shop.txt",
    "describe-pod-web-6f5d4c3b2a-q8w2e.txt",
    "get-events-filtered.txt",
    "get-pvc-filtered.txt",
    "get-all.txt",
    "describe-node.txt",
    "describe-netpol.txt",
    "describe-cm.txt",
    "lineage-children.txt",
    "top-pods.txt",
    "session.txt",
    "describe-svc.txt",
    "get-hpa-filtered.txt",
    "describe-quota.txt",
    "describe-widget-x.txt",
    "get-node-filtered.txt",
};

void check(const Value& value, std::size_t lines) {
  expect(value.line <= value.end_line && value.end_line <= lines);
  expect(is_utf8(value.scalar));
  for (const Value& item : value.items) check(item, lines);
  for (const auto& [key, member] : value.members) {
    expect(is_utf8(key));
    check(member, lines);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  Inventory inventory;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Document& document = inventory.add(Document{paths[data[0] % std::size(paths)], text, {}});
  read_kubectl_text(&inventory, document);
  inventory.settle_spaces();
  for (const Object& object : inventory.all()) {
    expect(object.file == &document && is_utf8(object.name) && is_utf8(object.space));
    expect(object.line >= 1 && object.line <= document.starts.size());
    check(*object.value, document.starts.size());
  }
  (void)inventory.names();
  (void)inventory.searched();
  return 0;
}
