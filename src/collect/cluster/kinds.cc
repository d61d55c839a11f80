#include "collect/cluster/kinds.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <rapidjson/prettywriter.h>

namespace carrel {
namespace {

const std::array all_kinds = {
    CollectedKind{"namespaces", "", "v1", "namespaces", true,
                  "which namespaces there are and whether one hangs"},
    CollectedKind{"nodes", "", "v1", "nodes", true, "conditions, taints, capacity and versions of the nodes"},
    CollectedKind{"node-metrics", "metrics.k8s.io", "v1beta1", "nodes", true, "what the nodes use now"},
    CollectedKind{"pvs", "", "v1", "persistentvolumes", true, "the volumes that claims are bound to"},
    CollectedKind{"storage-classes", "storage.k8s.io", "v1", "storageclasses", true,
                  "which classes a claim may name"},
    CollectedKind{"csidrivers", "storage.k8s.io", "v1", "csidrivers", true,
                  "which volume drivers are installed"},
    CollectedKind{"csinodes", "storage.k8s.io", "v1", "csinodes", true, "where the volume drivers run"},
    CollectedKind{"volumeattachments", "storage.k8s.io", "v1", "volumeattachments", true,
                  "volumes that hang between nodes"},
    CollectedKind{"ingress-classes", "networking.k8s.io", "v1", "ingressclasses", true,
                  "which classes an Ingress may name"},
    CollectedKind{"priorityclasses", "scheduling.k8s.io", "v1", "priorityclasses", true,
                  "who is evicted for whom"},
    CollectedKind{"runtimeclasses", "node.k8s.io", "v1", "runtimeclasses", true,
                  "which runtimes a pod may name"},
    CollectedKind{"clusterroles", "rbac.authorization.k8s.io", "v1", "clusterroles", true,
                  "what service accounts may do"},
    CollectedKind{"clusterrolebindings", "rbac.authorization.k8s.io", "v1", "clusterrolebindings", true,
                  "who may do it"},
    CollectedKind{"custom-resource-definitions", "apiextensions.k8s.io", "v1", "customresourcedefinitions",
                  true, "which operators' kinds are installed, in which versions"},
    CollectedKind{"apiservices", "apiregistration.k8s.io", "v1", "apiservices", true,
                  "aggregated APIs that do not answer"},
    CollectedKind{"certificatesigningrequests", "certificates.k8s.io", "v1", "certificatesigningrequests",
                  true, "kubelets that wait for a certificate"},
    CollectedKind{"validating-webhook-configurations", "admissionregistration.k8s.io", "v1",
                  "validatingwebhookconfigurations", true, "webhooks that refuse objects"},
    CollectedKind{"mutating-webhook-configurations", "admissionregistration.k8s.io", "v1",
                  "mutatingwebhookconfigurations", true, "webhooks that change objects"},
    CollectedKind{"pods", "", "v1", "pods", false, "states of the containers, and whose logs there are"},
    CollectedKind{"events", "", "v1", "events", false, "what the cluster said of late"},
    CollectedKind{"pod-metrics", "metrics.k8s.io", "v1beta1", "pods", false, "what the pods use now"},
    CollectedKind{"services", "", "v1", "services", false, "how pods are reached"},
    CollectedKind{"endpoints", "", "v1", "endpoints", false, "whether anything is ready behind a Service"},
    CollectedKind{"endpointslices", "discovery.k8s.io", "v1", "endpointslices", false,
                  "whether anything is ready behind a Service"},
    CollectedKind{"deployments", "apps", "v1", "deployments", false, "what should run"},
    CollectedKind{"statefulsets", "apps", "v1", "statefulsets", false, "what should run"},
    CollectedKind{"daemonsets", "apps", "v1", "daemonsets", false, "what should run"},
    CollectedKind{"replicasets", "apps", "v1", "replicasets", false, "roll-outs, the old ones too"},
    CollectedKind{"replication-controllers", "", "v1", "replicationcontrollers", false, "what should run"},
    CollectedKind{"jobs", "batch", "v1", "jobs", false, "what should have run"},
    CollectedKind{"cronjobs", "batch", "v1", "cronjobs", false, "what should have run"},
    CollectedKind{"horizontalpodautoscalers", "autoscaling", "v2", "horizontalpodautoscalers", false,
                  "who changes the number of replicas"},
    CollectedKind{"pod-disruption-budgets", "policy", "v1", "poddisruptionbudgets", false,
                  "what keeps a drain waiting"},
    CollectedKind{"ingress", "networking.k8s.io", "v1", "ingresses", false,
                  "how the product is reached from outside"},
    CollectedKind{"network-policy", "networking.k8s.io", "v1", "networkpolicies", false,
                  "which connections are forbidden"},
    CollectedKind{"pvcs", "", "v1", "persistentvolumeclaims", false, "claims that wait for a volume"},
    CollectedKind{"configmaps", "", "v1", "configmaps", false, "settings, and whether a mounted one exists"},
    CollectedKind{"resource-quota", "", "v1", "resourcequotas", false, "what a namespace may use"},
    CollectedKind{"limitranges", "", "v1", "limitranges", false, "limits that pods get by default"},
    CollectedKind{"serviceaccounts", "", "v1", "serviceaccounts", false, "as whom pods run"},
    CollectedKind{"roles", "rbac.authorization.k8s.io", "v1", "roles", false, "what service accounts may do"},
    CollectedKind{"rolebindings", "rbac.authorization.k8s.io", "v1", "rolebindings", false, "who may do it"},
    CollectedKind{"leases", "coordination.k8s.io", "v1", "leases", false, "which replica leads"},
};

// Groups of Kubernetes itself: what of them is of use stands above.
constexpr std::array own_groups = {
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "custom.metrics.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "external.metrics.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "metrics.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
};

bool is_own(const std::string& group) {
  return std::find(own_groups.begin(), own_groups.end(), group) != own_groups.end();
}

std::string group_path(const std::string& group, const std::string& version) {
  return group.empty() ? "/api/" + version
                       : fmt::format("/apis/{}/{}", percent_encode(group), percent_encode(version));
}

}  // namespace

std::span<const CollectedKind> collected_kinds() {
  return all_kinds;
}

std::string list_path(const CollectedKind& kind, const std::string& space) {
  const std::string group = group_path(kind.group, kind.version);
  if (kind.cluster_scoped) return fmt::format("{}/{}", group, percent_encode(kind.resource));
  return fmt::format("{}/namespaces/{}/{}", group, percent_encode(space), percent_encode(kind.resource));
}

Served Served::discover(Api& api, std::string* problem) {
  Served served;
  const auto groups = api.value("/apis", problem);
  const auto core = groups ? api.value("/api/v1", problem) : std::nullopt;
  if (!core) return served;
  served.known_ = true;
  served.versions_[""] = {"v1"};
  served.add_resources("", "v1", *core);
  for (const Value& group : (*groups)["groups"].items) {
    const std::string name(group["name"].text());
    std::vector<std::string>& versions = served.versions_[name];
    versions.emplace_back(group["preferredVersion"]["version"].text());
    for (const Value& version : group["versions"].items) {
      if (version["version"].text() != versions.front()) versions.emplace_back(version["version"].text());
    }
    if (!is_own(name)) versions.resize(1);
    for (const std::string& version : versions) {
      std::string reason;
      // A group whose aggregated API is down answers 503: its kinds are not served, and say so one by one.
      if (const auto list = api.value(group_path(name, version), &reason))
        served.add_resources(name, version, *list);
    }
  }
  return served;
}

void Served::add_resources(const std::string& group, const std::string& version, const Value& list) {
  for (const Value& one : list["resources"].items) {
    Resource resource{group,
                      version,
                      std::string(one["name"].text()),
                      std::string(one["kind"].text()),
                      one["namespaced"].is_true(),
                      false};
    for (const Value& verb : one["verbs"].items) resource.listable |= verb.text() == "list";
    if (resource.name.find('/') == std::string::npos) resources_.push_back(std::move(resource));
  }
}

std::optional<CollectedKind> Served::find(const CollectedKind& kind) const {
  if (!known_) return kind;
  const auto versions = versions_.find(kind.group);
  if (versions == versions_.end()) return std::nullopt;
  for (const std::string& version : versions->second) {
    for (const Resource& one : resources_) {
      if (one.group != kind.group || one.version != version || one.name != kind.resource) continue;
      CollectedKind found = kind;
      found.version = version;
      return found;
    }
  }
  return std::nullopt;
}

std::vector<CollectedKind> Served::custom() const {
  std::vector<CollectedKind> kinds;
  for (const Resource& one : resources_) {
    if (!one.listable || one.version != versions_.at(one.group).front()) continue;
    if (is_own(one.group)) continue;
    kinds.push_back({fmt::format("custom-resources/{}.{}", one.name, one.group), one.group, one.version,
                     one.name, !one.namespaced, "objects of an operator"});
  }
  return kinds;
}

std::string Served::json() const {
  rapidjson::StringBuffer out;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(out);
  writer.SetIndent(' ', 2);
  const auto put = [&](const char* key, const std::string& value) {
    writer.Key(key);
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  writer.StartArray();
  for (const Resource& one : resources_) {
    writer.StartObject();
    put("group", one.group);
    put("version", one.version);
    put("name", one.name);
    put("kind", one.kind);
    writer.Key("namespaced");
    writer.Bool(one.namespaced);
    writer.EndObject();
  }
  writer.EndArray();
  return out.GetString() + std::string("\n");
}

}  // namespace carrel
