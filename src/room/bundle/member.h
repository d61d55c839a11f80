// Which members of an archive are read, and what was left out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "record/evidence.h"

namespace carrel {

inline constexpr std::size_t member_depth = 100;      // folders; a path of Java classes has about 30
inline constexpr std::size_t member_component = 255;  // bytes, Linux's NAME_MAX

// The name a member is known by: without leading "./".
std::string_view member_name(std::string_view raw);

// Why a member of this name is not read: absolute, climbing out ("../"), over-long, too deep, not UTF-8, with
// control characters, empty. nullptr where the name is good.
const char* refuse_name(std::string_view name);

// The same name for two spellings of one path ("a//b/./c"), hashed, to find a member that comes twice.
std::uint64_t name_key(std::string_view name);

// Counts what is left out: one entry a reason, with the first file it befell as an example.
class LeftOutTally {
 public:
  void add(const std::string& reason, std::string_view file, std::uint64_t bytes, std::uint64_t files = 1);
  // In the order of the reasons' first occurrence; names are valid UTF-8 within limit::path.
  std::vector<LeftOut> take() { return std::move(entries_); }
  bool empty() const { return entries_.empty(); }

 private:
  std::vector<LeftOut> entries_;
  std::map<std::string, std::size_t> by_reason_;
};

}  // namespace carrel
