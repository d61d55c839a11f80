#include "collect/redact/report.h"

#include <map>

#include <fmt/format.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include "base/text.h"

namespace carrel {

std::string redaction_summary(const std::vector<FileRedactions>& files, const Pseudonyms& pseudonyms) {
  std::map<std::string, std::uint64_t> classes;
  std::uint64_t all = 0, touched = 0;
  for (const FileRedactions& file : files) {
    for (const auto& [label, each] : file.classes) classes[label] += each.count;
    all += file.count();
    touched += file.classes.empty() ? 0 : 1;
  }
  if (all == 0) return "nothing was masked";
  std::string text = fmt::format("masked {} secret{} ({} different) in {} file{}:", all, all == 1 ? "" : "s",
                                 pseudonyms.count(), touched, touched == 1 ? "" : "s");
  for (const auto& [label, count] : classes) text += fmt::format(" {} {},", label, count);
  text.pop_back();
  if (pseudonyms.shared() > 0)
    text += fmt::format("; {} share a pseudonym, because there are too many", pseudonyms.shared());
  return text;
}

std::string redaction_report_json(const std::vector<FileRedactions>& files, const Pseudonyms& pseudonyms) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> json(buffer);
  json.SetIndent(' ', 1);
  json.StartObject();
  json.Key("version");
  json.Int(1);
  json.Key("values");
  json.Uint64(pseudonyms.count());
  json.Key("files");
  json.StartArray();
  for (const FileRedactions& file : files) {
    if (file.classes.empty()) continue;
    json.StartObject();
    json.Key("file");
    const std::string name = printable_json_string(file.file);
    json.RawValue(name.data(), name.size(), rapidjson::kStringType);
    json.Key("classes");
    json.StartObject();
    for (const auto& [label, each] : file.classes) {
      json.Key(label.c_str());
      json.StartObject();
      json.Key("count");
      json.Uint64(each.count);
      json.Key("lines");
      json.StartArray();
      for (const std::uint64_t line : each.lines) json.Uint64(line);
      json.EndArray();
      json.EndObject();
    }
    json.EndObject();
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return std::string(buffer.GetString()) + "\n";
}

}  // namespace carrel
