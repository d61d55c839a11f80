#include "base/value.h"

#include <charconv>

namespace carrel {

const Value& Value::null() {
  static const Value none;
  return none;
}

const Value& Value::operator[](std::string_view key) const {
  for (const auto& [name, value] : members) {
    if (name == key) return value;
  }
  return null();
}

const Value& Value::operator[](std::size_t index) const {
  return index < items.size() ? items[index] : null();
}

std::optional<std::int64_t> Value::integer() const {
  std::int64_t number = 0;
  const char* end = scalar.data() + scalar.size();
  const auto [rest, error] = std::from_chars(scalar.data(), end, number);
  if (scalar.empty() || error != std::errc() || rest != end) return std::nullopt;
  return number;
}

}  // namespace carrel
