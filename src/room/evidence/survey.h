// Survey: an inventory as the detectors look at it. Every object once (the fullest view of it), events
// grouped, pods and the templates that pods are made from side by side, and the question's words; and how a
// detector says what it found: an Observation whose lines quote the documents.
//
// A view from a table or from `describe` lacks fields without meaning that they are unset: `tells_all` is
// true only for objects in the API's own form, and no absence is concluded without it.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/brief.h"
#include "record/evidence.h"
#include "room/evidence/detect.h"
#include "room/inventory/inventory.h"

namespace carrel {

enum class Health { unknown, healthy, unhealthy };

// A pod, or the template that a workload makes its pods from.
struct PodSpec {
  const Object* owner = nullptr;  // the pod, or the workload
  const Value* spec = nullptr;
  const Value* labels = nullptr;
  bool is_pod = false;
  Health health = Health::unknown;  // of the pod, or of the workload's pods as its status tells
};

// What one or several equal events say.
struct Happening {
  const Object* event = nullptr;
  std::string kind, space, name;  // the object it is about
  std::string_view reason;
  const Value* message = nullptr;
  bool warning = false;
  std::int64_t count = 1;
};

class Survey {
 public:
  Survey(const Inventory& inventory, const std::string& question, const ListeningPorts& listening);

  const Inventory& inventory;
  const ListeningPorts& listening;
  const std::string question;  // in lower case
  const bool only_whether;     // Question::only_whether()
  const bool complains;        // neither that, nor Question::open(): somebody says that something is wrong

  // The fullest view of every object of a kind, in the order they were read.
  const std::vector<const Object*>& each(std::string_view kind) const;
  const Object* find(std::string_view kind, std::string_view space, std::string_view name) const;
  const std::vector<PodSpec>& pod_specs() const { return pod_specs_; }
  const std::vector<Happening>& happenings() const { return happenings_; }
  // The warnings (and Normal events, where `all`) about one object.
  std::vector<const Happening*> about(const Object& object, bool all = false) const;

  // True where the object is known to be missing: all of its kind there were listed and it is not among them.
  bool lacks(std::string_view kind, std::string_view space, std::string_view name) const;
  // True where the bundle has no trace of it and no listing that would settle the matter.
  bool unseen(std::string_view kind, std::string_view space, std::string_view name) const;
  // True where the question has one of these words (a prefix of a word counts).
  bool asks(std::initializer_list<std::string_view> words) const;
  // True where the question names this name: as a whole word in the alphabet of names.
  bool names(std::string_view name) const;
  // The pods (or, where there are none, workloads) of a namespace that these labels select.
  std::vector<const PodSpec*> selected(std::string_view space, const Value& match_labels) const;
  // True where another pod that does the same work is well, or has done it.
  bool goes_on(const Object& pod) const;
  // The latest time that any event tells (RFC 3339): "now", as far as the bundle knows; empty: none tells
  // one.
  const std::string& latest_time() const { return latest_time_; }
  // How many seconds before that a time of the same day is; nothing: it is of another day, or none is known.
  std::optional<int> seconds_since(std::string_view time) const;

 private:
  void read_events();
  void read_pod_specs();

