// Which kinds are collected, and which of them this cluster serves.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "collect/cluster/api.h"

namespace carrel {

struct CollectedKind {
  std::string folder;    // below cluster-resources/, as troubleshoot has it
  std::string group;     // empty for the core group
  std::string version;   // where the server does not say which it prefers
  std::string resource;  // plural, as in a path of the API
  bool cluster_scoped = false;
  std::string why;
};

// The kinds that are always asked for, in the order of the bundle.
std::span<const CollectedKind> collected_kinds();

// The path of a list: all of a cluster-scoped kind, or those in a namespace.
std::string list_path(const CollectedKind& kind, const std::string& space);

// What the server says that it serves (/apis and each group's own list).
class Served {
 public:
  // `groups` and `resources` become files of the bundle. Where the server does not tell, `problem` says why
  // and every kind is taken as served in its usual version.
  static Served discover(Api& api, std::string* problem);

  // The kind in the version that is served; nothing where it is not.
  std::optional<CollectedKind> find(const CollectedKind& kind) const;
  // Kinds of other groups than Kubernetes' own, which come from CustomResourceDefinitions and aggregated
  // APIs.
  std::vector<CollectedKind> custom() const;
  // Each kind that is served, as one JSON document.
  std::string json() const;

 private:
  struct Resource {
    std::string group, version, name, kind;
    bool namespaced = false, listable = false;
  };
  std::map<std::string, std::vector<std::string>> versions_;  // of each group, the preferred one first
  std::vector<Resource> resources_;
  bool known_ = false;

  void add_resources(const std::string& group, const std::string& version, const Value& list);
};

}  // namespace carrel
