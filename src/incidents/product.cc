#include "incidents/product.h"

#include <algorithm>

#include <fmt/format.h>

namespace carrel::incidents {
namespace {

struct RuntimeFacts {
  Runtime runtime;
  std::vector<Style> styles;
  int port;
  std::string image;  // empty: the product's own
};

const RuntimeFacts& facts_of(Runtime runtime) {
  static const std::vector<RuntimeFacts> all = {
      {Runtime::go, {Style::zap, Style::slog, Style::logrus, Style::go_plain}, 8080, ""},
      {Runtime::java, {Style::logback, Style::logback, Style::logstash}, 8080, ""},
      {Runtime::python, {Style::python, Style::gunicorn, Style::structlog}, 8000, ""},
      {Runtime::node, {Style::pino, Style::winston}, 3000, ""},
      {Runtime::nginx, {Style::nginx}, 80, "nginx:1.25.5"},
      {Runtime::postgres, {Style::postgres}, 5432, "postgres:15.6"},
      {Runtime::mysql, {Style::mysql}, 3306, "mysql:8.0.36"},
      {Runtime::redis, {Style::redis}, 6379, "redis:7.2.4"},
      {Runtime::kafka, {Style::log4j}, 9092, "bitnami/kafka:3.6.1"},
      {Runtime::rabbitmq, {Style::rabbitmq}, 5672, "rabbitmq:3.12.13"},
      {Runtime::coredns, {Style::coredns}, 53, "registry.k8s.io/coredns/coredns:v1.11.1"},
      {Runtime::controller, {Style::klog}, 9808, "registry.k8s.io/sig-storage/csi-provisioner:v4.0.0"},
  };
  return *std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.runtime == runtime; });
}

std::string logger_of(World* world, const Workload& workload) {
  switch (workload.speaker.style) {
    case Style::logback:
    case Style::logstash:
      return "c." + world->domain.substr(0, world->domain.find('.')) + "." +
             world->random.pick(world->names.words().classes);
    case Style::log4j:
      return "kafka.server.KafkaServer";
    case Style::klog:
      return "controller";
    default:
      return workload.name;
  }
}

Json probe(const std::string& path, int port, int delay) {
  Json made = Json::object({{"httpGet", Json::object({{"path", path}, {"port", port}, {"scheme", "HTTP"}})}});
  if (path.empty()) made = Json::object({{"tcpSocket", Json::object({{"port", port}})}});
  if (delay > 0) made["initialDelaySeconds"] = delay;
  made["timeoutSeconds"] = 2;
  made["periodSeconds"] = 10;
  made["successThreshold"] = 1;
  made["failureThreshold"] = 3;
  return made;
}

Json container_of(World* world, const Workload& workload, const std::string& image) {
  const bool own = facts_of(workload.runtime).image.empty();
  const std::string path = own ? world->random.pick(world->names.words().routes) : "";
  Json made = Json::object({{"name", workload.name}, {"image", image}});
  made["ports"] = Json::array({Json::object(
      {{"name", own ? "http" : "main"}, {"containerPort", workload.port}, {"protocol", "TCP"}})});
  const int memory = 128 << world->random.between(0, 4);
  made["resources"] =
      Json::object({{"limits", Json::object({{"cpu", fmt::format("{}m", 500 * world->random.between(1, 4))},
                                             {"memory", fmt::format("{}Mi", 2 * memory)}})},
                    {"requests", Json::object({{"cpu", fmt::format("{}m", 50 * world->random.between(1, 6))},
                                               {"memory", fmt::format("{}Mi", memory)}})}});
  made["livenessProbe"] = probe(path, workload.port, 15);
  made["readinessProbe"] = probe(path, workload.port, 5);
  made["terminationMessagePath"] = "/dev/termination-log";
  made["terminationMessagePolicy"] = "File";
  made["imagePullPolicy"] = "IfNotPresent";
  return made;
}

Json pod_spec(World* world, const Workload& workload, const std::string& image) {
  Json spec = Json::object({{"containers", Json::array({container_of(world, workload, image)})}});
  spec["restartPolicy"] = workload.kind == "Job" ? "Never" : "Always";
  spec["terminationGracePeriodSeconds"] = 30;
  spec["dnsPolicy"] = "ClusterFirst";
  spec["serviceAccountName"] = workload.account;
  spec["securityContext"] = Json::object();
  spec["schedulerName"] = "default-scheduler";
  return spec;
}

