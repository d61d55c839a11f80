// The data of Kubernetes Secrets, which are masked whatever their names and values look like: `data` and
// `stringData` of JSON and YAML, also inside strings, in lists, and across more text than can be seen at
// once.
//
// Which object a `data` belongs to is told by the `kind` that follows it (kubectl sorts names) or that came
// before it (the API's own order). Where neither can be known, values that read as base64 are masked, and the
// other finders look at the same text.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "collect/redact/sight.h"

namespace carrel {

class SecretData {
 public:
  // The anchor is "kind": remembers what it says.
  void see_kind(const Sight& sight);
  // A new document of YAML begins.
  void see_document();
  // The anchor is "data". True where the data of a Secret begin: going_on() is true until their end, and
  // `*behind` is where to go on. `guessed`: a guess has looked at this text already; another begins only
  // deeper.
  bool see_data(const Sight& sight, bool guessed, std::size_t* behind);

  bool going_on() const { return mode_ != Mode::none; }
  // Nothing says that these data are a Secret's.
  bool guessing() const { return only_base64_; }
  // Masks what begins at sight.anchor.begin; returns where to go on, always further.
  std::size_t go_on(const Sight& sight, Masks* masks);

 private:
  enum class Mode : std::uint8_t { none, json, yaml };
  enum class Kind : std::uint8_t { unknown, secret, other };

  Kind remembered(std::string_view text, std::size_t key) const;
  std::size_t json_entries(const Sight& sight, Masks* masks);
  std::size_t yaml_entries(const Sight& sight, Masks* masks);
  void mask(std::string_view text, Mask value, std::string_view name, Masks* masks);

  Mode mode_ = Mode::none;
  unsigned depth_ = 0;    // json: backslashes before its quotes
  unsigned nesting_ = 0;  // json: open braces and brackets
  unsigned column_ = 0;   // yaml: of `data`
  bool encoded_ = false;  // base64, as in `data`
  bool only_base64_ = false;
  bool cut_ = false;        // the last value was longer than could be seen; its end is next
  std::string_view label_;  // of the name that was read last
  std::vector<std::pair<unsigned, bool>> kinds_;  // column and whether it is a Secret, of this document
  bool secrets_ = false;                          // a Secret was named since the last document or list began
};

}  // namespace carrel
