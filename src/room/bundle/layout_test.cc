#include "room/bundle/layout.h"

#include <gtest/gtest.h>

namespace carrel {
namespace {

using Kind = TextFile::Kind;

void expect_log(const char* path, const char* space, const char* pod, const char* container,
                Kind kind = Kind::log) {
  const TextFile file = place_of(path).file;
  EXPECT_EQ(file.kind, kind) << path;
  EXPECT_EQ(file.space, space) << path;
  EXPECT_EQ(file.pod, pod) << path;
  EXPECT_EQ(file.container, container) << path;
  EXPECT_EQ(file.path, path);
}

TEST(Layout, KnowsWhoseLogItIs) {
  expect_log("support-bundle-2025/cluster-resources/pods/logs/shop/api-0/api.log", "shop", "api-0", "api");
  expect_log("cluster-resources/pods/logs/shop/api-0/api-previous.log", "shop", "api-0", "api",
             Kind::previous_log);
  expect_log("b/logs/shop/api-0/api.log", "shop", "api-0", "api");
  expect_log("b/pod-logs/shop/migrate-412-7bmbs/migrate.log", "shop", "migrate-412-7bmbs", "migrate");
  expect_log("dump/shop/api-0/logs.txt", "shop", "api-0", "");
  expect_log("must-gather/registry/namespaces/shop/pods/api-0/api/api/logs/current.log", "shop", "api-0",
             "api");
  expect_log("mg/r/namespaces/shop/pods/api-0/api/api/logs/previous.log", "shop", "api-0", "api",
             Kind::previous_log);
  expect_log("sos/var/log/pods/shop_api-0_1234-ab/api/3.log", "shop", "api-0", "api");
  expect_log("sosreport/sos_commands/kubernetes/cluster-info/shop/podlogs/api-0/api", "shop", "api-0", "");
  expect_log("b/all-logs/postgres-0/postgres-previous.log", "", "postgres-0", "postgres", Kind::previous_log);
  expect_log("b/app/api-7c9d5b8f6d-4xk2p/api.log", "", "api-7c9d5b8f6d-4xk2p", "api");
  expect_log("b/logs/shop_api-0_api.log", "shop", "api-0", "api");
  expect_log("b/shop_api-wvkxpkmpk-7qzsn_api_previous.log", "shop", "api-wvkxpkmpk-7qzsn", "api",
             Kind::previous_log);
  expect_log("b/kube-system_cilium-x7k2p_agent.log", "kube-system", "cilium-x7k2p", "agent");
  expect_log(("var/log/containers/etcd-m1_kube-system_etcd-" + std::string(64, 'a') + ".log").c_str(),
             "kube-system", "etcd-m1", "etcd");
  expect_log("logs/kube-system_kube-vip-bm2_kube-vip_previous.log", "kube-system", "kube-vip-bm2", "kube-vip",
             Kind::previous_log);
  expect_log("sosreport-wrk-14-2025-02-18-abtzqmv/var/log/messages", "", "", "messages");
  EXPECT_EQ(place_of("sosreport-wrk-14-2025-02-18-abtzqmv/var/log/messages").file.node, "wrk-14");
  EXPECT_EQ(place_of("sosreport-wrk-2000/var/log/messages").file.node, "");
  expect_log("b/web_server_error.log", "", "", "web_server_error");
  expect_log("src/my-app/server.log", "", "", "server");
  expect_log("b/host-logs/worker-2/kubelet.log", "", "", "kubelet");
  EXPECT_EQ(place_of("b/host-logs/worker-2/kubelet.log").file.node, "worker-2");
  EXPECT_EQ(place_of("b/node-logs/worker-2/journal.log").file.node, "worker-2");
  EXPECT_EQ(place_of("b/app/api-7c9d5b8f6d-4xk2p/kubelet.log").file.node, "");
  expect_log("sosreport/var/log/messages", "", "", "");
  expect_log("app.log", "", "", "app");
  expect_log("a/app.log.3", "", "", "");
  expect_log("sos_commands/logs/journalctl_--no-pager", "", "", "");
}

TEST(Layout, KnowsStructuredFilesAndToolOutput) {
  EXPECT_EQ(place_of("a/values.yaml").file.kind, Kind::structured);
  EXPECT_EQ(place_of("a/b.json").file.kind, Kind::structured);
  EXPECT_EQ(place_of("a/kubectl/describe-pod-x.txt").file.kind, Kind::tool_output);
  const TextFile of_pod = place_of("case/support/pods/shop/api-5d8f7b9c6-j4k8n/logs/api-previous.txt").file;
  EXPECT_EQ(of_pod.kind, Kind::previous_log);
  EXPECT_EQ(of_pod.space, "shop");
  EXPECT_EQ(of_pod.pod, "api-5d8f7b9c6-j4k8n");
  EXPECT_EQ(of_pod.container, "api");
  EXPECT_EQ(place_of("sos/sos_commands/kubernetes/kubectl_get_pods").file.kind, Kind::tool_output);
  EXPECT_EQ(place_of("sos/sos_commands/block/lsblk").file.kind, Kind::other);
  EXPECT_EQ(place_of("etc/hosts").file.kind, Kind::other);
  EXPECT_EQ(place_of("catalogue.csv").file.kind, Kind::other);
}

void expect_listing(const char* path, const char* kind, const char* space) {
  const Listing listing = place_of(path).listing;
  EXPECT_EQ(listing.role, Listing::Role::objects) << path;
  EXPECT_EQ(listing.kind, kind) << path;
  EXPECT_EQ(listing.space, space) << path;
}

TEST(Layout, KnowsListings) {
  expect_listing("b/cluster-resources/pvcs/shop.json", "persistentvolumeclaim", "shop");
  expect_listing("b/cluster-resources/network-policy/shop.json", "networkpolicy", "shop");
  expect_listing("b/cluster-resources/nodes.json", "node", "");
  expect_listing("b/cluster-resources/storage-classes.json", "storageclass", "");
  expect_listing("dump/nodes.json", "node", "");
  expect_listing("dump/shop/replication-controllers.json", "replicationcontroller", "shop");
  expect_listing("mg/namespaces/shop/apps/deployments.yaml", "deployment", "shop");
  expect_listing("mg/cluster-scoped-resources/core/persistentvolumes.yaml", "persistentvolume", "");
  const Listing errors = place_of("b/cluster-resources/pods-errors.json").listing;
  EXPECT_EQ(errors.role, Listing::Role::errors);
  EXPECT_EQ(errors.kind, "pod");
  for (const char* path :
       {"b/values.yaml", "b/cluster-resources/groups.json", "b/shop/other.json",
        "b/cluster-resources/auth-cani-list/shop.json", "mg/namespaces/shop/pods/api-0/api-0.yaml"}) {
    EXPECT_EQ(place_of(path).listing.role, Listing::Role::none) << path;
  }
}

std::string format_of(std::initializer_list<const char*> paths, bool has_objects = true) {
  FormatVotes votes;
  for (const char* const path : paths) votes.see(path);
  return votes.format(has_objects);
}

TEST(Layout, TellsTheFormat) {
  EXPECT_EQ(format_of({"b/version.yaml", "b/cluster-resources/nodes.json"}), "support bundle (troubleshoot)");
  EXPECT_EQ(format_of({"nodes.json", "shop/pods.json", "shop/api-0/logs.txt"}), "kubectl cluster-info dump");
  EXPECT_EQ(format_of({"mg/version", "mg/cluster-scoped-resources/core/nodes.yaml"}), "must-gather");
  EXPECT_EQ(format_of({"sos/sos_commands/kubernetes/x", "sos/version.txt"}), "sos report");
  EXPECT_EQ(format_of({"describe-pod.txt", "app.log"}), "saved kubectl output");
  EXPECT_EQ(format_of({"manifests/api.yaml"}), "folder with Kubernetes objects");
  EXPECT_EQ(format_of({"a.txt", "b/c.log"}, false), "folder of text");
  FormatVotes alone;
  alone.see("api.log");
  alone.see_alone();
  EXPECT_EQ(alone.format(false), "text file");
  EXPECT_EQ(alone.format(true), "file with Kubernetes objects");
  FormatVotes votes;
  votes.see_content("__CURSOR=1\n");
  votes.see_content("NAME   READY\n");
  EXPECT_EQ(votes.format(true), "saved kubectl output and journald export");
}

}  // namespace
}  // namespace carrel