std::string image_of(World* world, const Workload& workload) {
  const std::string& known = facts_of(workload.runtime).image;
  if (!known.empty()) return known;
  return fmt::format("{}/{}/{}:{}.{}.{}", world->registry, world->space, workload.name,
                     world->random.between(1, 9), world->random.between(0, 40), world->random.between(0, 9));
}

Json condition(World* world, const char* type, const char* status, const char* reason, const char* message,
               Millis since) {
  return Json::object({{"type", type},
                       {"status", status},
                       {"lastHeartbeatTime", rfc3339(world->now - world->random.between(5, 280) * kSecond)},
                       {"lastTransitionTime", rfc3339(since)},
                       {"reason", reason},
                       {"message", message}});
}

void add_node(World* world, int number, const std::string& form, bool control_plane) {
  Node& node = world->nodes.emplace_back();
  node.name = control_plane ? fmt::format("{}-cp{}", world->names.words().teams[0], number)
                            : world->names.node(number, form);
  node.uid = world->random.uid();
  node.ip = fmt::format("10.{}.0.{}", 20 + world->names.words().things.size() % 7, 10 + number);
  node.zone = fmt::format("zone-{}", static_cast<char>('a' + (number - 1) % 3));
  node.cpus = 4 << world->random.between(0, 2);
  node.memory_gib = node.cpus * 4;
  node.control_plane = control_plane;
  node.labels = Json::object({{"kubernetes.io/arch", node.arch},
                              {"kubernetes.io/hostname", node.name},
                              {"kubernetes.io/os", "linux"},
                              {"topology.kubernetes.io/zone", node.zone}});
  if (control_plane) {
    node.labels["node-role.kubernetes.io/control-plane"] = "";
    node.taints = Json::array(
        {Json::object({{"key", "node-role.kubernetes.io/control-plane"}, {"effect", "NoSchedule"}})});
  }
  const Millis since = world->now - world->random.between(20, 200) * kDay;
  node.conditions = Json::array(
      {condition(world, "MemoryPressure", "False", "KubeletHasSufficientMemory",
                 "kubelet has sufficient memory available", since),
       condition(world, "DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure",
                 since),
       condition(world, "PIDPressure", "False", "KubeletHasSufficientPID",
                 "kubelet has sufficient PID available", since),
       condition(world, "Ready", "True", "KubeletReady", "kubelet is posting ready status", since)});
  node.cpu_used = world->random.between(10, 70);
  node.memory_used = world->random.between(30, 75);
  node.disk_used = world->random.between(20, 70);
}

void set_time_and_versions(World* world) {
  Random& random = world->random;
  constexpr Millis kFirst = 1672531200000;  // 2023-01-01
  world->now = kFirst + static_cast<Millis>(random.below(1250)) * kDay +
               static_cast<Millis>(random.below(86400)) * kSecond;
  world->trouble = world->now - random.between(20, 240) * kMinute;
  static const std::vector<std::string> versions = {"v1.26.15", "v1.27.11", "v1.28.8", "v1.29.4",
                                                    "v1.30.2",  "v1.31.1",  "v1.32.0"};
  static const std::vector<std::string> runtimes = {"containerd://1.6.28", "containerd://1.7.13",
                                                    "containerd://2.0.1", "cri-o://1.28.4"};
  static const std::vector<std::string> systems = {"Debian GNU/Linux 12 (bookworm)", "Ubuntu 22.04.4 LTS",
                                                   "Red Hat Enterprise Linux 9.3 (Plow)",
                                                   "Flatcar Container Linux by Kinvolk 3815.2.0"};
  static const std::vector<std::string> kernels = {"6.1.0-18-amd64", "5.15.0-101-generic",
                                                   "5.14.0-362.el9.x86_64", "6.1.77-flatcar"};
  static const std::vector<std::string> distributions = {"kubeadm", "k3s", "rke2", "eks", "gke", "aks"};
  world->version = random.pick(versions);
  world->runtime_version = random.pick(runtimes);
  const std::size_t system = random.below(systems.size());
  world->os = systems[system];
  world->kernel = kernels[system];
  world->distribution = random.pick(distributions);
  world->domain = world->names.domain();
  world->registry = "registry." + world->domain;
  world->space = world->names.space();
  const int dice = random.between(1, 100);
  world->size = dice <= 35 ? 0 : dice <= 85 ? 1 : 2;
}

