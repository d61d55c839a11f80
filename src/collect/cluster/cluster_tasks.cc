#include "collect/cluster/cluster_tasks.h"

#include <algorithm>

#include <fmt/format.h>
#include <rapidjson/prettywriter.h>

#include "base/read_value.h"
#include "base/text.h"

namespace carrel {
namespace {

constexpr unsigned page_size = 500;

std::string as_command(const std::string& path) {
  return fmt::format("kubectl get --raw '{}'", path);
}

// A name as part of a path in the bundle. Kubernetes allows nothing that would need this.
std::string path_part(const std::string& name) {
  return name == "." || name == ".." ? "%2E" : percent_encode(name);
}

BodyReader reader_of(HttpReply& reply) {
  return [&reply](char* into, std::size_t size) -> Result<std::size_t> {
    auto n = reply.read(into, size);
    if (!n) return broken_off(n.error());
    return n;
  };
}

std::string json_text(const std::function<void(rapidjson::PrettyWriter<rapidjson::StringBuffer>&)>& fill) {
  rapidjson::StringBuffer out;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(out);
  writer.SetIndent(' ', 2);
  fill(writer);
  return out.GetString() + std::string("\n");
}

template <class Writer>
void put(Writer& writer, std::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

}  // namespace

Task text_task(std::string path, std::string source, std::string why, std::string text) {
  return {std::move(path), std::move(source), std::move(why),
          [text = std::move(text)](Spool& out) -> Result<TaskEnd> {
            if (Status done = out.write(text); !done) return done.error();
            return TaskEnd{status_made, "", ""};
          },
          true};
}

// ---- what cannot be listed ----

void ListErrors::add(const std::string& folder, const std::string& space, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  by_kind_[folder][space] = reason;
}

std::vector<Task> ListErrors::tasks() const {
  const std::lock_guard lock(mutex_);
  std::vector<Task> tasks;
  for (const auto& [folder, reasons] : by_kind_) {
    const bool whole = reasons.contains("");
    const std::string text = json_text([whole, &reasons = reasons](auto& writer) {
      if (whole) {
        writer.StartArray();
        put(writer, reasons.at(""));
        writer.EndArray();
        return;
      }
      writer.StartObject();
      for (const auto& [space, reason] : reasons) {
        writer.Key(space.data(), static_cast<rapidjson::SizeType>(space.size()));
        put(writer, reason);
      }
      writer.EndObject();
    });
    tasks.push_back(text_task(fmt::format("cluster-resources/{}-errors.json", folder),
                              "the answers of the API server",
                              "tells an empty list from one that was refused", text));
  }
  return tasks;
}

// ---- first: what is served ----

std::vector<Task> ClusterTasks::first() {
  std::vector<Task> tasks;
  tasks.push_back({"cluster-info/cluster_version.json", as_command("/version"), "which Kubernetes this is",
                   [this](Spool& out) -> Result<TaskEnd> {
                     std::string reason;
                     const auto version = api_->value("/version", &reason);
                     if (!version) {
                       api_->give_up("the cluster does not answer: " + reason);
                       return TaskEnd{"", reason, ""};
                     }
                     server_version_ = (*version)["gitVersion"].text();
                     const std::string text = json_text([&](auto& writer) {
                       writer.StartObject();
                       writer.Key("info");
                       writer.StartObject();
                       for (const auto& [key, value] : version->members) {
                         writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
                         put(writer, value.text());
                       }
                       writer.EndObject();
                       writer.Key("string");
                       put(writer, server_version_);
                       writer.EndObject();
                     });
                     if (Status done = out.write(text); !done) return done.error();
                     return TaskEnd{"HTTP 200", "", ""};
                   }});
  tasks.push_back({"cluster-resources/resources.json", as_command("/apis"), "which kinds this cluster serves",
                   [this](Spool& out) -> Result<TaskEnd> {
                     std::string reason;
                     served_ = Served::discover(*api_, &reason);
                     if (!reason.empty()) return TaskEnd{"", reason, ""};
                     if (Status done = out.write(served_.json()); !done) return done.error();
                     return TaskEnd{"HTTP 200", "", ""};
                   }});
  if (api_ == nullptr) {
    for (const char* const path : {"/api/v1", "/apis/GROUP/VERSION"})
      tasks.push_back({"", as_command(path), "for the file before: what each group of the API has", {}});
  }
  const auto spaces = std::find_if(collected_kinds().begin(), collected_kinds().end(),
                                   [](const CollectedKind& kind) { return kind.folder == "namespaces"; });
  Task task = list(*spaces, "");
  if (options_.namespaces.empty() && api_ != nullptr) {
    task.run = [this, kind = *spaces](Spool& out) -> Result<TaskEnd> {
      auto end = copy_pages(kind, "", out);
      if (end && !end->missing.empty()) errors_.add(kind.folder, "", end->missing);
      return end;
    };
  }
  tasks.push_back(std::move(task));
  spaces_ = options_.namespaces;
  if (api_ == nullptr && spaces_.empty()) spaces_ = {"NAMESPACE"};
  return tasks;
}

// ---- the lists ----

std::vector<Task> ClusterTasks::lists() {
  std::vector<Task> tasks;
  std::vector<CollectedKind> kinds(collected_kinds().begin(), collected_kinds().end());
  std::erase_if(kinds, [](const CollectedKind& kind) { return kind.folder == "namespaces"; });
  if (options_.custom_resources) {
    for (CollectedKind& kind : served_.custom()) kinds.push_back(std::move(kind));
    if (api_ == nullptr)
      kinds.push_back({"custom-resources/RESOURCE.GROUP", "GROUP", "VERSION", "RESOURCE", false,
                       "objects of operators: of each kind that the cluster serves and Kubernetes has not"});
  }
  std::sort(spaces_.begin(), spaces_.end());
  for (const CollectedKind& kind : kinds) {
    if (kind.cluster_scoped) {
      tasks.push_back(list(kind, ""));
    } else {
      for (const std::string& space : spaces_) tasks.push_back(list(kind, space));
    }
  }
  return tasks;
}

Task ClusterTasks::list(const CollectedKind& kind, const std::string& space) {
  const std::string path = kind.cluster_scoped
                               ? fmt::format("cluster-resources/{}.json", kind.folder)
                               : fmt::format("cluster-resources/{}/{}.json", kind.folder, path_part(space));
  const auto served = served_.find(kind);
  Task task{path, as_command(list_path(served ? *served : kind, space)), kind.why, {}};
  if (!served) {
    task.run = [](Spool&) -> Result<TaskEnd> { return TaskEnd{"", "this cluster serves no such kind", ""}; };
    return task;
  }
  task.run = [this, kind = *served, space](Spool& out) -> Result<TaskEnd> {
    auto end = copy_pages(kind, space, out);
    if (end && !end->missing.empty())
      errors_.add(kind.folder, space, end->status.empty() ? end->missing : end->status + ": " + end->missing);
    return end;
  };
  return task;
}

Result<TaskEnd> ClusterTasks::copy_pages(const CollectedKind& kind, const std::string& space, Spool& out) {
  const std::string path = list_path(kind, space);
  ItemVisitor visit;
  if (kind.folder == "pods") visit = pods_.visitor();
  if (kind.folder == "namespaces" && options_.namespaces.empty()) {
    visit.scalar = [this](std::string_view where, std::string_view value) {
      if (where == "metadata/name") spaces_.emplace_back(value);
    };
  }
  ListCopy copy([&out](std::string_view bytes) { return out.write(bytes); }, visit);
  std::string next;
  for (;;) {
    std::string page = fmt::format("{}?limit={}", path, page_size);
    if (!next.empty()) page += "&continue=" + percent_encode(next);
    Api::Answer answer = api_->get(page);
    if (!answer.reply) {
      out.restart();
      return TaskEnd{answer.status, answer.reason, ""};
    }
    const Status done = copy.page(reader_of(*answer.reply));
    if (!done && !is_broken_off(done.error())) return done.error();
    if (!done) {
      out.restart();
      return TaskEnd{answer.status, done.error().what, ""};
    }
    next = copy.next();
    if (next.empty()) break;
  }
  if (Status done = copy.finish(); !done) return done.error();
  return TaskEnd{"HTTP 200", "", ""};
}

// ---- the rest ----

std::vector<Task> ClusterTasks::rest() {
  std::vector<Task> tasks = errors_.tasks();
  const std::vector<Pod> pods = pods_.sorted();
  if (options_.logs && api_ == nullptr) {
    for (const bool previous : {false, true})
      tasks.push_back(log({"NAMESPACE", "POD", "", "", {}}, {"CONTAINER", "", "", true, true}, previous));
  }
  for (const Pod& pod : pods) {
    if (!options_.logs) break;
    for (const PodContainer& container : pod.containers) {
      if (container.restarted) tasks.push_back(log(pod, container, true));
      if (container.started) tasks.push_back(log(pod, container, false));
    }
  }
  if (options_.helm) {
    for (const std::string& space : spaces_) tasks.push_back(helm(space));
  }
  if (!pods.empty() || api_ == nullptr) {
    tasks.push_back(text_task("carrel/versions.json", "the labels and images of the pods",
                              "which product in which version runs here",
                              versions_json(pods, server_version_)));
  }
  return tasks;
}

Task ClusterTasks::log(const Pod& pod, const PodContainer& container, bool previous) {
  std::string path = fmt::format("/api/v1/namespaces/{}/pods/{}/log?container={}", percent_encode(pod.space),
                                 percent_encode(pod.name), percent_encode(container.name));
  if (previous) path += "&previous=true";
  if (options_.since_seconds > 0) path += fmt::format("&sinceSeconds={}", options_.since_seconds);
  Task task{fmt::format("cluster-resources/pods/logs/{}/{}/{}{}.log", path_part(pod.space),
                        path_part(pod.name), path_part(container.name), previous ? "-previous" : ""),
            as_command(fmt::format("{}&tailLines={}", path, options_.tail)),
            previous ? "what the instance before said last" : "what it said",
            [this, path](Spool& out) { return copy_log(path, out); }};
  return task;
}

// The newest lines that fit. The server can count lines from the end but not bytes: where the lines asked for
// are too many bytes, as many are asked for as should fit by their mean length.
Result<TaskEnd> ClusterTasks::copy_log(const std::string& path, Spool& out) const {
  std::uint64_t tail = options_.tail;
  for (unsigned round = 0;; ++round) {
    constexpr unsigned last_round = 3;
    std::uint64_t lines = 0;
    bool too_long = false;
    auto end = api_->fetch(fmt::format("{}&tailLines={}", path, tail), out, Api::OfBrokenOff::keep,
                           [&](HttpReply& reply) -> Status {
                             lines = 0;
                             const BodyReader read = reader_of(reply);
                             std::string block(64 << 10, '\0');
                             for (;;) {
                               auto n = read(block.data(), block.size());
                               if (!n) return n.error();
                               if (*n == 0) return {};
                               std::string_view bytes(block.data(), *n);
                               too_long = out.size() + bytes.size() > options_.log_bytes;
                               if (too_long) bytes = bytes.substr(0, options_.log_bytes - out.size());
                               lines +=
                                   static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
                               if (Status done = out.write(bytes); !done) return done;
                               if (too_long) return {};
                             }
                           });
    if (!end || !end->missing.empty() || !end->cut.empty()) return end;
    if (too_long && round == last_round) {
      end->cut =
          fmt::format("longer than --log-bytes {}: of the newest lines, the first", options_.log_bytes);
      return end;
    }
    if (!too_long) {
      if (lines >= tail) {
        end->cut = tail == options_.tail ? fmt::format("the newest {} lines (--tail)", tail)
                                         : fmt::format("the newest {} lines, which fit into --log-bytes {}",
                                                       tail, options_.log_bytes);
      }
      return end;
    }
    tail = std::max<std::uint64_t>(1, lines * 9 / 10);
    out.restart();
  }
}

Task ClusterTasks::helm(const std::string& space) {
  CollectedKind secrets;
  secrets.version = "v1";
  secrets.resource = "secrets";
  const std::string path = list_path(secrets, space) + "?fieldSelector=type%3Dhelm.sh%2Frelease.v1";
  return {fmt::format("helm/{}.json", path_part(space)), as_command(path),
          "which charts in which versions were installed when; values are left out",
          [this, path](Spool& out) -> Result<TaskEnd> {
            std::string text = "[";
            std::string next, status;
            do {
              std::string page = path + "&limit=20";
              if (!next.empty()) page += "&continue=" + percent_encode(next);
              std::string reason;
              auto list = api_->value(page, &reason);
              if (!list) return TaskEnd{"", reason, ""};
              next = (*list)["metadata"]["continue"].text();
              auto releases = helm_releases(*list);
              if (text.size() > 1 && !releases.empty()) text += ",";
              text += releases;
            } while (!next.empty());
            if (Status done = out.write(text + "\n]\n"); !done) return done.error();
            return TaskEnd{"HTTP 200", "", ""};
          }};
}

}  // namespace carrel
