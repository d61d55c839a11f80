// A cluster to collect from, the program, and a folder for the bundle.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "api_server.h"
#include "e2e/program.h"

namespace carrel::collect_test {

inline const std::string example_cluster =
    CARREL_SOURCE_DIR "/examples/customer-123/support-bundle-2024-05-14T07_05_41";

class Desk : public e2e::Scratch {
 protected:
  void serve(std::unique_ptr<Cluster> cluster) {
    server_ = std::make_unique<ApiServer>(std::move(cluster));
    file("kubeconfig", server_->kubeconfig());
  }
  void serve_example() { serve(cluster_of_bundle(example_cluster)); }

  std::string bundle() const { return folder_ + "/out/bundle.tar.gz"; }
  std::vector<std::string> collect_words(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {SUPPORT_DIAG, "collect", "--kubeconfig", folder_ + "/kubeconfig",
                                      "--out",      bundle()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  e2e::Outcome collect(const std::vector<std::string>& more) const { return run(collect_words(more)); }
  e2e::Outcome inspect() const { return run({SUPPORT_DIAG, "inspect", bundle(), "--json"}); }
  // A file of the bundle; nothing where it is not in it.
  std::string from_bundle(const std::string& path) const {
    return run({"tar", "-xzOf", bundle(), "--wildcards", "*/" + path}).out;
  }
  // Everything that is in the folder of the bundle, hidden files too.
  std::string folder_listing() const { return run({"ls", "-A", folder_ + "/out"}).out; }

  void SetUp() override { file("out/.keep", ""); }

  std::unique_ptr<ApiServer> server_;
};

}  // namespace carrel::collect_test