// Names a data store or a broker of the product, or nobody.
std::string backend(World* world, const std::vector<std::string>& names, Runtime runtime, int chance) {
  if (!world->random.chance(chance)) return "";
  Wish wish;
  wish.kind = "StatefulSet";
  wish.name = world->names.component(names);
  wish.runtime = runtime;
  wish.replicas = runtime == Runtime::kafka ? 3 : 1;
  Workload& made = add_workload(world, wish);
  add_claim(world, &made, fmt::format("data-{}-0", made.name), "/var/lib/data",
            fmt::format("{}Gi", 10 * world->random.between(1, 20)));
  return made.name;
}

void add_services_of_the_product(World* world) {
  Random& random = world->random;
  const Words& words = world->names.words();
  const std::string database =
      backend(world, words.databases, random.chance(70) ? Runtime::postgres : Runtime::mysql, 100);
  const std::string cache = backend(world, words.caches, Runtime::redis, world->size == 0 ? 40 : 90);
  const std::string broker =
      backend(world, words.brokers, random.chance(60) ? Runtime::kafka : Runtime::rabbitmq,
              world->size == 0 ? 15 : 60);
  static const std::vector<Runtime> own = {Runtime::go, Runtime::java, Runtime::python, Runtime::node};
  std::vector<std::string> behind;
  for (const std::string& one : {database, cache, broker}) {
    if (!one.empty()) behind.push_back(one);
  }
  const int services = world->size == 0 ? random.between(2, 3) : random.between(4, 9);
  std::vector<std::string> fronted;
  for (int i = 0; i < services; ++i) {
    Wish wish;
    wish.name = world->names.service();
    wish.runtime = random.pick(own);
    wish.replicas = random.between(1, 3);
    if (i == 0) {
      wish.calls = {database};
    } else {
      wish.calls = {random.pick(behind)};
      if (random.chance(60)) wish.calls.push_back(fronted[random.below(fronted.size())]);
    }
    fronted.push_back(add_workload(world, wish).name);
  }
  Wish web;
  web.name = world->names.component(words.proxies);
  web.runtime = Runtime::nginx;
  web.calls = {fronted[0], fronted.back()};
  add_workload(world, web);
}

void add_cluster_components(World* world) {
  const auto add = [&](const char* kind, const char* name, Runtime runtime, int replicas,
                       const char* image) -> Workload& {
    Wish wish;
    wish.kind = kind;
    wish.name = name;
    wish.space = "kube-system";
    wish.runtime = runtime;
    wish.replicas = replicas;
    wish.service = false;
    Workload& made = add_workload(world, wish);
    if (*image != '\0') made.container()["image"] = image;
    return made;
  };
  Workload& dns = add("Deployment", "coredns", Runtime::coredns, 2, "");
  dns.labels["k8s-app"] = "kube-dns";
  add("DaemonSet", "kube-proxy", Runtime::controller, static_cast<int>(world->nodes.size()),
      "registry.k8s.io/kube-proxy:v1.29.4");
  add("Deployment", "csi-controller", Runtime::controller, 1, "");
  if (world->size == 2) {
    add("Deployment", "metrics-server", Runtime::controller, 1,
        "registry.k8s.io/metrics-server/metrics-server:v0.7.0");
  }
}

void add_other_tenants(World* world) {
  Random& random = world->random;
  static const std::vector<Runtime> own = {Runtime::go, Runtime::java, Runtime::python, Runtime::node};
  for (int i = random.between(3, 6); i > 0; --i) {
    Wish wish;
    wish.space = world->names.space();
    for (int j = random.between(3, 9); j > 0; --j) {
      wish.name = world->names.service();
      wish.runtime = random.pick(own);
      wish.replicas = random.between(1, 3);
      add_workload(world, wish);
    }
  }
}

