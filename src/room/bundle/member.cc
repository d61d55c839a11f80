#include "room/bundle/member.h"

#include <algorithm>
#include <functional>

#include "base/text.h"
#include "record/limits.h"

namespace carrel {
namespace {

// Calls `visit` with each component between slashes until it returns false.
template <class Visit>
void for_each_component(std::string_view name, Visit visit) {
  for (std::size_t from = 0; from <= name.size();) {
    const std::size_t slash = std::min(name.find('/', from), name.size());
    if (!visit(name.substr(from, slash - from))) return;
    from = slash + 1;
  }
}

}  // namespace

std::string_view member_name(std::string_view raw) {
  while (raw.starts_with("./")) {
    raw.remove_prefix(2);
    while (raw.starts_with('/')) raw.remove_prefix(1);
  }
  return raw;
}

const char* refuse_name(std::string_view name) {
  if (name.empty()) return "no name";
  if (name.find('\0') != name.npos) return "name with a NUL byte";
  if (name.starts_with('/')) return "absolute path";
  if (name.size() > limit::path) return "over-long name";
  const char* refusal = nullptr;
  std::size_t depth = 0;
  for_each_component(name, [&](std::string_view component) {
    if (component == "..") refusal = "path that climbs out of the bundle (../)";
    if (component.size() > member_component) refusal = "over-long name";
    ++depth;
    return refusal == nullptr;
  });
  if (refusal != nullptr) return refusal;
  if (depth > member_depth) return "folders nested too deep";
  if (!is_utf8(name)) return "name that is not UTF-8";
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(name.begin(), name.end(), is_control)) return "name with control characters";
  return nullptr;
}

std::uint64_t name_key(std::string_view name) {
  std::string plain;
  plain.reserve(name.size());
  for_each_component(name, [&](std::string_view component) {
    if (!component.empty() && component != ".") plain.append("/").append(component);
    return true;
  });
  return std::hash<std::string>{}(plain);
}

void LeftOutTally::add(const std::string& reason, std::string_view file, std::uint64_t bytes,
                       std::uint64_t files) {
  const auto [at, is_new] = by_reason_.try_emplace(reason, entries_.size());
  if (is_new) {
    LeftOut& entry = entries_.emplace_back();
    entry.reason = reason;
    // Hostile names may be long: what cannot be shown is not converted.
    const std::string valid = to_utf8(file.substr(0, limit::path));
    entry.file = cut_utf8(valid, limit::path);
  }
  LeftOut& entry = entries_[at->second];
  entry.files += files;
  entry.bytes += bytes;
}

}  // namespace carrel
