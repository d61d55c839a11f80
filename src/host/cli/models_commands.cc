// `carrel models list|add|import|remove|inspect`, and a listed name in the place of a file.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include "base/text.h"
#include "host/cli/cli.h"
#include "host/cli/model_desk.h"
#include "host/cli/print.h"
#include "host/cli/progress.h"
#include "host/flow/model.h"
#include "host/models/model_list.h"
#include "host/models/stores.h"
#include "host/walls/namespace_wall.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

namespace fs = std::filesystem;
using Json = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

const char* environment(const char* name) {
  return std::getenv(name);
}

std::string gigabytes(std::uint64_t bytes) {
  return bytes < 1'000'000'000 ? fmt::format("{:.0f} MB", static_cast<double>(bytes) / 1e6)
                               : fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9);
}

// What has become of a listed file; empty where it is there with its size. (Its bytes are compared when it is
// used.)
std::string trouble_with(const ListedModel& model) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(model.path, error);
  if (error) return "its file is gone";
  return size == model.bytes ? "" : "its file has another size now";
}

void text(Json& json, const char* key, const std::string& value) {
  json.Key(key);
  const std::string literal = printable_json_string(value);
  json.RawValue(literal.data(), literal.size(), rapidjson::kStringType);
}

void print_json(const std::vector<ListedModel>& models) {
  rapidjson::StringBuffer buffer;
  Json json(buffer);
  json.SetIndent(' ', 1);
  json.StartArray();
  for (const ListedModel& model : models) {
    json.StartObject();
    text(json, "name", model.name);
    text(json, "path", model.path);
    text(json, "sha256", model.sha256);
    json.Key("bytes");
    json.Uint64(model.bytes);
    text(json, "about", model.about);
    text(json, "source", model.source);
    text(json, "verified", model.verified);
    text(json, "trouble", trouble_with(model));
    json.EndObject();
  }
  json.EndArray();
  std::puts(buffer.GetString());
}

void print_row(const ListedModel& model) {
  print("{:<28}  {:<24}  {:>8}  {:<9}  {}\n", model.name, escape_for_terminal(model.about),
        gigabytes(model.bytes), escape_for_terminal(model.source), escape_for_terminal(model.path));
  if (const std::string trouble = trouble_with(model); !trouble.empty()) print("  {}\n", trouble);
}

// A recommendation of the file; "-" where it has none.
std::string recommended(double value) {
  return value < 0 ? "-" : fmt::format("{}", value);
}

void print_card(const Model& model, const std::string& path) {
  const ModelCard& card = model.card();
  const auto row = [](const char* what, const std::string& value) {
    print("{:<16}  {}\n", what, value.empty() ? "-" : escape_for_terminal(value));
  };
  row("name", model.name());
  row("file", path);
  row("sha256", model.sha256());
  row("size", gigabytes(card.file_bytes));
  row("architecture", card.architecture);
  row("parameters", fmt::format("{:.2f} billion", static_cast<double>(card.parameters) / 1e9));
  row("quantisation", card.quantisation);
  row("trained context", fmt::format("{} tokens", card.trained_context));
  row("vocabulary", fmt::format("{} tokens", card.vocabulary));
  row("KV cache", fmt::format("{} bytes a token, at f16", card.kv_bytes_per_token));
  row("chat template", card.chat_template.empty() ? "none: --template FILE is needed"
                       : card.template_known      ? "known to llama.cpp"
                                                  : "not known to llama.cpp: --template FILE is needed");
  row("prompt", card.prompt_version == 0 ? "the playbook's"
                                         : fmt::format("Carrel's own, version {}", card.prompt_version));
  row("recommended", fmt::format("temperature {}, top-k {}, top-p {}, min-p {}",
                                 recommended(card.temperature), recommended(static_cast<double>(card.top_k)),
                                 recommended(card.top_p), recommended(card.min_p)));
  row("licence", card.licence);
  std::uint64_t all = 0;
  for (const TensorKind& kind : card.tensors) all += kind.bytes;
  print("\nweights\n");
  for (const TensorKind& kind : card.tensors) {
    print("  {:<8}  {:>5} tensors  {:>12} values  {:>8}  {:>5.1f} %\n", escape_for_terminal(kind.type),
          kind.tensors, kind.values, gigabytes(kind.bytes),
          100.0 * static_cast<double>(kind.bytes) / static_cast<double>(std::max<std::uint64_t>(all, 1)));
  }
}

