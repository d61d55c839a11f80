// The fields of a line of JSON or logfmt that say something to a person, whatever its logger calls them.
#pragma once

#include <string>
#include <string_view>

namespace carrel {

struct LineFields {
  std::string level, time, logger, message, error, status;
  std::string code;         // an error's, where it is a name: "RequestTimeTooSkewed"
  std::string scope, plan;  // MongoDB's: the collection ("shop.orders") and how it was read ("COLLSCAN")
  std::string peer;         // whom it called, with the field's name: "provider=acme"
  std::string others;       // the first of those that none of these is
};

// The members of an object, those of nested ones by their inner names. Tolerates a line that was cut.
LineFields json_fields(std::string_view text);
// key=value and key="value with spaces" pairs. `pairs` counts them.
LineFields logfmt_fields(std::string_view text, int* pairs);

}  // namespace carrel
