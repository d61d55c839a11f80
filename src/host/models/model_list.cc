#include "host/models/model_list.h"

#include <algorithm>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <sys/file.h>

#include "base/ascii.h"
#include "base/fd.h"
#include "base/read_value.h"
#include "base/text.h"

namespace carrel {
namespace {

constexpr std::size_t longest_name = 128;
constexpr std::size_t list_limit = 8 << 20;
constexpr std::int64_t list_version = 1;

std::string list_path(const std::string& data) {
  return data + "/models/list.json";
}

std::string to_json(const std::vector<ListedModel>& models) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> json(buffer);
  json.SetIndent(' ', 1);
  const auto text = [&](const char* key, const std::string& value) {
    json.Key(key);
    const std::string literal = printable_json_string(value);
    json.RawValue(literal.data(), literal.size(), rapidjson::kStringType);
  };
  json.StartObject();
  json.Key("version");
  json.Int64(list_version);
  json.Key("models");
  json.StartArray();
  for (const ListedModel& model : models) {
    json.StartObject();
    text("name", model.name);
    text("path", model.path);
    text("sha256", model.sha256);
    json.Key("bytes");
    json.Uint64(model.bytes);
    text("about", model.about);
    text("source", model.source);
    text("verified", model.verified);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

Error damaged(const std::string& path, const std::string& why) {
  return {Code::machine, fmt::format("the list of models {} cannot be used: {}", path, why),
          "move it away and list the models again: `carrel models add`, `carrel models import`"};
}

Result<std::vector<ListedModel>> from_json(const std::string& path, std::string_view bytes) {
  auto root = read_json(bytes);
  if (!root) return damaged(path, root.error().what);
  const auto version = (*root)["version"].integer();
  if (!version) return damaged(path, "it names no version");
  if (*version != list_version) {
    return Error{Code::machine,
                 fmt::format("{} has version {}; this carrel knows {}", path, *version, list_version),
                 "use the newer carrel that wrote it"};
  }
  std::vector<ListedModel> models;
  for (const Value& each : (*root)["models"].items) {
    ListedModel model;
    model.name = each["name"].text();
    model.path = each["path"].text();
    model.sha256 = each["sha256"].text();
    model.bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(each["bytes"].integer().value_or(0), 0));
    model.about = each["about"].text();
    model.source = each["source"].text();
    model.verified = each["verified"].text();
    if (!is_model_name(model.name) || !model.path.starts_with('/') || !is_sha256(model.sha256)) {
      return damaged(path, fmt::format("what stands in line {} is no model", each.line));
    }
    models.push_back(std::move(model));
  }
  return models;
}

Result<std::vector<ListedModel>> read_list(const std::string& data) {
  const std::string path = list_path(data);
  if (data.empty()) return std::vector<ListedModel>();
  auto bytes = read_file_if_there(path, list_limit);
  if (!bytes) return bytes.error();
  return *bytes ? from_json(path, **bytes) : std::vector<ListedModel>();
}

// Held while the list is read, changed and replaced.
Result<Fd> lock_list(const std::string& data) {
  if (data.empty()) {
    return Error{Code::usage, "there is no folder for the list of models",
                 "set HOME, or name one with --data"};
  }
  std::error_code error;
  std::filesystem::create_directories(data + "/models", error);
  const std::string path = data + "/models/lock";
  Fd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) return errno_error("cannot open " + path);
  while (::flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return errno_error("cannot lock " + path);
  }
  return lock;
}

Status write_list(const std::string& data, std::vector<ListedModel> models) {
  std::sort(models.begin(), models.end(),
            [](const ListedModel& a, const ListedModel& b) { return a.name < b.name; });
  return write_file_durably(list_path(data), to_json(models));
}

std::vector<ListedModel>::iterator named(std::vector<ListedModel>& models, const std::string& name) {
  return std::find_if(models.begin(), models.end(), [&](const ListedModel& m) { return m.name == name; });
}

Error not_listed(const std::string& name) {
  return {Code::usage, fmt::format("there is no model {} on the list", escape_for_terminal(name)),
          "`carrel models list` shows it; `carrel models add FILE` puts one on it"};
}

}  // namespace

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_model_name(const std::string& name) {
  return !name.empty() && name.size() <= longest_name && is_alphanumeric(name[0]) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return is_alphanumeric(c) || std::string_view("._-+:").find(c) != std::string_view::npos;
         });
}

std::string model_name_of(const std::string& text) {
  std::string name = text;
  for (char& c : name) {
    if (!is_alphanumeric(c) && std::string_view("._-+:").find(c) == std::string_view::npos) c = '-';
  }
  name.erase(0, name.find_first_not_of("._-+:"));
  name.resize(std::min(name.size(), longest_name));
  return name.empty() ? "model" : name;
}

Result<std::vector<ListedModel>> listed_models(const std::string& data) {
  return read_list(data);
}

Result<ListedModel> find_model(const std::string& data, const std::string& name) {
  auto models = read_list(data);
  if (!models) return models.error();
  const auto found = named(*models, name);
  return found == models->end() ? Result<ListedModel>(not_listed(name)) : *found;
}

Result<std::string> list_model(const std::string& data, ListedModel model, bool rename) {
  if (!is_model_name(model.name)) {
    return Error{Code::usage, fmt::format("\"{}\" cannot be a model's name", escape_for_terminal(model.name)),
                 "use letters, digits and . _ - + : only, beginning with a letter or a digit"};
  }
  auto lock = lock_list(data);
  if (!lock) return lock.error();
  auto models = read_list(data);
  if (!models) return models.error();
  auto known = named(*models, model.name);
  if (known != models->end() && known->sha256 != model.sha256) {
    if (!rename) {
      return Error{Code::usage, fmt::format("the name {} is taken by {}", model.name, known->path),
                   "give another with --name, or take that one off the list: `carrel models remove`"};
    }
    model.name.resize(std::min(model.name.size(), longest_name - 9));
    model.name += "-" + model.sha256.substr(0, 8);
    known = named(*models, model.name);
  }
  std::string name = model.name;
  if (known == models->end()) {
    models->push_back(std::move(model));
  } else {
    *known = std::move(model);
  }
  if (Status written = write_list(data, std::move(*models)); !written) return written.error();
  return name;
}

Result<ListedModel> unlist_model(const std::string& data, const std::string& name) {
  auto lock = lock_list(data);
  if (!lock) return lock.error();
  auto models = read_list(data);
  if (!models) return models.error();
  const auto known = named(*models, name);
  if (known == models->end()) return not_listed(name);
  ListedModel gone = std::move(*known);
  models->erase(known);
  if (Status written = write_list(data, std::move(*models)); !written) return written.error();
  return gone;
}

}  // namespace carrel
