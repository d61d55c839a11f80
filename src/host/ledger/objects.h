// The objects of a ledger: bytes under <tenant>/objects/ab/cdef…, named by the SHA-256 of the file's bytes.
// Those of a sealed ledger are sealed, so that their names tell nothing of what is in them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/ledger/vault.h"

namespace carrel {

struct StoredObject {
  std::string sha256;
  std::uint64_t bytes = 0;  // of the file
};

// Writes the bytes, durably when it returns. In a ledger without a key, writing the same again is free.
Result<StoredObject> put_object(const std::string& folder, const Vault& vault, const std::string& bytes);

// Reads it back. An object that was changed, or that is missing, is an Error of Code::machine.
Result<std::string> get_object(const std::string& folder, const Vault& vault, const std::string& sha256);

// The file's bytes, as they are kept, checked against the name.
Result<std::string> stored_object(const std::string& folder, const std::string& sha256);

std::uint64_t object_bytes(const std::string& folder, const std::string& sha256);  // 0 where it is missing

// Takes it away; that it is gone already is no Error.
Status remove_object(const std::string& folder, const std::string& sha256);

// The names of all that are there.
std::vector<std::string> all_objects(const std::string& folder);

// Makes a folder that its owner alone can read.
Status make_private_folder(const std::string& path);

}  // namespace carrel
