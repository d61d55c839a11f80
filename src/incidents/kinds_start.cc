// Containers that the kubelet cannot start.
#include <fmt/format.h>

#include "incidents/kind.h"

namespace carrel::incidents {
namespace {

Json reference(const char* what, const std::string& name, const std::string& key,
               const std::string& variable) {
  Json from = Json::object({{what, Json::object({{"name", name}, {"key", key}})}});
  return Json::object({{"name", variable}, {"valueFrom", std::move(from)}});
}

void configmap_missing(Scene& s) {
  Workload& w = s.victim();
  const std::string name =
      w.name + s.phrase({"-settings", "-env", "-options"}, {"-params", "-profile", "-tuning"});
  w.container()["env"].add(reference("configMapKeyRef", name, "mode", s.world.names.key()));
  s.decide(w.container()["env"].items().back()["valueFrom"]["configMapKeyRef"]["name"]);
  s.decide(
      s.hold(w, "CreateContainerConfigError", fmt::format("configmap \"{}\" not found", name), "Failed"));
  s.callers_fail(w);
  s.cause(w, "{0} cannot start because the ConfigMap {1}, which its environment refers to, does not exist.",
          {name}, {"ConfigMap {1} is missing, so the container of {0} is not created."});
  s.expect_name({name});
  s.expect(saying::missing);
}

void secret_missing(Scene& s) {
  Workload& w = s.victim();
  const std::string name =
      w.name + s.phrase({"-credentials", "-secret", "-keys"}, {"-access", "-vault", "-login"});
  w.container()["env"].add(reference("secretKeyRef", name, "password", s.world.names.key()));
  s.decide(w.container()["env"].items().back()["valueFrom"]["secretKeyRef"]["name"]);
  s.decide(s.hold(w, "CreateContainerConfigError", fmt::format("secret \"{}\" not found", name), "Failed"));
  s.world.documents["secrets/" + w.space + "/" + name + ".json"] =
      Json::object({{"namespace", w.space}, {"name", name}, {"secretExists", false}});
  s.callers_fail(w);
  s.cause(w, "{0} cannot start because the Secret {1} does not exist.", {name},
          {"The container of {0} needs Secret {1}, which is missing."});
  s.expect_name({name});
  s.expect(saying::missing);
}

void key_missing(Scene& s) {
  Workload& w = s.victim();
  const bool secret = s.random.chance(50);
  const std::string key =
      s.phrase({"db-password", "api_key", "endpoint"}, {"passphrase", "signing.pem", "origin"});
  const std::string name = secret ? w.name + "-credentials" : w.name + "-config";
  w.container()["env"].add(
      reference(secret ? "secretKeyRef" : "configMapKeyRef", name, key, s.world.names.key()));
  Json& from = w.container()["env"].items().back()["valueFrom"][secret ? "secretKeyRef" : "configMapKeyRef"];
  s.decide(from["key"]);
  s.decide(s.hold(
      w, "CreateContainerConfigError",
      fmt::format("couldn't find key {} in {} {}/{}", key, secret ? "Secret" : "ConfigMap", w.space, name),
      "Failed"));
  s.callers_fail(w);
  s.cause(w, "{0} cannot start because the key {1} is not in {2} {3}.",
          {key, secret ? "Secret" : "ConfigMap", name},
          {"{2} {3} has no key {1}, which is missing for {0}."});
  s.expect_name({key});
  s.expect({"key", literal(name)});
  s.expect({"not (in|exist|found|there)", "missing", "no key", "couldn't find", "has no", "lacks", "absent"});
}

void command_missing(Scene& s) {
  Workload& w = s.victim();
  const std::string program = s.phrase({"/app/server", "start-app", "/usr/local/bin/run.sh"},
                                       {"/bin/launch", "serve-all", "/opt/entry.sh"});
  w.container()["command"] = Json::array({program});
  s.decide(w.container()["command"].at(0));
  const bool path = program[0] == '/';
  const std::string message = fmt::format(
      "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create "
      "failed: "
      "unable to start container process: exec: \"{}\": {}: unknown",
      program,
      path ? fmt::format("stat {}: no such file or directory", program)
           : "executable file not found in $PATH");
  for (Pod& pod : w.pods) {
    pod.restarts = s.random.between(3, 20);
    pod.ready = pod.started = false;
    pod.state["waiting"] = Json::object({{"reason", "RunContainerError"}, {"message", message}});
    s.decide(pod.state["waiting"]["message"]);
    pod.last_state["terminated"] =
        Json::object({{"exitCode", 128}, {"reason", "StartError"}, {"message", message}});
    s.decide(s.event(w, pod, "Failed", "Error: " + message, s.random.between(3, 40)));
  }
  s.callers_fail(w);
  s.cause(w, "{0} cannot start: its command {1} is not in the image.", {program},
          {"The executable {1} of {0} does not exist in the container."});
  s.expect_name({program});
  s.expect({"not (in|found|exist)", "no such file", "missing", "does ?n[o']t exist", "executable"});
}

void init_fails(Scene& s) {
  Workload& w = s.victim();
  const std::string name =
      s.phrase({"migrate", "wait-for-db", "fetch-config"}, {"prepare-schema", "seed-cache", "unpack-assets"});
  const std::string text = s.phrase({"cannot download https://{0}/bundle.tgz: 404 Not Found",
                                     "fatal: archive https://{0}/bundle.tgz is gone (HTTP 410)"},
                                    {"curl: (22) The requested URL https://{0}/assets returned error: 404",
                                     "object assets.zip not present at {0}"},
                                    {s.world.domain});
  w.spec["initContainers"] =
      Json::array({Json::object({{"name", name}, {"image", s.world.registry + "/infra/init:2.0.1"}})});
  for (Pod& pod : w.pods) {
    pod.phase = "Pending";
    pod.ready = pod.started = false;
    pod.restarts = s.random.between(4, 20);
    pod.init_state["waiting"] = Json::object(
        {{"reason", "CrashLoopBackOff"},
         {"message", fmt::format("back-off 5m0s restarting failed container={} pod={}", name, pod.name)}});
    s.event(w, pod, "BackOff",
            fmt::format("Back-off restarting failed container {} in pod {}_{}({})", name, pod.name, w.space,
                        pod.uid),
            s.random.between(5, 60));
    const int mark = s.new_mark();
    Log& log =
        s.world.files[fmt::format("cluster-resources/pods/logs/{}/{}/{}.log", w.space, pod.name, name)];
    log.lines.push_back({s.ago(4), "fetching assets", "", 0});
    log.lines.push_back({s.ago(4) + 900, text, text, mark});
  }
  s.callers_fail(w);
  s.cause(w, "{0} does not start because its init container {1} fails: {2}.", {name, text},
          {"Init container {1} cannot fetch what it needs ({2})."});
  s.expect_name({name, text.substr(0, 30)});
  s.expect({"init", literal(name)});
  s.expect({"404", "410", "not (found|present)", "gone", "download", "fetch", "curl"});
}

void mount_config_missing(Scene& s) {
  Workload& w = s.victim();
  const std::string name = w.name + s.phrase({"-files", "-rules"}, {"-assets", "-policy-set"});
  Json source = Json::object({{"name", name}});
  w.spec["volumes"].add(Json::object({{"name", "extra"}, {"configMap", std::move(source)}}));
  s.decide(w.spec["volumes"].items().back()["configMap"]["name"]);
  s.decide(s.hold(
      w, "", fmt::format("MountVolume.SetUp failed for volume \"extra\" : configmap \"{}\" not found", name),
      "FailedMount"));
  s.callers_fail(w);
  s.cause(w, "{0} stays in ContainerCreating because the ConfigMap {1}, which it mounts, does not exist.",
          {name}, {"The volume of {0} cannot be mounted: ConfigMap {1} is missing."});
  s.expect_name({name});
  s.expect(saying::missing);
}

void service_account_missing(Scene& s) {
  Workload& w = s.victim();
  const std::string name = w.name + s.phrase({"-sa", "-runner"}, {"-identity", "-bot"});
  w.spec["serviceAccountName"] = name;
  s.decide(w.spec["serviceAccountName"]);
  w.pods.clear();
  s.decide(s.event("ReplicaSet", w.space, w.name + "-" + w.hash, "FailedCreate",
                   fmt::format("Error creating: pods \"{}-{}-\" is forbidden: error looking up service "
                               "account {}/{}: serviceaccount \"{}\" not found",
                               w.name, w.hash, w.space, name, name),
                   s.random.between(10, 60), "replicaset-controller"));
  s.callers_fail(w);
  s.cause(w, "No pod of {0} can be created: its ServiceAccount {1} does not exist.", {name},
          {"ServiceAccount {1} is missing for {0}."});
  s.expect_name({name});
  s.expect(saying::missing);
}

}  // namespace

Kinds start_kinds() {
  return {
      {"configmap-missing", "config", "the environment refers to a ConfigMap that does not exist",
       configmap_missing},
      {"secret-missing", "config", "the environment refers to a Secret that does not exist", secret_missing},
      {"key-missing", "config", "a ConfigMap or Secret lacks the key that is asked for", key_missing},
      {"command-missing", "crashloop", "the command is not in the image", command_missing},
      {"init-fails", "crashloop", "an init container ends with an error", init_fails},
      {"mount-config-missing", "volume", "a mounted ConfigMap does not exist", mount_config_missing},
      {"service-account-missing", "access", "the pods' ServiceAccount does not exist",
       service_account_missing},
  };
}

}  // namespace carrel::incidents
