// Who may do what: RBAC, admission, pod security.
#include <fmt/format.h>

#include "incidents/kind.h"

namespace carrel::incidents {
namespace {

void refuse_pods(Scene& s, Workload& w, const std::string& message) {
  w.pods.clear();
  s.decide(s.event("ReplicaSet", w.space, w.name + "-" + w.hash, "FailedCreate", "Error creating: " + message,
                   s.random.between(8, 60), "replicaset-controller"));
  s.callers_fail(w);
}

void role_missing(Scene& s) {
  Workload& w = s.victim({Runtime::go, Runtime::java});
  w.account = w.name;
  w.spec["serviceAccountName"] = w.account;
  const std::string verb = s.phrase({"list", "watch"}, {"get", "create"});
  const std::string resource = s.phrase({"configmaps", "pods"}, {"secrets", "leases"});
  Json& role = s.put("roles", w.space, w.name);
  role["rules"] = Json::array({Json::object({{"apiGroups", Json::array({""})},
                                             {"resources", Json::array({"services"})},
                                             {"verbs", Json::array({"get"})}})});
  Json& binding = s.put("rolebindings", w.space, w.name);
  binding["subjects"] =
      Json::array({Json::object({{"kind", "ServiceAccount"}, {"name", w.account}, {"namespace", w.space}})});
  binding["roleRef"] =
      Json::object({{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "Role"}, {"name", w.name}});
  const std::string text = fmt::format(
      "{0} is forbidden: User \"system:serviceaccount:{1}:{2}\" cannot {3} resource \"{0}\" in API group "
      "\"\" in the namespace \"{1}\"",
      resource, w.space, w.account, verb);
  if (s.random.chance(50)) {
    s.crash(w, 1, {{Level::info, "starting controller"}, {Level::fatal, text, true}});
  } else {
    for (Pod& pod : w.pods) s.repeat(pod, w, {Level::error, text, true}, 25);
    s.unready(w);
  }
  s.callers_fail(w);
  s.culprit("role", w.space, w.name);
  s.cause(w, "{0} fails because its ServiceAccount {1} may not {2} {3}: RBAC forbids it.",
          {w.account, verb, resource}, {"The Role of {0} lacks {2} on {3}."});
  s.expect_name({w.account});
  s.expect({literal(resource)});
  s.expect(saying::denied);
}

void binding_wrong_account(Scene& s) {
  Workload& w = s.victim({Runtime::go, Runtime::python});
  w.account = w.name;
  w.spec["serviceAccountName"] = w.account;
  const std::string wrong = w.name + s.phrase({"-old", "-v1"}, {"-prev", "-beta"});
  Json& role = s.put("roles", w.space, w.name);
  role["rules"] = Json::array({Json::object({{"apiGroups", Json::array({""})},
                                             {"resources", Json::array({"configmaps"})},
                                             {"verbs", Json::array({"get", "list"})}})});
  Json& binding = s.put("rolebindings", w.space, w.name);
  binding["subjects"] =
      Json::array({Json::object({{"kind", "ServiceAccount"}, {"name", wrong}, {"namespace", w.space}})});
  s.decide(binding["subjects"].at(0)["name"]);
  binding["roleRef"] =
      Json::object({{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "Role"}, {"name", w.name}});
  for (Pod& pod : w.pods)
    s.repeat(pod, w,
             {Level::error,
              fmt::format("configmaps is forbidden: User \"system:serviceaccount:{0}:{1}\" cannot list "
                          "resource \"configmaps\" in API group \"\" in the namespace \"{0}\"",
                          w.space, w.account),
              true},
             20);
  s.unready(w);
  s.callers_fail(w);
  s.culprit("rolebinding", w.space, w.name);
  s.cause(
      w,
      "{0} is forbidden to list configmaps: the RoleBinding {0} names the ServiceAccount {1} instead of {0}.",
      {wrong}, {"RoleBinding subject {1} is wrong, so {0} has no rights on configmaps."});
  s.expect_name({w.name});
  s.expect({"binding", "forbidden", "rbac", "rights"});
}

void webhook_down(Scene& s) {
  Workload& w = s.victim();
  const std::string name =
      s.phrase({"policy.guard.example", "validate.kyverno.svc"}, {"check.admission.example", "gate.opa.svc"});
  Json& configuration =
      s.put("validating-webhook-configurations", "", name.substr(0, name.find('.')) + "-webhook");
  Json hook = Json::object(
      {{"name", name},
       {"failurePolicy", "Fail"},
       {"clientConfig",
        Json::object({{"service", Json::object({{"name", "guard"}, {"namespace", "guard-system"}})}})}});
  s.decide(hook["failurePolicy"]);
  s.decide(hook["name"]);
  configuration["webhooks"] = Json::array({std::move(hook)});
  refuse_pods(s, w,
              fmt::format("Internal error occurred: failed calling webhook \"{}\": failed to call webhook: "
                          "Post \"https://guard.guard-system.svc:443/validate?timeout=10s\": {}",
                          name,
                          s.random.chance(50) ? "dial tcp 10.96.7.7:443: connect: connection refused"
                                              : "no endpoints available for service \"guard\""));
  s.culprit("validatingwebhookconfiguration", "", configuration["metadata"]["name"].text());
  s.cause(w,
          "No pod of {0} can be created: the admission webhook {1} cannot be reached and its failurePolicy "
          "is Fail.",
          {name}, {"failed calling webhook {1}"});
  s.expect_name({name, configuration["metadata"]["name"].text()});
  s.expect({"webhook"});
}

void webhook_denies(Scene& s) {
  Workload& w = s.victim();
  const std::string name = s.phrase({"validation.gatekeeper.sh", "rules.kyverno.svc"},
                                    {"policies.kubewarden.dev", "images.sigstore.dev"});
  const std::string why =
      s.phrase({"[require-owner] label \"owner\" is required", "image registry is not on the allow list"},
               {"containers must not use the tag latest", "cost-centre annotation must be present"});
  refuse_pods(s, w, fmt::format("admission webhook \"{}\" denied the request: {}", name, why));
  s.cause(w, "No pod of {0} can be created: the admission webhook {1} denies them ({2}).", {name, why},
          {"{1} rejects the pods of {0}: {2}"});
  s.expect_name({name, why});
  s.expect({"den(y|ies|ied)", "reject", "refus", "policy", "webhook"});
}

void pod_security(Scene& s) {
  Workload& w = s.victim();
  w.container()["securityContext"]["privileged"] = true;
  s.decide(w.container()["securityContext"]["privileged"]);
  refuse_pods(
      s, w,
      fmt::format(
          "pods \"{0}-{1}-{2}\" is forbidden: violates PodSecurity \"restricted:latest\": privileged "
          "(container \"{0}\" must not set securityContext.privileged=true), allowPrivilegeEscalation != "
          "false (container \"{0}\" must set securityContext.allowPrivilegeEscalation=false)",
          w.name, w.hash, s.random.suffix(5)));
  s.cause(w,
          "No pod of {0} can be created: it violates the namespace's PodSecurity level restricted "
          "(privileged container).",
          {}, {"PodSecurity forbids the privileged container of {0}."});
  s.expect_name({w.name});
  s.expect({"pod ?security", "privileged", "restricted"});
}

void cluster_role_elsewhere(Scene& s) {
  Workload& w = s.victim({Runtime::go});
  w.account = w.name;
  w.spec["serviceAccountName"] = w.account;
  for (Pod& pod : w.pods)
    s.repeat(pod, w,
             {Level::error,
              fmt::format("failed to list *v1.Node: nodes is forbidden: User \"system:serviceaccount:{}:{}\" "
                          "cannot list resource \"nodes\" in API group \"\" at the cluster scope",
                          w.space, w.account),
              true},
             30);
  s.unready(w);
  s.callers_fail(w);
  s.culprit("serviceaccount", w.space, w.account);
  s.cause(w, "{0} may not list nodes: its ServiceAccount has no cluster-wide role.", {},
          {"nodes is forbidden at the cluster scope for {0}."});
  s.expect_name({w.name});
  s.expect({"nodes"});
  s.expect(saying::denied);
}

void token_invalid(Scene& s) {
  Workload& w = s.victim({Runtime::go, Runtime::node});
  const std::string text =
      s.phrase({"the server has asked for the client to provide credentials (401 Unauthorized)",
                "Unauthorized: token review failed"},
               {"API request refused with status 401: invalid bearer token",
                "service account token is no longer valid"});
  s.crash(w, 1, {{Level::info, "connecting to the API server"}, {Level::fatal, text, true}});
  s.callers_fail(w);
  s.cause(w, "{0} ends because the API server does not accept its token (401 Unauthorized).", {},
          {"The service account token of {0} is invalid."});
  s.expect_name({w.name});
  s.expect({"401", "unauthori", "token", "credential"});
}

}  // namespace

Kinds access_kinds() {
  return {
      {"role-lacks-verb", "access", "the Role does not allow what the program does", role_missing},
      {"binding-wrong-account", "access", "the RoleBinding names another ServiceAccount",
       binding_wrong_account},
      {"webhook-down", "access", "an admission webhook cannot be reached", webhook_down},
      {"webhook-denies", "access", "an admission webhook refuses the pods", webhook_denies},
      {"pod-security", "access", "the pods violate the namespace's PodSecurity level", pod_security},
      {"token-invalid", "access", "the API server does not accept the token", token_invalid},
      {"cluster-role-missing", "access", "a cluster-wide right is missing", cluster_role_elsewhere, true},
  };
}

}  // namespace carrel::incidents
