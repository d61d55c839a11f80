// Pods and pod templates of `kubectl describe`.
#include <algorithm>
#include <string>
#include <utility>

#include "base/text.h"
#include "room/bundle/kubectl_describe.h"
#include "room/bundle/kubectl_value.h"

namespace carrel::kubectl {
namespace {

// "8000/TCP, 8001/TCP", "8080/TCP (http)"
void describe_ports(const Part& part, const char* field, Value* container) {
  if (is_nothing(part.value())) return;
  std::size_t index = 0;
  for (std::string_view item : split(part.value(), ',')) {
    Value& ports = member(container, {"ports"});
    if (ports.kind != Value::Kind::array) ports = empty_array(part.line());
    if (index >= ports.items.size()) append(container, {"ports"}, empty_object(part.line()));
    Value& port = member(container, {"ports"}).items[index++];
    const std::size_t open = item.find(" (");
    if (open != std::string_view::npos && item.ends_with(')')) {
      set_text(&port, {"name"}, item.substr(open + 2, item.size() - open - 3), part.line());
      item = item.substr(0, open);
    }
    const std::size_t slash = item.find('/');
    if (item.substr(0, slash) == "0") continue;  // a host port that is not there
    set_number(&port, {field}, item, part.line());
    if (slash != std::string_view::npos) set_text(&port, {"protocol"}, item.substr(slash + 1), part.line());
  }
}

// Each line is one argument, or a further line of it; which, the text does not tell.
void describe_words(const Part& part, const char* field, Value* container) {
  for (const Part::Word& word : part.lines_below())
    append(container, {field}, text_value(word.text, word.line));
}

void describe_quantities(const Part& part, const char* field, Value* container) {
  for (const Part& quantity : part.children()) {
    if (!quantity.key().empty()) {
      set_text(container, {"resources", field, quantity.key()}, quantity.value(), quantity.line());
    }
  }
}

// "http-get http://:8080/health delay=5s timeout=1s period=10s #success=1 #failure=3",
// "tcp-socket :5432 delay=...", "exec [sh -c exit 1] delay=...", "grpc <pod>:9000 svc delay=..."
void describe_probe(const Part& part, const char* field, Value* container) {
  if (!part || is_nothing(part.value())) return;
  std::string_view text = part.value();
  const std::uint32_t line = part.line();
  Value& probe = member(container, {field});
  probe = empty_object(line);
  const std::size_t numbers = text.rfind(" delay=");
  if (numbers != std::string_view::npos) {
    for (const std::string_view word : split(text.substr(numbers), ' ')) {
      const std::string_view number = word.substr(word.find('=') + 1);
      if (word.starts_with("delay=")) set_number(&probe, {"initialDelaySeconds"}, number, line);
      if (word.starts_with("timeout=")) set_number(&probe, {"timeoutSeconds"}, number, line);
      if (word.starts_with("period=")) set_number(&probe, {"periodSeconds"}, number, line);
      if (word.starts_with("#success=")) set_number(&probe, {"successThreshold"}, number, line);
      if (word.starts_with("#failure=")) set_number(&probe, {"failureThreshold"}, number, line);
    }
    text = text.substr(0, numbers);
  }
  if (take_prefix(&text, "http-get ")) {
    const std::size_t scheme = text.find("://");
    if (scheme == std::string_view::npos) return;
    set_text(&probe, {"httpGet", "scheme"}, text.substr(0, scheme), line);
    text.remove_prefix(scheme + 3);
    const std::size_t path = text.find('/');
    const std::string_view place = text.substr(0, path);
    const std::size_t colon = place.rfind(':');
    if (colon != std::string_view::npos) {
      set_text(&probe, {"httpGet", "host"}, place.substr(0, colon), line);
      set_text(&probe, {"httpGet", "port"}, place.substr(colon + 1), line);
    }
    if (path != std::string_view::npos) set_text(&probe, {"httpGet", "path"}, text.substr(path), line);
  } else if (take_prefix(&text, "tcp-socket ")) {
    const std::size_t colon = text.rfind(':');
    if (colon != std::string_view::npos)
      set_text(&probe, {"tcpSocket", "port"}, text.substr(colon + 1), line);
  } else if (take_prefix(&text, "grpc ")) {
    const std::string_view place = text.substr(0, text.find(' '));
    const std::size_t colon = place.rfind(':');
    if (colon != std::string_view::npos) set_text(&probe, {"grpc", "port"}, place.substr(colon + 1), line);
  } else if (take_prefix(&text, "exec [")) {
    if (text.ends_with(']')) text.remove_suffix(1);
    append(&probe, {"exec", "command"}, text_value(text, line));
  }
}

// "<set to the key 'password' in secret 'db'>  Optional: false",
// "<set to the key 'url' of config map 'settings'>  Optional: true"
bool describe_key_reference(std::string_view text, std::uint32_t line, Value* variable) {
  constexpr std::string_view opening = "<set to the key '";
  if (!text.starts_with(opening)) return false;
  const std::size_t key_end = text.find('\'', opening.size());
  if (key_end == std::string_view::npos) return false;
  const std::string_view key = text.substr(opening.size(), key_end - opening.size());
  std::string_view rest = text.substr(key_end + 1);
  const bool secret = take_prefix(&rest, " in secret '");
  if (!secret && !take_prefix(&rest, " of config map '")) return false;
  const char* field = secret ? "secretKeyRef" : "configMapKeyRef";
  set_text(variable, {"valueFrom", field, "name"}, rest.substr(0, rest.find('\'')), line);
  set_text(variable, {"valueFrom", field, "key"}, key, line);
  if (const std::size_t optional = rest.find("Optional:"); optional != std::string_view::npos) {
    set_boolean(variable, {"valueFrom", field, "optional"}, rest.substr(optional + 9), line);
  }
  return true;
}

void describe_environment(const Part& part, Value* container) {
  for (const Part& line : part.children()) {
    if (line.key().empty()) continue;
    Value& variable = append(container, {"env"}, empty_object(line.line()));
    set_text(&variable, {"name"}, line.key(), line.line());
    const std::string_view text = line.value();
    if (describe_key_reference(text, line.line(), &variable)) continue;
    if (text.starts_with("(v1:") && text.ends_with(')')) {
      set_text(&variable, {"valueFrom", "fieldRef", "fieldPath"}, text.substr(4, text.size() - 5),
               line.line());
      continue;
    }
    // An empty value is one, too.
    Value value = text_value(text, line.line());
    const std::vector<Part::Word> words = line.values();
    for (std::size_t i = 1; i < words.size(); ++i) {
      value.scalar += '\n';
      value.scalar += to_utf8(words[i].text);
      value.end_line = words[i].line;
    }
    set_value(&variable, {"value"}, std::move(value));
  }
}

// "settings  ConfigMap  Optional: false", "keys  Secret with prefix 'DB_'  Optional: false"
void describe_environment_from(const Part& part, Value* container) {
  for (const Part& line : part.children()) {
    const std::vector<std::string_view> cells = split_columns(line.text());
    if (cells.size() < 2) continue;
    const bool secret = cells[1].starts_with("Secret");
    if (!secret && !cells[1].starts_with("ConfigMap")) continue;
    const char* field = secret ? "secretRef" : "configMapRef";
    Value& source = append(container, {"envFrom"}, empty_object(line.line()));
    set_text(&source, {field, "name"}, cells[0], line.line());
    std::string_view last = cells.back();
    if (take_prefix(&last, "Optional:")) set_boolean(&source, {field, "optional"}, last, line.line());
  }
}

// "/data from data (rw)", "/etc/app.conf from settings (ro,path="app.conf")"
void describe_mounts(const Part& part, Value* container) {
  for (const Part& line : part.children()) {
    const std::string_view text = line.text();
    const std::size_t from = text.find(" from ");
    if (from == std::string_view::npos) continue;
    const std::string_view rest = text.substr(from + 6);
    Value& mount = append(container, {"volumeMounts"}, empty_object(line.line()));
    set_text(&mount, {"mountPath"}, text.substr(0, from), line.line());
    set_text(&mount, {"name"}, rest.substr(0, rest.find(' ')), line.line());
    if (rest.find("(ro") != std::string_view::npos) {
      set_value(&mount, {"readOnly"}, boolean_value(true, line.line()));
    }
    if (const std::size_t path = rest.find("path=\""); path != std::string_view::npos) {
      const std::string_view sub_path = rest.substr(path + 6);
      set_text(&mount, {"subPath"}, sub_path.substr(0, sub_path.find('"')), line.line());
    }
  }
}

void describe_container_spec(const Part& part, Value* container) {
  const Part image = part.child("Image");
  set_text(container, {"image"}, image.value(), image.line());
  for (const char* key : {"Port", "Ports"}) describe_ports(part.child(key), "containerPort", container);
  for (const char* key : {"Host Port", "Host Ports"}) {
    if ((*container)["ports"].exists()) describe_ports(part.child(key), "hostPort", container);
  }
  describe_words(part.child("Command"), "command", container);
  describe_words(part.child("Args"), "args", container);
  describe_quantities(part.child("Limits"), "limits", container);
  describe_quantities(part.child("Requests"), "requests", container);
  describe_probe(part.child("Liveness"), "livenessProbe", container);
  describe_probe(part.child("Readiness"), "readinessProbe", container);
  describe_probe(part.child("Startup"), "startupProbe", container);
  describe_environment_from(part.child("Environment Variables from"), container);
  describe_environment(part.child("Environment"), container);
  describe_mounts(part.child("Mounts"), container);
}

// "State:  Terminated" with Reason, Message, Exit Code, Signal, Started, Finished below it.
void describe_state(const Part& part, const char* field, Value* status) {
  const std::string_view word = part.value();
  const char* state = word == "Waiting"      ? "waiting"
                      : word == "Running"    ? "running"
                      : word == "Terminated" ? "terminated"
                                             : nullptr;
  if (state == nullptr) return;
  set_value(status, {field, state}, empty_object(part.line()));
  const auto take = [&](const char* key, const char* name) {
    const Part detail = part.child(key);
    if (!detail) return;
    std::string text(detail.value());
    std::uint32_t last = detail.line();
    for (const Part::Word& more : detail.values()) {
      if (more.line == detail.line()) continue;
      text += '\n';
      text += more.text;
      last = more.line;
    }
    set_text(status, {field, state, name}, text, detail.line());
    if (!is_nothing(text)) member(status, {field, state, name}).end_line = last;
  };
  take("Reason", "reason");
  take("Message", "message");
  take("Started", "startedAt");
  take("Finished", "finishedAt");
  set_number(status, {field, state, "exitCode"}, part.child("Exit Code").value(),
             part.child("Exit Code").line());
  set_number(status, {field, state, "signal"}, part.child("Signal").value(), part.child("Signal").line());
}

void describe_container_status(const Part& part, Value* status) {
  const auto text = [&](const char* key, const char* field) {
    set_text(status, {field}, part.child(key).value(), part.child(key).line());
  };
  text("Container ID", "containerID");
  text("Image", "image");
  text("Image ID", "imageID");
  describe_state(part.child("State"), "state", status);
  describe_state(part.child("Last State"), "lastState", status);
  set_boolean(status, {"ready"}, part.child("Ready").value(), part.child("Ready").line());
  set_number(status, {"restartCount"}, part.child("Restart Count").value(),
             part.child("Restart Count").line());
}

bool has_status(const Part& part) {
  return part.child("State") || part.child("Last State") || part.child("Ready");
}

void describe_containers(const Part& part, const char* spec_field, const char* status_field, Value* spec,
                         Value* status) {
  for (const Part& container : part.children()) {
    if (container.key().empty()) continue;
    Value made = empty_object(container.line());
    set_text(&made, {"name"}, container.key(), container.line());
    describe_container_spec(container, &made);
    append(spec, {spec_field}, std::move(made));
    if (status == nullptr || !has_status(container)) continue;
    Value state = empty_object(container.line());
    set_text(&state, {"name"}, container.key(), container.line());
    describe_container_status(container, &state);
    append(status, {status_field}, std::move(state));
  }
}

void describe_mounted_volume(const Part& part, Value* volume) {
  const auto text = [&](const char* key, std::initializer_list<std::string_view> path) {
    set_text(volume, path, part.child(key).value(), part.child(key).line());
  };
  const Part type_part = part.child("Type");
  const std::string_view type = type_part.value().substr(0, type_part.value().find(' '));
  const auto optional = [&](const char* key, std::initializer_list<std::string_view> path) {
    set_boolean(volume, path, part.child(key).value(), part.child(key).line());
  };
  if (type == "ConfigMap") {
    text("Name", {"configMap", "name"});
    optional("Optional", {"configMap", "optional"});
  } else if (type == "Secret") {
    text("SecretName", {"secret", "secretName"});
    optional("Optional", {"secret", "optional"});
  } else if (type == "PersistentVolumeClaim") {
    text("ClaimName", {"persistentVolumeClaim", "claimName"});
  } else if (type == "EmptyDir") {
    set_value(volume, {"emptyDir"}, empty_object(type_part.line()));
    text("Medium", {"emptyDir", "medium"});
    text("SizeLimit", {"emptyDir", "sizeLimit"});
  } else if (type == "HostPath") {
    text("Path", {"hostPath", "path"});
    text("HostPathType", {"hostPath", "type"});
  } else if (type == "NFS") {
    text("Server", {"nfs", "server"});
    text("Path", {"nfs", "path"});
  } else if (type == "CSI") {
    text("Driver", {"csi", "driver"});
  } else if (type == "Projected") {
    for (const Part& line : part.children()) {
      const bool configmap = line.key() == "ConfigMapName" || line.key() == "ConfigMap";
      if (!configmap && line.key() != "SecretName") continue;
      Value& source = append(volume, {"projected", "sources"}, empty_object(line.line()));
      set_text(&source, {configmap ? "configMap" : "secret", "name"}, line.value(), line.line());
    }
  }
}

void describe_pod_spec(const Part& part, Value* spec, Value* status) {
  const auto text = [&](const char* key, const char* field) {
    set_text(spec, {field}, part.child(key).value(), part.child(key).line());
  };
  text("Service Account", "serviceAccountName");
  text("Priority Class Name", "priorityClassName");
  text("Runtime Class Name", "runtimeClassName");
  describe_containers(part.child("Init Containers"), "initContainers", "initContainerStatuses", spec, status);
  describe_containers(part.child("Containers"), "containers", "containerStatuses", spec, status);
  describe_containers(part.child("Ephemeral Containers"), "ephemeralContainers", "ephemeralContainerStatuses",
                      spec, status);
  for (const Part& line : part.child("Volumes").children()) {
    if (line.key().empty()) continue;
    Value& volume = append(spec, {"volumes"}, empty_object(line.line()));
    set_text(&volume, {"name"}, line.key(), line.line());
    describe_mounted_volume(line, &volume);
  }
  describe_pairs(part.child("Node-Selectors"), {"nodeSelector"}, spec);
  describe_tolerations(part.child("Tolerations"), {"tolerations"}, spec);
}

}  // namespace

// "node.kubernetes.io/not-ready:NoExecute op=Exists for 300s", "dedicated=gpu:NoSchedule", "op=Exists"
void describe_tolerations(const Part& part, std::initializer_list<std::string_view> path, Value* object) {
  for (const Part::Word& word : part.values()) {
    Value& toleration = append(object, path, empty_object(word.line));
    const std::vector<std::string_view> words = split(word.text, ' ');
    std::string_view op = "Equal";
    for (std::size_t i = 0; i < words.size(); ++i) {
      std::string_view item = words[i];
      if (take_prefix(&item, "op=")) {
        op = item;
      } else if (item == "for" && i + 1 < words.size()) {
        set_number(&toleration, {"tolerationSeconds"}, words[i + 1], word.line);
        ++i;
      } else if (i == 0) {
        const std::size_t colon = item.rfind(':');
        const std::string_view left = item.substr(0, colon);
        if (colon != std::string_view::npos)
          set_text(&toleration, {"effect"}, item.substr(colon + 1), word.line);
        const std::size_t equals = left.find('=');
        set_text(&toleration, {"key"}, left.substr(0, equals), word.line);
        if (equals != std::string_view::npos)
          set_text(&toleration, {"value"}, left.substr(equals + 1), word.line);
      }
    }
    set_text(&toleration, {"operator"}, op, word.line);
  }
}

void describe_pod_template(const Part& part, Value* pod_template) {
  if (!part) return;
  describe_pairs(part.child("Labels"), {"metadata", "labels"}, pod_template);
  describe_pod_spec(part, &member(pod_template, {"spec"}), nullptr);
}

void describe_pod(const Part& root, Value* object) {
  const auto text = [&](const char* key, std::initializer_list<std::string_view> path) {
    set_text(object, path, root.child(key).value(), root.child(key).line());
  };
  const Part node = root.child("Node");
  set_text(object, {"spec", "nodeName"}, node.value().substr(0, node.value().find('/')), node.line());
  const Part phase = root.child("Status");
  if (phase.value().starts_with("Terminating")) {
    set_text(object, {"metadata", "deletionTimestamp"}, phase.value(), phase.line());
  } else {
    set_text(object, {"status", "phase"}, phase.value(), phase.line());
  }
  text("Reason", {"status", "reason"});
  text("Message", {"status", "message"});
  text("Start Time", {"status", "startTime"});
  text("IP", {"status", "podIP"});
  text("QoS Class", {"status", "qosClass"});
  Value spec, status;
  describe_pod_spec(root, &spec, &status);
  if (!root.child("Containers") && has_status(root)) {
    // A cut out of one container's lines.
    describe_container_status(root, &append(&status, {"containerStatuses"}, empty_object(root.line())));
  }
  for (auto& [key, value] : spec.members) set_value(object, {"spec", key}, std::move(value));
  for (auto& [key, value] : status.members) set_value(object, {"status", key}, std::move(value));
  describe_conditions(root.child("Conditions"), object);
}

}  // namespace carrel::kubectl
