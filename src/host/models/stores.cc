#include "host/models/stores.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "base/fd.h"
#include "base/read_value.h"
#include "base/text.h"
#include "host/models/model_list.h"

namespace carrel {
namespace {

namespace fs = std::filesystem;
using Environment = std::function<const char*(const char*)>;

constexpr std::size_t manifest_limit = 1 << 20;
constexpr std::string_view model_layer = "application/vnd.ollama.image.model";

// The variable's folder with `below` behind it, where it names an absolute one.
void add_root(std::vector<std::string>* roots, const Environment& environment, const char* variable,
              const std::string& below) {
  const char* value = environment(variable);
  if (value != nullptr && value[0] == '/') roots->push_back(value + below);
}

// Where a store may be, the first that exists counts.
std::vector<std::string> usual_roots(const std::string& store, const Environment& environment) {
  std::vector<std::string> roots;
  if (store == "ollama") {
    add_root(&roots, environment, "OLLAMA_MODELS", "");
    add_root(&roots, environment, "HOME", "/.ollama/models");
    roots.emplace_back("/usr/share/ollama/.ollama/models");  // of the service that its installer makes
  } else if (store == "lmstudio") {
    add_root(&roots, environment, "HOME", "/.lmstudio/models");
    add_root(&roots, environment, "HOME", "/.cache/lm-studio/models");
  } else {
    add_root(&roots, environment, "HF_HUB_CACHE", "");
    add_root(&roots, environment, "HF_HOME", "/hub");
    add_root(&roots, environment, "XDG_CACHE_HOME", "/huggingface/hub");
    add_root(&roots, environment, "HOME", "/.cache/huggingface/hub");
  }
  return roots;
}

// Regular files below `folder`, in order; links to files are followed, links to folders are not.
std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error), end;
  while (!error && at != end) {
    std::error_code unreadable;
    if (at->is_regular_file(unreadable) || at->is_symlink(unreadable)) files.push_back(at->path());
    at.increment(error);
  }
  std::sort(files.begin(), files.end());
  return files;
}

void add(StoreContent* content, StoredModel model) {
  std::error_code error;
  const fs::path real = fs::canonical(model.path, error);
  if (error || !fs::is_regular_file(real, error)) {
    content->passed_over.push_back({model.name, model.path + " is not there"});
    return;
  }
  model.path = real;
  const bool known = std::any_of(
      content->models.begin(), content->models.end(),
      [&](const StoredModel& other) { return other.path == model.path && other.name == model.name; });
  if (!known) content->models.push_back(std::move(model));
}

// The digest of the one layer that is the model, as 64 hexadecimal figures; nothing, with the reason, where
// there is not exactly one.
std::optional<std::string> model_digest(const fs::path& manifest, std::string* why) {
  auto bytes = read_file(manifest, manifest_limit);
  auto root = bytes ? read_json(*bytes) : Result<Value>(bytes.error());
  if (!root) {
    *why = "its manifest cannot be read: " + root.error().what;
    return std::nullopt;
  }
  std::vector<std::string> digests;
  for (const Value& layer : (*root)["layers"].items) {
    if (layer["mediaType"].text() == model_layer) digests.emplace_back(layer["digest"].text());
  }
  constexpr std::string_view scheme = "sha256:";
  if (digests.size() == 1 && digests[0].starts_with(scheme) && is_sha256(digests[0].substr(scheme.size()))) {
    return digests[0].substr(scheme.size());
  }
  *why = digests.size() > 1 ? "it is split into several files" : "its manifest names no model file";
  return std::nullopt;
}

void read_ollama(StoreContent* content) {
  const fs::path root = content->root;
  for (const fs::path& manifest : files_below(root / "manifests")) {
    std::vector<std::string> parts;
    for (const fs::path& part : manifest.lexically_relative(root / "manifests")) parts.push_back(part);
    if (parts.size() < 3 || parts.back().starts_with('.')) continue;
    std::string name;  // MODEL:TAG, with the namespace before it where it is not the store's own
    for (std::size_t at = 1; at + 1 < parts.size(); ++at) {
      if (at == 1 && parts[at] == "library") continue;
      name += (name.empty() ? "" : "-") + parts[at];
    }
    name += ":" + parts.back();
    std::string why;
    const auto digest = model_digest(manifest, &why);
    if (!digest) {
      content->passed_over.push_back({name, why});
      continue;
    }
    fs::path blob = root / "blobs" / ("sha256-" + *digest);
    std::error_code error;
    if (!fs::exists(blob, error)) blob = root / "blobs" / ("sha256:" + *digest);  // older versions
    add(content, {name, blob, *digest});
  }
}

void read_files(StoreContent* content, bool blobs_are_digests) {
  for (const fs::path& file : files_below(content->root)) {
    const std::string name = file.filename();
    if (file.extension() != ".gguf") continue;
    if (std::string why = why_not_a_model(name); !why.empty()) {
      content->passed_over.push_back({file, std::move(why)});
      continue;
    }
    std::error_code error;
    const std::string blob = blobs_are_digests ? fs::canonical(file, error).filename().string() : "";
    add(content, {file.stem(), file, is_sha256(blob) ? blob : ""});
  }
}

}  // namespace

const std::vector<std::string>& known_stores() {
  static const std::vector<std::string> stores = {"ollama", "lmstudio", "hf-cache"};
  return stores;
}

std::string why_not_a_model(const std::string& file_name) {
  if (file_name.starts_with("mmproj")) return "it is a projector for images, no language model";
  const std::string stem = file_name.substr(0, file_name.rfind(".gguf"));
  const std::size_t of = stem.rfind("-of-");
  const auto digits = [&](std::size_t from, std::size_t count) {
    return from + count <= stem.size() &&
           stem.substr(from, count).find_first_not_of("0123456789") == std::string::npos;
  };
  if (of != std::string::npos && of >= 6 && stem.size() == of + 9 && digits(of + 4, 5) && digits(of - 5, 5)) {
    return "it is a part of a split model; join the parts with llama-gguf-split --merge";
  }
  return "";
}

Result<StoreContent> read_store(const std::string& store, const std::string& root,
                                const Environment& environment) {
  const auto& stores = known_stores();
  if (std::find(stores.begin(), stores.end(), store) == stores.end()) {
    return Error{Code::usage, fmt::format("there is no store \"{}\"", escape_for_terminal(store)),
                 fmt::format("there are {}", fmt::join(stores, ", "))};
  }
  const std::vector<std::string> places = root.empty() ? usual_roots(store, environment) : std::vector{root};
  std::error_code error;
  const auto place = std::find_if(places.begin(), places.end(),
                                  [&](const auto& each) { return fs::is_directory(each, error); });
  if (place == places.end()) {
    return Error{Code::usage, fmt::format("there is no store of {} at {}", store, fmt::join(places, ", ")),
                 "name its folder with --from DIR"};
  }
  StoreContent content;
  content.root = *place;
  if (store == "ollama") {
    read_ollama(&content);
  } else {
    read_files(&content, store == "hf-cache");
  }
  return content;
}

Result<StoreContent> read_model_folder(const std::string& folder) {
  StoreContent content;
  content.root = folder;
  read_files(&content, false);
  if (content.models.empty() && content.passed_over.empty()) {
    return Error{Code::usage, folder + " holds no .gguf file", "name a folder with GGUF files, or one file"};
  }
  return content;
}

}  // namespace carrel
