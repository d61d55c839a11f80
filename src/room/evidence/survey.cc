#include "room/evidence/survey.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/edit_distance.h"
#include "base/text.h"
#include "record/limits.h"
#include "room/evidence/needs.h"
#include "room/evidence/question.h"
#include "room/inventory/kinds.h"

namespace carrel {
namespace {

std::string key_of(std::string_view kind, std::string_view space, std::string_view name) {
  return fmt::format("{}\n{}\n{}", kind, space, name);
}

// Which of two views of one object tells more: the API's own form, with a status, before text.
int fullness(const Object& object) {
  switch (object.source) {
    case Object::Source::api:
      return object["status"].exists() ? 4 : 3;
    case Object::Source::describe:
      return 2;
    case Object::Source::table:
      return 1;
  }
  return 0;
}

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_';
}

Health workload_health(const Object& workload) {
  const Value& status = workload["status"];
  const auto wanted = workload["spec"]["replicas"].integer();
  const auto ready = status["readyReplicas"].integer();
  if (workload.kind == "daemonset") {
    const auto desired = status["desiredNumberScheduled"].integer();
    const auto number = status["numberReady"].integer();
    if (!desired || !number) return Health::unknown;
    return *number >= *desired ? Health::healthy : Health::unhealthy;
  }
  if (!status.exists() || status.size() == 0) return Health::unknown;
  const auto enough = [&](const std::optional<std::int64_t>& count) {
    return count && *count > 0 && *count >= wanted.value_or(1);
  };
  if (enough(ready) || enough(status["availableReplicas"].integer())) return Health::healthy;
  if (status["replicas"].exists() || status["unavailableReplicas"].exists()) return Health::unhealthy;
  return Health::unknown;
}

const Value& template_of(const Object& object) {
  const Value& spec = object["spec"];
  return object.kind == "cronjob" ? spec["jobTemplate"]["spec"]["template"] : spec["template"];
}

}  // namespace

Survey::Survey(const Inventory& all, const std::string& asked, const ListeningPorts& ports)
    : inventory(all),
      listening(ports),
      question(to_lower(asked)),
      only_whether(Question(asked).only_whether()),
      complains(!only_whether && !Question(asked).open()) {
  for (const Object& object : inventory.all()) {
    if (object.value == nullptr || object.file == nullptr) continue;
    const std::string key = key_of(object.kind, object.space, object.name);
    auto [place, added] = index_.emplace(key, &object);
    if (added) {
      each_[object.kind].push_back(&object);
    } else if (fullness(object) > fullness(*place->second)) {
      auto& list = each_[object.kind];
      *std::find(list.begin(), list.end(), place->second) = &object;
      place->second = &object;
    }
  }
  read_events();
  read_pod_specs();
}

const std::vector<const Object*>& Survey::each(std::string_view kind) const {
  static const std::vector<const Object*> none;
  const auto found = each_.find(kind);
  return found == each_.end() ? none : found->second;
}

const Object* Survey::find(std::string_view kind, std::string_view space, std::string_view name) const {
  const auto found = index_.find(key_of(kind, space, name));
  return found == index_.end() ? nullptr : found->second;
}

void Survey::read_events() {
  std::map<std::string, std::size_t> seen;
  for (const Object& object : inventory.all()) {
    if (object.kind != "event" || object.value == nullptr || object.file == nullptr) continue;
    for (const char* const field : {"lastTimestamp", "eventTime"}) {
      const std::string_view time = object[field].text();
      if (time.size() >= 19 && time > latest_time_) latest_time_ = time;
    }
    const Value& about = object["involvedObject"].exists() ? object["involvedObject"] : object["regarding"];
    Happening happening;
    happening.event = &object;
    happening.kind = resource_name(about["kind"].text());
    happening.name = std::string(about["name"].text());
    happening.space = std::string(about["namespace"].exists() ? about["namespace"].text() : object.space);
    if (happening.kind == "node") happening.space.clear();
    happening.reason = object["reason"].text();
    happening.message = object["message"].exists() ? &object["message"] : &object["note"];
    happening.warning = object["type"].text() == "Warning";
    happening.count =
        std::max(object["count"].integer().value_or(1), object["series"]["count"].integer().value_or(1));
    const std::string key = key_of(happening.kind, happening.space, happening.name);
    const std::string whole = fmt::format("{}\n{}\n{}", key, happening.reason, happening.message->text());
    const auto [place, added] = seen.emplace(whole, happenings_.size());
    if (!added) {
      happenings_[place->second].count = std::max(happenings_[place->second].count, happening.count);
      continue;
    }
    by_object_.emplace(key, happenings_.size());
    happenings_.push_back(std::move(happening));
  }
}

