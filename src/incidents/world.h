// The invented cluster that an incident happens in. First it is a healthy product (product.h); a kind of
// fault then changes it (scene.h); at the end it is written as files (objects.h, bundle.h), and what was
// marked is known to stand where it came to stand.
//
// Pods, their owners, endpoints and the listings' heads are made only then, from what is told here, so that
// they agree with each other whatever a fault has changed.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "incidents/clock.h"
#include "incidents/json.h"
#include "incidents/log_style.h"
#include "incidents/words.h"

namespace carrel::incidents {

enum class Runtime {
  go,
  java,
  python,
  node,
  nginx,
  postgres,
  mysql,
  redis,
  kafka,
  rabbitmq,
  coredns,
  controller,  // a component of the cluster itself, which logs with klog
};

struct LogLine {
  Millis at = 0;
  std::string text;
  std::string key;  // what tells of it, without its time
  int mark = 0;
};

struct Log {
  std::vector<LogLine> lines;  // in any order of time; equal times stay in the order they were added
};

struct Node {
  std::string name, zone, ip, uid, arch = "amd64";
  int cpus = 8, memory_gib = 32, pods = 110;
  Json labels, taints, conditions;
  Json extra_capacity;  // "nvidia.com/gpu": "1"
  bool cordoned = false;
  bool control_plane = false;
  int cpu_used = 30, memory_used = 50, disk_used = 40;  // percent
  bool metrics = true;
  // The condition of that type, to be changed.
  Json& condition(const std::string& type);
};

struct Pod {
  std::string name, uid, ip, node;  // no node: not placed
  Millis created = 0;
  std::string phase = "Running";
  bool ready = true, started = true;
  int restarts = 0;
  Json state;             // of the container; null: running
  Json last_state;        // null: none
  Json init_state;        // of the first init container; null: completed
  Json why_unplaced;      // the message of PodScheduled; null: placed
  Json reason, message;   // of the pod itself ("Evicted"); null: none
  Json spec;              // null: the workload's
  Json healthy, pending;  // marked where being ready, or the phase Pending, decides
  Log log, previous;
};

// What a workload's own objects are besides its pods.
struct Workload {
  std::string kind = "Deployment", name, space, uid, hash, account = "default";
  Runtime runtime = Runtime::go;
  Speaker speaker;
  int replicas = 1, port = 8080;
  Millis created = 0;
  Json labels;       // of its pods
  Json spec;         // of its pods
  Json settings;     // members of its own spec besides the usual ("paused")
  Json conditions;   // of its status where they are not what its pods say
  Json annotations;  // of itself
  Json status;       // members of its status besides the usual
  Json owner;        // of itself, for a Job of a CronJob
  std::deque<Pod> pods;
  std::vector<std::string> calls;  // names of the workloads of its namespace that it needs
  Json service;                    // null: none
  std::string revision = "1";

  Json& container() { return spec["containers"].at(0); }
  std::string image() { return container()["image"].text(); }
};

struct World {
  World(Split of, std::uint64_t seed) : random(seed), names(of, &random), split(of) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Random random;
  Namer names;
  Split split;
  Millis now = 0;      // when the bundle was collected
  Millis trouble = 0;  // when the trouble began
  std::string version, runtime_version, distribution, space, domain, registry, kernel, os;
  int size = 1;  // 0 small, 1 medium, 2 large
  std::deque<Node> nodes;
  std::deque<Workload> workloads;
  // Objects as they are: the place in cluster-resources/ ("configmaps", "nodes") and the namespace.
  std::map<std::pair<std::string, std::string>, std::deque<Json>> objects;
  std::map<std::string, Log> files;       // logs of nodes and of hosts, by their path in the bundle
  std::map<std::string, Json> documents;  // any other JSON, by its path in the bundle
  std::vector<std::string> withheld;      // beginnings of paths that are not in the bundle
  std::map<std::string, Json> errors;     // "events": why objects could not be listed

  Workload* find(const std::string& name);
  Json& put(const std::string& place, const std::string& of_space, Json object);
  Json* object(const std::string& place, const std::string& of_space, const std::string& name);
  std::vector<std::string> spaces() const;
};

// The metadata that every object has.
Json metadata(World* world, const std::string& name, const std::string& space, Millis created);

}  // namespace carrel::incidents
