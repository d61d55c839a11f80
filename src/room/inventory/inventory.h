// Inventory: what a bundle says, as far as its structure is understood. bundle/ fills it; evidence/ looks at
// it.
//
// Objects come from JSON and YAML as they are, and from kubectl's text (get, describe, events) in the same
// shape as the API's, as far as the text tells: `describe pod` gives metadata, spec.containers[].image,
// status.containerStatuses[].state ..., each value with the line of the text it was read from. One object may
// so be there several times (a row of `get pods` and a `describe`): `Object::source` says which, and what a
// source cannot tell is a null Value.
//
// An Inventory owns its documents; pointers and references into it hold as long as it lives and is not added
// to.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/value.h"
#include "record/evidence.h"

namespace carrel {

// A file of the bundle whose text is held in memory: structured files and saved output of tools.
struct Document {
  std::string path;                 // as in the archive
  std::string text;                 // raw bytes
  std::vector<std::size_t> starts;  // byte offset of each line

  // Line `number` (from 1) without its end; empty beyond the last.
  std::string_view line(std::uint32_t number) const;
  void find_lines();  // fills `starts` from `text`
};

struct Object {
  enum class Source : std::uint8_t { api, describe, table };
  Source source = Source::api;
  std::string kind;   // lower-case singular resource name: "pod", "persistentvolumeclaim", "event"
  std::string space;  // its namespace, empty if it has none
  std::string name;
  const Document* file = nullptr;
  std::string pointer;           // JSON pointer of the object in its file ("/items/3"), empty for text
  const Value* value = nullptr;  // the object itself, API shape
  std::uint32_t line = 0;        // where it begins

  const Value& operator[](std::string_view key) const { return (*value)[key]; }
};

class Inventory {
 public:
  std::string format;  // EvidenceList::format

  // Adds a document and keeps it; its values and objects refer to it.
  const Document& add(Document document);
  // Keeps a value tree.
  const Value& keep(Value value);
  void add(Object object);
  // Says that all objects of the kind in the namespace ("" for cluster-scoped, "*" for every one) were
  // listed, even if there were none. A namespace that none can be called is not noted.
  void add_searched(const std::string& kind, const std::string& space);
  // Says that the bundle has a log of this container: pod and container are there, whatever else is known of
  // them.
  void add_log(const std::string& space, const std::string& pod, const std::string& container);
  // After the last file: gives objects of tables and descriptions that do not tell their namespace the only
  // one that something else of their kind and name is in.
  void settle_spaces();

  const std::vector<Object>& all() const { return objects_; }
  const std::deque<Document>& documents() const { return documents_; }
  // All objects of a kind, in the order they were read.
  std::vector<const Object*> of(std::string_view kind) const;
  // The fullest view of one object (api before describe before table), or null.
  const Object* find(std::string_view kind, std::string_view space, std::string_view name) const;
  // The namespace of the objects of that kind and name, where they are all in one; else empty.
  std::string only_space(std::string_view kind, std::string_view name) const;
  // True where a missing object of this kind there can be told from one that was not collected.
  bool lists_all(std::string_view kind, std::string_view space) const;
  // Objects that were not taken, for their names: `files` counts them, `file` is where the last one stands.
  const LeftOut& misnamed() const { return misnamed_; }
  // Each listing with its distinct objects counted, in the order of kind and namespace.
  std::vector<Searched> searched() const;
  // Every object, every container of a pod, and every object that another one refers to (present = false
  // where a full listing lacks it or the bundle has none of it), sorted, each once, names that are no RFC
  // 1123 names left out.
  std::vector<Name> names() const;

 private:
  std::deque<Document> documents_;
  LeftOut misnamed_{"", "objects whose names Kubernetes does not allow", 0, 0, 0};
  std::deque<Value> values_;
  std::vector<Object> objects_;
  std::map<std::string, std::vector<std::size_t>, std::less<>> by_kind_;
  std::unordered_map<std::string, std::size_t> fullest_;              // by kind, namespace and name
  std::set<std::tuple<std::string, std::string, std::string>> logs_;  // namespace, pod, container
  std::unordered_map<std::string, std::string> spaces_;               // by kind and name; "*" for several
  std::set<std::pair<std::string, std::string>> searched_;

  void index(std::size_t place);
  void note_space(std::string_view kind, std::string_view space, std::string_view name);
};

// The lower-case singular resource name of an API kind, a plural, or a short name ("PodList", "pods", "po" ->
// "pod", "Ingress" -> "ingress", "endpoints" -> "endpoints"). Unknown kinds are lower-cased; what no API
// server takes as a kind has none: "".
std::string resource_name(std::string_view kind);

}  // namespace carrel
