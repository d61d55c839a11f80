#include "room/bundle/kubectl_describe.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.h"
#include "room/bundle/kubectl_event.h"
#include "room/bundle/kubectl_table.h"
#include "room/bundle/kubectl_value.h"
#include "room/inventory/kinds.h"

namespace carrel::kubectl {
namespace {

bool is_section(const Document& document, std::uint32_t line) {
  const std::string_view text = document.line(line);
  return (text == "Data" || text == "BinaryData") && document.line(line + 1).starts_with("====");
}

// A second description begins here; inside a ConfigMap's data "Name:" alone is not enough.
bool begins_next(const Document& document, std::uint32_t line, bool in_data) {
  if (!begins_description(document, line)) return false;
  if (!in_data) return true;
  const std::string_view next = document.line(line + 1);
  return next.starts_with("Namespace:") || next.starts_with("Labels:");
}

std::uint32_t description_end(const Document& document, std::uint32_t begin) {
  const auto last = static_cast<std::uint32_t>(document.starts.size());
  bool in_data = false;
  for (std::uint32_t line = begin + 1; line <= last; ++line) {
    const std::string_view text = document.line(line);
    if (text.empty() || text[0] == ' ') continue;
    if (is_section(document, line)) in_data = true;
    if (text.starts_with("Events:")) in_data = false;
    if (begins_next(document, line, in_data)) return line;
    if (in_data) continue;
    if (text.starts_with("Error from server") || invocation_of_prompt(text).verb != Invocation::Verb::unknown)
      return line;
    if (trim(document.line(line - 1)).empty() && is_table_header(text)) return line;
  }
  return last + 1;
}

// What only one kind's description has. The file's own word decides where this does not.
std::string kind_by_parts(const Part& root) {
  const auto has = [&](std::string_view key) { return static_cast<bool>(root.child(key)); };
  if (has("Kind") && (has("API Version") || has("Spec"))) return resource_name(root.child("Kind").value());
  if (has("StrategyType")) return "deployment";
  if (has("Desired Number of Nodes Scheduled")) return "daemonset";
  if (has("Schedule") && has("Concurrency Policy")) return "cronjob";
  if (has("Parallelism") && has("Pods Statuses")) return "job";
  if (has("Volume Claims") && has("Pod Template")) return "statefulset";
  if (has("Update Strategy") && has("Pod Template")) return "statefulset";
  if (has("Pod Template") && has("Replicas")) return "replicaset";
  if (has("Capacity") && has("Allocatable")) return "node";
  if (has("Containers") && (has("Node") || has("Status") || has("Conditions"))) return "pod";
  if (has("Reference") && (has("Metrics") || has("Min replicas"))) return "horizontalpodautoscaler";
  if (has("Subsets")) return "endpoints";
  if (has("AddressType") && has("Endpoints")) return "endpointslice";
  if (has("Session Affinity") || (has("IP Families") && has("Type"))) return "service";
  if (has("Reclaim Policy") && has("Claim")) return "persistentvolume";
  if (has("Access Modes") && has("Volume") && has("Status")) return "persistentvolumeclaim";
  if (has("Provisioner") && (has("IsDefaultClass") || has("ReclaimPolicy"))) return "storageclass";
  if (has("Rules") && (has("Default backend") || has("Address") || has("Ingress Class"))) return "ingress";
  if (has("Mountable secrets")) return "serviceaccount";
  if (has("Subjects") && has("Role")) return "rolebinding";
  if (has("PolicyRule")) return "role";
  if (has("Allowed disruptions")) return "poddisruptionbudget";
  return {};
}

// "key: value", "key=value" of old, or "key:" with a long value on a line of its own.
void describe_annotations(const Part& part, Value* object) {
  const std::vector<Part::Word> words = part.values();
  if (words.empty()) return;
  Value& annotations = member(object, {"metadata", "annotations"});
  annotations = empty_object(part.line());
  std::string open;
  for (const Part::Word& word : words) {
    const std::size_t colon = word.text.find(": ");
    const std::size_t equals = word.text.find('=');
    const std::size_t cut = std::min(colon, equals);
    if (!open.empty()) {
      annotations.members.emplace_back(std::exchange(open, {}), text_value(word.text, word.line));
    } else if (cut != std::string_view::npos &&
               word.text.substr(0, cut).find_first_of(" {\"") == std::string_view::npos) {
      annotations.members.emplace_back(to_utf8(word.text.substr(0, cut)),
                                       text_value(trim(word.text.substr(cut + 1)), word.line));
    } else if (word.text.ends_with(':')) {
      open = to_utf8(word.text.substr(0, word.text.size() - 1));
    }
  }
}

void describe_metadata(const Part& root, Value* object) {
  set_text(object, {"metadata", "name"}, root.child("Name").value(), root.child("Name").line());
  const Part space = root.child("Namespace");
  set_text(object, {"metadata", "namespace"}, space.value(), space.line());
  describe_pairs(root.child("Labels"), {"metadata", "labels"}, object);
  describe_annotations(root.child("Annotations"), object);
  const Part made = root.child("CreationTimestamp");
  set_text(object, {"metadata", "creationTimestamp"}, made.value(), made.line());
  const Part terminating = root.child("Termination Grace Period");
  if (terminating && root.child("Status").value().starts_with("Terminating")) {
    set_text(object, {"metadata", "deletionTimestamp"}, root.child("Status").value(),
             root.child("Status").line());
  }
  const Part owner = root.child("Controlled By");
  if (const std::size_t slash = owner.value().find('/'); slash != std::string_view::npos) {
    Value& reference = append(object, {"metadata", "ownerReferences"}, empty_object(owner.line()));
    set_text(&reference, {"kind"}, owner.value().substr(0, slash), owner.line());
    set_text(&reference, {"name"}, owner.value().substr(slash + 1), owner.line());
  }
}

// The data of ConfigMaps and Secrets stands between lines of its own:
//   Data
//   ====
//   key:
//   ----
//   any text, any indentation
// A Secret has "password:  12 bytes" instead.
void describe_data(const Document& document, std::uint32_t begin, std::uint32_t end, Value* object) {
  for (std::uint32_t line = begin; line < end; ++line) {
    if (!is_section(document, line)) continue;
    const bool binary = document.line(line) == "BinaryData";
    Value& data = member(object, {binary ? "binaryData" : "data"});
    data = empty_object(line);
    Value* open = nullptr;
    for (line += 2; line < end; ++line) {
      const std::string_view text = document.line(line);
      if (is_section(document, line) || text.starts_with("Events:")) break;
      if (text.ends_with(':') && document.line(line + 1) == "----") {
        open =
            &data.members.emplace_back(to_utf8(text.substr(0, text.size() - 1)), text_value("", line)).second;
        ++line;
      } else if (open != nullptr) {
        if (!open->scalar.empty()) open->scalar += '\n';
        open->scalar += to_utf8(text);
        open->end_line = line;
      } else if (const std::size_t colon = text.find(":  "); colon != std::string_view::npos) {
        data.members.emplace_back(to_utf8(text.substr(0, colon)),
                                  text_value(trim(text.substr(colon + 1)), line));
      }
    }
    for (auto& [key, value] : data.members) {
      while (value.scalar.ends_with('\n')) value.scalar.pop_back();
    }
    --line;
  }
}

void fill_from_description(const std::string& kind, const Part& root, Value* object) {
  if (kind == "pod") {
    describe_pod(root, object);
  } else if (!describe_workload(kind, root, object) && !describe_network(kind, root, object) &&
             !describe_other(kind, root, object)) {
    describe_custom(root, object);
  }
}

Object described_object(const std::string& kind, const Document& document, std::uint32_t line) {
  Object object;
  object.source = Object::Source::describe;
  object.kind = kind;
  object.file = &document;
  object.line = line;
  return object;
}

// A description of a Service lists its endpoints, which the API keeps in an object of its own.
void add_endpoints(Inventory* inventory, const Document& document, const Object& service, const Part& root) {
  Value value;
  bool listed = false;
  for (const Part& part : root.children()) {
    if (part.key() != "Endpoints") continue;
    if (!listed) set_value(&value, {"subsets"}, empty_array(part.line()));
    listed = true;
    std::string_view list = part.value();
    list = list.substr(0, list.find(' '));
    if (is_nothing(list)) continue;
    Value& subset = append(&value, {"subsets"}, empty_object(part.line()));
    for (const std::string_view item : split(list, ',')) {
      const std::size_t colon = item.rfind(':');
      Value& address = append(&subset, {"addresses"}, empty_object(part.line()));
      set_text(&address, {"ip"}, item.substr(0, colon), part.line());
      if (colon == std::string_view::npos || subset["ports"].exists()) continue;
      set_number(&append(&subset, {"ports"}, empty_object(part.line())), {"port"}, item.substr(colon + 1),
                 part.line());
    }
  }
  if (!listed) return;
  set_text(&value, {"metadata", "name"}, service.name, service.line);
  set_text(&value, {"metadata", "namespace"}, service.space, service.line);
  settle_lines(&value);
  Object object = described_object("endpoints", document, value["subsets"].line);
  object.space = service.space;
  object.name = service.name;
  object.value = &inventory->keep(std::move(value));
  inventory->add(std::move(object));
}

// The line of "Events:" with a table below it; `end` where there is none.
std::uint32_t find_events(const Document& document, std::uint32_t begin, std::uint32_t end) {
  for (std::uint32_t line = end; line-- > begin;) {
    if (document.line(line).starts_with("Events:")) return line;
  }
  return end;
}

}  // namespace

bool begins_description(const Document& document, std::uint32_t line) {
  const std::string_view text = document.line(line);
  if (!text.starts_with("Name:")) return false;
  const std::string_view name = trim(text.substr(5));
  if (!is_object_name(name)) return false;
  const std::string_view next = document.line(line + 1);
  return next.find(':') != std::string_view::npos && !next.starts_with(' ');
}

std::uint32_t read_description(Inventory* inventory, const Document& document, std::uint32_t line,
                               const Invocation& command, bool* recognised) {
  const std::uint32_t end = description_end(document, line);
  std::uint32_t text_end = end;
  for (std::uint32_t at = line; at < end; ++at) {
    if (is_section(document, at)) {
      text_end = at;
      break;
    }
  }
  const std::uint32_t events = find_events(document, line, end);
  const Tree tree(document, line, std::min(text_end, events));
  const Part root = tree.root();
  std::string kind = kind_by_parts(root);
  if (kind.empty() || (kind == "role" && command.kind == "clusterrole") ||
      (kind == "rolebinding" && command.kind == "clusterrolebinding") ||
      (kind == "replicaset" && (command.kind == "statefulset" || command.kind == "replicationcontroller"))) {
    if (command.verb == Invocation::Verb::describe || command.typed) kind = command.kind;
  }
  if (kind == "role" && !root.child("Namespace")) kind = "clusterrole";
  if (kind == "rolebinding" && !root.child("Namespace")) kind = "clusterrolebinding";
  if (kind.empty() && text_end < end) kind = root.child("Type") ? "secret" : "configmap";
  if (kind.empty()) return end;

  const KindEntry* known = find_kind(kind);
  Object object = described_object(kind, document, line);
  object.name = std::string(root.child("Name").value());
  Value value;
  describe_metadata(root, &value);
  if (known == nullptr || !known->cluster_scoped) {
    const std::string_view space = root.child("Namespace").value();
    object.space = is_object_name(space) ? std::string(space) : command.space;
  }
  fill_from_description(kind, root, &value);
  if (text_end < end) describe_data(document, text_end, end, &value);
  settle_lines(&value);
  value.line = line;
  value.end_line = std::max(value.end_line, std::min(events, end) - 1);
  object.value = &inventory->keep(std::move(value));
  if (kind == "service") add_endpoints(inventory, document, object, root);
  if (events < end) {
    read_described_events(inventory, document, events + 1, end, kind, object.name, object.space);
  }
  inventory->add(std::move(object));
  *recognised = true;
  return end;
}

bool read_description_fragment(Inventory* inventory, const Document& document, const Invocation& command) {
  if (command.verb != Invocation::Verb::describe || command.kind.empty() || !is_object_name(command.target))
    return false;
  if (document.line(1).starts_with("Events:")) {
    // The end of a description: "describe-pod-api-0-events.txt".
    const std::string known = inventory->only_space(command.kind, command.target);
    read_described_events(inventory, document, 2, static_cast<std::uint32_t>(document.starts.size() + 1),
                          command.kind, command.target, command.space.empty() ? known : command.space);
    return true;
  }
  // A file's name may say more than the object's. What a controller named ends with five letters and digits
  // of its own; of other names the inventory has to know.
  const std::size_t dash = command.target.rfind('-');
  const std::string_view tail =
      dash == std::string::npos ? std::string_view() : std::string_view(command.target).substr(dash + 1);
  const bool generated =
      command.kind == "pod" && tail.size() == 5 && tail.find_first_of("0123456789") != std::string_view::npos;
  const std::string space =
      command.space.empty() ? inventory->only_space(command.kind, command.target) : command.space;
  if (!generated && inventory->find(command.kind, space, command.target) == nullptr) return false;
  const auto end = static_cast<std::uint32_t>(document.starts.size() + 1);
  const Tree tree(document, 1, end);
  const Part root = tree.root();
  Value value;
  fill_from_description(command.kind, root, &value);
  if (value.size() == 0) return false;
  settle_lines(&value);
  Object object = described_object(command.kind, document, value.line);
  object.space = space;
  object.name = command.target;
  object.value = &inventory->keep(std::move(value));
  inventory->add(std::move(object));
  return true;
}

void describe_pairs(const Part& part, std::initializer_list<std::string_view> path, Value* object) {
  for (const Part::Word& word : part.values()) set_pairs(object, path, word.text, word.line);
}

void describe_conditions(const Part& part, Value* object) {
  const DescribedTable table(part);
  for (const auto& row : table.rows()) {
    Value& condition = append(object, {"status", "conditions"}, empty_object(row.line));
    set_text(&condition, {"type"}, table.cell(row, "Type"), row.line);
    set_text(&condition, {"status"}, table.cell(row, "Status"), row.line);
    set_text(&condition, {"reason"}, table.cell(row, "Reason"), row.line);
    set_text(&condition, {"message"}, table.cell(row, "Message"), row.line);
    set_text(&condition, {"lastHeartbeatTime"}, table.cell(row, "LastHeartbeatTime"), row.line);
    set_text(&condition, {"lastTransitionTime"}, table.cell(row, "LastTransitionTime"), row.line);
  }
}

}  // namespace carrel::kubectl
