#include "incidents/scene.h"

#include <algorithm>

#include <fmt/format.h>

namespace carrel::incidents {
namespace saying {

const std::vector<std::string> missing = {"not (exist|found|set|defined|there|present|in )",
                                          "(does|do)n't exist",
                                          "doesn't have",
                                          "missing",
                                          "no such",
                                          "non-?existent",
                                          "absent",
                                          "unset",
                                          "undefined",
                                          "lacks?",
                                          "without"};
const std::vector<std::string> unreachable = {"unreachable",
                                              "refused",
                                              "tim(e|ed|es|ing) ?-?out",
                                              "not answer",
                                              "cannot (be )?reach",
                                              "not reach",
                                              "unavailable",
                                              "\\bdown\\b",
                                              "cannot connect",
                                              "fail(s|ed)? to connect",
                                              "no route",
                                              "blocked"};
const std::vector<std::string> full = {
    "full",  "no space", "out of",  "exhaust", "exceed", "too (many|large|small)", "no (free|more|room)",
    "limit", "ran out",  "used up", "capacity"};
const std::vector<std::string> denied = {
    "denied",          "forbidden", "not (allowed|permitted|authori[sz]ed)",
    "refus",           "cannot",    "permission",
    "unauthori[sz]ed", "lacks?",    "may not",
    "reject"};
const std::vector<std::string> mismatch = {
    "wrong",      "mismatch",       "does ?n[o']t match",       "not match",  "differ",    "matches no",
    "selects no", "none of",        "no (pod|node|endpoint)s?", "instead of", "incorrect", "typo",
    "not listen", "nothing listens"};

}  // namespace saying

std::string literal(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string Scene::phrase(const Phrases& training, const Phrases& testing, const Phrases& values) {
  offered_.push_back({training, testing});
  return filled(random.pick(world.split == Split::train ? training : testing), values);
}

Workload& Scene::victim(const Runtimes& runtimes) {
  std::vector<Workload*> all;
  for (Workload& workload : world.workloads) {
    const bool own = workload.runtime <= Runtime::node && workload.space == world.space;
    if (own && workload.kind == "Deployment" && !troubled(workload)) all.push_back(&workload);
  }
  Workload& chosen = *random.pick(all);
  if (std::find(runtimes.begin(), runtimes.end(), chosen.runtime) == runtimes.end())
    set_runtime(&world, &chosen, random.pick(runtimes));
  troubled_.push_back(chosen.name);
  if (noticed_.empty()) noticed_ = chosen.name;
  return chosen;
}

Workload& Scene::other(const std::vector<const Workload*>& than) {
  std::vector<Workload*> all;
  for (Workload& workload : world.workloads) {
    const bool own = workload.runtime <= Runtime::node && workload.space == world.space;
    if (own && std::find(than.begin(), than.end(), &workload) == than.end()) all.push_back(&workload);
  }
  return *random.pick(all);
}

Workload& Scene::backend(const Runtimes& runtimes) {
  for (Workload& workload : world.workloads) {
    const bool fits = std::find(runtimes.begin(), runtimes.end(), workload.runtime) != runtimes.end();
    if (!fits || workload.space != world.space) continue;
    return blamed(workload);
  }
  Wish wish;
  wish.kind = "StatefulSet";
  wish.runtime = random.pick(runtimes);
  const bool cache = wish.runtime == Runtime::redis;
  const bool broker = wish.runtime == Runtime::kafka || wish.runtime == Runtime::rabbitmq;
  wish.name = world.names.component(cache ? words.caches : broker ? words.brokers : words.databases);
  wish.replicas = wish.runtime == Runtime::kafka ? 3 : 1;
  Workload& made = add_workload(&world, wish);
  add_claim(&world, &made, fmt::format("data-{}-0", made.name), "/var/lib/data",
            fmt::format("{}Gi", 10 * random.between(1, 20)));
  return blamed(made);
}

// Somebody needs it, so that its fault is noticed.
Workload& Scene::blamed(Workload& workload) {
  troubled_.push_back(workload.name);
  if (noticed_.empty()) noticed_ = workload.name;
  caller_of(workload);
  return workload;
}

Workload& Scene::caller_of(const Workload& workload) {
  std::vector<Workload*> callers, others;
  for (Workload& one : world.workloads) {
    if (one.space != workload.space || one.runtime > Runtime::node || &one == &workload) continue;
    const bool calls = std::find(one.calls.begin(), one.calls.end(), workload.name) != one.calls.end();
    (calls ? callers : others).push_back(&one);
  }
  if (!callers.empty()) return *callers.front();
  Workload& caller = *random.pick(others);
  caller.calls.push_back(workload.name);
  return caller;
}

Workload& Scene::front() {
  for (Workload& workload : world.workloads) {
    if (workload.runtime == Runtime::nginx && workload.space == world.space) return workload;
  }
  return world.workloads.back();
}

Node& Scene::worker() {
  std::vector<Node*> all;
  for (Node& node : world.nodes) {
    const bool used = std::any_of(world.workloads.begin(), world.workloads.end(), [&](const Workload& one) {
      return one.space == world.space && std::any_of(one.pods.begin(), one.pods.end(),
                                                     [&](const Pod& pod) { return pod.node == node.name; });
    });
    if (!node.control_plane && used) all.push_back(&node);
  }
  return *random.pick(all);
}

bool Scene::troubled(const Workload& workload) const {
  return std::find(troubled_.begin(), troubled_.end(), workload.name) != troubled_.end();
}

void Scene::write(Log* log, const Speaker& speaker, Millis at, const Say& line) {
  LogLine& made = log->lines.emplace_back();
  made.at = at;
  made.text = log_line(speaker, at, line.level, line.text);
  if (!line.decides) return;
  made.key = as_written(speaker.style, line.level, line.text.substr(0, line.text.find('\n')));
  made.mark = new_mark();
}

void Scene::say(Pod& pod, const Workload& workload, Millis at, const Say& line) {
  write(&pod.log, workload.speaker, at, line);
}

void Scene::say(const std::string& file, const Speaker& speaker, Millis at, const Say& line) {
  write(&world.files[file], speaker, at, line);
}

void Scene::repeat(Pod& pod, const Workload& workload, const Say& line, int times) {
  const Millis step = std::max<Millis>((world.now - world.trouble) / (times + 1), 1);
  for (int i = 0; i < times; ++i)
    say(pod, workload, world.trouble + i * step + static_cast<Millis>(random.below(900)), line);
}

void Scene::repeat(const std::string& file, const Speaker& speaker, const Say& line, int times) {
  const Millis step = std::max<Millis>((world.now - world.trouble) / (times + 1), 1);
  for (int i = 0; i < times; ++i)
    say(file, speaker, world.trouble + i * step + static_cast<Millis>(random.below(900)), line);
}

void Scene::crash(Workload& workload, int exit_code, const std::vector<Say>& last_words,
                  const std::string& reason) {
  for (Pod& pod : workload.pods) {
    pod.created = std::min(pod.created, world.trouble);
    pod.ready = pod.started = false;
    pod.restarts = random.between(4, 40);
    const Millis ended = world.now - random.between(20, 280) * kSecond;
    const Millis began = ended - random.between(1, 40) * kSecond;
    pod.state["waiting"] =
        Json::object({{"reason", "CrashLoopBackOff"},
                      {"message", fmt::format("back-off 5m0s restarting failed container={} pod={}_{}({})",
                                              workload.name, pod.name, workload.space, pod.uid)}});
    pod.last_state["terminated"] = Json::object({{"exitCode", exit_code},
                                                 {"reason", reason},
                                                 {"startedAt", rfc3339(began)},
                                                 {"finishedAt", rfc3339(ended)},
                                                 {"containerID", "containerd://" + random.hex(64)}});
    // The log is of the last instance; the one before it ended in the same way.
    for (auto [log, end] : {std::pair{&pod.previous, ended - 310 * kSecond}, std::pair{&pod.log, ended}}) {
      Millis at = end - static_cast<Millis>(last_words.size()) * 40;
      for (const Say& line : last_words) write(log, workload.speaker, at += 30, line);
    }
    event(workload, pod, "BackOff",
          fmt::format("Back-off restarting failed container {} in pod {}_{}({})", workload.name, pod.name,
                      workload.space, pod.uid),
          random.between(10, 200));
  }
}

std::vector<Json*> Scene::hold(Workload& workload, const std::string& waiting, const std::string& message,
                               const std::string& event_reason) {
  std::vector<Json*> told;
  for (Pod& pod : workload.pods) {
    pod.created = world.trouble + random.between(0, 90) * kSecond;
    pod.phase = "Pending";
    pod.ready = pod.started = false;
    pod.restarts = 0;
    if (!waiting.empty()) {
      pod.state["waiting"] = Json::object({{"reason", waiting}, {"message", message}});
      told.push_back(&pod.state["waiting"]["message"]);
    }
    if (!event_reason.empty())
      told.push_back(&event(workload, pod, event_reason, message, random.between(5, 90)));
  }
  return told;
}

std::vector<Json*> Scene::leave_pending(Workload& workload, const std::string& message) {
  std::vector<Json*> told;
  for (Pod& pod : workload.pods) {
    pod.created = world.trouble + random.between(0, 90) * kSecond;
    pod.phase = "Pending";
    pod.ready = pod.started = false;
    pod.node.clear();
    pod.why_unplaced = message;
    told.push_back(&pod.why_unplaced);
    told.push_back(&event("Pod", workload.space, pod.name, "FailedScheduling", message, random.between(3, 60),
                          "default-scheduler"));
  }
  return told;
}

void Scene::unready(Workload& workload) {
  for (Pod& pod : workload.pods) pod.ready = false;
}

Json& Scene::event(const std::string& kind, const std::string& space, const std::string& name,
                   const std::string& reason, const std::string& message, int count,
                   const std::string& component, const std::string& type) {
  const Millis last = world.now - random.between(0, 240) * kSecond;
  const Millis first = count == 1 ? last : std::max(world.trouble, last - count * 10 * kSecond);
  const std::string of_space = space.empty() ? "default" : space;
  Json made = Json::object({{"metadata", metadata(&world, name + "." + random.hex(16), of_space, first)}});
  made["involvedObject"]["kind"] = kind;
  if (!space.empty()) made["involvedObject"]["namespace"] = space;
  made["involvedObject"]["name"] = name;
  made["reason"] = reason;
  made["message"] = message;
  made["source"]["component"] = component;
  made["firstTimestamp"] = rfc3339(first);
  made["lastTimestamp"] = rfc3339(last);
  made["count"] = count;
  made["type"] = type;
  made["eventTime"] = Json();
  made["reportingComponent"] = component;
  made["reportingInstance"] = "";
  return world.put("events", of_space, std::move(made))["message"];
}

Json& Scene::event(const Workload& workload, const Pod& pod, const std::string& reason,
                   const std::string& message, int count) {
  return event("Pod", workload.space, pod.name, reason, message, count);
}

void Scene::callers_fail(const Workload& workload) {
  const std::string address =
      fmt::format("{}.{}.svc.cluster.local:{}", workload.name, workload.space, workload.port);
  for (Workload& caller : world.workloads) {
    const bool calls =
        std::find(caller.calls.begin(), caller.calls.end(), workload.name) != caller.calls.end();
    if (!calls || caller.space != workload.space || troubled(caller)) continue;
    for (Pod& pod : caller.pods) {
      if (caller.runtime == Runtime::nginx) {
        repeat(pod, caller,
               {Level::error,
                fmt::format("*{} connect() failed (111: Connection refused) while connecting to upstream, "
                            "client: 10.244.1.{}, server: _, request: \"GET / HTTP/1.1\", upstream: "
                            "\"http://{}/\"",
                            random.between(100, 90000), random.between(2, 250), address)},
               random.between(4, 30));
        continue;
      }
      const std::string text =
          phrase({"request to {0} failed: connection refused",
                  "cannot reach {0}: dial tcp: connect: connection refused",
                  "upstream {0} unavailable, giving up after 3 attempts", "call to {0} failed: i/o timeout"},
                 {"{0} did not accept the connection (ECONNREFUSED)", "no answer from {0} within 5000 ms",
                  "backend {0} is not reachable, retry in 10s", "lost contact with {0}: connect refused"},
                 {address});
      repeat(pod, caller, {Level::error, text}, random.between(3, 25));
    }
  }
}

void Scene::node_lost(Node& node, const std::string& reason, const std::string& message) {
  Json& ready = node.condition("Ready");
  ready["status"] = reason == "NodeStatusUnknown" ? "Unknown" : "False";
  ready["reason"] = reason;
  ready["message"] = message;
  ready["lastTransitionTime"] = rfc3339(world.trouble);
  node.taints.add(Json::object({{"key", reason == "NodeStatusUnknown" ? "node.kubernetes.io/unreachable"
                                                                      : "node.kubernetes.io/not-ready"},
                                {"effect", "NoExecute"}}));
  event("Node", "", node.name, "NodeNotReady", fmt::format("Node {} status is now: NodeNotReady", node.name),
        1, "node-controller", "Normal");
  node.metrics = false;
  for (Workload& workload : world.workloads) {
    for (Pod& pod : workload.pods) {
      if (pod.node != node.name) continue;
      pod.ready = false;
      event("Pod", workload.space, pod.name, "NodeNotReady", "Node is not ready", 1, "node-controller");
    }
  }
}

Json& Scene::put(const std::string& place, const std::string& space, const std::string& name) {
  return world.put(
      place, space,
      Json::object({{"metadata", metadata(&world, name, space, world.now - random.between(2, 90) * kDay)}}));
}

Json& Scene::config_of(const Workload& workload) {
  Json* map = world.object("configmaps", workload.space, workload.name + "-config");
  if (map == nullptr) map = &put("configmaps", workload.space, workload.name + "-config");
  return (*map)["data"];
}

void Scene::cause(const Workload& workload, const std::string& sentence, const Phrases& values,
                  const Phrases& others) {
  Phrases all = {workload.name};
  all.insert(all.end(), values.begin(), values.end());
  label.cause = filled(sentence, all);
  for (const std::string& other : others) label.right.push_back(filled(other, all));
  if (label.culprit_name.empty()) {
    std::string kind;
    for (const char c : workload.kind) kind += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    culprit(kind, workload.space, workload.name);
  }
  if (!label.commands.empty()) return;
  const bool clustered = label.culprit_space.empty();
  command(fmt::format("kubectl {}describe {} {}", clustered ? "" : "-n " + label.culprit_space + " ",
                      label.culprit_kind, label.culprit_name));
  if (!workload.pods.empty())
    command(fmt::format("kubectl -n {} describe pod {}", workload.space, workload.pods.front().name));
}

void Scene::culprit(const std::string& kind, const std::string& space, const std::string& name) {
  label.culprit_kind = kind;
  label.culprit_space = space;
  label.culprit_name = name;
}

void Scene::expect_name(const std::vector<std::string>& names) {
  std::vector<std::string> patterns;
  for (const std::string& name : names) patterns.push_back(literal(name));
  label.groups.push_back(std::move(patterns));
}

}  // namespace carrel::incidents
