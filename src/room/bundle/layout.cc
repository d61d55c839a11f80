#include "room/bundle/layout.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "room/bundle/text_format.h"
#include "room/inventory/inventory.h"
#include "room/inventory/kinds.h"

namespace carrel {
namespace {

using Parts = std::vector<std::string_view>;

Parts split(std::string_view path) {
  Parts parts;
  for (std::size_t from = 0; from <= path.size();) {
    const std::size_t slash = std::min(path.find('/', from), path.size());
    const std::string_view part = path.substr(from, slash - from);
    if (!part.empty() && part != ".") parts.push_back(part);
    from = slash + 1;
  }
  return parts;
}

// The index of a component, or parts.size().
std::size_t index_of(const Parts& parts, std::string_view name) {
  return static_cast<std::size_t>(std::find(parts.begin(), parts.end(), name) - parts.begin());
}

bool drop_suffix(std::string_view* text, std::string_view suffix) {
  if (text->size() <= suffix.size() || !text->ends_with(suffix)) return false;
  text->remove_suffix(suffix.size());
  return true;
}

std::string_view stem_of(std::string_view name) {
  for (const std::string_view suffix : {".json", ".yaml", ".yml", ".log", ".txt"}) {
    if (drop_suffix(&name, suffix)) break;
  }
  return name;
}

bool is_structured_name(std::string_view name) {
  return name.ends_with(".json") || name.ends_with(".yaml") || name.ends_with(".yml");
}

// "app.log", "app.log.3", "messages-20250101" and the like are told by the words, not by the whole name.
bool is_log_name(std::string_view name) {
  if (name.ends_with(".log") || name.ends_with(".jsonl") || name.ends_with(".ndjson") ||
      name.ends_with(".err"))
    return true;
  if (name.find(".log.") != name.npos || name.find(".log-") != name.npos) return true;
  const std::string_view stem = stem_of(name);
  constexpr std::array words{"logs",   "journal", "journalctl", "messages",
                             "syslog", "dmesg",   "stderr",     "stdout"};
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return stem == word || (stem.starts_with(word) && (stem[word.size()] == '_' || stem[word.size()] == '-' ||
                                                       stem[word.size()] == '.'));
  });
}

// Saved output of a tool. sos keeps hundreds of megabytes of those; its plugins for Kubernetes alone are of
// use here.
bool is_tool_output(const Parts& parts) {
  const std::size_t plugin = index_of(parts, "sos_commands") + 1;
  if (plugin < parts.size()) {
    return parts[plugin].find("kube") != parts[plugin].npos || parts[plugin] == "openshift";
  }
  return parts.back().ends_with(".txt") || parts.back().ends_with(".out") ||
         index_of(parts, "kubectl") + 1 < parts.size();
}

void set_log(TextFile* file, std::string_view space, std::string_view pod, std::string_view container) {
  file->kind = TextFile::Kind::log;
  file->space = space;
  file->pod = pod;
  if (drop_suffix(&container, "-previous") || drop_suffix(&container, ".previous"))
    file->kind = TextFile::Kind::previous_log;
  file->container = container;
}

// The kubelet's own folders: pods/<ns>_<pod>_<uid>/<container>/<restart>.log.
bool kubelet_log(const Parts& parts, TextFile* file) {
  if (parts.size() < 4 || parts[parts.size() - 4] != "pods" || !is_log_name(parts.back())) return false;
  const std::string_view folder = parts[parts.size() - 3];
  const std::size_t first = folder.find('_');
  const std::size_t last = folder.rfind('_');
  if (first == folder.npos || first == last) return false;
  set_log(file, folder.substr(0, first), folder.substr(first + 1, last - first - 1), parts[parts.size() - 2]);
  return true;
}

