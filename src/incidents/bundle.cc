#include "incidents/bundle.h"

#include <algorithm>

#include <fmt/format.h>
#include <zlib.h>

#include "base/text.h"
#include "incidents/objects.h"
#include "record/tar.h"

namespace carrel::incidents {
namespace {

class Writer {
 public:
  explicit Writer(World* world) : world_(world) {
    bundle_.root = "support-bundle-" + time_text(world->now, "%Y-%m-%dT%H_%M_%S");
  }

  Bundle write() {
    version();
    for (const auto& [place, items] : world_->objects) listing(place.first, place.second, items);
    for (const auto& [path, document] : world_->documents) structured(path, document);
    for (const auto& [kind, error] : world_->errors)
      structured("cluster-resources/" + kind + "-errors.json", error);
    for (Workload& workload : world_->workloads) {
      for (Pod& pod : workload.pods) logs_of(workload, &pod);
    }
    for (auto& [path, log] : world_->files) log_file(path, &log);
    std::sort(bundle_.files.begin(), bundle_.files.end());
    std::stable_sort(bundle_.places.begin(), bundle_.places.end(), [](const Place& a, const Place& b) {
      return std::tie(a.file, a.line) < std::tie(b.file, b.line);
    });
    return std::move(bundle_);
  }

 private:
  bool withheld(const std::string& path) const {
    return std::any_of(world_->withheld.begin(), world_->withheld.end(),
                       [&](const std::string& start) { return path.starts_with(start); });
  }

  void version() {
    add("version.yaml",
        "apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec:\n  versionNumber: 0.92.1\n");
  }

  void add(const std::string& path, std::string bytes) {
    bundle_.files.emplace_back(bundle_.root + "/" + path, std::move(bytes));
  }

  void structured(const std::string& path, const Json& document) {
    if (withheld(path)) return;
    const std::string file = bundle_.root + "/" + path;
    add(path, document.written([&](int, std::uint32_t line, std::uint32_t end_line, std::string text) {
      while (text.ends_with(',')) text.pop_back();
      bundle_.places.push_back({file, line, end_line, std::move(text)});
    }));
  }

  void listing(const std::string& place, const std::string& space, const std::deque<Json>& items) {
    const ListKind* kind = list_kind(place);
    if (kind == nullptr) return;
    Json list = Json::object({{"kind", kind->kind}, {"apiVersion", kind->version}});
    list["metadata"]["resourceVersion"] = std::to_string(48000000 + world_->random.below(900000));
    list["items"] = Json::array({items.begin(), items.end()});
    structured(space.empty() ? fmt::format("cluster-resources/{}.json", place)
                             : fmt::format("cluster-resources/{}/{}.json", place, space),
               list);
  }

  void logs_of(const Workload& workload, Pod* pod) {
    const std::string container = workload.spec.find("containers")->items()[0].find("name")->text();
    const std::string path =
        fmt::format("cluster-resources/pods/logs/{}/{}/{}", workload.space, pod->name, container);
    log_file(path + ".log", &pod->log);
    log_file(path + "-previous.log", &pod->previous);
  }

  void log_file(const std::string& path, Log* log) {
    if (log->lines.empty() || withheld(path)) return;
    std::stable_sort(log->lines.begin(), log->lines.end(),
                     [](const LogLine& a, const LogLine& b) { return a.at < b.at; });
    std::string text;
    std::uint32_t line = 1;
    for (const LogLine& one : log->lines) {
      const auto more = static_cast<std::uint32_t>(std::count(one.text.begin(), one.text.end(), '\n'));
      if (one.mark != 0) bundle_.places.push_back({bundle_.root + "/" + path, line, line + more, one.key});
      text += one.text + "\n";
      line += more + 1;
    }
    add(path, std::move(text));
  }

  World* world_;
  Bundle bundle_;
};

}  // namespace

Bundle write_bundle(World* world) {
  return Writer(world).write();
}

Result<std::string> pack(const Bundle& bundle, Millis at) {
  std::string tar;
  for (const auto& [name, bytes] : bundle.files) {
    tar += tar_entry({name, bytes.size(), '0', "", at / kSecond});
    tar += bytes;
    tar += tar_padding(bytes.size());
  }
  tar += tar_end();
  z_stream stream{};
  constexpr int kGzip = 15 + 16;  // the largest window, gzip's header
  if (deflateInit2(&stream, 6, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return Error{Code::internal, "zlib cannot begin", ""};
  std::string out(deflateBound(&stream, tar.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(tar.data());
  stream.avail_in = static_cast<uInt>(tar.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (ended != Z_STREAM_END) return Error{Code::internal, "zlib cannot end", ""};
  return out;
}

}  // namespace carrel::incidents
