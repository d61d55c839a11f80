#include "room/inventory/kinds.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/text.h"
#include "room/inventory/inventory.h"

namespace carrel {
namespace {

constexpr KindEntry entries[] = {
    {"Pod", "pod", "pods", "po"},
    {"Event", "event", "events", "ev"},
    {"Service", "service", "services", "svc"},
    {"Node", "node", "nodes", "no", true},
    {"Namespace", "namespace", "namespaces", "ns", true},
    {"Deployment", "deployment", "deployments", "deploy"},
    {"ReplicaSet", "replicaset", "replicasets", "rs"},
    {"StatefulSet", "statefulset", "statefulsets", "sts"},
    {"DaemonSet", "daemonset", "daemonsets", "ds"},
    {"Job", "job", "jobs", ""},
    {"CronJob", "cronjob", "cronjobs", "cj"},
    {"ReplicationController", "replicationcontroller", "replicationcontrollers", "rc"},
    {"ConfigMap", "configmap", "configmaps", "cm"},
    {"Secret", "secret", "secrets", ""},
    {"ServiceAccount", "serviceaccount", "serviceaccounts", "sa"},
    {"PersistentVolumeClaim", "persistentvolumeclaim", "persistentvolumeclaims", "pvc pvcs"},
    {"PersistentVolume", "persistentvolume", "persistentvolumes", "pv pvs", true},
    {"StorageClass", "storageclass", "storageclasses", "sc", true},
    {"VolumeAttachment", "volumeattachment", "volumeattachments", "", true},
    {"CSIDriver", "csidriver", "csidrivers", "", true},
    {"CSINode", "csinode", "csinodes", "", true},
    {"CSIStorageCapacity", "csistoragecapacity", "csistoragecapacities", ""},
    {"VolumeSnapshot", "volumesnapshot", "volumesnapshots", "vs"},
    {"VolumeSnapshotClass", "volumesnapshotclass", "volumesnapshotclasses", "vsclass", true},
    {"VolumeSnapshotContent", "volumesnapshotcontent", "volumesnapshotcontents", "vsc", true},
    {"Endpoints", "endpoints", "endpoints", "ep endpoint"},
    {"EndpointSlice", "endpointslice", "endpointslices", ""},
    {"Ingress", "ingress", "ingresses", "ing"},
    {"IngressClass", "ingressclass", "ingressclasses", "", true},
    {"NetworkPolicy", "networkpolicy", "networkpolicies", "netpol"},
    {"Gateway", "gateway", "gateways", "gtw"},
    {"GatewayClass", "gatewayclass", "gatewayclasses", "gc", true},
    {"HTTPRoute", "httproute", "httproutes", ""},
    {"GRPCRoute", "grpcroute", "grpcroutes", ""},
    {"ReferenceGrant", "referencegrant", "referencegrants", "refgrant"},
    {"HorizontalPodAutoscaler", "horizontalpodautoscaler", "horizontalpodautoscalers", "hpa hpas"},
    {"VerticalPodAutoscaler", "verticalpodautoscaler", "verticalpodautoscalers", "vpa"},
    {"PodDisruptionBudget", "poddisruptionbudget", "poddisruptionbudgets", "pdb pdbs"},
    {"PodTemplate", "podtemplate", "podtemplates", ""},
    {"ResourceQuota", "resourcequota", "resourcequotas", "quota quotas"},
    {"LimitRange", "limitrange", "limitranges", "limits"},
    {"PriorityClass", "priorityclass", "priorityclasses", "pc", true},
    {"RuntimeClass", "runtimeclass", "runtimeclasses", "", true},
    {"ControllerRevision", "controllerrevision", "controllerrevisions", ""},
    {"Lease", "lease", "leases", ""},
    {"Role", "role", "roles", ""},
    {"RoleBinding", "rolebinding", "rolebindings", ""},
    {"ClusterRole", "clusterrole", "clusterroles", "", true},
    {"ClusterRoleBinding", "clusterrolebinding", "clusterrolebindings", "", true},
    {"CustomResourceDefinition", "customresourcedefinition", "customresourcedefinitions", "crd crds", true},
    {"APIService", "apiservice", "apiservices", "", true},
    {"ValidatingWebhookConfiguration", "validatingwebhookconfiguration", "validatingwebhookconfigurations",
     "", true},
    {"MutatingWebhookConfiguration", "mutatingwebhookconfiguration", "mutatingwebhookconfigurations", "",
     true},
    {"ValidatingAdmissionPolicy", "validatingadmissionpolicy", "validatingadmissionpolicies", "", true},
    {"ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybinding",
     "validatingadmissionpolicybindings", "", true},
    {"CertificateSigningRequest", "certificatesigningrequest", "certificatesigningrequests", "csr", true},
    {"FlowSchema", "flowschema", "flowschemas", "", true},
    {"PriorityLevelConfiguration", "prioritylevelconfiguration", "prioritylevelconfigurations", "", true},
    {"ComponentStatus", "componentstatus", "componentstatuses", "cs", true},
    {"PodSecurityPolicy", "podsecuritypolicy", "podsecuritypolicies", "psp", true},
    {"PodMetrics", "podmetrics", "podmetrics", ""},
    {"NodeMetrics", "nodemetrics", "nodemetrics", "", true},
    {"Certificate", "certificate", "certificates", "cert certs"},
    {"CertificateRequest", "certificaterequest", "certificaterequests", "cr crs"},
    {"Issuer", "issuer", "issuers", ""},
    {"ClusterIssuer", "clusterissuer", "clusterissuers", "", true},
    {"ExternalSecret", "externalsecret", "externalsecrets", ""},
    {"SealedSecret", "sealedsecret", "sealedsecrets", ""},
    {"SecretStore", "secretstore", "secretstores", ""},
    {"ClusterSecretStore", "clustersecretstore", "clustersecretstores", "", true},
    {"HelmRelease", "helmrelease", "helmreleases", ""},
    {"Kustomization", "kustomization", "kustomizations", ""},
    {"GitRepository", "gitrepository", "gitrepositories", ""},
    {"HelmRepository", "helmrepository", "helmrepositories", ""},
    {"ServiceMonitor", "servicemonitor", "servicemonitors", "smon"},
    {"PodMonitor", "podmonitor", "podmonitors", "pmon"},
    {"PrometheusRule", "prometheusrule", "prometheusrules", "promrule"},
    {"Application", "application", "applications", ""},
    {"Rollout", "rollout", "rollouts", "ro"},
    {"ScaledObject", "scaledobject", "scaledobjects", "so"},
    {"ClusterOperator", "clusteroperator", "clusteroperators", "", true},
    {"Route", "route", "routes", ""},
    {"DeploymentConfig", "deploymentconfig", "deploymentconfigs", "dc"},
};

std::unordered_map<std::string_view, const KindEntry*> make_index() {
  std::unordered_map<std::string_view, const KindEntry*> index;
  for (const KindEntry& entry : entries) {
    index.emplace(entry.singular, &entry);
    index.emplace(entry.plural, &entry);
    std::string_view others = entry.others;
    while (!others.empty()) {
      const std::size_t space = others.find(' ');
      index.emplace(others.substr(0, space), &entry);
      others.remove_prefix(space == std::string_view::npos ? others.size() : space + 1);
    }
  }
  return index;
}

// Lower-case, without a group ("ingresses.networking.k8s.io") and without the dashes of folder names.
std::string plain_kind_name(std::string_view name) {
  std::string plain = to_lower(name.substr(0, name.find('.')));
  std::erase(plain, '-');
  return plain;
}

// As a definition of a kind may name it: an RFC 1035 label, here without its dashes.
bool is_kind_name(std::string_view plain) {
  constexpr std::size_t longest = 63;
  return plain.size() <= longest && std::all_of(plain.begin(), plain.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
         });
}

const KindEntry* look_up(const std::string& plain) {
  static const std::unordered_map<std::string_view, const KindEntry*> index = make_index();
  const auto found = index.find(plain);
  return found == index.end() ? nullptr : found->second;
}

}  // namespace

const KindEntry* find_kind(std::string_view name) {
  const std::string plain = plain_kind_name(name);
  const KindEntry* entry = look_up(plain);
  if (entry == nullptr && plain.size() > 4 && plain.ends_with("list")) {
    entry = look_up(plain.substr(0, plain.size() - 4));
  }
  return entry;
}

std::string resource_name(std::string_view kind) {
  if (const KindEntry* entry = find_kind(kind)) return std::string(entry->singular);
  std::string plain = plain_kind_name(kind);
  // A list of a kind that is not in the table; "Whitelist" would be one of its own.
  if (kind.ends_with("List") && plain.size() > 4 && plain.ends_with("list")) plain.resize(plain.size() - 4);
  return is_kind_name(plain) ? plain : std::string();
}

}  // namespace carrel
