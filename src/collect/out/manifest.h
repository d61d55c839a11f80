// carrel/manifest.json: what is in a bundle, where each file came from, what was taken out of it, and what
// could not be had. docs/formats/manifest.md is its description.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace carrel {

inline constexpr unsigned manifest_version = 1;
inline constexpr const char* manifest_path = "carrel/manifest.json";

struct ManifestFile {
  std::string path;  // below the top folder
  std::uint64_t size = 0;
  std::string sha256;
  std::string source;
  std::string started;  // RFC 3339, UTC
  double seconds = 0;
  std::string status;
  std::map<std::string, std::uint64_t> redactions;  // how many, by class
  std::string cut;
};

struct ManifestMissing {
  std::string path, source, status, reason;
};

struct Manifest {
  std::string tool_version;
  std::string started, finished;
  std::string stopped;  // why it is not whole: "interrupted"; empty where it is
  std::vector<std::pair<std::string, std::string>> options;
  std::vector<ManifestFile> files;
  std::vector<ManifestMissing> missing;
};

std::string to_json(const Manifest& manifest);
// Errors: Code::bad_input for what is no manifest, or one of a version that is not known.
Result<Manifest> read_manifest(std::string_view json);

}  // namespace carrel
