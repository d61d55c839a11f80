// Usage against limits: `kubectl top` (or the metrics API) joined with the limits of the containers; above 85
// % of a limit a container is throttled (CPU) or close to being killed (memory).
#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <map>

#include <fmt/format.h>

#include "room/evidence/detectors.h"
#include "room/evidence/loose_json.h"
#include "room/evidence/memory_asked.h"
#include "room/evidence/question.h"

namespace carrel {
namespace {

constexpr double near_limit = 0.85;
constexpr std::size_t largest_loose_file = 64 << 10;

struct Limit {
  double amount = 0;
  Object source;  // what it is cited from
  const Value* place = nullptr;
};

// Files that hold nothing but the resources of one workload, as `-o jsonpath` prints them; their names tell
// of which.
std::deque<LooseJson> loose_resources(const Survey& survey) {
  std::deque<LooseJson> found;
  each_loose_json(survey.inventory, "\"limits\"", largest_loose_file, [&](const LooseJson& file) {
    const bool resources = file.document->path.ends_with(".json") && file.root["limits"].exists() &&
                           file.document->text.find("\"kind\"") == std::string::npos;
    if (resources) found.push_back(file);
  });
  return found;
}

// The sum of the containers' limits, where every container has one.
bool limit_of(const Survey& survey, const std::deque<LooseJson>& loose, const Object& metrics,
              std::string_view container, const char* resource, Limit* limit) {
  for (const PodSpec& pods : survey.pod_specs()) {
    const bool same_space = pods.owner->space == metrics.space || metrics.space.empty();
    const bool same =
        pods.is_pod ? pods.owner->name == metrics.name : metrics.name.rfind(pods.owner->name + "-", 0) == 0;
    if (!same || !same_space) continue;
    limit->amount = 0;
    bool all = true;
    for (const Value& one : (*pods.spec)["containers"].items) {
      if (!container.empty() && one["name"].text() != container) continue;
      const Value& value = one["resources"]["limits"][resource];
      const auto amount = quantity(value.text());
      all = all && amount.has_value();
      limit->amount += amount.value_or(0);
      limit->source = *pods.owner;
      limit->place = &value;
    }
    if (all && limit->amount > 0) return true;
  }
  for (const LooseJson& file : loose) {
    const std::string& name = metrics.name;
    // The name without the hashes of its ReplicaSet and its own.
    const std::string workload = name.substr(0, name.rfind('-', name.rfind('-') - 1));
    if (workload.size() < 3 || workload.size() == name.size() ||
        file.document->path.find(workload) == std::string::npos)
      continue;
    const Value& value = file.root["limits"][resource];
    const auto amount = quantity(value.text());
    if (!amount || *amount <= 0) continue;
    limit->amount = *amount;
    limit->source = file.source();
    limit->place = &value;
    return true;
  }
  return false;
}

void check(const Survey& survey, const std::deque<LooseJson>& loose, const Object& metrics,
           const Value& usage, std::string_view container, Observations* out) {
  for (const char* resource : {"cpu", "memory"}) {
    const auto used = quantity(usage[resource].text());
    Limit limit;
    if (!used || !limit_of(survey, loose, metrics, container, resource, &limit)) continue;
    const double part = *used / limit.amount;
    if (part < near_limit) continue;
    const bool cpu = resource[0] == 'c';
    const bool asked = cpu ? survey.asks({"slow", "cpu", "throttl", "latency", "performance", "high"})
                           : survey.asks({"memory", "oom", "restart", "kill", "leak"});
    const AskedInPieces heap = cpu ? AskedInPieces() : memory_asked_in_pieces(survey, metrics.name);
    const bool too_much = heap.bytes > of_limit_for_heap * limit.amount;
    const std::string effect = cpu        ? "its CPU is throttled and it answers slowly"
                               : too_much ? fmt::format(
                                                "its heap alone may grow beyond the limit, as {} says, and "
                                                "it is OOMKilled when it does",
                                                heap.words)
                                          : "it is close to being OOMKilled";
    Observation& made =
        report_missing(out, cpu ? "cpu-near-limit" : "memory-near-limit",
                       too_much && asked ? 0.8
                       : asked           ? 0.6
                                         : 0.44,
                       "pod", metrics.space, metrics.name,
                       fmt::format("{} uses {} {}, {:.0f}% of its {} limit of {}: {}.",
                                   described("pod", metrics.space, metrics.name), usage[resource].text(),
                                   resource, std::round(part * 100), resource, limit.place->text(), effect));
    made.culprit.present = true;
    if (too_much) cite_line(&made, *heap.document, heap.line, "the memory that it asks for");
    cite(&made, metrics, usage[resource], "its usage");
    cite(&made, limit.source, *limit.place, "its limit");
    if (!metrics.space.empty()) {
      suggest(&made, fmt::format("kubectl -n {} top pod {} --containers", metrics.space, metrics.name),
              "shows its usage now");
      suggest(&made, fmt::format("kubectl -n {} describe pod {}", metrics.space, metrics.name),
              "shows its limits");
    }
    lack(&made, fmt::format("{} usage over time", resource));
  }
}

// A workload one of whose pods does all the work, however many there are.
void check_balance(const Survey& survey, Observations* out) {
  constexpr std::size_t least_pods = 3;
  constexpr double busy = 0.5, times = 8;  // cores; the busiest to the next
  struct Pod {
    const Object* metrics;
    const Value* cpu;
    double cores;
  };
  std::map<std::string, std::vector<Pod>> workloads;
  for (const Object* metrics : survey.each("podmetrics")) {
    const std::string workload = without_hashes(metrics->name);
    const Value& cpu = (*metrics)["containers"].size() == 0 ? (*metrics)["usage"]["cpu"]
                                                            : (*metrics)["containers"][0]["usage"]["cpu"];
    const auto cores = quantity(cpu.text());
    if (workload != metrics->name && cores)
      workloads[metrics->space + "/" + workload].push_back({metrics, &cpu, *cores});
  }
  for (auto& [name, pods] : workloads) {
    if (pods.size() < least_pods) continue;
    std::ranges::stable_sort(pods, std::greater{}, &Pod::cores);
    if (pods[0].cores < busy || pods[0].cores < times * pods[1].cores) continue;
    const Object& hot = *pods[0].metrics;
    const bool asked = survey.asks({"slow", "second", "latency", "performance", "scaled", "load", "cpu",
                                    "time out", "timeout", "did not help", "take"});
    Observation& made = report_missing(
        out, "load-not-spread", asked ? 0.86 : 0.44, "pod", hot.space, hot.name,
        fmt::format("Only one pod of {} does the work: {} uses {} CPU, the {} others at most {}. The load is "
                    "not spread "
                    "over them, as where all calls go over one connection that stays open (gRPC, HTTP/2).",
                    without_hashes(hot.name), hot.name, pods[0].cpu->text(), pods.size() - 1,
                    pods[1].cpu->text()));
    made.culprit.present = true;
    cite(&made, hot, *pods[0].cpu, "the usage of the one");
    cite(&made, *pods[1].metrics, *pods[1].cpu, "the usage of the next");
    if (!hot.space.empty())
      suggest(&made, fmt::format("kubectl top pods -n {}", hot.space), "shows the usage of all");
    lack(&made, "how its callers connect: their load balancing policy and the Service's kind");
  }
}

// The node that the pod of these metrics runs on; empty: not known.
std::string node_of(const Survey& survey, const Object& metrics) {
  const Object* pod = survey.find("pod", metrics.space, metrics.name);
  return pod == nullptr ? "" : std::string((*pod)["spec"]["nodeName"].text());
}

// Who asks which pod uses the most asks for a culprit, be it a fault or not.
void tell_most(const Survey& survey, const std::deque<LooseJson>& loose, const char* resource,
               Observations* out) {
  struct Used {
    const Object* metrics = nullptr;
    const Value* place = nullptr;
    double amount = -1;       // of all containers
    bool of_several = false;  // and `place` is that of the largest
  };
  Used most, next;
  const auto& all = survey.each("podmetrics");
  const bool in_a_space =
      std::ranges::any_of(all, [&](const Object* each) { return survey.names(each->space); });
  const bool on_a_node =
      std::ranges::any_of(all, [&](const Object* each) { return survey.names(node_of(survey, *each)); });
  for (const Object* metrics : all) {
    if (in_a_space && !survey.names(metrics->space)) continue;
    if (on_a_node && !survey.names(node_of(survey, *metrics))) continue;
    const Value& containers = (*metrics)["containers"];
    Used used{metrics};
    double largest = -1;
    for (const Value& container : containers.items) {
      const Value& usage = container["usage"][resource];
      const double amount = quantity(usage.text()).value_or(0);
      used.amount = std::max(used.amount, 0.0) + amount;
      if (amount > largest) largest = amount, used.place = &usage;
    }
    used.of_several = containers.size() > 1;
    if (containers.size() == 0) {
      used.place = &(*metrics)["usage"][resource];
      used.amount = quantity(used.place->text()).value_or(-1);
    }
    if (used.amount > next.amount) next = used;
    if (next.amount > most.amount) std::swap(most, next);
  }
  if (most.amount <= 0) return;
  std::string cause = fmt::format(
      "{} uses the most {}{}: {}", described("pod", most.metrics->space, most.metrics->name), resource,
      on_a_node ? fmt::format(" on node {}", node_of(survey, *most.metrics)) : "", most.place->text());
  Limit limit;
  const bool limited = limit_of(survey, loose, *most.metrics, {}, resource, &limit);
  if (most.of_several) cause += " in the largest of its containers";
  if (limited)
    cause +=
        fmt::format(", {:.0f}% of its limit of {}", 100 * most.amount / limit.amount, limit.place->text());
  if (next.amount > 0)
    cause += fmt::format("; the next is {} with {}", next.metrics->name, next.place->text());
  Observation& made = report_missing(out, uses_most, on_a_node ? 0.97 : 0.9, "pod", most.metrics->space,
                                     most.metrics->name, cause + ".");
  made.culprit.present = true;
  cite(&made, *most.metrics, *most.place, "its usage");
  if (limited) cite(&made, limit.source, *limit.place, "its limit");
  if (next.amount > 0) cite(&made, *next.metrics, *next.place, "the usage of the next");
  if (!limited) lack(&made, fmt::format("the {} limit of {}", resource, most.metrics->name));
}

// "Which pod uses most of the memory?", "who has the highest share of the CPU?"
bool asks_most(const Survey& survey, std::initializer_list<std::string_view> resources) {
  constexpr std::size_t farthest = 5;  // words
  const std::vector<std::string> words = words_of(survey.question);
  const auto has_one = [&](std::initializer_list<std::string_view> wanted, std::size_t from, std::size_t to) {
    return std::any_of(
        words.begin() + static_cast<std::ptrdiff_t>(from), words.begin() + static_cast<std::ptrdiff_t>(to),
        [&](const std::string& word) { return std::ranges::find(wanted, word) != wanted.end(); });
  };
  if (!has_one({"which", "who", "what", "whose"}, 0, words.size())) return false;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const bool most = words[at] == "most" || words[at] == "highest";
    if (most && has_one(resources, at + 1, std::min(words.size(), at + 1 + farthest))) return true;
  }
  return false;
}

}  // namespace

void detect_usage(const Survey& survey, Observations* out) {
  if (survey.each("podmetrics").empty()) return;
  check_balance(survey, out);
  const std::deque<LooseJson> loose = loose_resources(survey);
  if (asks_most(survey, {"memory", "ram"})) tell_most(survey, loose, "memory", out);
  if (asks_most(survey, {"cpu", "processor"})) tell_most(survey, loose, "cpu", out);
  for (const Object* metrics : survey.each("podmetrics")) {
    const Value& containers = (*metrics)["containers"];
    if (containers.size() == 0) check(survey, loose, *metrics, (*metrics)["usage"], {}, out);
    for (const Value& container : containers.items) {
      check(survey, loose, *metrics, container["usage"], container["name"].text(), out);
    }
  }
}

}  // namespace carrel
