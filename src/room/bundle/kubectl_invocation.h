// What is known of the command that a saved text came from: by the file's name, or by the prompt above it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace carrel::kubectl {

struct Invocation {
  enum class Verb : std::uint8_t { unknown, get, describe, top, events, lineage, other };
  Verb verb = Verb::unknown;
  std::string kind;    // resource name, "" if not told
  std::string target;  // what follows the kind: an object's name, a namespace, or the rest of a file's name
  std::string space;   // where it is told beyond doubt (-n, a folder namespaces/<namespace>)
  bool every_space = false;  // -A
  bool whole = false;        // nothing speaks of a selection (a label, a name, grep, head)
  bool typed = false;        // read from a prompt, where all that was asked for is told
};

// "kubectl/get-pods-shop.txt", "kubectl_describe_node_worker-1.log", "pods.txt".
Invocation invocation_of_path(std::string_view path);

// "$ kubectl -n shop get pods -o wide | grep api". Verb unknown where the line is no such prompt.
Invocation invocation_of_prompt(std::string_view line);

}  // namespace carrel::kubectl
