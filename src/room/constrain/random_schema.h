// Random schemas, names and command patterns for the comparison of the automaton with its reference: for
// tests and the fuzzer. Small on purpose, with names, keys and literals that are prefixes of one another.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "record/command.h"
#include "record/evidence.h"
#include "record/schema.h"

namespace carrel {

struct RandomLanguage {
  std::shared_ptr<const Schema> schema;
  std::size_t evidence_count = 0;
  std::vector<CommandPattern> patterns;
  std::vector<Name> names;
  std::vector<std::string> lines;  // one for each evidence id
};

// `below(n)` draws a number from 0 to n - 1.
using Draw = std::function<std::size_t(std::size_t)>;
RandomLanguage random_language(const Draw& below);

}  // namespace carrel