// "api-7c9d5b8f6d-4xk2p", "postgres-0"
bool is_given_name(std::string_view name) {
  const std::size_t dash = name.rfind('-');
  if (dash == name.npos || dash == 0) return false;
  const std::string_view last = name.substr(dash + 1);
  const auto all = [](std::string_view text, auto holds) {
    return std::all_of(text.begin(), text.end(), holds);
  };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto random = [&](char c) { return digit(c) || (c >= 'b' && c <= 'z'); };
  if (!last.empty() && last.size() <= 3 && all(last, digit)) return true;
  const std::size_t before = name.rfind('-', dash - 1);
  if (last.size() != 5 || !all(last, random) || before == name.npos) return false;
  const std::string_view hash = name.substr(before + 1, dash - before - 1);
  const bool is_hash = hash.size() >= 7 && hash.size() <= 10 &&
                       all(hash, [&](char c) { return digit(c) || (c >= 'a' && c <= 'z'); });
  // Without a digit it has no vowels, as what Kubernetes generates.
  const bool tells = !all(hash, [&](char c) { return !digit(c); }) ||
                     (hash.size() >= 8 && hash.find_first_of("aeiouy") == hash.npos);
  return is_hash && tells;
}

// One of a DaemonSet's: "node-exporter-x7k2p", by five characters that Kubernetes generates.
bool is_daemons_name(std::string_view name) {
  const std::size_t dash = name.rfind('-');
  return dash != name.npos && dash > 0 && name.size() - dash == 6 &&
         name.find_first_not_of("bcdfghjklmnpqrstvwxz2456789", dash + 1) == name.npos;
}

// All of it in the file's name: <ns>_<pod>_<container>.log, with "_previous" behind it; and the kubelet's
// links, containers/<pod>_<ns>_<container>-<id>.log.
bool flat_log(std::string_view name, TextFile* file) {
  constexpr std::size_t id_size = 64;
  if (!is_log_name(name)) return false;
  name = stem_of(name);
  bool previous = false;
  for (const std::string_view suffix : {"_previous", "-previous", ".previous"})
    previous |= drop_suffix(&name, suffix);
  const std::size_t first = name.find('_'), second = name.find('_', first + 1);
  if (first == name.npos || second == name.npos || name.find('_', second + 1) != name.npos) return false;
  std::string_view space = name.substr(0, first), pod = name.substr(first + 1, second - first - 1),
                   container = name.substr(second + 1);
  const std::size_t id = container.size() > id_size ? container.size() - id_size : container.npos;
  if (id != container.npos && container[id - 1] == '-' &&
      container.find_first_not_of("0123456789abcdef", id) == container.npos) {
    container = container.substr(0, id - 1);
    std::swap(space, pod);
  } else {
    // A static pod's name is its container's and its node's.
    const bool is_static =
        pod.size() > container.size() && pod.starts_with(container) && pod[container.size()] == '-';
    if (!is_given_name(pod) && !is_daemons_name(pod) && !is_static) return false;
  }
  set_log(file, space, pod, container);
  if (previous) file->kind = TextFile::Kind::previous_log;
  return true;
}

// What a node logs of itself, in a folder of its name: host-logs/<node>/kubelet.log.
bool node_log(const Parts& parts, TextFile* file) {
  static constexpr std::array<std::string_view, 13> kServices = {
      "kubelet", "containerd", "crio",   "cri-o",    "docker", "dmesg", "kern",
      "journal", "journalctl", "syslog", "messages", "iostat", "chrony"};
  const std::size_t n = parts.size();
  // sosreport-<host>-<date>-<id>/var/log/messages
  constexpr std::string_view sos = "sosreport-";
  constexpr std::size_t date_size = 11;  // "-2025-02-18"
  if (n == 4 && parts[0].starts_with(sos) && parts[1] == "var" && parts[2] == "log") {
    const std::string_view rest = parts[0].substr(sos.size());
    std::size_t end = rest.find("-20");
    while (end != rest.npos &&
           (rest.size() < end + date_size || rest[end + 5] != '-' || rest[end + 8] != '-'))
      end = rest.find("-20", end + 1);
    if (end != rest.npos && end > 0) {
      file->kind = TextFile::Kind::log;
      file->node = rest.substr(0, end);
      file->container = stem_of(parts.back());
      return true;
    }
  }
  if (n < 3 || !is_log_name(parts.back())) return false;
  if (!parts[n - 3].starts_with("host") && !parts[n - 3].starts_with("node")) return false;
  const std::string_view service = stem_of(parts.back());
  if (std::find(kServices.begin(), kServices.end(), service) == kServices.end()) return false;
  file->kind = TextFile::Kind::log;
  file->node = parts[n - 2];
  file->container = service;
  return true;
}

