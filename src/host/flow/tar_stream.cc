#include "host/flow/tar_stream.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/fd.h"

namespace carrel {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t block = 512;
constexpr std::size_t most_name = 100;                // the name field of a ustar header
constexpr std::uint64_t most_size = 077777777777ULL;  // the size field: 11 octal digits

std::string octal(std::uint64_t number, std::size_t digits) {
  return fmt::format("{:0{}o}", number, digits);
}

std::string header(const std::string& name, char type, std::uint64_t size, const std::string& target) {
  std::string out(block, '\0');
  const auto put = [&](std::size_t at, std::string_view text) { out.replace(at, text.size(), text); };
  put(0, std::string_view(name).substr(0, most_name));
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, octal(std::min(size, most_size), 11));
  put(136, "00000000000");
  put(148, "        ");
  out[156] = type;
  put(157, std::string_view(target).substr(0, most_name));
  put(257, std::string_view("ustar\0"
                            "00",
                            8));
  unsigned sum = 0;
  for (const char c : out) sum += static_cast<unsigned char>(c);
  put(148, octal(sum, 6) + std::string("\0 ", 2));
  return out;
}

// One record of a pax header: its own length, in digits, counts too.
std::string pax_record(const std::string& key, const std::string& value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (std::to_string(length).size() + rest != length) ++length;
  return fmt::format("{} {}={}\n", length, key, value);
}

std::string padding(std::uint64_t size) {
  return std::string((block - size % block) % block, '\0');
}

// The header of an entry, preceded by a pax header where a ustar header has too little room.
std::string entry(const std::string& name, char type, std::uint64_t size, const std::string& target) {
  std::string records;
  if (name.size() > most_name) records += pax_record("path", name);
  if (target.size() > most_name) records += pax_record("linkpath", target);
  if (size > most_size) records += pax_record("size", std::to_string(size));
  std::string out;
  if (!records.empty()) out = header("pax", 'x', records.size(), "") + records + padding(records.size());
  return out + header(name, type, size, target);
}

class Folder {
 public:
  Folder(std::string root, const std::function<Status(std::string_view)>& write)
      : root_(std::move(root)), write_(write), buffer_(1 << 20) {}

  Status write_below(const std::string& relative) {
    std::vector<std::string> names;
    std::error_code error;
    const std::string path = relative.empty() ? root_ : root_ + "/" + relative;
    for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
      names.push_back(it->path().filename());
    }
    if (error) return Error{Code::bad_input, fmt::format("cannot read {}: {}", path, error.message()), ""};
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      if (Status done = write_one(relative.empty() ? name : relative + "/" + name); !done) return done;
    }
    return {};
  }

 private:
  Status write_one(const std::string& name) {
    const std::string path = root_ + "/" + name;
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return errno_error("cannot look at " + path, Code::bad_input);
    if (S_ISDIR(status.st_mode)) return write_below(name);
    if (S_ISREG(status.st_mode)) return write_file(name, path);
    if (S_ISLNK(status.st_mode)) {
      std::error_code error;
      return write_(entry(name, '2', 0, fs::read_symlink(path, error)));
    }
    return write_(entry(name, S_ISFIFO(status.st_mode) ? '6' : '3', 0, ""));
  }

  Status write_file(const std::string& name, const std::string& path) {
    // Not through a link that took the file's place since it was looked at.
    Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status {};
    if (!file.valid() || ::fstat(file.get(), &status) != 0)
      return errno_error("cannot open " + path, Code::bad_input);
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (Status done = write_(entry(name, '0', size, "")); !done) return done;
    for (std::uint64_t left = size; left > 0;) {
      auto n = read_some(file.get(), buffer_.data(), std::min<std::uint64_t>(left, buffer_.size()));
      if (!n) return std::move(n.error()).in(path);
      if (*n == 0) return Error{Code::bad_input, path + " became shorter while it was read", "run it again"};
      if (Status done = write_({buffer_.data(), *n}); !done) return done;
      left -= *n;
    }
    return write_(padding(size));
  }

  std::string root_;
  const std::function<Status(std::string_view)>& write_;
  std::vector<char> buffer_;
};

}  // namespace

Status write_tar(const std::string& folder, const std::function<Status(std::string_view)>& write) {
  if (Status done = Folder(folder, write).write_below(""); !done) return done;
  return write(std::string(2 * block, '\0'));
}

}  // namespace carrel