namespace {

// What pods that do the same work have in common: the workload's name, or that of one that is numbered
// ("installer-58-m0" and "installer-59-m0").
std::string same_work(const Object& pod) {
  std::string name = without_hashes(pod.name);
  if (name == pod.name)
    std::ranges::replace_if(
        name, [](char c) { return is_digit(c); }, '#');
  return key_of("", pod.space, name);
}

}  // namespace

bool Survey::goes_on(const Object& pod) const {
  return at_work_.contains(same_work(pod));
}

std::optional<int> Survey::seconds_since(std::string_view time) const {
  const std::string& now = latest_time_;
  if (time.size() < 19 || now.compare(0, 11, time.substr(0, 11)) != 0) return std::nullopt;
  const auto second_of_day = [](std::string_view text) {
    int parts[3] = {};
    for (std::size_t i = 0; i < 3; ++i)
      std::from_chars(text.data() + 11 + 3 * i, text.data() + 13 + 3 * i, parts[i]);
    return (parts[0] * 60 + parts[1]) * 60 + parts[2];
  };
  return second_of_day(now) - second_of_day(time);
}

void Survey::read_pod_specs() {
  for (const Object* pod : each("pod")) {
    if (pod_health(*pod) == Health::healthy || has_completed(*pod)) at_work_.insert(same_work(*pod));
    if (!pod->operator[]("spec")["containers"].exists()) continue;
    pod_specs_.push_back({pod, &(*pod)["spec"], &(*pod)["metadata"]["labels"], true, pod_health(*pod)});
  }
  for (const auto& [kind, objects] : each_) {
    if (kind == "pod") continue;
    for (const Object* object : objects) {
      const Value& made = template_of(*object);
      if (!made["spec"]["containers"].exists()) continue;
      if ((kind == "replicaset" || kind == "job") && (*object)["metadata"]["ownerReferences"].size() > 0)
        continue;
      // A row of a table has the selector alone, which the labels hold at least.
      const Value& labels = made["metadata"]["labels"];
      const Value& chosen = (*object)["spec"]["selector"]["matchLabels"];
      pod_specs_.push_back(
          {object, &made["spec"], labels.exists() ? &labels : &chosen, false, workload_health(*object)});
    }
  }
  // What a workload does not tell of itself its pods tell.
  std::map<std::pair<std::string, std::string>, Health> of_workloads;
  for (const Object* pod : each("pod")) {
    Health& told = of_workloads[{pod->space, workload_of(*pod).second}];
    const Health health = pod_health(*pod);
    if (health == Health::unhealthy || told == Health::unknown) told = health;
  }
  for (PodSpec& made : pod_specs_) {
    if (made.is_pod || made.health != Health::unknown) continue;
    const auto told = of_workloads.find({made.owner->space, made.owner->name});
    if (told != of_workloads.end()) made.health = told->second;
  }
  for (std::size_t i = 0; i < pod_specs_.size(); ++i) {
    for (const auto& [name, value] : pod_specs_[i].labels->members)
      by_label_[key_of(name, pod_specs_[i].owner->space, value.text())].push_back(i);
  }
}

std::vector<const Happening*> Survey::about(const Object& object, bool all) const {
  std::vector<const Happening*> found;
  const auto [from, to] = by_object_.equal_range(key_of(object.kind, object.space, object.name));
  for (auto place = from; place != to; ++place) {
    const Happening& happening = happenings_[place->second];
    if (all || happening.warning) found.push_back(&happening);
  }
  return found;
}

bool Survey::lacks(std::string_view kind, std::string_view space, std::string_view name) const {
  return find(kind, space, name) == nullptr && inventory.lists_all(kind, space);
}