void print_card_json(const Model& model, const std::string& path) {
  const ModelCard& card = model.card();
  rapidjson::StringBuffer buffer;
  Json json(buffer);
  json.SetIndent(' ', 1);
  const auto number = [&](const char* key, std::uint64_t value) {
    json.Key(key);
    json.Uint64(value);
  };
  const auto hint = [&](const char* key, double value) {
    json.Key(key);
    value < 0 ? json.Null() : json.Double(value);
  };
  json.StartObject();
  text(json, "name", model.name());
  text(json, "path", path);
  text(json, "sha256", model.sha256());
  number("bytes", card.file_bytes);
  text(json, "architecture", card.architecture);
  number("parameters", card.parameters);
  text(json, "quantisation", card.quantisation);
  number("trained_context", card.trained_context);
  number("vocabulary", card.vocabulary);
  number("kv_bytes_per_token", card.kv_bytes_per_token);
  number("prompt_version", card.prompt_version);
  text(json, "chat_template", card.chat_template);
  json.Key("chat_template_known");
  json.Bool(card.template_known);
  text(json, "licence", card.licence);
  json.Key("recommended");
  json.StartObject();
  hint("temperature", card.temperature);
  hint("top_k", static_cast<double>(card.top_k));
  hint("top_p", card.top_p);
  hint("min_p", card.min_p);
  json.EndObject();
  json.Key("weights");
  json.StartArray();
  for (const TensorKind& kind : card.tensors) {
    json.StartObject();
    text(json, "type", kind.type);
    number("tensors", kind.tensors);
    number("values", kind.values);
    number("bytes", kind.bytes);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  std::puts(buffer.GetString());
}

Result<ListedModel> list_file(const Desk& desk, ListedModel model, const ExpectedSum& sum, bool rename) {
  auto opened = open_model(desk, model.path, sum);
  return opened ? list_opened(desk, std::move(model), *opened, sum, rename) : opened.error();
}

// Only a file that was pulled is Carrel's to delete, and only where no other name of the list is for it.
Status may_delete_file(const Desk& desk, const std::string& name) {
  auto models = listed_models(desk.data_folder());
  if (!models) return models.error();
  auto model = find_model(desk.data_folder(), name);
  if (!model) return model.error();
  if (!model->source.starts_with("pull "))
    return Error{Code::usage,
                 fmt::format("{} was not pulled, and its file is not Carrel's: {}", name, model->path),
                 "leave --delete-file away, and delete the file yourself where you want to"};
  for (const ListedModel& other : *models) {
    if (other.name != name && other.path == model->path)
      return Error{Code::usage, fmt::format("{} and {} are names of one file", name, other.name),
                   "leave --delete-file away, or remove the other name first"};
  }
  return {};
}

// Looks at every file in a room and lists those that can be used. The rest is told with its reason; only
// where nothing could be listed is that a failure.
int list_all(const Desk& desk, const StoreContent& content, const std::string& source,
             const std::string& name) {
  int status = exit_status::passed;
  std::size_t listed = 0;
  for (const PassedOver& each : content.passed_over)
    std::fprintf(stderr, "passed over %s: %s\n", escape_for_terminal(each.what).c_str(), each.why.c_str());
  for (const StoredModel& stored : content.models) {
    ListedModel model;
    model.name = name.empty() ? model_name_of(stored.name) : name;
    model.path = stored.path;
    model.source = source;
    auto done = list_file(desk, std::move(model), {stored.sha256, "the store"}, source != "file");
    if (!done && done.error().code == Code::interrupted) return tell(done.error());
    if (!done) {
      const int failed = tell(std::move(done.error()).in(stored.name));
      if (status == exit_status::passed) status = failed;
      continue;
    }
    ++listed;
    if (!desk.json)
      print("listed {}: {}, {}\n", done->name, escape_for_terminal(done->about), gigabytes(done->bytes));
  }
  if (listed > 0 || content.models.empty()) status = exit_status::passed;
  if (!desk.json && content.models.empty())
    print("There is no model at {}.\n", escape_for_terminal(content.root));
  return desk.json && status == exit_status::passed ? models_list_command(desk) : status;
}

}  // namespace

Result<ListedModel> list_opened(const Desk& desk, ListedModel model, const Model& opened,
                                const ExpectedSum& sum, bool rename) {
  model.sha256 = opened.sha256();
  model.bytes = opened.card().file_bytes;
  model.about = opened.card().quantisation;
  model.verified = sum.sha256.empty() ? "" : sum.whose;
  auto name = list_model(desk.data_folder(), model, rename);
  if (!name) return name.error();
  model.name = *name;
  return model;
}

