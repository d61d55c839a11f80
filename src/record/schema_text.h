// The JSON text of a schema as a tree that knows where each part stands, so that a mistake can be told with
// its line and column. For small files that a person wrote; read whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/schema.h"

namespace carrel {

struct PlacedJson {
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };
  struct Place {
    std::size_t line = 1;
    std::size_t column = 1;  // in bytes
  };
  struct Member;

  Kind kind = Kind::null;
  Place place;
  bool flag = false;  // boolean
  std::string text;   // string: its value; number: as written
  std::vector<PlacedJson> items;
  std::vector<Member> members;

  // The member's value, or null.
  const PlacedJson* find(std::string_view name) const;
  bool is_integer() const;
  // The number, where it is written as an integer ("3", not "3.0") and fits.
  std::optional<std::int64_t> integer() const;
  // The one JSON text of this string, number, boolean or null that Carrel writes.
  std::string canonical() const;
};

struct PlacedJson::Member {
  std::string name;
  Place place;
  std::vector<PlacedJson> holder;  // exactly one; a vector because the type is not complete yet
  const PlacedJson& value() const { return holder.front(); }
};

// Nothing, with a mistake added, where the text is not JSON. A name that stands twice in an object is a
// mistake.
std::optional<PlacedJson> read_placed_json(std::string_view json, std::vector<Mistake>* mistakes);

// The string as JSON: in quotes, with `"`, `\` and control characters escaped, everything else as it is.
std::string json_string(std::string_view text);

}  // namespace carrel
