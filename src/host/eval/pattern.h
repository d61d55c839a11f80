// Pattern: a regular expression of a labelled case (ECMAScript, case folded, by code points), matched against
// texts that may be hostile: in time that grows with the text's length alone, without recursion.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace carrel {

class Pattern {
 public:
  // An Error (Code::bad_input) says why it is none.
  static Result<Pattern> make(const std::string& source);

  bool matches(std::string_view text) const;
  // Every place where it matches, as [begin, end) in code points. Quadratic: for a sentence, not for a file.
  std::vector<std::pair<std::size_t, std::size_t>> places(const std::u32string& text) const;

  const std::string& source() const { return source_; }

 private:
  struct Compiled;
  Pattern() = default;
  std::string source_;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace carrel
