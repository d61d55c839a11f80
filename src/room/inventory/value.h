// Value: a JSON or YAML value that knows where it stands in its file.
//
// Both readers (bundle/json.h, bundle/yaml.h) and the reader of kubectl's text make these, so that whatever looks at
// objects is written once. A Value never changes after it was read; asking it for what it lacks gives the one null
// Value, so chains of look-ups need no tests:
//
//   const Value& reason = pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"];
//   if (reason.text() == "CrashLoopBackOff") cite(reason.line);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carrel {

class Value {
 public:
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

  Kind kind = Kind::null;
  std::uint32_t line = 0;      // of its first byte, from 1; for an object's member, of the key
  std::uint32_t end_line = 0;  // of its last byte
  std::string scalar;          // boolean ("true"), number as written, string unescaped (valid UTF-8)
  std::vector<std::pair<std::string, Value>> members;  // object, in the file's order
  std::vector<Value> items;                            // array

  bool exists() const { return kind != Kind::null; }
  bool is(Kind other) const { return kind == other; }
  const Value& operator[](std::string_view key) const;  // null when it is not an object with that member
  const Value& operator[](std::size_t index) const;     // null when it is not an array of that length
  std::string_view text() const { return scalar; }      // empty for null, arrays and objects
  std::optional<std::int64_t> integer() const;          // a whole number, also one written as a string
  bool is_true() const { return scalar == "true"; }
  std::size_t size() const { return items.size() + members.size(); }

  static const Value& null();
};

}  // namespace carrel
