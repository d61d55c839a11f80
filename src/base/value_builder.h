// What the readers of JSON and YAML share: nesting becomes a tree of Values under the limits of read_value.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"

namespace carrel {

inline constexpr std::size_t deepest_value = 128;
inline constexpr std::size_t most_values = 4'000'000;

// Takes the parts of one document in order. A call that returns false was refused; `refusal` then says why.
class ValueBuilder {
 public:
  bool begin(Value::Kind kind, std::uint32_t line, std::uint32_t column = 0);  // object or array
  bool end(std::uint32_t end_line);
  bool key(std::string name, std::uint32_t line, std::uint32_t column = 0);
  bool add(Value value);  // a scalar, or a finished tree
  // Counts values that were made elsewhere (copies).
  bool count(std::size_t values);

  bool complete() const { return open_.empty() && root_.has_value(); }
  bool inside_object_before_key() const {
    return !open_.empty() && open_.back().value.kind == Value::Kind::object && !open_.back().keyed;
  }
  // The last finished value: the root, or the newest child of the innermost open one.
  const Value* newest() const;
  Value take();
  const std::string& refusal() const { return refusal_; }

 private:
  struct Open {
    Value value;
    std::string key;
    std::uint32_t key_line = 0, key_column = 0;
    bool keyed = false;
  };
  std::vector<Open> open_;
  std::optional<Value> root_;
  std::size_t values_ = 0;
  std::string refusal_;

  bool refuse(std::string why);
  void attach(Value value);
};

// Keeps the last of the members that have the same key, at its place.
void drop_earlier_duplicates(Value* object);

}  // namespace carrel
