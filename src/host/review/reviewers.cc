#include "host/review/reviewers.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include "base/fd.h"
#include "base/text.h"
#include "crypto/key.h"

namespace carrel {
namespace {

constexpr std::size_t file_limit = 1 << 20;
constexpr std::string_view file_head = "carrel reviewers 1\n";

using Hashes = std::map<std::string, std::string>;  // by name

std::string path_of(const std::string& data) {
  return data + "/reviewers";
}

Error damaged(const std::string& path) {
  return {Code::machine, fmt::format("{} is no list of reviewers of this carrel", path),
          "remove it and add the reviewers again; what they decided stays in the ledgers"};
}

Result<Hashes> read_hashes(const std::string& data) {
  const std::string path = path_of(data);
  Hashes hashes;
  auto text = read_file_if_there(path, file_limit);
  if (!text) return text.error();
  if (!*text) return hashes;
  std::string_view rest = **text;
  if (!rest.starts_with(file_head) || rest.back() != '\n') return damaged(path);
  rest.remove_prefix(file_head.size());
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    const auto tab = line.find('\t');
    if (tab == std::string_view::npos || !is_reviewer_name(std::string(line.substr(0, tab))))
      return damaged(path);
    hashes[std::string(line.substr(0, tab))] = line.substr(tab + 1);
  }
  return hashes;
}

// Calls `body` with the hashes while no other process can change them, and keeps what it makes of them.
template <class Body>
Status change(const std::string& data, Body body) {
  std::error_code error;
  std::filesystem::create_directories(data, error);
  const std::string path = path_of(data);
  const Fd lock(::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) return errno_error("cannot open " + path + ".lock");
  while (::flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return errno_error("cannot lock " + path);
  }
  auto hashes = read_hashes(data);
  if (!hashes) return hashes.error();
  if (Status done = body(*hashes); !done) return done;
  std::string text(file_head);
  for (const auto& [name, hash] : *hashes) text += fmt::format("{}\t{}\n", name, hash);
  return write_file_durably(path, text);
}

}  // namespace

bool is_reviewer_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && trim(name) == name && escape_for_terminal(name) == name;
}

Result<std::vector<std::string>> reviewers(const std::string& data) {
  auto hashes = read_hashes(data);
  if (!hashes) return hashes.error();
  std::vector<std::string> names;
  for (const auto& [name, hash] : *hashes) names.push_back(name);
  return names;
}

Status add_reviewer(const std::string& data, const std::string& name, const std::string& password) {
  if (!is_reviewer_name(name)) {
    return Error{Code::usage, fmt::format("\"{}\" is no name of a reviewer", escape_for_terminal(name)),
                 "give 1 to 64 bytes of printable text"};
  }
  if (password.size() < least_password || password.size() > most_password) {
    return Error{Code::usage, "the password is too short or too long",
                 fmt::format("give {} to {} bytes", least_password, most_password)};
  }
  if (Status ready = prepare_crypto(); !ready) return ready;
  auto hash = hash_password(password);
  if (!hash) return hash.error();
  return change(data, [&](Hashes& hashes) {
    hashes[name] = *hash;
    return Status();
  });
}

Status remove_reviewer(const std::string& data, const std::string& name) {
  return change(data, [&](Hashes& hashes) {
    if (hashes.erase(name) > 0) return Status();
    return Status(Error{Code::usage, fmt::format("there is no reviewer {}", escape_for_terminal(name)),
                        "`carrel reviewers list` lists them"});
  });
}

Result<bool> is_reviewer(const std::string& data, const std::string& name, const std::string& password) {
  auto hashes = read_hashes(data);
  if (!hashes) return hashes.error();
  const auto found = hashes->find(name);
  if (found != hashes->end()) return is_password(password, found->second);
  // The same work for nothing, so that the time does not tell which names there are.
  if (auto hash = hash_password(password); !hash) return hash.error();
  return false;
}

}  // namespace carrel
