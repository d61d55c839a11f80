#include "record/tar.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace carrel {
namespace {

constexpr std::size_t block = 512;
constexpr std::size_t most_name = 100;                 // the name field of a ustar header
constexpr std::uint64_t most_octal = 077777777777ULL;  // the size and time fields: 11 octal digits

std::string octal(std::uint64_t number, std::size_t digits) {
  return fmt::format("{:0{}o}", number, digits);
}

std::string header(const TarEntry& entry) {
  std::string out(block, '\0');
  const auto put = [&](std::size_t at, std::string_view text) { out.replace(at, text.size(), text); };
  put(0, std::string_view(entry.name).substr(0, most_name));
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, octal(std::min(entry.size, most_octal), 11));
  put(136, octal(static_cast<std::uint64_t>(std::max<std::int64_t>(entry.time, 0)), 11));
  put(148, "        ");
  out[156] = entry.type;
  put(157, std::string_view(entry.target).substr(0, most_name));
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

}  // namespace

std::string tar_entry(const TarEntry& entry) {
  std::string records;
  if (entry.name.size() > most_name) records += pax_record("path", entry.name);
  if (entry.target.size() > most_name) records += pax_record("linkpath", entry.target);
  if (entry.size > most_octal) records += pax_record("size", std::to_string(entry.size));
  std::string out;
  if (!records.empty())
    out = header({"pax", records.size(), 'x', "", entry.time}) + records + tar_padding(records.size());
  return out + header(entry);
}

std::string tar_padding(std::uint64_t size) {
  return std::string((block - size % block) % block, '\0');
}

std::string tar_end() {
  return std::string(2 * block, '\0');
}

}  // namespace carrel
