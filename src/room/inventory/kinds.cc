#include "room/inventory/kinds.h"

#include <string>
#include <unordered_map>

#include "base/text.h"
#include "room/inventory/inventory.h"

namespace carrel {
namespace {

constexpr KindEntry entries[] = {
    {"pod", "pods", "po"},
    {"event", "events", "ev"},
    {"service", "services", "svc"},
    {"node", "nodes", "no", true},
    {"namespace", "namespaces", "ns", true},
    {"deployment", "deployments", "deploy"},
    {"replicaset", "replicasets", "rs"},
    {"statefulset", "statefulsets", "sts"},
    {"daemonset", "daemonsets", "ds"},
    {"job", "jobs", ""},
    {"cronjob", "cronjobs", "cj"},
    {"replicationcontroller", "replicationcontrollers", "rc"},
    {"configmap", "configmaps", "cm"},
    {"secret", "secrets", ""},
    {"serviceaccount", "serviceaccounts", "sa"},
    {"persistentvolumeclaim", "persistentvolumeclaims", "pvc pvcs"},
    {"persistentvolume", "persistentvolumes", "pv pvs", true},
    {"storageclass", "storageclasses", "sc", true},
    {"volumeattachment", "volumeattachments", "", true},
    {"csidriver", "csidrivers", "", true},
    {"csinode", "csinodes", "", true},
    {"csistoragecapacity", "csistoragecapacities", ""},
    {"volumesnapshot", "volumesnapshots", "vs"},
    {"volumesnapshotclass", "volumesnapshotclasses", "vsclass", true},
    {"volumesnapshotcontent", "volumesnapshotcontents", "vsc", true},
    {"endpoints", "endpoints", "ep endpoint"},
    {"endpointslice", "endpointslices", ""},
    {"ingress", "ingresses", "ing"},
    {"ingressclass", "ingressclasses", "", true},
    {"networkpolicy", "networkpolicies", "netpol"},
    {"gateway", "gateways", "gtw"},
    {"gatewayclass", "gatewayclasses", "gc", true},
    {"httproute", "httproutes", ""},
    {"grpcroute", "grpcroutes", ""},
    {"referencegrant", "referencegrants", "refgrant"},
    {"horizontalpodautoscaler", "horizontalpodautoscalers", "hpa hpas"},
    {"verticalpodautoscaler", "verticalpodautoscalers", "vpa"},
    {"poddisruptionbudget", "poddisruptionbudgets", "pdb pdbs"},
    {"podtemplate", "podtemplates", ""},
    {"resourcequota", "resourcequotas", "quota quotas"},
    {"limitrange", "limitranges", "limits"},
    {"priorityclass", "priorityclasses", "pc", true},
    {"runtimeclass", "runtimeclasses", "", true},
    {"controllerrevision", "controllerrevisions", ""},
    {"lease", "leases", ""},
    {"role", "roles", ""},
    {"rolebinding", "rolebindings", ""},
    {"clusterrole", "clusterroles", "", true},
    {"clusterrolebinding", "clusterrolebindings", "", true},
    {"customresourcedefinition", "customresourcedefinitions", "crd crds", true},
    {"apiservice", "apiservices", "", true},
    {"validatingwebhookconfiguration", "validatingwebhookconfigurations", "", true},
    {"mutatingwebhookconfiguration", "mutatingwebhookconfigurations", "", true},
    {"validatingadmissionpolicy", "validatingadmissionpolicies", "", true},
    {"validatingadmissionpolicybinding", "validatingadmissionpolicybindings", "", true},
    {"certificatesigningrequest", "certificatesigningrequests", "csr", true},
    {"flowschema", "flowschemas", "", true},
    {"prioritylevelconfiguration", "prioritylevelconfigurations", "", true},
    {"componentstatus", "componentstatuses", "cs", true},
    {"podsecuritypolicy", "podsecuritypolicies", "psp", true},
    {"podmetrics", "podmetrics", ""},
    {"nodemetrics", "nodemetrics", "", true},
    {"certificate", "certificates", "cert certs"},
    {"certificaterequest", "certificaterequests", "cr crs"},
    {"issuer", "issuers", ""},
    {"clusterissuer", "clusterissuers", "", true},
    {"servicemonitor", "servicemonitors", "smon"},
    {"podmonitor", "podmonitors", "pmon"},
    {"prometheusrule", "prometheusrules", "promrule"},
    {"application", "applications", ""},
    {"rollout", "rollouts", "ro"},
    {"scaledobject", "scaledobjects", "so"},
    {"clusteroperator", "clusteroperators", "", true},
    {"route", "routes", ""},
    {"deploymentconfig", "deploymentconfigs", "dc"},
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
  if (kind.ends_with("List") && kind.size() > 4) plain.resize(plain.size() - 4);
  return plain;
}

}  // namespace carrel
