// The clusters that the test API server serves.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "api_server.h"

namespace carrel::collect_test {
namespace {

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class BundleCluster : public Cluster {
 public:
  explicit BundleCluster(std::string folder) : folder_(std::move(folder)) {}

  Listing list(const std::string& folder, const std::string& space) const override {
    const std::string path =
        folder_ + "/cluster-resources/" + folder + (space.empty() ? "" : "/" + space) + ".json";
    rapidjson::Document file;
    const std::string text = contents(path);
    Listing list;
    file.Parse(text.data(), text.size());
    if (!file.IsObject() || !file.HasMember("items")) return list;
    list.kind = file["kind"].GetString();
    list.api_version = file["apiVersion"].GetString();
    list.resource_version = file["metadata"]["resourceVersion"].GetString();
    for (const auto& item : file["items"].GetArray()) {
      rapidjson::StringBuffer out;
      rapidjson::Writer<rapidjson::StringBuffer> writer(out);
      item.Accept(writer);
      list.items.emplace_back(out.GetString(), out.GetSize());
    }
    return list;
  }

  bool log(const std::string& space, const std::string& pod, const std::string& container, bool previous,
           std::uint64_t tail, const std::function<bool(std::string_view)>& write) const override {
    const std::string path = fmt::format("{}/cluster-resources/pods/logs/{}/{}/{}{}.log", folder_, space, pod,
                                         container, previous ? "-previous" : "");
    if (!std::filesystem::exists(path)) return false;
    const std::string text = contents(path);
    std::size_t from = text.size();
    for (std::uint64_t lines = 0; from > 0; --from) {
      if (text[from - 1] == '\n' && lines++ == tail) break;
    }
    write(std::string_view(text).substr(from));
    return true;
  }

  std::string service(const std::string& space, const std::string& name,
                      const std::string& path) const override {
    return contents(fmt::format("{}/services/{}/{}/{}", folder_, space, name, path));
  }

 private:
  std::string folder_;
};

class SizedCluster : public Cluster {
 public:
  SizedCluster(std::size_t pods, std::size_t log_bytes) : log_bytes_(log_bytes) {
    // About as long as a pod's JSON is in a real cluster.
    const std::string filler(4000, 'x');
    for (std::size_t i = 0; i < pods; ++i) {
      pods_.push_back(fmt::format(
          R"({{"metadata":{{"name":"pod-{0:06}","namespace":"load","labels":{{"app":"load"}},"annotations":{{"filler":"{1}"}}}},)"
          R"("spec":{{"containers":[{{"name":"main","image":"registry.example.com/load:1"}}]}},)"
          R"("status":{{"phase":"Running","containerStatuses":[{{"name":"main","imageID":"sha256:1","restartCount":0,)"
          R"("state":{{"running":{{"startedAt":"2024-05-14T06:00:00Z"}}}}}}]}}}})",
          i, filler));
    }
    for (unsigned i = 0; log_.size() < (1U << 20); ++i) {
      log_ += fmt::format(
          "2024-05-14T06:{:02}:{:02}.{:03}Z INFO request handled path=/api/v1/items/{} status=200 ms={}\n",
          i / 60000 % 60, i / 1000 % 60, i % 1000, i * 7919 % 100'000, i * 31 % 977);
    }
  }

  Listing list(const std::string& folder, const std::string& space) const override {
    Listing list;
    if (folder == "pods" && space == "load") list.items = pods_;
    return list;
  }

  bool log(const std::string&, const std::string&, const std::string&, bool, std::uint64_t,
           const std::function<bool(std::string_view)>& write) const override {
    for (std::size_t left = log_bytes_; left > 0;) {
      const std::size_t n = std::min(left, log_.size());
      if (!write(std::string_view(log_).substr(0, n))) break;
      left -= n;
    }
    return true;
  }

  std::string service(const std::string&, const std::string&, const std::string&) const override {
    return "";
  }

 private:
  std::size_t log_bytes_;
  std::vector<std::string> pods_;
  std::string log_;
};

}  // namespace

std::unique_ptr<Cluster> cluster_of_bundle(const std::string& folder) {
  return std::make_unique<BundleCluster>(folder);
}

std::unique_ptr<Cluster> cluster_of_size(std::size_t pods, std::size_t log_bytes) {
  return std::make_unique<SizedCluster>(pods, log_bytes);
}

}  // namespace carrel::collect_test
