// The commands a report may recommend: a playbook's patterns over a bundle's names. The think room decodes
// under them (room/constrain), the host checks with them (host/checks); both read this one form.
//
// A pattern is a list of words; a word is literal text with slots in braces; words in brackets may be left
// out:
//
//   kubectl -n {namespace} describe {pod}
//   kubectl -n {namespace} logs {pod.name} [-c {container}] [--previous] [--tail={number}]
//   kubectl describe node {node.name}
//   kubectl get nodes
//
// A slot {kind} stands for an object of that kind and writes two words, the kind and the name: "describe
// {pod}" writes "describe pod api-0". {kind.name} writes the name alone, and so do {namespace}, {container}
// and {number}. {object} writes the kind and the name of any object ("deployment api"). {number} is 1 to
// 9999.
//
// A slot of a kind with a namespace takes the names of the namespace that {namespace} chose before it in the
// same command; where the command has none, the names that have no namespace. {object} follows the same rule.
// A slot of a kind without a namespace ({node}) takes all names of that kind, whatever was chosen before.
// {container} belongs to the pod chosen before it. {namespace} takes the names of kind namespace and the
// namespaces of all other names.
//
// There is no slot for free text, and no pattern may hold a shell metacharacter, so a command of a pattern is
// words only. A pattern begins with the name of a program; brackets hold whole words and do not nest, and
// there are at most six of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/evidence.h"

namespace carrel {

struct CommandPart {
  enum class Kind : std::uint8_t { text, slot, count_ };
  Kind kind = Kind::text;
  std::string text;        // literal text, or the slot's kind
  bool name_only = false;  // the slot writes no kind before the name
  template <class Codec>
  void fields(Codec& c) {
    c(kind);
    c(text, limit::command);
    c(name_only);
  }
};

// One or more words that are there together or, where `optional`, not at all. Parts are joined without
// spaces; the spaces between words are part of the literal texts.
struct CommandGroup {
  bool optional = false;
  std::vector<CommandPart> parts;
  template <class Codec>
  void fields(Codec& c) {
    c(optional);
    c(parts, 64);
  }
};

struct CommandPattern {
  std::string source;  // as the playbook has it
  std::vector<CommandGroup> groups;
  template <class Codec>
  void fields(Codec& c) {
    c(source, limit::command);
    c(groups, 32);
  }
};

// Reads a pattern; an Error (Code::bad_input) says which character is wrong.
Result<CommandPattern> parse_command_pattern(std::string_view source);

// True for a name that may enter a command: RFC 1123 subdomain (RBAC names may hold ':'), at most 253 bytes.
bool is_safe_name(std::string_view name);

// True where the kind's objects live in no namespace ("node", "namespace", "persistentvolume", ...).
bool is_cluster_scoped(std::string_view kind);

}  // namespace carrel
