#include "room/inventory/references.h"

#include <string>
#include <string_view>

#include "room/inventory/kinds.h"

namespace carrel {
namespace {

class Finder {
 public:
  Finder(const Object& object, const std::function<void(const Reference&)>& found)
      : object_(object), found_(found) {}

  void all() {
    owners();
    of_pod_spec(pod_spec(object_));
    const std::string& kind = object_.kind;
    const Value& spec = object_["spec"];
    if (kind == "statefulset") {
      refer("service", spec["serviceName"]);
      for (const Value& claim : spec["volumeClaimTemplates"].items) {
        refer("storageclass", claim["spec"]["storageClassName"]);
      }
    } else if (kind == "persistentvolumeclaim") {
      refer("storageclass", spec["storageClassName"]);
      refer("persistentvolume", spec["volumeName"]);
      typed(spec["dataSource"]);
    } else if (kind == "persistentvolume") {
      refer("storageclass", spec["storageClassName"]);
      refer("persistentvolumeclaim", spec["claimRef"]["name"], spec["claimRef"]["namespace"].text());
      secret_elsewhere(spec["csi"]["nodeStageSecretRef"]);
    } else if (kind == "ingress") {
      of_ingress(spec);
    } else if (kind == "rolebinding" || kind == "clusterrolebinding") {
      typed(object_["roleRef"]);
      for (const Value& subject : object_["subjects"].items) {
        if (subject["kind"].text() == "ServiceAccount") typed(subject);
      }
    } else if (kind == "horizontalpodautoscaler" || kind == "scaledobject") {
      const Value& target = spec["scaleTargetRef"];
      if (target["kind"].exists()) typed(target);
    } else if (kind == "verticalpodautoscaler") {
      typed(spec["targetRef"]);
    } else if (kind == "serviceaccount") {
      for (const Value& secret : object_["secrets"].items) refer("secret", secret["name"]);
      for (const Value& secret : object_["imagePullSecrets"].items) refer("secret", secret["name"]);
    } else if (kind == "validatingwebhookconfiguration" || kind == "mutatingwebhookconfiguration") {
      for (const Value& webhook : object_["webhooks"].items) {
        const Value& service = webhook["clientConfig"]["service"];
        refer("service", service["name"], service["namespace"].text());
      }
    } else if (kind == "apiservice") {
      refer("service", spec["service"]["name"], spec["service"]["namespace"].text());
    } else if (kind == "endpoints") {
      for (const Value& subset : object_["subsets"].items) {
        for (const Value& address : subset["addresses"].items) typed(address["targetRef"]);
        for (const Value& address : subset["notReadyAddresses"].items) typed(address["targetRef"]);
      }
    } else if (kind == "endpointslice") {
      for (const Value& endpoint : object_["endpoints"].items) {
        typed(endpoint["targetRef"]);
        refer("node", endpoint["nodeName"]);
      }
    } else if (kind == "httproute" || kind == "grpcroute") {
      of_route(spec);
    } else if (kind == "gateway") {
      refer("gatewayclass", spec["gatewayClassName"]);
    } else if (kind == "event") {
      typed(object_["involvedObject"]);
      typed(object_["regarding"]);
    } else if (kind == "volumeattachment") {
      refer("node", spec["nodeName"]);
      refer("persistentvolume", spec["source"]["persistentVolumeName"]);
    }
  }

 private:
  const Object& object_;
  const std::function<void(const Reference&)>& found_;

  void refer(std::string_view kind, const Value& name, std::string_view space = {}) {
    if (name.text().empty()) return;
    const KindEntry* entry = find_kind(kind);
    Reference reference;
    reference.kind = resource_name(kind);
    if (entry == nullptr || !entry->cluster_scoped)
      reference.space = space.empty() ? object_.space : std::string(space);
    reference.name = std::string(name.text());
    reference.from = &name;
    found_(reference);
  }

  // A reference that tells its own kind.
  void typed(const Value& reference) {
    if (reference["kind"].text().empty()) return;
    refer(reference["kind"].text(), reference["name"], reference["namespace"].text());
  }

  void secret_elsewhere(const Value& reference) {
    refer("secret", reference["name"], reference["namespace"].text());
  }

  void owners() {
    for (const Value& owner : object_["metadata"]["ownerReferences"].items) typed(owner);
  }

  void of_pod_spec(const Value& spec) {
    if (!spec.exists()) return;
    refer("serviceaccount", spec["serviceAccountName"]);
    refer("node", spec["nodeName"]);
    refer("priorityclass", spec["priorityClassName"]);
    refer("runtimeclass", spec["runtimeClassName"]);
    for (const Value& secret : spec["imagePullSecrets"].items) refer("secret", secret["name"]);
    for (const char* list : {"initContainers", "containers", "ephemeralContainers"}) {
      for (const Value& container : spec[list].items) of_container(container);
    }
    for (const Value& volume : spec["volumes"].items) of_volume(volume);
  }

  void of_container(const Value& container) {
    for (const Value& variable : container["env"].items) {
      refer("configmap", variable["valueFrom"]["configMapKeyRef"]["name"]);
      refer("secret", variable["valueFrom"]["secretKeyRef"]["name"]);
    }
    for (const Value& source : container["envFrom"].items) {
      refer("configmap", source["configMapRef"]["name"]);
      refer("secret", source["secretRef"]["name"]);
    }
  }

  void of_volume(const Value& volume) {
    refer("configmap", volume["configMap"]["name"]);
    refer("secret", volume["secret"]["secretName"]);
    refer("persistentvolumeclaim", volume["persistentVolumeClaim"]["claimName"]);
    refer("secret", volume["csi"]["nodePublishSecretRef"]["name"]);
    refer("storageclass", volume["ephemeral"]["volumeClaimTemplate"]["spec"]["storageClassName"]);
    for (const Value& source : volume["projected"]["sources"].items) {
      refer("configmap", source["configMap"]["name"]);
      refer("secret", source["secret"]["name"]);
    }
  }

  void of_backend(const Value& backend) {
    refer("service", backend["service"]["name"]);
    refer("service", backend["serviceName"]);  // before networking.k8s.io/v1
  }

  void of_ingress(const Value& spec) {
    refer("ingressclass", spec["ingressClassName"]);
    of_backend(spec["defaultBackend"]);
    of_backend(spec["backend"]);
    for (const Value& tls : spec["tls"].items) refer("secret", tls["secretName"]);
    for (const Value& rule : spec["rules"].items) {
      for (const Value& path : rule["http"]["paths"].items) of_backend(path["backend"]);
    }
  }

  void of_route(const Value& spec) {
    for (const Value& parent : spec["parentRefs"].items) {
      refer(parent["kind"].text().empty() ? "gateway" : parent["kind"].text(), parent["name"],
            parent["namespace"].text());
    }
    for (const Value& rule : spec["rules"].items) {
      for (const Value& backend : rule["backendRefs"].items) {
        refer(backend["kind"].text().empty() ? "service" : backend["kind"].text(), backend["name"],
              backend["namespace"].text());
      }
    }
  }
};

}  // namespace

const Value& pod_spec(const Object& object) {
  if (object.kind == "pod") return object["spec"];
  if (object.kind == "cronjob") return object["spec"]["jobTemplate"]["spec"]["template"]["spec"];
  if (object.kind == "podtemplate") return object["template"]["spec"];
  return object["spec"]["template"]["spec"];
}

void find_references(const Object& object, const std::function<void(const Reference&)>& found) {
  Finder(object, found).all();
}

}  // namespace carrel
