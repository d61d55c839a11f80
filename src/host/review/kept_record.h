// A record among the objects of a run, as it crossed a wall: "evidence", "prompt", "tries", "context".
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/result.h"
#include "host/ledger/ledger.h"
#include "record/codec.h"

namespace carrel {

// Error: Code::usage where the run has none of this role, Code::bad_input for one of another version.
template <class T>
Result<T> kept_record(const Ledger& ledger, const RunRow& run, const std::string& role) {
  auto bytes = ledger.object(run, role);
  if (!bytes) return bytes.error();
  // Its first line names role and version.
  const auto line = bytes->find('\n');
  auto record =
      decode<T>(std::string_view(*bytes).substr(line == std::string::npos ? bytes->size() : line + 1));
  if (!record)
    return Error{Code::bad_input, fmt::format("the {} of run {} is of another version", role, run.id), ""};
  return record;
}

}  // namespace carrel