  std::map<std::string, std::vector<const Object*>, std::less<>> each_;
  std::map<std::string, const Object*, std::less<>> index_;
  std::vector<PodSpec> pod_specs_;
  std::map<std::string, std::vector<std::size_t>, std::less<>> by_label_;  // of pod_specs_
  std::vector<Happening> happenings_;
  std::multimap<std::string, std::size_t> by_object_;
  std::string latest_time_;
  std::set<std::string> at_work_;  // the work of pods that are well or have done it
};

// --- pods ---

inline bool tells_all(const Object& object) {
  return object.source == Object::Source::api;
}
Health pod_health(const Object& pod);
// True where a pod has only just begun or is being ended in time: that it is not ready says nothing.
bool is_changing(const Survey& survey, const Object& pod);
// True where all its containers did their work and ended.
bool has_completed(const Object& pod);
// The workload a pod belongs to as its name and owner tell: "deployment/web" (a ReplicaSet stands for its
// Deployment), or "pod/NAME" for a bare pod.
std::pair<std::string, std::string> workload_of(const Object& object);
// The name without the hashes that a ReplicaSet and its pod add: "web-7d9f8b6c5-x2k4q" -> "web".
std::string without_hashes(const std::string& name);
// "Pod web-1 in namespace shop", with the kind as the API writes it.
std::string described(const Object& object);
std::string described(std::string_view kind, std::string_view space, std::string_view name);

struct Container {
  const Value* spec = nullptr;
  bool init = false;
};
std::vector<Container> containers_of(const Value& pod_spec);
// The status of a container of a pod by its name, or null.
const Value& container_status(const Object& pod, std::string_view container);
std::int64_t restarts_of(const Object& pod);
// What a pod that is not ready is in ("CrashLoopBackOff", "Pending"), and what tells most of it.
std::pair<std::string, const Value*> state_of(const Object& pod);
// The Job that a pod is of, by its owner, its label or its name; empty: none that is known.
std::string job_of(const Survey& survey, const Object& pod);
// True where a Job did all its work.
bool is_complete(const Object& job);
// True where a pod failed and another one did its work, of the same Job or of what makes such pods, and
// neither is what is asked about.
bool was_retried(const Survey& survey, const Object& pod);
// The names of the nodes that a volume may be used on, by its node affinity; null: any.
const Value& volume_nodes(const Object& volume);
// The same for zones.
const Value& volume_zones(const Object& volume);
// Command and arguments in one text, parted by spaces.
std::string command_text(const Value& container);

// The port that a well-known image listens on when nothing configures it otherwise; 0: not known.
std::int64_t stock_port(const Value& container);
// The port that a container's command says it listens on ("python -m http.server 8000"), else its stock port;
// 0: not known.
std::int64_t listening_port(const Value& container);

// True where every member of `wanted` is in `labels` with the same value. An empty `wanted` selects
// everything.
bool selects(const Value& wanted, const Value& labels);
// The same for a LabelSelector (matchLabels and matchExpressions).
bool selector_matches(const Value& label_selector, const Value& labels);
// Where a Service sends one of its ports: a number, or the name that a container gives it.
const Value& target_port_of(const Value& service_port);
// "app=web,tier=front"
std::string label_text(const Value& labels);

// The name of the object of a kind and namespace that comes nearest to one that does not exist (the only one
// there is, where both begin alike); empty: none.
std::string nearest(const Survey& survey, std::string_view kind, std::string_view space,
                    std::string_view name);

// --- text ---

// A quantity of the API ("250m", "1Gi", "2e3") in units; nothing where it is none.
std::optional<double> quantity(std::string_view text);
// True where it can be told as a name: letters, digits and the marks of names, within limit::name.
bool is_plain_name(std::string_view text);
// The text between two marks after the first occurrence of `from`; empty where either is missing.
std::string_view between(std::string_view text, std::string_view from, std::string_view to);
// The words of a row whose columns have no blanks in them, at most 32.
std::vector<std::string_view> fields_of(std::string_view row);
bool has(std::string_view text, std::string_view needle);  // ASCII case folded; `needle` in lower case

// --- saying what was found ---

using Observations = std::vector<Observation>;

Observation& report(Observations* out, std::string_view detector, double weight, const Object& culprit,
                    const std::string& cause);
// The same for something that is only referred to.
Observation& report_missing(Observations* out, std::string_view detector, double weight,
                            std::string_view kind, std::string_view space, std::string_view name,
                            const std::string& cause);
// Quotes the lines of `value`, a part of `object` (of the object itself where it is null); as many whole
// lines as fit.
void cite(Observation* observation, const Object& object, const Value& value, const std::string& reason);
// Quotes from the first line of one to the last of the other where that fits, else `from` alone.
void cite_span(Observation* observation, const Object& object, const Value& from, const Value& to,
               const std::string& reason);
void cite(Observation* observation, const Happening& happening);
// Quotes a line of text that is no object's.
void cite_line(Observation* observation, const Document& document, std::uint32_t line,
               const std::string& reason);
// Adds a command; one with a name that is no name in it, or that is too long, is left out.
void suggest(Observation* observation, const std::string& command, const std::string& why);
void lack(Observation* observation, const std::string& what);
void looked_for(Observation* observation, const Survey& survey, std::string_view kind,
                std::string_view space);

}  // namespace carrel
