// Model files that other programs keep: found where they lie, by the stores' own rules.
//
// ollama     <root>/manifests/HOST/NAMESPACE/MODEL/TAG names a blob by its SHA-256 (OLLAMA_MODELS,
// ~/.ollama/models) lmstudio   <root>/PUBLISHER/REPO/FILE.gguf (~/.lmstudio/models,
// ~/.cache/lm-studio/models) hf-cache   <root>/models--ORG--REPO/snapshots/REVISION/FILE.gguf, links to blobs
// that are named by their SHA-256
//            (HF_HUB_CACHE, HF_HOME/hub, ~/.cache/huggingface/hub)
//
// Only names and small manifests are read here, no model file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace carrel {

struct StoredModel {
  std::string name;    // the store's word for it
  std::string path;    // absolute, links resolved
  std::string sha256;  // as the store names it; empty where it does not
};

// What was passed over, and why.
struct PassedOver {
  std::string what;
  std::string why;
};

struct StoreContent {
  std::string root;
  std::vector<StoredModel> models;
  std::vector<PassedOver> passed_over;
};

// The stores there are: "ollama", "lmstudio", "hf-cache".
const std::vector<std::string>& known_stores();

// What the store holds. `root`: its folder, empty where the store itself would look. `environment` is getenv.
// An Error (usage) where there is no such store on this machine.
Result<StoreContent> read_store(const std::string& store, const std::string& root,
                                const std::function<const char*(const char*)>& environment);

// All *.gguf files at or below a folder.
Result<StoreContent> read_model_folder(const std::string& folder);

// Why a file of this name is no whole language model by itself (a part of a split one, a projector); empty
// where nothing speaks against it.
std::string why_not_a_model(const std::string& file_name);

}  // namespace carrel
