// The home index: <data>/home.db, the head of each ledger's chain, by the chain's own opaque id and nothing
// else. A ledger cannot tell by itself that its newest entries were taken away; the index can.
//
// A head is written after the ledger's own transaction, first of a ledger that was just made, so the index
// may lag behind by what a kill cut off, and is never ahead. Raising it never lowers it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/ledger/chain.h"

namespace carrel {

// Notes that the chain has come this far.
Status raise_head(const std::string& data, const std::string& chain, const ChainHead& head);

// Forgets the chain of a ledger that is removed.
Status forget_head(const std::string& data, const std::string& chain);

// How far the index knows the chain; nothing where it does not know it or there is no index.
Result<std::optional<ChainHead>> indexed_head(const std::string& data, const std::string& chain);

// The chains that the index knows; none where there is no index.
Result<std::vector<std::string>> indexed_chains(const std::string& data);

}  // namespace carrel
