#include "collect/cluster/pods.h"

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>

#include <rapidjson/prettywriter.h>

namespace carrel {
namespace {

// Gathers one pod from its scalars, in whatever order its parts come.
class PodReader {
 public:
  void scalar(std::string_view path, std::string_view value) {
    if (path == "metadata/namespace") {
      pod_.space = value;
    } else if (path == "metadata/name") {
      pod_.name = value;
    } else if (path == "metadata/labels/app.kubernetes.io/name") {
      pod_.product = value;
    } else if (path == "metadata/labels/app" && pod_.product.empty()) {
      pod_.product = value;
    } else if (path == "metadata/labels/app.kubernetes.io/version") {
      pod_.version = value;
    } else {
      container(path, value);
    }
  }

  Pod take() {
    close();
    std::erase_if(pod_.containers, [](const PodContainer& one) { return one.name.empty(); });
    Pod pod = std::move(pod_);
    pod_ = {};
    return pod;
  }

 private:
  Pod pod_;
  PodContainer open_;  // what is read of the container, or of the status, that `list_` has now
  std::string list_;

  // spec/containers/*/name, status/initContainerStatuses/*/state/running/startedAt
  void container(std::string_view path, std::string_view value) {
    const std::size_t star = path.find("/*/");
    if (star == std::string_view::npos) return close();
    const std::string_view list = path.substr(0, star), key = path.substr(star + 3);
    if (list != list_) {
      close();
      list_ = list;
    }
    if (key == "name") {
      if (!open_.name.empty()) put();  // the next of the same list
      open_.name = value;
    } else if (key == "image") {
      open_.image = value;
    } else if (key == "imageID") {
      open_.image_id = value;
    } else if (key.starts_with("state/running/") || key.starts_with("state/terminated/")) {
      open_.started = true;
    } else if (key == "restartCount") {
      open_.restarted = value != "0";
    } else if (key.starts_with("lastState/terminated/")) {
      open_.started = open_.restarted = true;
    }
  }

  void close() {
    put();
    list_.clear();
  }

  void put() {
    const bool of_container = list_.ends_with("ontainers"), of_status = list_.ends_with("ontainerStatuses");
    if (!open_.name.empty() && (of_container || of_status)) {
      auto known = std::find_if(pod_.containers.begin(), pod_.containers.end(),
                                [&](const PodContainer& one) { return one.name == open_.name; });
      if (known == pod_.containers.end())
        known = pod_.containers.insert(known, PodContainer{open_.name, {}, {}, false, false});
      if (of_container) known->image = open_.image;
      if (of_status) {
        known->image_id = open_.image_id;
        known->started = open_.started;
        known->restarted = open_.restarted;
      }
    }
    open_ = {};
  }
};

}  // namespace

ItemVisitor Pods::visitor() {
  auto reader = std::make_shared<PodReader>();
  return {[reader](std::string_view path, std::string_view value) { reader->scalar(path, value); },
          [this, reader] {
            const std::lock_guard lock(mutex_);
            pods_.push_back(reader->take());
          }};
}

std::vector<Pod> Pods::sorted() const {
  const std::lock_guard lock(mutex_);
  std::vector<Pod> pods = pods_;
  const auto key = [](const Pod& pod) { return std::tie(pod.space, pod.name); };
  std::sort(pods.begin(), pods.end(), [&](const Pod& a, const Pod& b) { return key(a) < key(b); });
  return pods;
}

std::string versions_json(const std::vector<Pod>& pods, std::string_view server_version) {
  std::map<std::tuple<std::string, std::string, std::string, std::string, std::string>, std::uint64_t> counts;
  for (const Pod& pod : pods) {
    for (const PodContainer& one : pod.containers)
      ++counts[{pod.space, pod.product, pod.version, one.image, one.image_id}];
  }
  rapidjson::StringBuffer out;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(out);
  writer.SetIndent(' ', 2);
  const auto put = [&](const char* key, std::string_view value) {
    writer.Key(key);
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  writer.StartObject();
  put("server", server_version);
  writer.Key("products");
  writer.StartArray();
  for (const auto& [key, count] : counts) {
    const auto& [space, product, version, image, image_id] = key;
    writer.StartObject();
    put("namespace", space);
    put("product", product);
    put("version", version);
    put("image", image);
    put("imageID", image_id);
    writer.Key("containers");
    writer.Uint64(count);
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  return out.GetString() + std::string("\n");
}

}  // namespace carrel
