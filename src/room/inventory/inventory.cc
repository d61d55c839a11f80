#include "room/inventory/inventory.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "record/command.h"
#include "room/inventory/kinds.h"
#include "room/inventory/references.h"

namespace carrel {
namespace {

// No name holds a line end, so that the key is unambiguous.
std::string key_of(std::string_view kind, std::string_view space, std::string_view name) {
  std::string key;
  key.reserve(kind.size() + space.size() + name.size() + 2);
  key.append(kind).append(1, '\n').append(space).append(1, '\n').append(name);
  return key;
}

// RFC 1123 subdomain; names of RBAC objects may hold ':'.
bool is_name(std::string_view name, bool colons) {
  if (name.empty() || name.size() > limit::name) return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (!letter(name.front()) || !letter(name.back())) return false;
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || c == '-' || c == '.' || (colons && c == ':'); });
}

bool is_access_kind(std::string_view kind) {
  return kind == "role" || kind == "rolebinding" || kind == "clusterrole" || kind == "clusterrolebinding";
}

// What is not an object that a command could name: a record of something that happened, a measurement.
bool has_no_name(std::string_view kind) {
  return kind == "event" || kind == "podmetrics" || kind == "nodemetrics";
}

// Collects each name once; present wins over referenced.
class NameSet {
 public:
  void add(std::string_view kind, std::string_view space, std::string_view name, bool present) {
    if (kind.empty() || has_no_name(kind) || !is_name(name, is_access_kind(kind))) return;
    if (kind != "container" && !space.empty() && !is_name(space, false)) return;
    bool& known = names_[{std::string(kind), std::string(space), std::string(name)}];
    known = known || present;
  }

  std::vector<Name> take() const {
    std::vector<Name> out;
    out.reserve(names_.size());
    for (const auto& [key, present] : names_) {
      out.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), present});
    }
    return out;
  }

 private:
  std::map<std::tuple<std::string, std::string, std::string>, bool> names_;
};

void add_containers(const Object& pod, NameSet* names) {
  if (!is_name(pod.name, false)) return;
  const std::string place = pod.space + "/" + pod.name;
  for (const char* list : {"initContainers", "containers", "ephemeralContainers"}) {
    for (const Value& container : pod["spec"][list].items)
      names->add("container", place, container["name"].text(), true);
  }
}

}  // namespace

std::string_view Document::line(std::uint32_t number) const {
  if (number == 0 || number > starts.size()) return {};
  const std::size_t begin = starts[number - 1];
  std::size_t end = number < starts.size() ? starts[number] : text.size();
  if (end > begin && text[end - 1] == '\n') --end;
  if (end > begin && text[end - 1] == '\r') --end;
  return std::string_view(text).substr(begin, end - begin);
}

void Document::find_lines() {
  starts.clear();
  if (text.empty()) return;
  starts.push_back(0);
  for (std::size_t at = text.find('\n'); at != std::string::npos && at + 1 < text.size();
       at = text.find('\n', at + 1)) {
    starts.push_back(at + 1);
  }
}

const Document& Inventory::add(Document document) {
  documents_.push_back(std::move(document));
  Document& kept = documents_.back();
  if (kept.starts.empty()) kept.find_lines();
  return kept;
}

const Value& Inventory::keep(Value value) {
  values_.push_back(std::move(value));
  return values_.back();
}

void Inventory::index(std::size_t place) {
  const Object& object = objects_[place];
  const auto [known, is_new] = fullest_.try_emplace(key_of(object.kind, object.space, object.name), place);
  if (!is_new && object.source < objects_[known->second].source) known->second = place;
}

void Inventory::note_space(std::string_view kind, std::string_view space, std::string_view name) {
  if (space.empty()) return;
  const auto [known, first] = spaces_.try_emplace(key_of(kind, {}, name), space);
  if (!first && known->second != space) known->second = "*";
}

void Inventory::add(Object object) {
  if (object.value == nullptr) object.value = &Value::null();
  const bool named = object.name.empty() || is_safe_name(object.name);
  if (!named || (!object.space.empty() && !is_safe_name(object.space))) {
    // No API server holds such an object, and its name could be read as something else where it is written
    // again.
    ++misnamed_.files;
    if (object.file != nullptr) misnamed_.file = object.file->path;
    return;
  }
  by_kind_[object.kind].push_back(objects_.size());
  if (object.kind != "event") note_space(object.kind, object.space, object.name);
  objects_.push_back(std::move(object));
  index(objects_.size() - 1);
}

