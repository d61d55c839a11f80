#include "crypto/sealed_file.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace carrel {
namespace {

constexpr std::string_view context = "bundle";

std::size_t envelopes_at() {
  return sealed_file_magic.size() + 1;
}

}  // namespace

FileSealer::FileSealer(const std::vector<RecipientKey>& recipients) {
  const SecretKey key = random_key();
  head_ = sealed_file_magic;
  const std::size_t count = std::min(recipients.size(), most_recipients);
  head_ += static_cast<char>(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Envelope envelope = put_in_envelope(recipients[i], key);
    head_.append(reinterpret_cast<const char*>(envelope.data()), envelope.size());
  }
  sealer_ = std::make_unique<Sealer>(key, context);
}

std::string FileSealer::add(std::string_view plain) {
  return std::exchange(head_, {}) + sealer_->add(plain);
}

std::string FileSealer::finish() {
  return std::exchange(head_, {}) + sealer_->finish();
}

// With the head complete in head_: finds the envelope that opens.
Status FileOpener::open_head() {
  const auto count = static_cast<unsigned char>(head_[sealed_file_magic.size()]);
  Error last{Code::bad_input, "is sealed for nobody", "get an undamaged copy of it"};
  for (std::size_t i = 0; i < count; ++i) {
    Envelope envelope{};
    std::memcpy(envelope.data(), head_.data() + envelopes_at() + i * envelope.size(), envelope.size());
    auto key = open_envelope(secret_, envelope);
    if (key) {
      opener_ = std::make_unique<Opener>(*key, context);
      return {};
    }
    last = {Code::bad_input, "is sealed for another key", "give the secret of a key that it was sealed to"};
  }
  return last;
}

Status FileOpener::add(std::string_view sealed, std::string* plain) {
  if (opener_) return opener_->add(sealed, plain);
  const auto take_to = [&](std::size_t size) {
    const std::size_t taken = std::min(sealed.size(), size - std::min(size, head_.size()));
    head_.append(sealed.substr(0, taken));
    sealed.remove_prefix(taken);
    return head_.size() >= size;
  };
  if (!take_to(envelopes_at())) return {};
  if (!std::string_view(head_).starts_with(sealed_file_magic))
    return Error{Code::bad_input, "is no sealed bundle", "give one that `support-diag` sealed"};
  const auto count = static_cast<unsigned char>(head_[sealed_file_magic.size()]);
  if (count == 0 || count > most_recipients)
    return Error{Code::bad_input, "is a damaged sealed bundle: it names no right number of recipients",
                 "get an undamaged copy of it"};
  if (!take_to(envelopes_at() + count * sizeof(Envelope))) return {};
  if (Status opened = open_head(); !opened) return opened;
  return opener_->add(sealed, plain);
}

Status FileOpener::finish(std::string* plain) {
  if (opener_) return opener_->finish(plain);
  return Error{Code::bad_input, "is truncated: it ends before its sealed bytes begin",
               "get a complete copy of it"};
}

}  // namespace carrel
