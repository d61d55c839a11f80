// A record among the objects of a run, as flow/run.cc keeps it: a line that names its role and version, then
// the record (docs/formats/ledger.md).
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "host/ledger/ledger.h"
#include "record/codec.h"

namespace carrel {

// Errors: the run has none, its object was changed, or it is of a version whose fields were others.
template <class T>
Result<T> stored_record(const Ledger& ledger, const RunRow& run, const std::string& role) {
  auto bytes = ledger.object(run, role);
  if (!bytes) return bytes.error();
  const auto line = bytes->find('\n');
  auto record =
      decode<T>(std::string_view(*bytes).substr(line == std::string::npos ? bytes->size() : line + 1));
  if (!record)
    return Error{Code::bad_input, fmt::format("the {} of run {} is of another version", role, run.id), ""};
  return record;
}

}  // namespace carrel