bool Survey::unseen(std::string_view kind, std::string_view space, std::string_view name) const {
  return find(kind, space, name) == nullptr && !inventory.lists_all(kind, space);
}

bool Survey::asks(std::initializer_list<std::string_view> words) const {
  for (const std::string_view word : words) {
    for (std::size_t at = question.find(word); at != std::string::npos; at = question.find(word, at + 1)) {
      if (at == 0 || !is_name_character(question[at - 1])) return true;
    }
  }
  return false;
}

bool Survey::names(std::string_view name) const {
  if (name.size() < 2) return false;
  const std::string folded = to_lower(name);
  for (std::size_t at = question.find(folded); at != std::string::npos; at = question.find(folded, at + 1)) {
    std::size_t end = at + folded.size();
    if (at > 0 && is_name_character(question[at - 1])) continue;
    // A full stop ends a sentence as well as it parts a name.
    if (end < question.size() && question[end] == '.' &&
        (end + 1 == question.size() || question[end + 1] == ' '))
      return true;
    if (end == question.size() || !is_name_character(question[end])) return true;
  }
  return false;
}

std::vector<const PodSpec*> Survey::selected(std::string_view space, const Value& match_labels) const {
  std::vector<const PodSpec*> found;
  const auto take = [&](const PodSpec& pods) {
    if (pods.owner->space == space && selects(match_labels, *pods.labels)) found.push_back(&pods);
  };
  if (match_labels.members.empty()) {
    for (const PodSpec& pods : pod_specs_) take(pods);
    return found;
  }
  // Those with the rarest of the labels, and of them those that have the others.
  const std::vector<std::size_t>* fewest = nullptr;
  for (const auto& [name, value] : match_labels.members) {
    const auto with = by_label_.find(key_of(name, space, value.text()));
    if (with == by_label_.end()) return found;
    if (fewest == nullptr || with->second.size() < fewest->size()) fewest = &with->second;
  }
  for (const std::size_t at : *fewest) take(pod_specs_[at]);
  return found;
}

std::string without_hashes(const std::string& name) {
  const auto last = name.rfind('-');
  if (last == std::string::npos || last == 0 || name.size() - last != 6) return name;
  const auto middle = name.rfind('-', last - 1);
  if (middle == std::string::npos || last - middle <= 6 || last - middle >= 13) return name;
  // Generated names have no vowels; of short ones only a digit tells.
  const std::string_view part = std::string_view(name).substr(middle + 1, last - middle - 1);
  const bool hash =
      part.find_first_of("0123456789") != std::string_view::npos ||
      (part.size() >= 8 && part.find_first_not_of("bcdfghjklmnpqrstvwxz") == std::string_view::npos);
  return hash ? name.substr(0, middle) : name;
}

bool has_completed(const Object& pod) {
  const std::string_view phase = pod["status"]["phase"].text();
  const auto& ended = pod["status"]["containerStatuses"].items;
  const bool completed =
      !ended.empty() && std::all_of(ended.begin(), ended.end(), [](const Value& container) {
        return container["state"]["terminated"]["reason"].text() == "Completed";
      });
  return phase == "Succeeded" || (completed && phase != "Running");
}

bool is_changing(const Survey& survey, const Object& pod) {
  constexpr int soon = 90;
  const std::optional<int> begun = survey.seconds_since(pod["status"]["startTime"].text());
  const std::optional<int> ends = survey.seconds_since(pod["metadata"]["deletionTimestamp"].text());
  const bool has_just_begun = begun && *begun <= soon && *begun >= -soon && restarts_of(pod) == 0;
  return has_just_begun || (ends && *ends <= soon);
}

Health pod_health(const Object& pod) {
  const Value& status = pod["status"];
  if (!status.exists()) return Health::unknown;
  if (pod["metadata"]["deletionTimestamp"].exists()) return Health::unhealthy;
  const std::string_view phase = status["phase"].text();
  if (has_completed(pod)) return Health::healthy;
  if (phase == "Failed" || phase == "Pending") return Health::unhealthy;
  for (const Value& condition : status["conditions"].items) {
    if (condition["type"].text() != "Ready") continue;
    return condition["status"].text() == "True" ? Health::healthy : Health::unhealthy;
  }
  const Value& containers = status["containerStatuses"];
  for (const Value& container : containers.items) {
    if (container["ready"].exists() && !container["ready"].is_true()) return Health::unhealthy;
    if (container["state"]["waiting"].exists()) return Health::unhealthy;
  }
  return containers.size() > 0 && phase == "Running" ? Health::healthy : Health::unknown;
}

