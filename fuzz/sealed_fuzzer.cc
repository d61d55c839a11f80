// Sealed bundles, and keys as lines of text.
// links: room/bundle crypto
//
// Any bytes open or are refused. One that was sealed here opens to what went in; changed anywhere, cut short
// or made longer it is refused, and what was given out until then is its beginning.
#include <string>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "crypto/envelope.h"
#include "crypto/sealed_file.h"
#include "expect.h"
#include "room/bundle/read.h"

namespace {

using namespace carrel;

const RecipientKeys& keys() {
  static const RecipientKeys made = random_recipient_keys();
  return made;
}

// Whether it opened to its end; what came of it is in `plain`.
bool open(std::string_view sealed, std::size_t step, std::string* plain) {
  auto again = recipient_keys_of_text(recipient_secret_text(keys().secret));
  expect(static_cast<bool>(again));
  FileOpener opener(std::move(again->secret));
  for (std::size_t at = 0; at < sealed.size(); at += step) {
    if (!opener.add(sealed.substr(at, step), plain)) return false;
  }
  return static_cast<bool>(opener.finish(plain));
}

class Ignoring final : public LineSink {
  void begin(const TextFile&) override {}
  void add(std::string_view) override {}
  void end() override {}
};

// As the read room opens it.
void read_as_bundle(std::string_view sealed) {
  const Fd file(::memfd_create("bundle", MFD_CLOEXEC));
  if (!write_all(file.get(), sealed)) return;
  ::lseek(file.get(), 0, SEEK_SET);
  BundleOptions options;
  options.name = "bundle";
  options.key = recipient_secret_text(keys().secret);
  options.limits = {
      .bytes = 1 << 20, .file_bytes = 1 << 20, .files = 100, .ratio = 100, .structured_bytes = 1 << 20};
  Inventory inventory;
  Ignoring sink;
  (void)read_bundle(file.get(), options, &inventory, &sink);
}

std::string sealed_from(std::string_view plain) {
  FileSealer sealer({keys().recipient});
  std::string sealed = sealer.add(plain);
  return sealed + sealer.finish();
}

void change_and_open(std::string_view bytes) {
  const auto number = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  const std::size_t where = number(1) | number(2) << 8, step = 1 + number(3);
  const std::string plain(bytes.substr(4));
  const std::string sealed = sealed_from(plain);
  std::string opened;
  expect(open(sealed, step, &opened) && opened == plain);

  std::string changed = sealed;
  const std::size_t at = where % sealed.size();
  switch (number(0) % 3) {
    case 0:
      changed[at] = static_cast<char>(changed[at] ^ (1 << number(3) % 8));
      break;
    case 1:
      changed.resize(at);
      break;
    default:
      changed += plain.empty() ? "more" : plain;
  }
  opened.clear();
  expect(!open(changed, step, &opened));
  expect(plain.starts_with(opened));
  if (!changed.empty()) read_as_bundle(changed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto key = recipient_of_text(bytes)) expect(recipient_of_text(recipient_text(*key)) && true);
  (void)recipient_keys_of_text(bytes);
  // With a right beginning in front, so that what follows it is looked at.
  std::string raw(bytes), plain;
  (void)open(raw, 7, &plain);
  read_as_bundle(sealed_from({}).substr(0, sealed_file_magic.size() + 100) + raw);
  if (size >= 4) change_and_open(bytes);
  return 0;
}
