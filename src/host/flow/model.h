// Model: a user's GGUF file, opened and hashed by the host, described by an inspect room, asked in a think
// room.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/flow/hashed_file.h"
#include "host/flow/rooms.h"
#include "host/playbook/playbook.h"
#include "host/settings/settings.h"
#include "record/evidence.h"
#include "record/room.h"

namespace carrel {

// What a file must be, and who says so ("--sha256"); an empty sum is any file.
struct ExpectedSum {
  std::string sha256, whose;
};

// An Error where the settings choose the engine llama and name no model.
Status names_model(const Settings& settings);

class Model {
 public:
  // Opens settings' "model", hashes it, and lets an inspect room read its card. `progress` gets the bytes
  // hashed. A file of another sum is an Error (bad_input), before a room sees it; so is one that was trained
  // on another version of Carrel's own prompt than this one.
  static Result<Model> open(const Settings& settings, const ExpectedSum& sum, Rooms& rooms,
                            const HashProgress& progress, const std::atomic<bool>& stop);

  // The sampling that the file recommends (general.sampling.*), as the weakest source but the defaults.
  // Returns a sentence for each recommendation that was not taken: no setting can have it, or a stronger
  // source says otherwise.
  std::vector<std::string> recommend(Settings* settings) const;

  // What the think room is asked.
  Result<ThinkJob> job(const Playbook& playbook, const Settings& settings, const EvidenceList& evidence,
                       const std::string& question) const;
  // With `state`, an earlier room's is lent, and this one's taken, where the machine has the memory for that.
  Result<ThinkResult> think(const ThinkJob& job, Rooms& rooms, const Settings& settings,
                            PrefixState* state) const;

  // True of a model that was trained on Carrel's own prompt: it is asked for one of the detectors' findings
  // (findings_question.h), whatever the playbook's prompts are.
  bool chooses_findings() const { return card_.prompt_version != 0; }

  const ModelCard& card() const { return card_; }
  // After the last room: an Error where the file has changed since it was hashed.
  Status unchanged() const { return file_.unchanged(); }

  const std::string& sha256() const { return file_.sha256(); }
  const std::string& name() const { return name_; }  // general.name, or the file's

 private:
  HashedFile file_;
  std::string name_;
  ModelCard card_;
};

// The playbook's variants that the settings `variants` and `tries` ask for, one for each try. An Error
// (usage) for a name that the playbook does not have.
Result<std::vector<Variant>> chosen_variants(const Playbook& playbook, const Settings& settings);

// What a think room may use beside the mapped file, predicted: weights repacked for the CPU, the KV cache at
// f16, the compute buffers of one batch, and one weight as a BLAS takes it. Bytes.
std::uint64_t think_memory(const ModelCard& card, std::uint32_t context, std::uint32_t batch, bool exact);

// What the state of so many tokens takes at most, predicted; bytes.
std::uint64_t state_memory(const ModelCard& card, std::uint32_t context);

}  // namespace carrel
