// Bytes of a bundle on their way out.
// links: collect/redact
//
// However they are cut, the same comes out; and whatever stands around it, a password in a line of its own
// does not.
#include <algorithm>
#include <string>
#include <string_view>

#include "collect/redact/redactor.h"
#include "expect.h"

namespace {

using namespace carrel;

constexpr std::string_view planted = "Planted-77-secret";

const RedactionPlan& plan() {
  static const auto rules = [] {
    RedactionRules all;
    all.addresses = true;
    all.words.push_back({"acme", "customer"});
    all.patterns.push_back({"EMP-", "##*", "employee"});
    return all;
  };
  static const RedactionPlan with_addresses(rules());
  return with_addresses;
}

std::string redact(std::string_view text, std::string_view sizes) {
  auto pseudonyms = Pseudonyms::create(false);
  Redactor redactor(plan(), &*pseudonyms);
  std::string out;
  redactor.begin("fuzz");
  for (std::size_t at = 0, i = 0; at < text.size(); ++i) {
    const std::size_t size =
        sizes.empty() ? text.size() : 1 + static_cast<unsigned char>(sizes[i % sizes.size()]);
    redactor.feed(text.substr(at, size), &out);
    at += size;
  }
  redactor.finish(&out);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // One that has learnt the password and writes it elsewhere, in a place where nothing says that it is one.
  std::string around(bytes);
  around += bytes;
  if (around.find(planted) != std::string::npos) return 0;
  const std::string_view sizes = bytes.substr(0, std::min<std::size_t>(size, 4));
  const std::size_t half = size / 2;
  std::string text(bytes.substr(0, half));
  text.append("\n\"password\": \"").append(planted).append("\",\n");
  text += bytes.substr(half);
  // Longer than can be seen at once, so that what goes on from buffer to buffer is tried too.
  if (size > 8 && bytes[4] == 0x7f) {
    const std::string once = text;
    while (text.size() < 600'000) text += once;
  }
  const std::string whole = redact(text, {});
  expect(whole.find(planted) == std::string::npos);
  expect(sizes.empty() || redact(text, sizes) == whole);
  return 0;
}
