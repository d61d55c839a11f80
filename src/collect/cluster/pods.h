// What is remembered of the pods while their list is copied: whose logs there are, and which images run.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "collect/cluster/copy_list.h"

namespace carrel {

struct PodContainer {
  std::string name, image, image_id;
  bool started = false;    // there is a log
  bool restarted = false;  // there is one of the instance before
};

struct Pod {
  std::string space, name;
  std::string product, version;  // its labels app.kubernetes.io/name (or app) and app.kubernetes.io/version
  std::vector<PodContainer> containers;  // init and ephemeral ones too
};

// Any thread.
class Pods {
 public:
  // Remembers the pods of one list. The visitor belongs to that list alone.
  ItemVisitor visitor();
  // In order of namespace and name.
  std::vector<Pod> sorted() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Pod> pods_;
};

// carrel/versions.json: which product in which version runs from which image, and how often.
std::string versions_json(const std::vector<Pod>& pods, std::string_view server_version);

}  // namespace carrel
