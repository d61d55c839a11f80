#include "room/bundle/kubectl_invocation.h"

#include <vector>

#include "base/text.h"
#include "room/bundle/kubectl_value.h"
#include "room/inventory/inventory.h"
#include "room/inventory/kinds.h"

namespace carrel::kubectl {
namespace {

using Verb = Invocation::Verb;

Verb verb_of(std::string_view word) {
  if (word == "get") return Verb::get;
  if (word == "describe" || word == "describes") return Verb::describe;
  if (word == "top") return Verb::top;
  if (word == "lineage") return Verb::lineage;
  if (word == "logs" || word == "log" || word == "rollout" || word == "exec" || word == "explain" ||
      word == "version" || word == "config" || word == "auth" || word == "apply" || word == "delete") {
    return Verb::other;
  }
  return Verb::unknown;
}

bool speaks_of_selection(std::string_view word) {
  for (const char* part : {"filter", "select", "grep", "unhealthy", "failed", "failing", "pending",
                           "notready", "label", "head", "tail", "sample", "problem", "bad"}) {
    if (contains_folded(word, part)) return true;
  }
  return false;
}

std::vector<std::string_view> words_of(std::string_view stem) {
  std::vector<std::string_view> words;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= stem.size(); ++i) {
    if (i < stem.size() && stem[i] != '-' && stem[i] != '_' && stem[i] != ' ' && stem[i] != '.') continue;
    if (i > begin) words.push_back(stem.substr(begin, i - begin));
    begin = i + 1;
  }
  return words;
}

std::string_view file_stem(std::string_view path) {
  std::string_view name = path.substr(path.rfind('/') + 1);
  for (const char* ending : {".txt", ".log", ".out", ".yaml", ".yml", ".json", ".md"}) {
    if (name.ends_with(ending)) return name.substr(0, name.size() - std::string_view(ending).size());
  }
  return name;
}

// The namespace in ".../namespaces/<namespace>/...".
std::string space_of_folders(std::string_view path) {
  const std::size_t at = path.rfind("namespaces/");
  if (at == std::string_view::npos || (at > 0 && path[at - 1] != '/')) return {};
  const std::string_view rest = path.substr(at + 11);
  const std::size_t slash = rest.find('/');
  return slash == std::string_view::npos ? std::string() : std::string(rest.substr(0, slash));
}

bool is_known_kind(std::string_view word) {
  return find_kind(word) != nullptr || word == "all";
}

bool says_every_space(std::string_view target) {
  return target == "A" || target == "all" || target.starts_with("all-namespaces") ||
         target.starts_with("all_namespaces") || target.ends_with("all-namespaces") || target == "cluster" ||
         target == "allns" || target == "all-ns";
}

}  // namespace

Invocation invocation_of_path(std::string_view path) {
  Invocation command;
  command.space = space_of_folders(path);
  const std::string_view stem = file_stem(path);
  const std::vector<std::string_view> words = words_of(stem);
  std::size_t at = 0;
  while (at < words.size() &&
         (words[at] == "kubectl" || words[at] == "oc" || words[at] == "k8s" || words[at] == "k"))
    ++at;
  if (at == words.size()) return command;
  command.verb = verb_of(words[at]);
  if (command.verb != Verb::unknown) {
    ++at;
  } else if (is_known_kind(words[at])) {
    command.verb = Verb::get;
    if (words.back() == "describe") command.verb = Verb::describe;
  } else {
    return command;
  }
  if (command.verb == Verb::lineage && at < words.size()) ++at;  // children, parents
  if (at < words.size() && is_known_kind(words[at])) {
    command.kind = words[at] == "all" ? "" : resource_name(words[at]);
    ++at;
  } else if (at < words.size() && command.verb == Verb::get) {
    command.kind = resource_name(words[at]);
    ++at;
  }
  if (command.kind == "event" && command.verb == Verb::get) command.verb = Verb::events;
  if (at < words.size()) {
    const auto begin = static_cast<std::size_t>(words[at].data() - stem.data());
    command.target = std::string(stem.substr(begin));
  }
  for (const char* ending : {"-wide", "_wide", "-describe", "_describe", "-events", "_events"}) {
    if (command.target.ends_with(ending))
      command.target.resize(command.target.size() - std::string_view(ending).size());
  }
  if (command.target == "wide" || command.target == "describe") command.target.clear();
  command.every_space = says_every_space(command.target);
  command.whole = !speaks_of_selection(stem);
  return command;
}

Invocation invocation_of_prompt(std::string_view line) {
  Invocation command;
  line = trim(line);
  for (const char* mark : {"$ ", "# ", "+ ", "> ", "% "}) {
    if (take_prefix(&line, mark)) break;
  }
  line = trim(line);
  if (!line.starts_with("kubectl ") && !line.starts_with("oc ") && !line.starts_with("k ")) return command;
  const std::size_t pipe = line.find_first_of("|;&>");
  command.whole = line.find('|') == std::string_view::npos;
  command.typed = true;
  std::vector<std::string_view> words = split(line.substr(0, pipe), ' ');
  std::vector<std::string_view> plain;
  for (std::size_t i = 1; i < words.size(); ++i) {
    std::string_view word = words[i];
    if ((word == "-n" || word == "--namespace") && i + 1 < words.size()) {
      command.space = std::string(words[++i]);
    } else if (take_prefix(&word, "--namespace=") || take_prefix(&word, "-n=")) {
      command.space = std::string(word);
    } else if (word == "-A" || word.starts_with("--all-namespaces")) {
      command.every_space = true;
    } else if (word == "-l" || word.starts_with("--selector") || word.starts_with("--field-selector") ||
               word.starts_with("-l")) {
      command.whole = false;
    } else if (word == "-o" || word == "-c" || word == "--context" || word == "--kubeconfig" ||
               word == "--sort-by" || word == "-L") {
      ++i;
    } else if (!word.starts_with('-')) {
      plain.push_back(word);
    }
  }
  if (plain.empty()) return Invocation();
  command.verb = plain[0] == "events" ? Verb::events : verb_of(plain[0]);
  if (command.verb == Verb::unknown) command.verb = Verb::other;
  if (plain.size() > 1 && command.verb != Verb::other && command.verb != Verb::events) {
    std::string_view kind = plain[1];
    const std::size_t slash = kind.find('/');
    if (slash != std::string_view::npos) {
      command.target = std::string(kind.substr(slash + 1));
      kind = kind.substr(0, slash);
    }
    if (kind != "all" && kind.find(',') == std::string_view::npos) command.kind = resource_name(kind);
  }
  if (command.kind == "event" && command.verb == Verb::get) command.verb = Verb::events;
  if (plain.size() > 2) command.target = std::string(plain[2]);
  if (!command.target.empty()) command.whole = false;
  return command;
}

}  // namespace carrel::kubectl
