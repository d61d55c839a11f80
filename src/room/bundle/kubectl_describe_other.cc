// Nodes, storage, scaling, access and the rest of `kubectl describe`, and kinds of somebody's own.
#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/text.h"
#include "room/bundle/kubectl_describe.h"
#include "room/bundle/kubectl_value.h"

namespace carrel::kubectl {
namespace {

void take_text(const Part& root, const char* key, std::initializer_list<std::string_view> path,
               Value* object) {
  set_text(object, path, root.child(key).value(), root.child(key).line());
}

void take_number(const Part& root, const char* key, std::initializer_list<std::string_view> path,
                 Value* object) {
  set_number(object, path, root.child(key).value(), root.child(key).line());
}

// "dedicated=gpu:NoSchedule", "node.kubernetes.io/disk-pressure:NoSchedule"
void describe_taints(const Part& part, Value* object) {
  for (const Part::Word& word : part.values()) {
    const std::size_t colon = word.text.rfind(':');
    const std::string_view left = word.text.substr(0, colon);
    const std::size_t equals = left.find('=');
    Value& taint = append(object, {"spec", "taints"}, empty_object(word.line));
    set_text(&taint, {"key"}, left.substr(0, equals), word.line);
    if (equals != std::string_view::npos) set_text(&taint, {"value"}, left.substr(equals + 1), word.line);
    if (colon != std::string_view::npos) set_text(&taint, {"effect"}, word.text.substr(colon + 1), word.line);
  }
}

void describe_node(const Part& root, Value* object) {
  describe_taints(root.child("Taints"), object);
  set_boolean(object, {"spec", "unschedulable"}, root.child("Unschedulable").value(),
              root.child("Unschedulable").line());
  describe_conditions(root.child("Conditions"), object);
  for (const char* key : {"Capacity", "Allocatable"}) {
    const char* field = key[0] == 'C' ? "capacity" : "allocatable";
    for (const Part& line : root.child(key).children()) {
      if (!line.key().empty()) set_text(object, {"status", field, line.key()}, line.value(), line.line());
    }
  }
  for (const Part& line : root.child("Addresses").children()) {
    if (line.key().empty()) continue;
    Value& address = append(object, {"status", "addresses"}, empty_object(line.line()));
    set_text(&address, {"type"}, line.key(), line.line());
    set_text(&address, {"address"}, line.value(), line.line());
  }
  const Part system = root.child("System Info");
  take_text(system, "Kubelet Version", {"status", "nodeInfo", "kubeletVersion"}, object);
  take_text(system, "Kernel Version", {"status", "nodeInfo", "kernelVersion"}, object);
  take_text(system, "OS Image", {"status", "nodeInfo", "osImage"}, object);
  take_text(system, "Container Runtime Version", {"status", "nodeInfo", "containerRuntimeVersion"}, object);
  take_text(system, "Architecture", {"status", "nodeInfo", "architecture"}, object);
  // "  Resource  Requests  Limits" below a line in parentheses.
  for (const Part::Word& word : root.child("Allocated resources").lines_below()) {
    const std::vector<std::string_view> cells = split_columns(word.text);
    if (cells.size() != 3 || cells[0] == "Resource" || cells[0].starts_with("---")) continue;
    set_text(object, {"allocated", cells[0], "requests"}, cells[1], word.line);
    set_text(object, {"allocated", cells[0], "limits"}, cells[2], word.line);
  }
}

void take_modes(const Part& part, Value* object) {
  if (is_nothing(part.value())) return;
  for (const std::string_view mode : split(part.value(), ',')) {
    append(object, {"spec", "accessModes"}, text_value(mode, part.line()));
  }
}

void describe_claim(const Part& root, Value* object) {
  take_text(root, "StorageClass", {"spec", "storageClassName"}, object);
  take_text(root, "Status", {"status", "phase"}, object);
  take_text(root, "Volume", {"spec", "volumeName"}, object);
  take_text(root, "Capacity", {"status", "capacity", "storage"}, object);
  take_text(root, "VolumeMode", {"spec", "volumeMode"}, object);
  take_modes(root.child("Access Modes"), object);
  describe_conditions(root.child("Conditions"), object);
}

// "Term 0:  kubernetes.io/hostname in [node-1, node-2]" of a volume's node affinity.
void take_node_terms(const Part& affinity, Value* object) {
  constexpr std::string_view kIn = " in [";
  for (const Part& term : affinity.child("Required Terms").children()) {
    const std::string_view text = term.value();
    const std::size_t in = text.find(kIn);
    if (in == std::string_view::npos || !text.ends_with("]")) continue;
    Value expression = empty_object(term.line());
    set_text(&expression, {"key"}, text.substr(0, in), term.line());
    set_text(&expression, {"operator"}, "In", term.line());
    const std::string_view names = text.substr(in + kIn.size(), text.size() - in - kIn.size() - 1);
    for (const std::string_view name : split(names, ','))
      append(&expression, {"values"}, text_value(name, term.line()));
    Value& made =
        append(object, {"spec", "nodeAffinity", "required", "nodeSelectorTerms"}, empty_object(term.line()));
    append(&made, {"matchExpressions"}, std::move(expression));
  }
}

void describe_volume(const Part& root, Value* object) {
  take_node_terms(root.child("Node Affinity"), object);
  take_text(root, "StorageClass", {"spec", "storageClassName"}, object);
  take_text(root, "Status", {"status", "phase"}, object);
  take_text(root, "Reclaim Policy", {"spec", "persistentVolumeReclaimPolicy"}, object);
  take_text(root, "Capacity", {"spec", "capacity", "storage"}, object);
  take_text(root, "Message", {"status", "message"}, object);
  take_modes(root.child("Access Modes"), object);
  const Part claim = root.child("Claim");
  if (const std::size_t slash = claim.value().find('/'); slash != std::string_view::npos) {
    set_text(object, {"spec", "claimRef", "namespace"}, claim.value().substr(0, slash), claim.line());
    set_text(object, {"spec", "claimRef", "name"}, claim.value().substr(slash + 1), claim.line());
  }
}

void describe_storageclass(const Part& root, Value* object) {
  take_text(root, "Provisioner", {"provisioner"}, object);
  take_text(root, "ReclaimPolicy", {"reclaimPolicy"}, object);
  take_text(root, "VolumeBindingMode", {"volumeBindingMode"}, object);
  set_boolean(object, {"allowVolumeExpansion"}, root.child("AllowVolumeExpansion").value(),
              root.child("AllowVolumeExpansion").line());
  const Part is_default = root.child("IsDefaultClass");
  if (is_default) {
    set_text(object, {"metadata", "annotations", "storageclass.kubernetes.io/is-default-class"},
             is_default.value() == "Yes" ? "true" : "false", is_default.line());
  }
}

// "resource cpu on pods  (as a percentage of request):  <unknown> / 50%", "0% (1m) / 80%"
void describe_metric(const Part& line, Value* object) {
  std::string_view name = line.key();
  if (!take_prefix(&name, "resource ")) return;
  name = name.substr(0, name.find(' '));
  const std::string_view text = line.value();
  const std::size_t slash = text.rfind(" / ");
  if (slash == std::string_view::npos) return;
  const auto metric = [&](std::string_view number, const char* field) {
    Value made = empty_object(line.line());
    set_text(&made, {"type"}, "Resource", line.line());
    set_text(&made, {"resource", "name"}, name, line.line());
    const std::size_t percent = number.find('%');
    if (percent != std::string_view::npos) {
      set_number(&made, {"resource", field, "averageUtilization"}, number.substr(0, percent), line.line());
    } else {
      set_text(&made, {"resource", field, "averageValue"}, number, line.line());
    }
    return made;
  };
  append(object, {"spec", "metrics"}, metric(trim(text.substr(slash + 3)), "target"));
  const std::string_view current = trim(text.substr(0, slash));
  if (!current.starts_with("<unknown>"))
    append(object, {"status", "currentMetrics"}, metric(current, "current"));
}

void describe_autoscaler(const Part& root, Value* object) {
  const Part reference = root.child("Reference");
  if (const std::size_t slash = reference.value().find('/'); slash != std::string_view::npos) {
    set_text(object, {"spec", "scaleTargetRef", "kind"}, reference.value().substr(0, slash),
             reference.line());
    set_text(object, {"spec", "scaleTargetRef", "name"}, reference.value().substr(slash + 1),
             reference.line());
  }
  const Part metrics = root.child("Metrics");
  for (const Part& line : metrics.children()) describe_metric(line, object);
  if (metrics && !(*object)["status"]["currentMetrics"].exists()) {
    set_value(object, {"status", "currentMetrics"}, empty_array(metrics.line()));
  }
  take_number(root, "Min replicas", {"spec", "minReplicas"}, object);
  take_number(root, "Max replicas", {"spec", "maxReplicas"}, object);
  for (const Part& line : root.children()) {
    // "Deployment pods: 1 current / 3 desired"
    if (!line.key().ends_with(" pods")) continue;
    for (const std::string_view count : split(line.value(), '/')) {
      if (count.ends_with("current")) set_number(object, {"status", "currentReplicas"}, count, line.line());
      if (count.ends_with("desired")) set_number(object, {"status", "desiredReplicas"}, count, line.line());
    }
  }
  describe_conditions(root.child("Conditions"), object);
}

// "[get list watch]", "[*]"
void set_list(Value* rule, const char* field, std::string_view text, std::uint32_t line) {
  if (!take_prefix(&text, "[")) return;
  if (text.ends_with(']')) text.remove_suffix(1);
  for (const std::string_view word : split(text, ' ')) append(rule, {field}, text_value(word, line));
}

void describe_role(const Part& root, Value* object) {
  const DescribedTable table(root.child("PolicyRule"));
  for (const auto& row : table.rows()) {
    Value& rule = append(object, {"rules"}, empty_object(row.line));
    // "deployments.apps" is the resource and its group. Rules for paths have no resource.
    const bool has_resource = !row.cells.empty() && !row.cells[0].starts_with('[');
    if (has_resource) {
      const std::size_t dot = row.cells[0].find('.');
      append(&rule, {"resources"}, text_value(row.cells[0].substr(0, dot), row.line));
      append(&rule, {"apiGroups"},
             text_value(dot == std::string_view::npos ? "" : row.cells[0].substr(dot + 1), row.line));
    }
    const std::size_t first = has_resource ? 1 : 0;
    if (row.cells.size() > first) set_list(&rule, "nonResourceURLs", row.cells[first], row.line);
    if (row.cells.size() > first + 1) set_list(&rule, "resourceNames", row.cells[first + 1], row.line);
    if (row.cells.size() > first + 2) set_list(&rule, "verbs", row.cells[first + 2], row.line);
  }
  if (!(*object)["rules"].exists() && root.child("PolicyRule")) {
    set_value(object, {"rules"}, empty_array(root.child("PolicyRule").line()));
  }
}

void describe_binding(const Part& root, Value* object) {
  take_text(root.child("Role"), "Kind", {"roleRef", "kind"}, object);
  take_text(root.child("Role"), "Name", {"roleRef", "name"}, object);
  const DescribedTable table(root.child("Subjects"));
  for (const auto& row : table.rows()) {
    Value& subject = append(object, {"subjects"}, empty_object(row.line));
    set_text(&subject, {"kind"}, table.cell(row, "Kind"), row.line);
    set_text(&subject, {"name"}, table.cell(row, "Name"), row.line);
    set_text(&subject, {"namespace"}, table.cell(row, "Namespace"), row.line);
  }
}

void describe_serviceaccount(const Part& root, Value* object) {
  for (const auto& [key, field] :
       {std::pair("Image pull secrets", "imagePullSecrets"), std::pair("Mountable secrets", "secrets")}) {
    for (const Part::Word& word : root.child(key).values()) {
      const std::string_view name = word.text.substr(0, word.text.find(' '));
      set_text(&append(object, {field}, empty_object(word.line)), {"name"}, name, word.line);
    }
  }
}

// Rows of "Resource  Used  Hard" in the first column, below a line of dashes.
void describe_quota(const Part& root, Value* object) {
  for (const Part& line : root.children()) {
    const std::vector<std::string_view> cells = split_columns(line.text());
    if (cells.size() != 3 || cells[0] == "Resource" || cells[0].starts_with("---") || cells[0].ends_with(':'))
      continue;
    set_text(object, {"status", "used", cells[0]}, cells[1], line.line());
    set_text(object, {"status", "hard", cells[0]}, cells[2], line.line());
    set_text(object, {"spec", "hard", cells[0]}, cells[2], line.line());
  }
}

// Rows of "Type  Resource  Min  Max  Default Request  Default Limit  Max Limit/Request Ratio".
void describe_limits(const Part& root, Value* object) {
  for (const Part& line : root.children()) {
    const std::vector<std::string_view> cells = split_columns(line.text());
    if (cells.size() < 6 || cells[0] == "Type" || cells[0].starts_with("---") || cells[0].ends_with(':'))
      continue;
    Value& limit = append(object, {"spec", "limits"}, empty_object(line.line()));
    set_text(&limit, {"type"}, cells[0], line.line());
    set_text(&limit, {"min", cells[1]}, cells[2], line.line());
    set_text(&limit, {"max", cells[1]}, cells[3], line.line());
    set_text(&limit, {"defaultRequest", cells[1]}, cells[4], line.line());
    set_text(&limit, {"default", cells[1]}, cells[5], line.line());
  }
}

void describe_budget(const Part& root, Value* object) {
  take_text(root, "Min available", {"spec", "minAvailable"}, object);
  take_text(root, "Max unavailable", {"spec", "maxUnavailable"}, object);
  for (const Part::Word& word : root.child("Selector").values()) {
    set_selector(object, {"spec", "selector"}, word.text, word.line);
  }
  const Part status = root.child("Status");
  take_number(status, "Allowed disruptions", {"status", "disruptionsAllowed"}, object);
  take_number(status, "Current", {"status", "currentHealthy"}, object);
  take_number(status, "Desired", {"status", "desiredHealthy"}, object);
  take_number(status, "Total", {"status", "expectedPods"}, object);
}

void describe_phase(const Part& root, Value* object) {
  take_text(root, "Status", {"status", "phase"}, object);
}

void describe_secret(const Part& root, Value* object) {
  take_text(root, "Type", {"type"}, object);
}

void describe_priority(const Part& root, Value* object) {
  take_number(root, "Value", {"value"}, object);
  set_boolean(object, {"globalDefault"}, root.child("GlobalDefault").value(),
              root.child("GlobalDefault").line());
}

void describe_metadata_alone(const Part&, Value*) {}

// "Last Transition Time" -> "lastTransitionTime"
std::string field_of(std::string_view words) {
  std::string field;
  bool capital = false;
  for (const char c : words) {
    if (c == ' ') {
      capital = true;
      continue;
    }
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    field += field.empty() ? lower : capital ? upper : c;
    capital = false;
  }
  return field;
}

// Lists of objects come one after the other, each with the key that the first one began with.
Value spread(const Part& part) {
  if (!part.value().empty()) {
    Value value = text_value(part.value(), part.line());
    const std::vector<Part::Word> words = part.values();
    for (std::size_t i = 1; i < words.size(); ++i) {
      value.scalar += '\n';
      value.scalar += to_utf8(words[i].text);
      value.end_line = words[i].line;
    }
    return value;
  }
  const std::vector<Part> children = part.children();
  if (children.empty()) return text_value("", part.line());
  if (children.front().key().empty()) {
    Value list = empty_array(part.line());
    for (const Part& child : children) list.items.push_back(text_value(child.text(), child.line()));
    return list;
  }
  const std::string_view first = children.front().key();
  const bool repeated = std::any_of(children.begin() + 1, children.end(),
                                    [&](const Part& child) { return child.key() == first; });
  Value list = empty_array(part.line());
  Value object = empty_object(part.line());
  for (const Part& child : children) {
    if (child.key() == first && object.members.size() > 0) {
      list.items.push_back(std::exchange(object, empty_object(child.line())));
    }
    if (!child.key().empty()) object.members.emplace_back(to_utf8(field_of(child.key())), spread(child));
  }
  if (!repeated && part.key() != "Conditions") return object;
  list.items.push_back(std::move(object));
  return list;
}

using Describer = void (*)(const Part&, Value*);

}  // namespace

bool describe_other(const std::string& kind, const Part& root, Value* object) {
  static const std::map<std::string_view, Describer> describers = {
      {"node", describe_node},
      {"persistentvolumeclaim", describe_claim},
      {"persistentvolume", describe_volume},
      {"storageclass", describe_storageclass},
      {"horizontalpodautoscaler", describe_autoscaler},
      {"role", describe_role},
      {"clusterrole", describe_role},
      {"rolebinding", describe_binding},
      {"clusterrolebinding", describe_binding},
      {"serviceaccount", describe_serviceaccount},
      {"resourcequota", describe_quota},
      {"limitrange", describe_limits},
      {"poddisruptionbudget", describe_budget},
      {"namespace", describe_phase},
      {"secret", describe_secret},
      {"configmap", describe_metadata_alone},
      {"priorityclass", describe_priority},
  };
  const auto found = describers.find(kind);
  if (found == describers.end()) return false;
  found->second(root, object);
  return true;
}

void describe_custom(const Part& root, Value* object) {
  for (const char* key : {"Spec", "Status"}) {
    const Part part = root.child(key);
    if (part) set_value(object, {key[1] == 'p' ? "spec" : "status"}, spread(part));
  }
}

}  // namespace carrel::kubectl
