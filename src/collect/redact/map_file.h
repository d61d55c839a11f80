// The map from pseudonyms back to values: kept by the customer alone, sealed, and read again by
// `support-diag reveal`. docs/formats/redaction-map.md has the format.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collect/redact/pseudonyms.h"
#include "crypto/key.h"

namespace carrel {

// What a map is sealed with: a key, or a passphrase, of which the salt is kept in the map.
struct MapLock {
  SecretKey key;
  std::optional<Salt> salt;  // of a passphrase
};
MapLock lock_with_key(SecretKey key);
Result<MapLock> lock_with_passphrase(std::string_view passphrase);

std::string seal_map(const std::vector<Pseudonyms::Entry>& entries, const MapLock& lock);

// Asked for the key: with the salt where a passphrase is wanted.
using Unlock = std::function<Result<SecretKey>(const std::optional<Salt>& salt)>;
// Error: Code::bad_input, where it is no map, was changed, or the key is another.
Result<std::vector<Pseudonyms::Entry>> open_map(std::string_view bytes, const Unlock& unlock);

// The text with every pseudonym of the map replaced by its value. `*unknown` counts pseudonyms that the map
// lacks.
std::string reveal(std::string_view text, const std::vector<Pseudonyms::Entry>& entries,
                   std::size_t* unknown);

}  // namespace carrel