std::pair<std::string, std::string> workload_of(const Object& object) {
  const Value& owner = object["metadata"]["ownerReferences"][0];
  if (!owner.exists()) {
    const std::string_view hash = object["metadata"]["labels"]["pod-template-hash"].text();
    const std::string ending = fmt::format("-{}-", hash);
    const auto at = object.name.rfind(ending);
    if (!hash.empty() && at != std::string::npos) return {"deployment", object.name.substr(0, at)};
    const std::string_view job = object["metadata"]["labels"]["job-name"].text();
    if (!job.empty()) return {"job", std::string(job)};
    return {object.kind, object.name};
  }
  std::string kind = resource_name(owner["kind"].text());
  std::string name(owner["name"].text());
  const auto dash = name.rfind('-');
  if (kind == "replicaset" && dash != std::string::npos) return {"deployment", name.substr(0, dash)};
  return {kind, name};
}

namespace {

std::string written_out(std::string_view kind, std::string_view space, std::string_view name) {
  std::string text = fmt::format("{} {}", kind, name);
  if (!space.empty()) text += fmt::format(" in namespace {}", space);
  return text;
}

}  // namespace

std::string described(std::string_view kind, std::string_view space, std::string_view name) {
  if (kind == "release") kind = "Helm release";
  const KindEntry* entry = find_kind(kind);
  return written_out(entry == nullptr ? kind : entry->api, space, name);
}

std::string described(const Object& object) {
  // A kind of somebody's own is written as its object writes it.
  const std::string_view kind = object.value == nullptr ? std::string_view() : object["kind"].text();
  return resource_name(kind) == object.kind ? written_out(kind, object.space, object.name)
                                            : described(object.kind, object.space, object.name);
}

std::vector<Container> containers_of(const Value& pod_spec) {
  std::vector<Container> all;
  for (const Value& container : pod_spec["initContainers"].items) all.push_back({&container, true});
  for (const Value& container : pod_spec["containers"].items) all.push_back({&container, false});
  return all;
}

const Value& container_status(const Object& pod, std::string_view container) {
  for (const char* list : {"containerStatuses", "initContainerStatuses"}) {
    for (const Value& status : pod["status"][list].items) {
      if (status["name"].text() == container) return status;
    }
  }
  return Value::null();
}

std::int64_t restarts_of(const Object& pod) {
  std::int64_t most = 0;
  for (const Value& status : pod["status"]["containerStatuses"].items) {
    most = std::max(most, status["restartCount"].integer().value_or(0));
  }
  return most;
}

std::pair<std::string, const Value*> state_of(const Object& pod) {
  const Value& status = pod["status"];
  std::pair<std::string, const Value*> state(status["phase"].text(), &status["phase"]);
  for (const Value& condition : status["conditions"].items) {
    if (condition["status"].text() == "False" && !condition["message"].text().empty())
      state.second = &condition["message"];
  }
  for (const Value& container : status["containerStatuses"].items) {
    const Value& waiting = container["state"]["waiting"]["reason"];
    if (waiting.exists()) state = std::pair(std::string(waiting.text()), &waiting);
  }
  return state;
}

std::string job_of(const Survey& survey, const Object& pod) {
  const auto [kind, name] = workload_of(pod);
  if (kind == "job") return name;
  const std::size_t dash = pod.name.rfind('-');
  if (kind != "pod" || dash == std::string::npos || pod.name.size() - dash != 6) return "";
  const std::string job = pod.name.substr(0, dash);
  return survey.find("job", pod.space, job) != nullptr ? job : "";
}

