#include "collect/redact/pseudonyms.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <sodium.h>

#include "crypto/secret.h"

namespace carrel {

Result<Pseudonyms> Pseudonyms::create(bool keep) {
  if (Status ready = prepare_crypto(); !ready) return ready.error();
  return Pseudonyms(keep);
}

Pseudonyms::Pseudonyms(bool keep) : keep_(keep) {
  randombytes_buf(key_.data(), key_.size());
}

std::size_t Pseudonyms::DigestHash::operator()(const Digest& digest) const {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

std::string Pseudonyms::of(std::string_view label, std::string_view value) {
  Digest digest{};
  crypto_generichash(digest.data(), digest.size(), reinterpret_cast<const unsigned char*>(value.data()),
                     value.size(), key_.data(), key_.size());
  const auto found = known_.find(digest);
  if (found != known_.end()) {
    return fmt::format("{}{}-{}", pseudonym_prefix, labels_[found->second.label], found->second.number);
  }
  if (known_.size() >= most_values || (keep_ && kept_bytes_ + value.size() > most_kept_bytes)) {
    ++shared_;
    return fmt::format("{}{}-more", pseudonym_prefix, label);
  }
  auto at = std::find(labels_.begin(), labels_.end(), label);
  if (at == labels_.end()) at = labels_.insert(labels_.end(), std::string(label));
  const Known known{static_cast<std::uint32_t>(known_.size() + 1),
                    static_cast<std::uint32_t>(at - labels_.begin())};
  known_.emplace(digest, known);
  std::string pseudonym = fmt::format("{}{}-{}", pseudonym_prefix, label, known.number);
  if (keep_) {
    kept_bytes_ += value.size();
    kept_.push_back({pseudonym, std::string(value)});
  }
  return pseudonym;
}

}  // namespace carrel