bool log_place(const Parts& parts, TextFile* file) {
  const std::size_t n = parts.size();
  const std::string_view name = parts.back();
  if (kubelet_log(parts, file) || node_log(parts, file) || flat_log(name, file)) return true;
  // troubleshoot: logs/<ns>/<pod>/<container>.log; others call the folder after the pods.
  static constexpr std::array<std::string_view, 4> kOfPods = {"logs", "pod-logs", "pod_logs",
                                                              "container-logs"};
  if (n >= 4 && std::find(kOfPods.begin(), kOfPods.end(), parts[n - 4]) != kOfPods.end() &&
      name.ends_with(".log")) {
    set_log(file, parts[n - 3], parts[n - 2], stem_of(name));
    return true;
  }
  if (n >= 3 && name == "logs.txt") {  // cluster-info dump: <ns>/<pod>/logs.txt, of all its containers
    set_log(file, parts[n - 3], parts[n - 2], "");
    return true;
  }
  // must-gather: namespaces/<ns>/pods/<pod>/<container>/<container>/logs/{current,previous}.log
  if (n >= 8 && parts[n - 8] == "namespaces" && parts[n - 6] == "pods" && parts[n - 2] == "logs" &&
      name.ends_with(".log")) {
    set_log(file, parts[n - 7], parts[n - 5], parts[n - 3]);
    if (name.starts_with("previous")) file->kind = TextFile::Kind::previous_log;
    return true;
  }
  // pods/<ns>/<pod>/logs/<container>.txt
  if (n >= 5 && parts[n - 5] == "pods" && parts[n - 2] == "logs" &&
      (name.ends_with(".txt") || name.ends_with(".log"))) {
    set_log(file, parts[n - 4], parts[n - 3], stem_of(name));
    return true;
  }
  if (n >= 4 && parts[n - 3] == "podlogs") {  // sos: cluster-info/<ns>/podlogs/<pod>/<file>
    set_log(file, parts[n - 4], parts[n - 2], "");
    return true;
  }
  // troubleshoot's older logs: NAME/<pod>/<container>.log, where the pod's name is one that a controller
  // gave.
  if (n >= 3 && name.ends_with(".log") && is_given_name(parts[n - 2])) {
    set_log(file, "", parts[n - 2], stem_of(name));
    return true;
  }
  const bool in_log_folder =
      n >= 3 && index_of(parts, "var") + 1 < n && parts[index_of(parts, "var") + 1] == "log";
  if (!is_log_name(name) && !(in_log_folder && !is_structured_name(name))) return false;
  set_log(file, "", "", name.ends_with(".log") ? stem_of(name) : std::string_view());
  return true;
}

// kind and space of a listing, where the kind is one of Kubernetes' and its scope fits.
void set_listing(Listing* listing, Listing::Role role, std::string_view kind, std::string_view space) {
  const KindEntry* const entry = find_kind(kind);
  if (entry == nullptr) return;
  *listing = {role, std::string(entry->singular), std::string(entry->cluster_scoped ? "" : space)};
}

