// What the spec of a pod refers to: other objects by name, files by path, hosts in its environment and
// command.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/value.h"

namespace carrel {

struct Need {
  std::string kind;             // "configmap", "secret", "serviceaccount"
  const Value* name = nullptr;  // where it is named
  const Value* key = nullptr;   // the key of it that is wanted, or null
  std::string use;              // "env POSTGRES_USER", "volume config", "imagePullSecrets"
  const Value* user = nullptr;  // the name of that variable or volume, or null
};

// Every reference that must hold for the pod to start; optional ones are left out.
std::vector<Need> needs_of(const Value& pod_spec);

struct Mention {
  std::string host;
  std::int64_t port = 0;              // 0: none said
  const Value* place = nullptr;       // the environment value or the word of the command
  const Value* port_place = nullptr;  // where the port is said, if not there
  bool sure = false;                  // said as a URL, not just by the name of a variable
};

// Hosts in environment values and commands that may be Services: a single label, or
// "name.namespace[.svc...]".
std::vector<Mention> hosts_of(const Value& pod_spec);
// The same in the data of a ConfigMap, whose keys are taken for variables.
std::vector<Mention> hosts_of_data(const Value& data);

// Environment variables that a container's script demands (`[ -z "$NAME" ]`, `${NAME:?...}`), with the word
// of the command that does.
std::vector<std::pair<std::string, const Value*>> demanded_variables(const Value& container);

// Command, arguments and environment values of a container in one text.
std::string text_of_use(const Value& container);
// Absolute paths in a text.
std::vector<std::string> paths_in(std::string_view text);

}  // namespace carrel
