// What the API server refuses: permissions, admission, quotas.
#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

class AccessDetectors : public testing::TestWithParam<DetectorCase> {};

TEST_P(AccessDetectors, FindsItAndIsSilentWhenMended) {
  run_case(GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Permissions, AccessDetectors,
    testing::Values(
        DetectorCase{
            "verb",
            deployment(
                "agent",
                "serviceAccountName: agent, containers: [{name: agent, image: 'x/kubectl:1', command: [sh, "
                "-c, 'kubectl get pods']}]") +
                object_head("rbac.authorization.k8s.io/v1", "Role", "reader") +
                "rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]\n" +
                object_head("rbac.authorization.k8s.io/v1", "RoleBinding", "reader") +
                "roleRef: {kind: Role, name: reader}\nsubjects: [{kind: ServiceAccount, name: agent, "
                "namespace: shop}]\n",
            "rbac-verb-missing",
            {"Role reader", "only get on pods", "list verb is missing"},
            "verbs: [get]",
            "verbs: [get, list]"},
        DetectorCase{
            "subject of the same name in another namespace",
            deployment(
                "agent",
                "serviceAccountName: agent, containers: [{name: agent, image: 'x/kubectl:1', command: [sh, "
                "-c, 'kubectl get pods']}]") +
                object_head("rbac.authorization.k8s.io/v1", "Role", "reader") +
                "rules: [{apiGroups: [''], resources: [pods], verbs: [list]}]\n" +
                object_head("rbac.authorization.k8s.io/v1", "RoleBinding", "reader") +
                "roleRef: {kind: Role, name: reader}\nsubjects: [{kind: ServiceAccount, name: agent, "
                "namespace: default}]\n",
            "rbac-verb-missing",
            {"RoleBinding reader in namespace shop names the service account agent of namespace default",
             "not that of namespace shop"},
            "namespace: default}",
            "namespace: shop}"},
        DetectorCase{
            "subject of the same name where it is asked about",
            "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: deployer, namespace: builds}\n" +
                object_head("rbac.authorization.k8s.io/v1", "RoleBinding", "deployer") +
                "roleRef: {kind: Role, name: deployer}\nsubjects: [{kind: ServiceAccount, name: deployer, "
                "namespace: shop}]\n",
            "rbac-subject-elsewhere",
            {"RoleBinding deployer in namespace shop is for ServiceAccount deployer of namespace shop",
             "not for that of namespace builds"},
            "deployer, namespace: shop}]",
            "deployer, namespace: builds}]",
            {},
            "Why is service account deployer of namespace builds refused in namespace shop?"},
        DetectorCase{
            "TLS that is turned off towards who demands it",
            "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: risk-client, "
            "namespace: web}\nspec: {host: risk.shop.svc.cluster.local, trafficPolicy: {tls: {mode: "
            "DISABLE}}}\n" +
                object_head("security.istio.io/v1", "PeerAuthentication", "default") +
                "spec: {mtls: {mode: STRICT}}\n",
            "mesh-tls-off",
            {"DestinationRule risk-client in namespace web", "mode DISABLE", "STRICT"},
            "mode: DISABLE",
            "mode: ISTIO_MUTUAL"},
        DetectorCase{
            "a namespace without sidecars that calls who demands mutual TLS",
            "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: loyalty, labels: {team: crm}}\n" +
                object_head("security.istio.io/v1", "PeerAuthentication", "default") +
                "spec: {mtls: {mode: STRICT}}\n",
            "outside-mesh",
            {"Namespace loyalty is outside the mesh", "STRICT"},
            "{team: crm}",
            "{team: crm, istio-injection: enabled}",
            {},
            "Why are the calls of loyalty to orders.shop:8080 reset?"},
        DetectorCase{
            "subject in a namespace that does not exist",
            object_head("rbac.authorization.k8s.io/v1", "Role", "jobs") +
                "rules: [{apiGroups: [''], resources: [secrets], verbs: [create]}]\n" +
                object_head("rbac.authorization.k8s.io/v1", "RoleBinding", "jobs") +
                "roleRef: {kind: Role, name: jobs}\nsubjects: [{kind: ServiceAccount, name: runner, "
                "namespace: ci}]\n"
                "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: runner, namespace: runners}\n",
            "rbac-subject-missing",
            {"RoleBinding jobs", "runner in namespace ci", "runner in namespace runners"},
            "namespace: ci}",
            "namespace: runners}",
            {{"namespace", ""}, {"serviceaccount", "*"}}},
        DetectorCase{
            "resource of another API group",
            object_head("rbac.authorization.k8s.io/v1", "Role", "deployer") +
                "rules: [{apiGroups: [''], resources: [pods], verbs: [get]}, {apiGroups: [''], resources: "
                "[deployments], verbs: [get, patch]}]\n",
            "rbac-group-wrong",
            {"Role deployer", "nothing of deployments", "the group apps"},
            "apiGroups: [''], resources: [deployments]",
            "apiGroups: [apps], resources: [deployments]"},
        DetectorCase{"binding to no role",
                     object_head("rbac.authorization.k8s.io/v1", "RoleBinding", "reader") +
                         "roleRef: {kind: Role, name: raeder}\nsubjects: [{kind: ServiceAccount, name: "
                         "agent, namespace: shop}]\n" +
                         object_head("rbac.authorization.k8s.io/v1", "Role", "reader") + "rules: []\n",
                     "rbac-role-missing",
                     {"Role raeder", "does not exist"},
                     "raeder",
                     "reader",
                     {{"role", "shop"}}},
        DetectorCase{"refused by the API server",
                     object_head("apps/v1", "Deployment", "agent") +
                         event_about("Deployment", "agent", "Refused",
                                     "pods is forbidden: User "
                                     "\"system:serviceaccount:shop:agent\" cannot list resource "
                                     "\"pods\" in API group \"\" in the namespace \"shop\""),
                     "rbac-forbidden",
                     {"service account agent cannot list pods", "shop"},
                     "is forbidden: User",
                     "is allowed: User"}));

INSTANTIATE_TEST_SUITE_P(
    Admission, AccessDetectors,
    testing::Values(
        DetectorCase{
            "quota by event",
            object_head("apps/v1", "ReplicaSet", "api-1") +
                event_about("ReplicaSet", "api-1", "FailedCreate",
                            "pods \"x\" is "
                            "forbidden: exceeded quota: small, requested: "
                            "requests.cpu=2, used: requests.cpu=1, limited: "
                            "requests.cpu=2"),
            "quota-exceeded",
            {"ResourceQuota small is exceeded", "requested requests.cpu=2", "limited to requests.cpu=2"},
            "exceeded quota",
            "within quota"},
        DetectorCase{
            "quota by arithmetic",
            deployment("api", "containers: [{name: api, image: 'x/y:1', resources: {requests: {cpu: 500m}}}]",
                       4) +
                object_head("v1", "ResourceQuota", "small") + "spec: {hard: {requests.cpu: '1'}}\n",
            "quota-too-small",
            {"requests.cpu 1", "4 replicas of 500m", "needs 2"},
            "requests.cpu: '1'",
            "requests.cpu: '2'"},
        DetectorCase{
            "limit range",
            deployment("api",
                       "containers: [{name: api, image: 'x/y:1', resources: {limits: {memory: 2Gi}}}]") +
                object_head("v1", "LimitRange", "bounds") +
                "spec: {limits: [{type: Container, max: {memory: 1Gi}}]}\n",
            "limit-range",
            {"memory 2Gi", "maximum is 1Gi"},
            "max: {memory: 1Gi}",
            "max: {memory: 4Gi}"},
        DetectorCase{"webhook that nobody serves",
                     "apiVersion: admissionregistration.k8s.io/v1\nkind: "
                     "ValidatingWebhookConfiguration\nmetadata: {name: guard}\n"
                     "webhooks: [{name: guard.example, failurePolicy: Fail, clientConfig: {service: {name: "
                     "guard, namespace: "
                     "shop}}}]\n",
                     "webhook-service",
                     {"Service guard", "does not exist", "failurePolicy is Fail"},
                     "failurePolicy: Fail",
                     "failurePolicy: Ignore",
                     {{"service", "shop"}}},
        DetectorCase{"pod security",
                     object_head("apps/v1", "ReplicaSet", "api-1") +
                         event_about("ReplicaSet", "api-1", "FailedCreate",
                                     "pods \"x\" is "
                                     "forbidden: violates PodSecurity \"restricted:latest\": "
                                     "runAsNonRoot != true"),
                     "pod-security",
                     {"Pod Security", "restricted:latest", "runAsNonRoot"},
                     "is forbidden: violates PodSecurity",
                     "is created under PodSecurity"},
        DetectorCase{
            "security context constraints",
            object_head("apps/v1", "DaemonSet", "vector") +
                event_about(
                    "DaemonSet", "vector", "FailedCreate",
                    "pods \"vector-\" is forbidden: unable to validate against any security context "
                    "constraint: [provider \"anyuid\": Forbidden: not usable by user or serviceaccount, "
                    "spec.volumes[0]: Invalid value: \"hostPath\": hostPath volumes are not allowed to be "
                    "used, provider \"restricted\": Forbidden]"),
            "pod-security",
            {"DaemonSet vector", "security context constraint (SCC)",
             "spec.volumes[0]: Invalid value: \"hostPath\": hostPath volumes are not allowed to be used"},
            "is forbidden: unable to validate against any security context constraint",
            "is created"}));

TEST(Policies, ANamespaceWithAnotherValueOfTheLabelThatIsLetInIsShutOut) {
  const auto told = [](const std::string& label) {
    return detect_in(
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: clients, namespace: "
        "cache}\n"
        "spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: "
        "{cache-access: granted}}}]}]}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: cart, labels: "
        "{cache-access: " +
            label + "}}\n",
        {}, "Why does cart get no answer from its cache?");
  };
  const auto found = told("grant");
  const Observation* one = find_by(found, "policy-space-mistyped");
  ASSERT_NE(one, nullptr);
  EXPECT_NE(one->cause.find("NetworkPolicy clients in namespace cache lets in only namespaces labelled "
                            "cache-access=granted, but namespace cart is labelled cache-access=grant"),
            std::string::npos);
  for (const char* const label : {"granted", "denied"})  // it is let in; it is meant to be shut out
    EXPECT_EQ(find_by(told(label), "policy-space-mistyped"), nullptr) << label;
}

TEST(Policies, ANamespaceOfTheNameThatIsLetInWithoutTheLabelIsShutOut) {
  const auto told = [](const std::string& labels, const std::string& also = "") {
    return detect_in(
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: allow-edge, namespace: "
        "shop}\n"
        "spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], ingress: [{from: "
        "[{namespaceSelector: {matchLabels: {name: edge}}}" +
            also + "]}]}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: edge, labels: " + labels +
            "}\n",
        {}, "Why does shop answer 504?");
  };
  const auto found = told("{kubernetes.io/metadata.name: edge}");
  const Observation* one = find_by(found, "policy-space-unlabelled");
  ASSERT_NE(one, nullptr);
  EXPECT_NE(
      one->cause.find("lets in only namespaces labelled name=edge, but namespace edge has no label name"),
      std::string::npos);
  EXPECT_EQ(find_by(told("{name: edge}"), "policy-space-unlabelled"), nullptr);
  EXPECT_EQ(find_by(told("{name: other}"), "policy-space-unlabelled"), nullptr);
  EXPECT_EQ(find_by(told("{a: b}", ", {ipBlock: {cidr: 0.0.0.0/0}}"), "policy-space-unlabelled"), nullptr);
}

}  // namespace
}  // namespace carrel
