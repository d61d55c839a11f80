// Text on its way to a person: to a terminal, a page, or JSON that is printed.
// links: base
//
// Whatever the bytes, nothing that comes out acts on a terminal or a page, and JSON says the same text.
#include <string>
#include <string_view>

#include "base/markup.h"
#include "base/read_value.h"
#include "base/text.h"
#include "expect.h"

namespace {

using namespace carrel;

// What the escaping leaves must need no escaping itself.
void expect_harmless(std::string_view shown, bool lines) {
  expect(is_utf8(shown));
  expect(escape_for_terminal(shown, lines) == shown);
  for (const char c : shown) {
    const auto byte = static_cast<unsigned char>(c);
    expect(byte >= 0x20 || (lines && (c == '\n' || c == '\t')));
    expect(byte != 0x7f);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string valid = to_utf8(bytes);
  expect(is_utf8(valid) && (valid == bytes) == is_utf8(bytes));
  expect_harmless(escape_for_terminal(bytes), false);
  expect_harmless(escape_for_terminal(bytes, true), true);

  const std::string literal = printable_json_string(bytes);
  expect_harmless(literal, false);
  const auto read = read_json(literal);
  expect(static_cast<bool>(read) && read->text() == valid);

  const std::string markup = escape_for_markup(bytes);
  expect(markup.find_first_of("<>\"'") == std::string::npos);
  expect_harmless(markup, true);

  for (const std::size_t limit : {0UL, 1UL, 7UL, size}) {
    const std::string_view cut = cut_utf8(valid, limit);
    expect(cut.size() <= limit && is_utf8(cut) && std::string_view(valid).starts_with(cut));
  }
  if (size >= 3) expect(contains_folded(bytes, to_lower(bytes.substr(size / 3, size / 3))));
  expect(bytes.find(trim(bytes)) != std::string_view::npos);
  return 0;
}