void listing_place(const Parts& parts, Listing* listing) {
  const std::size_t n = parts.size();
  std::string_view stem = stem_of(parts.back());
  const std::size_t resources = index_of(parts, "cluster-resources");
  if (resources + 2 == n) {
    const Listing::Role role = drop_suffix(&stem, "-errors") ? Listing::Role::errors : Listing::Role::objects;
    const KindEntry* const entry = find_kind(stem);
    if (role == Listing::Role::errors || (entry != nullptr && entry->cluster_scoped))
      set_listing(listing, role, stem, "");
  } else if (resources + 3 == n) {
    set_listing(listing, Listing::Role::objects, parts[n - 2], stem);
  } else if (n >= 4 && parts[n - 4] == "namespaces") {  // must-gather: namespaces/<ns>/<group>/<plural>.yaml
    if (parts[n - 2] != "pods") set_listing(listing, Listing::Role::objects, stem, parts[n - 3]);
  } else if (n >= 3 && parts[n - 3] == "cluster-scoped-resources") {
    set_listing(listing, Listing::Role::objects, stem, "");
  } else if (resources == n && n >= 1 && parts.back() == "nodes.json") {  // cluster-info dump
    set_listing(listing, Listing::Role::objects, stem, "");
  } else if (resources == n && n >= 2 &&
             parts.back().ends_with(".json")) {  // cluster-info dump: <ns>/<plural>.json
    constexpr std::array dumped{
        "events", "replication-controllers", "services", "daemonsets", "deployments", "replicasets", "pods"};
    if (std::find(dumped.begin(), dumped.end(), stem) != dumped.end())
      set_listing(listing, Listing::Role::objects, stem, parts[n - 2]);
  }
}

}  // namespace

Place place_of(std::string_view path) {
  Place place;
  place.file.path = path;
  const Parts parts = split(path);
  if (parts.empty()) return place;
  if (log_place(parts, &place.file)) return place;
  if (is_structured_name(parts.back())) {
    place.file.kind = TextFile::Kind::structured;
    listing_place(parts, &place.listing);
  } else if (is_tool_output(parts)) {
    place.file.kind = TextFile::Kind::tool_output;
  }
  return place;
}

void FormatVotes::see(std::string_view path) {
  const Parts parts = split(path);
  if (parts.empty()) return;
  const std::size_t n = parts.size();
  const std::string_view name = parts.back();
  const auto has = [&](std::string_view part) { return index_of(parts, part) < n; };
  if (has("cluster-resources") || (n <= 2 && name == "version.yaml")) troubleshoot_ = true;
  if (has("cluster-scoped-resources") || name == "must-gather.logs") must_gather_ = true;
  if (has("sos_commands") || has("sos_reports") || has("sos_logs")) sos_ = true;
  if (!has("cluster-resources") && n >= 2 && (name == "replication-controllers.json" || name == "logs.txt"))
    dump_ = true;
  if (has("kubectl") ||
      (name.ends_with(".txt") && (name.starts_with("describe") || name.starts_with("kubectl") ||
                                  name.starts_with("get-") || name.starts_with("get_"))))
    kubectl_ = true;
}

void FormatVotes::see_content(std::string_view head) {
  switch (text_format(head)) {
    case TextFormat::kubectl:
      kubectl_ = true;
      break;
    case TextFormat::journal_export:
      journal_export_ = true;
      break;
    case TextFormat::journal_json:
      journal_json_ = true;
      break;
    case TextFormat::journal_text:
      journal_text_ = true;
      break;
    case TextFormat::docker_json:
      docker_ = true;
      break;
    default:
      break;
  }
}

std::string FormatVotes::format(bool has_objects) const {
  if (must_gather_) return "must-gather";
  if (sos_) return "sos report";
  if (troubleshoot_) return "support bundle (troubleshoot)";
  if (dump_) return "kubectl cluster-info dump";
  std::string files;
  const auto add = [&](bool seen, const char* name) {
    if (seen) files += files.empty() ? name : std::string(" and ") + name;
  };
  add(kubectl_, "saved kubectl output");
  add(journal_export_, "journald export");
  add(journal_json_, "journald JSON");
  add(journal_text_, "journal or syslog");
  add(docker_, "docker logs (JSON)");
  if (!files.empty()) return files;
  if (alone_) return has_objects ? "file with Kubernetes objects" : "text file";
  return has_objects ? "folder with Kubernetes objects" : "folder of text";
}

}  // namespace carrel
