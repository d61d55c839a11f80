// The parts of a sentence that claim something exact: names, quoted words, numbers. Ordinary words are not
// among them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carrel {

struct TextToken {
  enum class Kind : std::uint8_t {
    name,    // cannot be an ordinary word: "api-5d8f", "registry.io/x:1.2", a word in quotes, "pod web-api"
    maybe,   // looks like a name and may be a word: "web-api", "CrashLoopBackOff", "spec.replicas", "DB_HOST"
    number,  // "2.76", "1,024", "128Mi", "40%"
    moment,  // a date, a time, a ratio: digits with marks between
    phrase,  // several words in quotes
  };
  Kind kind = Kind::name;
  std::string text;                     // in lower case
  bool cut = false;                     // "..." stands behind it: the beginning of something longer
  std::vector<std::string> humps = {};  // of a word with capitals inside: "crash", "loop", "back", "off"
};

// In their order. English, ASCII case folded.
std::vector<TextToken> tokens_of(std::string_view text);

// A number with its unit as comparable values: the number as written, and what it means as bytes, as cores,
// as seconds (a bare number may be any of them). Kubernetes quantities, percent signs and durations.
struct Quantity {
  double number = 0;
  std::string unit;  // in lower case, "" for none
};
std::optional<Quantity> quantity_of(std::string_view text);

// True where both can mean the same: 1Gi and 1024Mi, 0.5 and 500m, 90s and 1.5m, 1,024 and 1024.
bool same_quantity(const Quantity& a, const Quantity& b);

// All quantities that stand in a text, also inside words and times.
std::vector<Quantity> quantities_in(std::string_view text);

}  // namespace carrel