void add_namespaces_and_classes(World* world) {
  const std::string usual = world->random.pick(world->names.words().storage);
  const Millis created = world->now - 180 * kDay;
  Json made = Json::object({{"metadata", metadata(world, usual, "", created)},
                            {"provisioner", "csi.block." + world->domain},
                            {"reclaimPolicy", "Delete"},
                            {"allowVolumeExpansion", true},
                            {"volumeBindingMode", "WaitForFirstConsumer"}});
  made["metadata"]["annotations"] = Json::object({{"storageclass.kubernetes.io/is-default-class", "true"}});
  world->put("storage-classes", "", std::move(made));
}

Json service_of(World* world, const Workload& workload) {
  Json made = Json::object({{"metadata", metadata(world, workload.name, workload.space, workload.created)}});
  made["spec"]["ports"] = Json::array({Json::object(
      {{"name", "main"}, {"protocol", "TCP"}, {"port", workload.port}, {"targetPort", workload.port}})});
  made["spec"]["selector"] = Json::object({{"app", workload.name}});
  made["spec"]["clusterIP"] =
      fmt::format("10.96.{}.{}", world->random.between(1, 250), world->random.between(2, 250));
  made["spec"]["type"] = "ClusterIP";
  made["status"]["loadBalancer"] = Json::object();
  return made;
}

// A value that fits a key: where something outside is, or a word.
std::string setting_for(World* world, const std::string& key) {
  for (const char* part : {"HOST", "URL", "ADDR", "ORIGIN", "RELAY", "ENDPOINT", "BROKERS", "SERVERS",
                           "ISSUER", "SINK", "DSN"}) {
    if (key.find(part) != std::string::npos)
      return "https://" + world->names.invented(2) + "." + world->domain;
  }
  return world->names.invented(3);
}

// The configuration that a service of the product has: where the others are, and some keys of its own.
void add_configuration(World* world, Workload* workload) {
  Json data = Json::object();
  Json environment = Json::array();
  for (const std::string& name : workload->calls) {
    const Workload* called = world->find(name);
    if (called == nullptr) continue;
    std::string key;
    for (const char c : name) key += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    key += "_HOST";
    data[key] = fmt::format("{}.{}.svc.cluster.local:{}", name, workload->space, called->port);
    environment.add(Json::object(
        {{"name", key},
         {"valueFrom", Json::object({{"configMapKeyRef", Json::object({{"name", workload->name + "-config"},
                                                                       {"key", key}})}})}}));
  }
  const std::string key = world->names.key();
  data[key] = setting_for(world, key);
  environment.add(Json::object({{"name", "LOG_LEVEL"}, {"value", "info"}}));
  Json map = Json::object(
      {{"metadata", metadata(world, workload->name + "-config", workload->space, workload->created)},
       {"data", std::move(data)}});
  world->put("configmaps", workload->space, std::move(map));
  workload->container()["env"] = std::move(environment);
}

}  // namespace

Workload& add_workload(World* world, const Wish& wish) {
  Random& random = world->random;
  Workload& made = world->workloads.emplace_back();
  made.kind = wish.kind;
  made.name = wish.name;
  made.space = wish.space.empty() ? world->space : wish.space;
  made.uid = random.uid();
  made.hash = random.of("bcdf456789", 9);
  made.replicas = wish.replicas;
  made.created = world->now - random.between(5, 120) * kDay;
  made.calls = wish.calls;
  made.labels = Json::object({{"app", made.name}});
  if (random.chance(40)) made.labels["team"] = random.pick(world->names.words().teams);
  set_runtime(world, &made, wish.runtime);
  if (wish.service) made.service = service_of(world, made);
  if (facts_of(wish.runtime).image.empty() && wish.service) add_configuration(world, &made);
  for (int i = 0; i < wish.replicas; ++i) add_pod(world, &made);
  return made;
}