void Inventory::add_log(const std::string& space, const std::string& pod, const std::string& container) {
  if (space.empty() || pod.empty()) return;
  logs_.emplace(space, pod, container);
  note_space("pod", space, pod);
}

void Inventory::settle_spaces() {
  for (Object& object : objects_) {
    if (!object.space.empty() || object.source == Object::Source::api) continue;
    if (const KindEntry* entry = find_kind(object.kind); entry != nullptr && entry->cluster_scoped) continue;
    if (object.kind == "event") {
      const Value& about = object["involvedObject"];
      object.space = only_space(resource_name(about["kind"].text()), about["name"].text());
    } else {
      object.space = only_space(object.kind == "podmetrics" ? "pod" : object.kind, object.name);
    }
  }
  fullest_.clear();
  for (std::size_t i = 0; i < objects_.size(); ++i) index(i);
}

void Inventory::add_searched(const std::string& kind, const std::string& space) {
  if (!kind.empty() && (space.empty() || space == "*" || is_safe_name(space))) searched_.emplace(kind, space);
}

std::vector<const Object*> Inventory::of(std::string_view kind) const {
  std::vector<const Object*> out;
  const auto found = by_kind_.find(kind);
  if (found == by_kind_.end()) return out;
  out.reserve(found->second.size());
  for (const std::size_t index : found->second) out.push_back(&objects_[index]);
  return out;
}

const Object* Inventory::find(std::string_view kind, std::string_view space, std::string_view name) const {
  const auto found = fullest_.find(key_of(kind, space, name));
  return found == fullest_.end() ? nullptr : &objects_[found->second];
}

std::string Inventory::only_space(std::string_view kind, std::string_view name) const {
  const auto found = spaces_.find(key_of(kind, {}, name));
  return found == spaces_.end() || found->second == "*" ? std::string() : found->second;
}

bool Inventory::lists_all(std::string_view kind, std::string_view space) const {
  const std::string key(kind);
  return searched_.contains({key, std::string(space)}) || (!space.empty() && searched_.contains({key, "*"}));
}

std::vector<Searched> Inventory::searched() const {
  std::vector<Searched> out;
  out.reserve(searched_.size());
  for (const auto& [kind, space] : searched_) {
    std::unordered_set<std::string> distinct;
    const auto found = by_kind_.find(kind);
    if (found != by_kind_.end()) {
      for (const std::size_t index : found->second) {
        const Object& object = objects_[index];
        if (space == "*" || object.space == space) distinct.insert(object.space + "\n" + object.name);
      }
    }
    out.push_back({kind, space, static_cast<std::uint32_t>(distinct.size())});
  }
  return out;
}

std::vector<Name> Inventory::names() const {
  NameSet names;
  for (const Object& object : objects_) {
    names.add(object.kind, object.space, object.name, true);
    // Where something lives, the namespace exists, whether or not namespaces were collected.
    if (!object.space.empty() && object.kind != "event") names.add("namespace", "", object.space, true);
    if (object.kind == "pod") add_containers(object, &names);
    // The control plane keeps Endpoints of the same name for each Service.
    if (object.kind == "service") {
      names.add("endpoints", object.space, object.name,
                find("endpoints", object.space, object.name) != nullptr);
    }
    find_references(object, [&](const Reference& reference) {
      names.add(reference.kind, reference.space, reference.name,
                find(reference.kind, reference.space, reference.name) != nullptr);
    });
  }
  for (const auto& [space, pod, container] : logs_) {
    names.add("namespace", "", space, true);
    names.add("pod", space, pod, true);
    // A log of several containers has a name of its own.
    const Object* object = find("pod", space, pod);
    const bool told = object != nullptr && (*object)["spec"]["containers"].exists();
    if (!told && is_name(pod, false)) names.add("container", space + "/" + pod, container, true);
  }
  for (const auto& [kind, space] : searched_) {
    if (!space.empty() && space != "*")
      names.add("namespace", "", space, find("namespace", "", space) != nullptr);
  }
  return names.take();
}

}  // namespace carrel
