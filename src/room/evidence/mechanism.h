// Mechanisms: the ways in which software fails that show in its log, and what each is called in plain words.
//
// A mechanism is recognised by phrases (ASCII case folded); where `also` is not empty one of those must stand
// in the line too. The table is in mechanism_table.cc, the more specific before the more general.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace carrel {

struct Mechanism {
  std::string name;   // "database-unreachable"
  std::string says;   // goes on after the component's name: "cannot connect to its database"
  double root = 0;    // 0 to 0.15: how well it explains a failure by itself; 0: not at all, it shows one
  bool fault = true;  // false: a condition (slow, near a limit) that matters when it is asked for
  std::vector<std::string> phrases;
  std::vector<std::string> also;
};

struct MechanismMatch {
  const Mechanism* mechanism = nullptr;  // null: none
  std::uint32_t begin = 0;               // of the phrase in the text
  std::uint32_t end = 0;
};

const std::vector<Mechanism>& mechanisms();

// That of a log's finding ("log-timeout"), or null.
const Mechanism* mechanism_of(std::string_view detector);

// The first mechanism of the table that the text shows; "upstream-failed" yields to one that explains it.
MechanismMatch find_mechanism(std::string_view text);

}  // namespace carrel
