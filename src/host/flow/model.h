// Model: a user's GGUF file, opened and hashed by the host, described by an inspect room, asked in a think
// room.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "host/flow/rooms.h"
#include "host/playbook/playbook.h"
#include "host/settings/settings.h"
#include "record/evidence.h"
#include "record/room.h"

namespace carrel {

class Model {
 public:
  // Opens settings' "model", hashes it, and lets an inspect room read its card. `progress` gets the bytes
  // hashed.
  static Result<Model> open(const Settings& settings, Rooms& rooms,
                            const std::function<void(std::uint64_t)>& progress,
                            const std::atomic<bool>& stop);

  // The sampling that the file recommends (general.sampling.*), as the weakest source but the defaults.
  Status recommend(Settings* settings) const;

  // What the think room is asked.
  Result<ThinkJob> job(const Playbook& playbook, const Settings& settings, const EvidenceList& evidence,
                       const std::string& question) const;
  Result<ThinkResult> think(const ThinkJob& job, Rooms& rooms, const Settings& settings) const;

  const ModelCard& card() const { return card_; }
  const std::string& sha256() const { return sha256_; }
  const std::string& name() const { return name_; }  // general.name, or the file's

 private:
  Result<Fd> descriptor() const;

  std::string path_, name_, sha256_;
  Fd file_;
  std::uint64_t bytes_ = 0;
  ModelCard card_;
};

// What a think room may use beside the mapped file, predicted: weights repacked for the CPU, the KV cache at
// f16, and the compute buffers of one batch. Bytes.
std::uint64_t think_memory(const ModelCard& card, std::uint32_t context, std::uint32_t batch);

}  // namespace carrel