bool is_complete(const Object& job) {
  const Value& status = job["status"];
  const auto complete = [](const Value& condition) {
    return condition["type"].text() == "Complete" && condition["status"].text() != "False";
  };
  // Without a number of completions one success is all, once no other of its pods runs.
  const auto wanted = job["spec"]["completions"].integer();
  return std::ranges::any_of(status["conditions"].items, complete) ||
         (status["succeeded"].integer().value_or(0) >= wanted.value_or(1) &&
          (wanted || status["active"].integer().value_or(0) == 0));
}

bool was_retried(const Survey& survey, const Object& pod) {
  const std::string_view phase = pod["status"]["phase"].text();
  const bool failed = phase == "Failed" || phase == "Error" || pod["status"]["reason"].text() == "Evicted";
  if (!failed || survey.names(pod.name)) return false;
  const std::string name = job_of(survey, pod);
  if (name.empty()) return !survey.asks({"evict"}) && survey.goes_on(pod);
  if (survey.names(name)) return false;
  if (const Object* job = survey.find("job", pod.space, name); job != nullptr) {
    if (is_complete(*job) || (*job)["status"]["succeeded"].integer().value_or(0) > 0) return true;
  }
  return std::any_of(survey.each("pod").begin(), survey.each("pod").end(), [&](const Object* other) {
    return other->space == pod.space && (*other)["status"]["phase"].text() == "Succeeded" &&
           job_of(survey, *other) == name;
  });
}

namespace {

const Value& volume_values(const Object& volume, std::string_view part_of_key) {
  for (const Value& term : volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"].items) {
    for (const Value& expression : term["matchExpressions"].items) {
      if (has(expression["key"].text(), part_of_key) && expression["operator"].text() == "In")
        return expression["values"];
    }
  }
  return Value::null();
}

}  // namespace

const Value& volume_nodes(const Object& volume) {
  return volume_values(volume, "hostname");
}

const Value& volume_zones(const Object& volume) {
  return volume_values(volume, "/zone");
}

std::string command_text(const Value& container) {
  std::string text;
  for (const char* part : {"command", "args"}) {
    for (const Value& word : container[part].items) {
      if (!text.empty()) text += ' ';
      text += word.text();
    }
  }
  return text;
}

std::int64_t stock_port(const Value& container) {
  std::string_view image = container["image"].text();
  if (container["command"].size() + container["args"].size() + container["volumeMounts"].size() > 0) return 0;
  image = image.substr(image.rfind('/') + 1);
  image = image.substr(0, image.find_first_of(":@"));
  if (image == "nginx" || image == "httpd") return 80;
  if (image == "redis") return 6379;
  if (image == "postgres") return 5432;
  if (image == "mysql" || image == "mariadb") return 3306;
  if (image == "mongo") return 27017;
  if (image == "rabbitmq") return 5672;
  return 0;
}

std::int64_t listening_port(const Value& container) {
  const std::string command = command_text(container);
  for (const std::string_view mark :
       {"http.server ", "--port=", "--port ", "-port=", "nc -lk -p ", "nc -l -p ", "nc -lp ",
        "--bind 0.0.0.0:", "-b 0.0.0.0:", "--listen=:", "TCP-LISTEN:"}) {
    const auto at = command.find(mark);
    if (at == std::string::npos) continue;
    std::int64_t port = 0;
    for (std::size_t k = at + mark.size(); k < command.size() && command[k] >= '0' && command[k] <= '9';
         ++k) {
      port = port > 65535 ? port : port * 10 + (command[k] - '0');
    }
    if (port > 0 && port <= 65535) return port;
  }
  return stock_port(container);
}

const Value& target_port_of(const Value& service_port) {
  return service_port["targetPort"].exists() ? service_port["targetPort"] : service_port["port"];
}

bool selects(const Value& wanted, const Value& labels) {
  return std::all_of(wanted.members.begin(), wanted.members.end(), [&](const auto& member) {
    return labels[member.first].exists() && labels[member.first].text() == member.second.text();
  });
}

bool selector_matches(const Value& label_selector, const Value& labels) {
  if (!selects(label_selector["matchLabels"], labels)) return false;
  for (const Value& expression : label_selector["matchExpressions"].items) {
    const Value& label = labels[expression["key"].text()];
    const std::string_view word = expression["operator"].text();
    const auto& values = expression["values"].items;
    const bool among = label.exists() && std::any_of(values.begin(), values.end(), [&](const Value& value) {
                         return value.text() == label.text();
                       });
    if (word == "In" && !among) return false;
    if (word == "NotIn" && among) return false;
    if (word == "Exists" && !label.exists()) return false;
    if (word == "DoesNotExist" && label.exists()) return false;
  }
  return true;
}

