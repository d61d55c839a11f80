#include "incidents/objects.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace carrel::incidents {
namespace {

constexpr std::array<ListKind, 31> kLists = {{
    {"pods", "PodList", "v1"},
    {"events", "EventList", "v1"},
    {"services", "ServiceList", "v1"},
    {"endpoints", "EndpointsList", "v1"},
    {"configmaps", "ConfigMapList", "v1"},
    {"serviceaccounts", "ServiceAccountList", "v1"},
    {"pvcs", "PersistentVolumeClaimList", "v1"},
    {"pvs", "PersistentVolumeList", "v1"},
    {"nodes", "NodeList", "v1"},
    {"namespaces", "NamespaceList", "v1"},
    {"resource-quota", "ResourceQuotaList", "v1"},
    {"limitranges", "LimitRangeList", "v1"},
    {"deployments", "DeploymentList", "apps/v1"},
    {"replicasets", "ReplicaSetList", "apps/v1"},
    {"statefulsets", "StatefulSetList", "apps/v1"},
    {"daemonsets", "DaemonSetList", "apps/v1"},
    {"jobs", "JobList", "batch/v1"},
    {"cronjobs", "CronJobList", "batch/v1"},
    {"ingress", "IngressList", "networking.k8s.io/v1"},
    {"ingress-classes", "IngressClassList", "networking.k8s.io/v1"},
    {"network-policy", "NetworkPolicyList", "networking.k8s.io/v1"},
    {"storage-classes", "StorageClassList", "storage.k8s.io/v1"},
    {"volumeattachments", "VolumeAttachmentList", "storage.k8s.io/v1"},
    {"horizontalpodautoscalers", "HorizontalPodAutoscalerList", "autoscaling/v2"},
    {"pod-disruption-budgets", "PodDisruptionBudgetList", "policy/v1"},
    {"roles", "RoleList", "rbac.authorization.k8s.io/v1"},
    {"rolebindings", "RoleBindingList", "rbac.authorization.k8s.io/v1"},
    {"validating-webhook-configurations", "ValidatingWebhookConfigurationList",
     "admissionregistration.k8s.io/v1"},
    {"mutating-webhook-configurations", "MutatingWebhookConfigurationList",
     "admissionregistration.k8s.io/v1"},
    {"certificates", "CertificateList", "cert-manager.io/v1"},
    {"priorityclasses", "PriorityClassList", "scheduling.k8s.io/v1"},
}};

Json owner(const std::string& version, const std::string& kind, const std::string& name,
           const std::string& uid) {
  return Json::array({Json::object({{"apiVersion", version},
                                    {"kind", kind},
                                    {"name", name},
                                    {"uid", uid},
                                    {"controller", true},
                                    {"blockOwnerDeletion", true}})});
}

Json condition(const char* type, bool holds, Millis since, const std::string& reason = "",
               Json message = Json()) {
  Json made = Json::object({{"type", type}, {"status", holds ? "True" : "False"}});
  made["lastTransitionTime"] = rfc3339(since);
  if (!reason.empty()) made["reason"] = reason;
  if (!message.is_null()) made["message"] = std::move(message);
  return made;
}

Json conditions_of(const World& world, const Workload& workload, const Pod& pod) {
  if (!pod.why_unplaced.is_null())
    return Json::array({condition("PodScheduled", false, pod.created, "Unschedulable", pod.why_unplaced)});
  if (pod.node.empty()) return Json::array();
  const bool done = pod.phase == "Succeeded";
  const Millis since = pod.ready ? pod.created + 20 * kSecond : world.trouble;
  const Json unready = fmt::format("containers with unready status: [{}]", workload.name);
  const std::string reason = pod.ready ? "" : done ? "PodCompleted" : "ContainersNotReady";
  const Json why = pod.ready || done ? Json() : unready;
  Json ready = condition("Ready", pod.ready, since, reason, why);
  ready["type"].mark = pod.healthy.mark;
  return Json::array({condition("Initialized", pod.init_state.is_null(), pod.created), std::move(ready),
                      condition("ContainersReady", pod.ready, since, reason, why),
                      condition("PodScheduled", true, pod.created)});
}

Json container_status(World* world, const Json& container, const Pod& pod, bool first) {
  const std::string image = container.find("image")->text();
  Json made = Json::object({{"name", *container.find("name")}});
  if (first && !pod.state.is_null()) {
    made["state"] = pod.state;
  } else if (pod.phase == "Pending") {
    made["state"]["waiting"]["reason"] = pod.init_state.is_null() ? "ContainerCreating" : "PodInitializing";
  } else {
    made["state"]["running"]["startedAt"] =
        rfc3339(pod.restarts > 0 ? world->trouble : pod.created + 4 * kSecond);
  }
  made["lastState"] = first && !pod.last_state.is_null() ? pod.last_state : Json::object();
  made["ready"] = pod.ready;
  made["restartCount"] = first ? pod.restarts : 0;
  made["restartCount"].mark = made["ready"].mark = pod.healthy.mark;
  made["image"] = *container.find("image");
  const bool ran = pod.phase != "Pending";
  made["imageID"] = ran ? image.substr(0, image.rfind(':')) + "@sha256:" + world->random.hex(64) : "";
  if (ran) made["containerID"] = "containerd://" + world->random.hex(64);
  made["started"] = first ? pod.started : true;
  return made;
}

Json pod_object(World* world, const Workload& workload, const Pod& pod) {
  Json made = Json::object({{"metadata", metadata(world, pod.name, workload.space, pod.created)}});
  made["metadata"]["uid"] = pod.uid;
  made["metadata"]["labels"] = workload.labels;
  if (workload.kind == "Deployment") {
    made["metadata"]["labels"]["pod-template-hash"] = workload.hash;
    made["metadata"]["ownerReferences"] =
        owner("apps/v1", "ReplicaSet", workload.name + "-" + workload.hash, workload.uid);
  } else if (workload.kind != "Pod") {
    made["metadata"]["ownerReferences"] =
        owner(workload.kind == "Job" ? "batch/v1" : "apps/v1", workload.kind, workload.name, workload.uid);
  }
  made["spec"] = pod.spec.is_null() ? workload.spec : pod.spec;
  if (!pod.node.empty()) made["spec"]["nodeName"] = pod.node;
  made["status"]["phase"] = pod.phase;
  made["status"]["phase"].mark = pod.pending.mark;
  if (!pod.message.is_null()) made["status"]["message"] = pod.message;
  if (!pod.reason.is_null()) made["status"]["reason"] = pod.reason;
  made["status"]["conditions"] = conditions_of(*world, workload, pod);
  if (!pod.node.empty()) {
    for (const Node& node : world->nodes) {
      if (node.name == pod.node) made["status"]["hostIP"] = node.ip;
    }
    if (pod.phase != "Pending") made["status"]["podIP"] = pod.ip;
    made["status"]["startTime"] = rfc3339(pod.created);
    const Json& spec = *made.find("spec");
    if (const Json* init = spec.find("initContainers"); init != nullptr) {
      for (const Json& one : init->items()) {
        Json status = container_status(world, one, pod, false);
        status["state"] = pod.init_state;
        if (pod.init_state.is_null())
          status["state"]["terminated"] = Json::object({{"exitCode", 0}, {"reason", "Completed"}});
        status["ready"] = pod.init_state.is_null();
        status["restartCount"] = pod.init_state.is_null() ? 0 : pod.restarts;
        made["status"]["initContainerStatuses"].add(std::move(status));
      }
    }
    bool first = true;
    if (pod.phase != "Failed" || !pod.state.is_null()) {
      for (const Json& one : spec.find("containers")->items()) {
        made["status"]["containerStatuses"].add(container_status(world, one, pod, first));
        first = false;
      }
    }
  }
  made["status"]["qosClass"] = "Burstable";
  return made;
}

int ready_pods(const Workload& workload) {
  return static_cast<int>(std::count_if(workload.pods.begin(), workload.pods.end(),
                                        [](const Pod& pod) { return pod.ready && pod.phase == "Running"; }));
}

Json workload_object(World* world, const Workload& workload) {
  Json made = Json::object({{"metadata", metadata(world, workload.name, workload.space, workload.created)}});
  made["metadata"]["uid"] = workload.uid;
  made["metadata"]["generation"] = 3;
  made["metadata"]["labels"] = Json::object({{"app", workload.name}});
  if (!workload.annotations.is_null()) made["metadata"]["annotations"] = workload.annotations;
  if (workload.kind == "Deployment")
    made["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = workload.revision;
  if (!workload.owner.is_null()) made["metadata"]["ownerReferences"] = workload.owner;
  if (workload.kind == "Deployment" || workload.kind == "StatefulSet")
    made["spec"]["replicas"] = workload.replicas;
  if (workload.kind != "Job")
    made["spec"]["selector"]["matchLabels"] = Json::object({{"app", workload.labels.find("app")->text()}});
  if (workload.kind == "StatefulSet") made["spec"]["serviceName"] = workload.name;
  for (const auto& [name, value] : workload.settings.members()) made["spec"][name] = value;
  made["spec"]["template"]["metadata"]["labels"] = workload.labels;
  made["spec"]["template"]["spec"] = workload.spec;
  return made;
}

void add_deployment(World* world, const Workload& workload) {
  Json made = workload_object(world, workload);
  const int ready = ready_pods(workload);
  const int pods = static_cast<int>(workload.pods.size());
  Json status = Json::object({{"observedGeneration", 3}});
  if (pods > 0) status["replicas"] = pods;
  if (pods > 0) status["updatedReplicas"] = pods;
  if (ready > 0) status["readyReplicas"] = ready;
  if (ready > 0) status["availableReplicas"] = ready;
  if (ready < workload.replicas) status["unavailableReplicas"] = workload.replicas - ready;
  const bool enough = ready >= workload.replicas || ready > workload.replicas * 3 / 4;
  Json available = condition(
      "Available", enough, enough ? workload.created : world->trouble,
      enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
      enough ? "Deployment has minimum availability." : "Deployment does not have minimum availability.");
  status["conditions"] =
      workload.conditions.is_null()
          ? Json::array({condition("Progressing", true, workload.created, "NewReplicaSetAvailable",
                                   fmt::format("ReplicaSet \"{}-{}\" has successfully progressed.",
                                               workload.name, workload.hash)),
                         available})
          : workload.conditions;
  for (const auto& [name, value] : workload.status.members()) status[name] = value;
  made["status"] = std::move(status);
  world->put("deployments", workload.space, std::move(made));

  Json set = Json::object(
      {{"metadata", metadata(world, workload.name + "-" + workload.hash, workload.space, workload.created)}});
  set["metadata"]["uid"] = workload.uid;
  set["metadata"]["labels"] = workload.labels;
  set["metadata"]["labels"]["pod-template-hash"] = workload.hash;
  set["metadata"]["ownerReferences"] = owner("apps/v1", "Deployment", workload.name, workload.uid);
  set["spec"]["replicas"] = workload.replicas;
  set["spec"]["selector"]["matchLabels"] =
      Json::object({{"app", workload.labels.find("app")->text()}, {"pod-template-hash", workload.hash}});
  set["spec"]["template"]["metadata"]["labels"] = workload.labels;
  set["spec"]["template"]["metadata"]["labels"]["pod-template-hash"] = workload.hash;
  set["spec"]["template"]["spec"] = workload.spec;
  set["status"] =
      Json::object({{"replicas", pods}, {"fullyLabeledReplicas", pods}, {"readyReplicas", ready}});
  world->put("replicasets", workload.space, std::move(set));
}

void add_set(World* world, const Workload& workload) {
  Json made = workload_object(world, workload);
  const int ready = ready_pods(workload);
  const int pods = static_cast<int>(workload.pods.size());
  if (workload.kind == "DaemonSet") {
    made["status"] = Json::object({{"currentNumberScheduled", pods},
                                   {"numberMisscheduled", 0},
                                   {"desiredNumberScheduled", workload.replicas},
                                   {"numberReady", ready},
                                   {"numberAvailable", ready}});
    if (ready < workload.replicas) made["status"]["numberUnavailable"] = workload.replicas - ready;
  } else {
    made["status"] = Json::object({{"observedGeneration", 3},
                                   {"replicas", pods},
                                   {"readyReplicas", ready},
                                   {"currentReplicas", pods},
                                   {"availableReplicas", ready}});
  }
  for (const auto& [name, value] : workload.status.members()) made["status"][name] = value;
  world->put(workload.kind == "DaemonSet" ? "daemonsets" : "statefulsets", workload.space, std::move(made));
}

void add_job(World* world, const Workload& workload) {
  Json made = workload_object(world, workload);
  made["status"] = workload.status;
  if (!workload.conditions.is_null()) made["status"]["conditions"] = workload.conditions;
  world->put("jobs", workload.space, std::move(made));
}

bool selects(const Json& selector, const Json& labels) {
  return !selector.members().empty() &&
         std::all_of(selector.members().begin(), selector.members().end(), [&](const auto& wanted) {
           const Json* label = labels.find(wanted.first);
           return label != nullptr && label->text() == wanted.second.text();
         });
}

void add_service(World* world, const Workload& workload) {
  const Json& spec = *workload.service.find("spec");
  Json made =
      Json::object({{"metadata", metadata(world, workload.service.find("metadata")->find("name")->text(),
                                          workload.space, workload.created)}});
  Json ready = Json::array(), unready = Json::array();
  const Json* selector = spec.find("selector");
  for (const Workload& one : world->workloads) {
    if (selector == nullptr || one.space != workload.space || !selects(*selector, one.labels)) continue;
    for (const Pod& pod : one.pods) {
      if (pod.node.empty() || pod.phase == "Failed" || pod.phase == "Succeeded") continue;
      if (pod.phase == "Pending" && !pod.ready) continue;
      (pod.ready ? ready : unready)
          .add(Json::object({{"ip", pod.ip},
                             {"nodeName", pod.node},
                             {"targetRef", Json::object({{"kind", "Pod"},
                                                         {"namespace", workload.space},
                                                         {"name", pod.name},
                                                         {"uid", pod.uid}})}}));
    }
  }
  const Json& port = spec.find("ports")->items()[0];
  if (!ready.empty() || !unready.empty()) {
    Json subset = Json::object();
    if (!ready.empty()) subset["addresses"] = std::move(ready);
    if (!unready.empty()) subset["notReadyAddresses"] = std::move(unready);
    subset["ports"] = Json::array({Json::object(
        {{"name", *port.find("name")}, {"port", *port.find("targetPort")}, {"protocol", "TCP"}})});
    // A port by name stands as its number here; where no container has it the subset has no port at all.
    for (Json& one : subset["ports"].items()) {
      if (one["port"].text().find_first_not_of("0123456789") != std::string::npos)
        one["port"] = workload.port;
      one["port"].mark = 0;
    }
    made["subsets"] = Json::array({std::move(subset)});
  }
  world->put("services", workload.space, workload.service);
  world->put("endpoints", workload.space, std::move(made));
}

void add_node(World* world, const Node& node) {
  Json made = Json::object({{"metadata", metadata(world, node.name, "", world->now - 200 * kDay)}});
  made["metadata"]["uid"] = node.uid;
  made["metadata"]["labels"] = node.labels;
  made["spec"] = Json::object();
  if (node.cordoned) made["spec"]["unschedulable"] = true;
  if (!node.taints.is_null()) made["spec"]["taints"] = node.taints;
  Json capacity = Json::object({{"cpu", std::to_string(node.cpus)},
                                {"ephemeral-storage", "101430960Ki"},
                                {"memory", fmt::format("{}Ki", node.memory_gib * 1024 * 1000)},
                                {"pods", std::to_string(node.pods)}});
  for (const auto& [name, value] : node.extra_capacity.members()) capacity[name] = value;
  made["status"] = Json::object({{"capacity", capacity}, {"allocatable", capacity}});
  made["status"]["conditions"] = node.conditions;
  made["status"]["addresses"] = Json::array({Json::object({{"type", "InternalIP"}, {"address", node.ip}}),
                                             Json::object({{"type", "Hostname"}, {"address", node.name}})});
  made["status"]["nodeInfo"] = Json::object({{"machineID", world->random.hex(32)},
                                             {"kernelVersion", world->kernel},
                                             {"osImage", world->os},
                                             {"containerRuntimeVersion", world->runtime_version},
                                             {"kubeletVersion", world->version},
                                             {"operatingSystem", "linux"},
                                             {"architecture", node.arch}});
  world->put("nodes", "", std::move(made));
  if (!node.metrics) return;
  const std::int64_t memory = static_cast<std::int64_t>(node.memory_gib) << 30;
  const std::int64_t disk = 103865303040;
  const std::string time = rfc3339(world->now - 40 * kSecond);
  Json metrics = Json::object({{"nodeName", node.name}, {"startTime", rfc3339(world->now - 90 * kDay)}});
  metrics["cpu"] = Json::object(
      {{"time", time}, {"usageNanoCores", std::int64_t{10'000'000} * node.cpu_used * node.cpus}});
  metrics["memory"] = Json::object({{"time", time},
                                    {"availableBytes", memory / 100 * (100 - node.memory_used)},
                                    {"workingSetBytes", memory / 100 * node.memory_used}});
  metrics["fs"] = Json::object({{"time", time},
                                {"availableBytes", disk / 100 * (100 - node.disk_used)},
                                {"capacityBytes", disk},
                                {"usedBytes", disk / 100 * node.disk_used},
                                {"inodesFree", 5900000},
                                {"inodes", 6455296}});
  world->documents["node-metrics/" + node.name + ".json"] = Json::object({{"node", std::move(metrics)}});
}

void add_versions(World* world) {
  const std::string minor = world->version.substr(3, 2);
  world->documents["cluster-info/cluster_version.json"] = Json::object(
      {{"info",
        Json::object(
            {{"major", "1"}, {"minor", minor}, {"gitVersion", world->version}, {"platform", "linux/amd64"}})},
       {"string", world->version}});
  world->documents["metadata/cluster.json"] =
      Json::object({{"schema_version", 1},
                    {"data", Json::object({{"distribution", world->distribution},
                                           {"nodes", static_cast<int>(world->nodes.size())}})}});
  Json release = Json::object({{"releaseName", world->space},
                               {"chart", world->space},
                               {"chartVersion", fmt::format("{}.{}.{}", world->random.between(1, 9),
                                                            world->random.between(0, 30), 0)},
                               {"status", "deployed"},
                               {"revision", world->random.between(1, 40)}});
  release["values"]["global"]["registry"] = world->registry;
  for (const Workload& workload : world->workloads) {
    if (workload.space == world->space && workload.kind == "Deployment")
      release["values"][workload.name]["replicas"] = workload.replicas;
  }
  if (world->size > 0) world->documents["helm/" + world->space + ".json"] = Json::array({std::move(release)});
}

}  // namespace

const ListKind* list_kind(const std::string& place) {
  const auto* found =
      std::find_if(kLists.begin(), kLists.end(), [&](const ListKind& one) { return place == one.place; });
  return found == kLists.end() ? nullptr : found;
}

void make_objects(World* world) {
  for (const Node& node : world->nodes) add_node(world, node);
  for (const Workload& workload : world->workloads) {
    if (workload.kind == "Deployment") add_deployment(world, workload);
    if (workload.kind == "StatefulSet" || workload.kind == "DaemonSet") add_set(world, workload);
    if (workload.kind == "Job") add_job(world, workload);
    if (!workload.service.is_null()) add_service(world, workload);
    for (const Pod& pod : workload.pods) world->put("pods", workload.space, pod_object(world, workload, pod));
    if (workload.account != "default" &&
        world->object("serviceaccounts", workload.space, workload.account) == nullptr) {
      world->put(
          "serviceaccounts", workload.space,
          Json::object({{"metadata", metadata(world, workload.account, workload.space, workload.created)}}));
    }
  }
  for (const std::string& space : world->spaces()) {
    Json made = Json::object({{"metadata", metadata(world, space, "", world->now - 150 * kDay)}});
    made["status"]["phase"] = "Active";
    if (world->object("namespaces", "", space) == nullptr) world->put("namespaces", "", std::move(made));
    world->put("serviceaccounts", space,
               Json::object({{"metadata", metadata(world, "default", space, world->now - 150 * kDay)}}));
    // What was asked for and not there is listed as empty, so that its absence can be told.
    for (const char* place : {"pods", "events", "services", "endpoints", "deployments", "replicasets",
                              "statefulsets", "configmaps", "pvcs", "network-policy"}) {
      (void)world->objects[{place, space}];
    }
  }
  add_versions(world);
}

}  // namespace carrel::incidents
