#include "host/ledger/objects.h"

#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/fd.h"
#include "digest/sha256.h"

namespace carrel {
namespace {

namespace fs = std::filesystem;

// The largest are states of think rooms: 150 KB a token of a model of four thousand million parameters.
constexpr std::size_t object_limit = 4ULL << 30;

std::string object_path(const std::string& folder, const std::string& sha256) {
  return fmt::format("{}/objects/{}/{}", folder, sha256.substr(0, 2), sha256.substr(2));
}

}  // namespace

Status make_private_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error) fs::permissions(path, fs::perms::owner_all, error);
  if (!error) return {};
  return Error{Code::machine, fmt::format("cannot make {}: {}", path, error.message()),
               "make it writable, or name another folder with --data"};
}

Result<StoredObject> put_object(const std::string& folder, const Vault& vault, const std::string& bytes) {
  if (vault.locked()) return locked_error();
  if (bytes.size() > object_limit)
    return Error{Code::does_not_fit, "an object is larger than the ledger takes", ""};
  const std::string stored = vault.hide_object(bytes);
  StoredObject object{sha256_of(stored), stored.size()};
  const std::string path = object_path(folder, object.sha256);
  std::error_code error;
  if (fs::exists(path, error)) return object;
  if (Status made = make_private_folder(fs::path(path).parent_path()); !made) return made.error();
  // Another process may have made the folder a moment ago and not have synced it yet: done each time.
  if (Status synced = sync_folder_of(folder + "/objects/"); !synced) return synced.error();
  if (Status written = write_file_durably(path, stored); !written) return written.error();
  return object;
}

Result<std::string> stored_object(const std::string& folder, const std::string& sha256) {
  if (sha256.size() != 64) return Error{Code::bad_input, "no such object", ""};
  auto stored = read_file(object_path(folder, sha256), object_limit + (64U << 10));
  if (!stored) return Error{Code::machine, stored.error().what, "restore the tenant's folder from a backup"};
  if (sha256_of(*stored) == sha256) return stored;
  return Error{Code::machine, fmt::format("the stored object {} was changed", sha256),
               "restore the tenant's folder from a backup"};
}

Result<std::string> get_object(const std::string& folder, const Vault& vault, const std::string& sha256) {
  auto stored = stored_object(folder, sha256);
  if (!stored) return stored;
  return vault.reveal_object(std::move(*stored));
}

std::uint64_t object_bytes(const std::string& folder, const std::string& sha256) {
  std::error_code error;
  const auto bytes = fs::file_size(object_path(folder, sha256), error);
  return error ? 0 : bytes;
}

Status remove_object(const std::string& folder, const std::string& sha256) {
  const std::string path = object_path(folder, sha256);
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return errno_error("cannot remove " + path);
}

std::vector<std::string> all_objects(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& part : fs::directory_iterator(folder + "/objects", error)) {
    const std::string head = part.path().filename();
    for (const auto& file : fs::directory_iterator(part.path(), error))
      names.push_back(head + file.path().filename().string());
  }
  return names;
}

}  // namespace carrel