Result<Model> open_model(const Desk& desk, const std::string& path, const ExpectedSum& sum) {
  auto folder = desk.rooms_folder();
  if (!folder) return folder.error();
  Settings settings = desk.settings;
  if (Status set = settings.set("model", path, Source::flag, "MODEL"); !set) return set.error();
  ProgressLine progress(path, desk.quiet);
  const RunObserver observer = progress.observer();
  NamespaceWall wall;
  Rooms rooms(wall, *folder, std::chrono::seconds(settings.whole("wall-seconds")), stop_requested,
              [](const Progress&) {});
  progress.stage("hash");
  return Model::open(settings, sum, rooms, observer.progress, stop_requested);
}

Status resolve_model(const Desk& desk, Settings* settings, std::string* sha256) {
  const std::string given = settings->text("model");
  std::error_code error;
  if (given.empty() || given.find('/') != std::string::npos || fs::exists(given, error)) return {};
  auto found = find_model(desk.data_folder(), given);
  if (!found) {
    // What looks like a file is told as one that is missing.
    return found.error().code == Code::usage && given.ends_with(".gguf") ? Status() : found.error();
  }
  *sha256 = found->sha256;
  return settings->set("model", found->path, settings->source("model"), given + " on the list of models");
}

int models_list_command(const Desk& desk) {
  auto models = listed_models(desk.data_folder());
  if (!models) return tell(models.error());
  if (desk.json) {
    print_json(*models);
  } else if (models->empty()) {
    std::puts(
        "No model has a name yet. `carrel models add FILE.gguf`, `carrel models import ollama` or\n"
        "`carrel models pull hf:ORG/REPO:FILE.gguf` gives one.");
  } else {
    for (const ListedModel& model : *models) print_row(model);
  }
  return exit_status::passed;
}

int models_add_command(const Desk& desk, const ModelArguments& arguments) {
  std::error_code error;
  const std::string path = fs::absolute(arguments.what, error);
  if (fs::is_directory(path, error)) {
    if (!arguments.name.empty())
      return tell({Code::usage, "--name goes with one file, not with a folder", ""});
    auto content = read_model_folder(path);
    return content ? list_all(desk, *content, "file", "") : tell(content.error());
  }
  if (const std::string why = why_not_a_model(fs::path(path).filename()); !why.empty())
    return tell(
        {Code::bad_input, fmt::format("{} cannot be used: {}", path, why), "name a whole model file"});
  StoreContent content;
  content.root = path;
  content.models.push_back({fs::path(path).stem(), path, ""});
  return list_all(desk, content, "file", arguments.name);
}

int models_import_command(const Desk& desk, const ModelArguments& arguments) {
  auto content = read_store(arguments.what, arguments.from, environment);
  if (!content) return tell(content.error());
  return list_all(desk, *content, arguments.what, "");
}

int models_remove_command(const Desk& desk, const ModelArguments& arguments) {
  if (arguments.delete_file) {
    if (Status may = may_delete_file(desk, arguments.what); !may) return tell(may.error());
  }
  auto gone = unlist_model(desk.data_folder(), arguments.what);
  if (!gone) return tell(gone.error());
  const std::string path = escape_for_terminal(gone->path);
  std::error_code error;
  const std::uint64_t bytes = fs::file_size(gone->path, error);
  if (error) {
    print("{} is off the list; its file is gone: {}\n", gone->name, path);
  } else if (!arguments.delete_file) {
    print("{} is off the list; its file stays and takes {}: {}\n", gone->name, gigabytes(bytes), path);
  } else if (fs::remove(gone->path, error); error) {
    return tell({Code::machine, fmt::format("cannot delete {}: {}", gone->path, error.message()), ""});
  } else {
    print("{} is off the list; its file was deleted, {}: {}\n", gone->name, gigabytes(bytes), path);
  }
  return exit_status::passed;
}

int models_inspect_command(const Desk& desk, const ModelArguments& arguments) {
  auto chosen = chosen_model(desk, arguments.what);
  if (!chosen) return tell(chosen.error());
  auto model = open_model(desk, chosen->path, chosen->sum);
  if (!model) return tell(model.error());
  desk.json ? print_card_json(*model, chosen->path) : print_card(*model, chosen->path);
  return exit_status::passed;
}

Result<ChosenModel> chosen_model(const Desk& desk, const std::string& given) {
  Settings settings = desk.settings;
  ChosenModel chosen;
  if (Status set = settings.set("model", given, Source::flag, "MODEL"); !set) return set.error();
  if (Status found = resolve_model(desk, &settings, &chosen.sum.sha256); !found) return found.error();
  chosen.sum.whose = "the list of models";
  chosen.path = settings.text("model");
  return chosen;
}

}  // namespace carrel
