#include "collect/out/manifest.h"

#include <cmath>
#include <cstdlib>

#include <fmt/format.h>
#include <rapidjson/prettywriter.h>

#include "base/read_value.h"
#include "base/text.h"

namespace carrel {
namespace {

using Writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

void put(Writer& writer, std::string_view key, const std::string& text) {
  const std::string valid = is_utf8(text) ? text : to_utf8(text);
  writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  writer.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
}

void put_given(Writer& writer, const char* key, const std::string& text) {
  if (!text.empty()) put(writer, key, text);
}

void put_file(Writer& writer, const ManifestFile& file) {
  writer.StartObject();
  put(writer, "path", file.path);
  writer.Key("size");
  writer.Uint64(file.size);
  put(writer, "sha256", file.sha256);
  put(writer, "source", file.source);
  put(writer, "started", file.started);
  writer.Key("seconds");
  const std::string seconds = fmt::format("{:.3f}", file.seconds);
  writer.RawValue(seconds.data(), seconds.size(), rapidjson::kNumberType);
  put(writer, "status", file.status);
  if (!file.redactions.empty()) {
    writer.Key("redactions");
    writer.StartObject();
    for (const auto& [name, count] : file.redactions) {
      writer.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
      writer.Uint64(count);
    }
    writer.EndObject();
  }
  put_given(writer, "cut", file.cut);
  writer.EndObject();
}

std::string text_of(const Value& object, const char* key) {
  return std::string(object[key].text());
}

std::uint64_t count_of(const Value& value) {
  const auto number = value.integer();
  return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

// A time that is none ("nan") counts as 0: JSON could not tell it again.
double seconds_of(const Value& value) {
  const double seconds = std::strtod(std::string(value.text()).c_str(), nullptr);
  return std::isfinite(seconds) ? seconds : 0;
}

ManifestFile file_of(const Value& value) {
  ManifestFile file;
  file.path = text_of(value, "path");
  file.size = count_of(value["size"]);
  file.sha256 = text_of(value, "sha256");
  file.source = text_of(value, "source");
  file.started = text_of(value, "started");
  file.seconds = seconds_of(value["seconds"]);
  file.status = text_of(value, "status");
  for (const auto& [name, count] : value["redactions"].members) file.redactions[name] = count_of(count);
  file.cut = text_of(value, "cut");
  return file;
}

}  // namespace

std::string to_json(const Manifest& manifest) {
  rapidjson::StringBuffer out;
  Writer writer(out);
  writer.SetIndent(' ', 2);
  writer.StartObject();
  writer.Key("version");
  writer.Uint(manifest_version);
  writer.Key("tool");
  writer.StartObject();
  put(writer, "name", "support-diag");
  put(writer, "version", manifest.tool_version);
  writer.EndObject();
  put(writer, "started", manifest.started);
  put(writer, "finished", manifest.finished);
  writer.Key("complete");
  writer.Bool(manifest.stopped.empty());
  put_given(writer, "stopped", manifest.stopped);
  writer.Key("options");
  writer.StartObject();
  for (const auto& [name, value] : manifest.options) put(writer, name, value);
  writer.EndObject();
  writer.Key("files");
  writer.StartArray();
  for (const ManifestFile& file : manifest.files) put_file(writer, file);
  writer.EndArray();
  writer.Key("missing");
  writer.StartArray();
  for (const ManifestMissing& missing : manifest.missing) {
    writer.StartObject();
    put(writer, "path", missing.path);
    put(writer, "source", missing.source);
    put_given(writer, "status", missing.status);
    put(writer, "reason", missing.reason);
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  return out.GetString() + std::string("\n");
}

Result<Manifest> read_manifest(std::string_view json) {
  auto value = read_json(json);
  if (!value) return std::move(value.error()).in(manifest_path);
  const auto version = (*value)["version"].integer();
  if (!version)
    return Error{Code::bad_input, std::string(manifest_path) + " is no manifest of support-diag", ""};
  if (*version != manifest_version)
    return Error{
        Code::bad_input,
        fmt::format("the manifest has version {}, and this program knows {}", *version, manifest_version),
        "use the support-diag that made it, or a newer one"};
  Manifest manifest;
  manifest.tool_version = text_of((*value)["tool"], "version");
  manifest.started = text_of(*value, "started");
  manifest.finished = text_of(*value, "finished");
  manifest.stopped = text_of(*value, "stopped");
  if (manifest.stopped.empty() && !(*value)["complete"].is_true()) manifest.stopped = "not told";
  for (const auto& [name, option] : (*value)["options"].members)
    manifest.options.emplace_back(name, option.text());
  for (const Value& file : (*value)["files"].items) manifest.files.push_back(file_of(file));
  for (const Value& missing : (*value)["missing"].items) {
    manifest.missing.push_back({text_of(missing, "path"), text_of(missing, "source"),
                                text_of(missing, "status"), text_of(missing, "reason")});
  }
  return manifest;
}

}  // namespace carrel
