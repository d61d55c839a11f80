// The tasks that read a cluster, in three steps of which each knows more: what is served, the lists, the
// logs.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "collect/cluster/kinds.h"
#include "collect/cluster/kubectl_proxy.h"
#include "collect/cluster/pods.h"

namespace carrel {

struct ClusterOptions {
  KubectlOptions kubectl;
  std::vector<std::string> namespaces;  // empty: all
  bool logs = true;
  std::uint64_t tail = 20'000;         // newest lines of each log
  std::uint64_t since_seconds = 0;     // 0: from the beginning
  std::uint64_t log_bytes = 16 << 20;  // of each log
  bool custom_resources = true;
  bool helm = true;
  std::chrono::seconds timeout{60};
};

// Why lists could not be had, by kind and namespace ("" for a cluster-scoped kind): troubleshoot's
// <kind>-errors.json, without which nobody could tell an empty list from one that was refused. Any thread.
class ListErrors {
 public:
  void add(const std::string& folder, const std::string& space, const std::string& reason);
  std::vector<Task> tasks() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::map<std::string, std::string>> by_kind_;
};

// `api` is null where the tasks are only to be shown.
class ClusterTasks {
 public:
  ClusterTasks(Api* api, const ClusterOptions& options) : api_(api), options_(options) {}

  // The server's version and what it serves. `served` is filled when they have run.
  std::vector<Task> first();
  // All lists; the pods found are remembered.
  std::vector<Task> lists();
  // Logs of every container that has run, Helm's releases, versions, and why lists are missing.
  std::vector<Task> rest();

 private:
  Task list(const CollectedKind& kind, const std::string& space);
  Task log(const Pod& pod, const PodContainer& container, bool previous);
  Task helm(const std::string& space);
  Result<TaskEnd> copy_pages(const CollectedKind& kind, const std::string& space, Spool& out);
  Result<TaskEnd> copy_log(const std::string& path, Spool& out) const;
  void note_namespaces(Spool& out);

  Api* api_;
  ClusterOptions options_;
  Served served_;
  std::string server_version_;
  std::vector<std::string> spaces_;  // that there are
  Pods pods_;
  ListErrors errors_;
};

// A task whose file is known already.
Task text_task(std::string path, std::string source, std::string why, std::string text);

// The releases that Helm 3 keeps in Secrets of type helm.sh/release.v1, without values: each value is
// replaced, only the names of the settings stay. JSON objects parted by commas, from a SecretList.
std::string helm_releases(const Value& list);

}  // namespace carrel