Pod& add_pod(World* world, Workload* workload) {
  Random& random = world->random;
  std::vector<const Node*> workers;
  for (const Node& node : world->nodes) {
    if (!node.control_plane) workers.push_back(&node);
  }
  const std::size_t number = workload->pods.size();
  Pod& pod = workload->pods.emplace_back();
  if (workload->kind == "StatefulSet") {
    pod.name = fmt::format("{}-{}", workload->name, number);
  } else if (workload->kind == "Deployment") {
    pod.name = fmt::format("{}-{}-{}", workload->name, workload->hash, random.suffix(5));
  } else {
    pod.name = fmt::format("{}-{}", workload->name, random.suffix(5));
  }
  pod.uid = random.uid();
  const Node& node =
      workload->kind == "DaemonSet" ? world->nodes[number % world->nodes.size()] : *random.pick(workers);
  pod.node = node.name;
  pod.ip = fmt::format("10.244.{}.{}", random.between(1, 9), random.between(2, 250));
  pod.created = std::max(workload->created, world->now - random.between(1, 30) * kDay);
  return pod;
}

void set_runtime(World* world, Workload* workload, Runtime runtime) {
  const RuntimeFacts& facts = facts_of(runtime);
  const Json environment = workload->spec.is_null() ? Json() : workload->container()["env"];
  workload->runtime = runtime;
  // A service of the product keeps its port: the others' configuration names it.
  if (workload->spec.is_null() || !facts.image.empty()) workload->port = facts.port;
  workload->speaker.style = world->random.pick(facts.styles);
  workload->speaker.salt = world->random.below(100000);
  workload->speaker.name = logger_of(world, *workload);
  workload->spec = pod_spec(world, *workload, image_of(world, *workload));
  if (!environment.is_null()) workload->container()["env"] = environment;
  if (!workload->service.is_null()) {
    workload->service["spec"]["ports"].at(0)["port"] = workload->port;
    workload->service["spec"]["ports"].at(0)["targetPort"] = workload->port;
  }
}

Json& add_claim(World* world, Workload* workload, const std::string& name, const std::string& folder,
                const std::string& size) {
  const std::string volume = "pvc-" + world->random.uid();
  const std::string storage = world->objects[{"storage-classes", ""}].front()["metadata"]["name"].text();
  Json claim = Json::object({{"metadata", metadata(world, name, workload->space, workload->created)}});
  claim["spec"] =
      Json::object({{"accessModes", Json::array({"ReadWriteOnce"})},
                    {"resources", Json::object({{"requests", Json::object({{"storage", size}})}})},
                    {"volumeName", volume},
                    {"storageClassName", storage},
                    {"volumeMode", "Filesystem"}});
  claim["status"] = Json::object({{"phase", "Bound"},
                                  {"accessModes", Json::array({"ReadWriteOnce"})},
                                  {"capacity", Json::object({{"storage", size}})}});
  Json pv = Json::object({{"metadata", metadata(world, volume, "", workload->created)}});
  pv["spec"] = Json::object(
      {{"capacity", Json::object({{"storage", size}})},
       {"csi", Json::object({{"driver", "csi.block." + world->domain}, {"volumeHandle", volume}})},
       {"accessModes", Json::array({"ReadWriteOnce"})},
       {"claimRef",
        Json::object({{"kind", "PersistentVolumeClaim"}, {"namespace", workload->space}, {"name", name}})},
       {"persistentVolumeReclaimPolicy", "Delete"},
       {"storageClassName", storage}});
  pv["status"] = Json::object({{"phase", "Bound"}});
  world->put("pvs", "", std::move(pv));
  workload->spec["volumes"].add(
      Json::object({{"name", "data"}, {"persistentVolumeClaim", Json::object({{"claimName", name}})}}));
  workload->container()["volumeMounts"].add(Json::object({{"name", "data"}, {"mountPath", folder}}));
  return world->put("pvcs", workload->space, std::move(claim));
}

void make_product(World* world) {
  set_time_and_versions(world);
  const std::string form = world->random.pick(world->names.words().node_forms);
  const int workers = world->size == 0 ? world->random.between(2, 3) : world->random.between(3, 6);
  if (world->size > 0) add_node(world, 1, form, true);
  for (int i = 1; i <= workers; ++i) add_node(world, i, form, false);
  add_namespaces_and_classes(world);
  if (world->size > 0) add_cluster_components(world);
  add_services_of_the_product(world);
  if (world->size == 2) add_other_tenants(world);
}

}  // namespace carrel::incidents