std::string label_text(const Value& labels) {
  std::string text;
  for (const auto& [key, value] : labels.members) {
    if (!text.empty()) text += ',';
    text += fmt::format("{}={}", key, value.text());
  }
  return text;
}

std::optional<double> quantity(std::string_view text) {
  std::string_view number = text;
  const auto unit_at = text.find_first_not_of("0123456789.+-");
  std::string_view unit;
  if (unit_at != std::string_view::npos) {
    number = text.substr(0, unit_at);
    unit = text.substr(unit_at);
  }
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (number.empty() || error != std::errc() || end != number.data() + number.size()) return std::nullopt;
  static const std::map<std::string_view, double> scales = {{"", 1},
                                                            {"n", 1e-9},
                                                            {"u", 1e-6},
                                                            {"m", 1e-3},
                                                            {"k", 1e3},
                                                            {"M", 1e6},
                                                            {"G", 1e9},
                                                            {"T", 1e12},
                                                            {"P", 1e15},
                                                            {"Ki", 1024.0},
                                                            {"Mi", 1048576.0},
                                                            {"Gi", 1073741824.0},
                                                            {"Ti", 1099511627776.0},
                                                            {"Pi", 1125899906842624.0}};
  const auto scale = scales.find(unit);
  if (scale != scales.end()) return value * scale->second;
  if (unit[0] == 'e' || unit[0] == 'E') {
    int exponent = 0;
    const auto [rest, wrong] = std::from_chars(unit.data() + 1, unit.data() + unit.size(), exponent);
    if (wrong == std::errc() && rest == unit.data() + unit.size() && std::abs(exponent) < 30) {
      return value * std::pow(10.0, exponent);
    }
  }
  return std::nullopt;
}

bool is_plain_name(std::string_view text) {
  return !text.empty() && text.size() <= limit::name && std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || std::string_view("-_.:/@$").find(c) != std::string_view::npos;
  });
}

std::string_view between(std::string_view text, std::string_view from, std::string_view to) {
  const auto begin = text.find(from);
  if (begin == std::string_view::npos) return {};
  const auto end = text.find(to, begin + from.size());
  if (end == std::string_view::npos) return {};
  return text.substr(begin + from.size(), end - begin - from.size());
}

std::vector<std::string_view> fields_of(std::string_view row) {
  constexpr std::size_t most = 32;
  std::vector<std::string_view> out;
  for (row = trim(row); !row.empty() && out.size() < most; row = trim(row)) {
    const std::size_t end = std::min(row.find_first_of(" \t"), row.size());
    out.push_back(row.substr(0, end));
    row.remove_prefix(end);
  }
  return out;
}

bool has(std::string_view text, std::string_view needle) {
  return contains_folded(text, needle);
}

namespace {

// "db-secret" and "db-credentials": the same first part, or one that the other begins with.
bool begin_alike(std::string_view a, std::string_view b) {
  return a.substr(0, a.find('-')) == b.substr(0, b.find('-')) || a.starts_with(b) || b.starts_with(a);
}

}  // namespace

std::string nearest(const Survey& survey, std::string_view kind, std::string_view space,
                    std::string_view name) {
  constexpr std::size_t most_edits = 8, most_compared = 2000;
  std::string best, only;
  std::size_t distance = std::clamp<std::size_t>(name.size() / 4, 2, most_edits) + 1, compared = 0;
  for (const Object* object : survey.each(kind)) {
    if (object->space != space || object->name == "kube-root-ca.crt" || has(object->name, "sh.helm.release"))
      continue;
    if (++compared > most_compared) break;
    only = object->name;
    const std::size_t far = edit_distance(object->name, name, distance - 1);
    if (far < distance) {
      distance = far;
      best = object->name;
    }
    if (distance == 0) break;
  }
  return best.empty() && compared == 1 && begin_alike(only, name) ? only : best;
}

}  // namespace carrel
