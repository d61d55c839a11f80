// The kinds of Kubernetes: each one's singular, plural and short names, and whether its objects live in a
// namespace.
//
// Source: `kubectl api-resources` of Kubernetes 1.31, the groups of gateway.networking.k8s.io,
// snapshot.storage.k8s.io and metrics.k8s.io, and the folder names of troubleshoot's cluster-resources.
#pragma once

#include <string_view>

namespace carrel {

struct KindEntry {
  std::string_view api;       // as in `kind:`, "PersistentVolumeClaim"
  std::string_view singular;  // lower-case, "persistentvolumeclaim"
  std::string_view plural;    // "persistentvolumeclaims"
  std::string_view others;    // other names in use, parted by spaces: "pvc pvcs"
  bool cluster_scoped = false;
};

// The entry that one of the names (in any case, with or without a group, with '-' or not) belongs to, or
// null.
const KindEntry* find_kind(std::string_view name);

}  // namespace carrel
