// What manifests alone tell, without a status: volumes and bindings that do not fit, budgets, scalers of
// KEDA, ports beside hosts, and what a cause names is quoted.
#include <algorithm>

#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

class ManifestDetectors : public testing::TestWithParam<DetectorCase> {};

TEST_P(ManifestDetectors, FindsItAndIsSilentWhenMended) {
  run_case(GetParam());
}

std::string volume(const std::string& spec) {
  return "---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {name: disk}\nspec: {storageClassName: "
         "manual, " +
         spec + "}\n";
}

const std::string claim =
    object_head("v1", "PersistentVolumeClaim", "data") +
    "spec: {accessModes: [ReadWriteMany], storageClassName: manual, volumeName: disk, resources: {requests: "
    "{storage: 5Gi}}}\n";

INSTANTIATE_TEST_SUITE_P(
    Kinds, ManifestDetectors,
    testing::Values(
        DetectorCase{"access mode of a named volume",
                     claim + volume("accessModes: [ReadWriteOnce], capacity: {storage: 10Gi}"),
                     "claim-misfit",
                     {"access mode ReadWriteMany", "only ReadWriteOnce"},
                     "ReadWriteOnce",
                     "ReadWriteMany"},
        DetectorCase{"capacity of a named volume",
                     claim + volume("accessModes: [ReadWriteMany], capacity: {storage: 1Gi}"),
                     "claim-misfit",
                     {"capacity of only 1Gi", "requests 5Gi"},
                     "storage: 1Gi",
                     "storage: 10Gi"},
        DetectorCase{"subject in another namespace",
                     object_head("v1", "ServiceAccount", "exporter") +
                         object_head("rbac.authorization.k8s.io/v1", "RoleBinding", "reads") +
                         "roleRef: {kind: Role, name: reader}\nsubjects: [{kind: ServiceAccount, name: "
                         "exporter, namespace: other}]\n",
                     "rbac-subject-missing",
                     {"exporter in namespace other", "exporter in namespace shop", "wrong subject"},
                     "namespace: other",
                     "namespace: shop"},
        DetectorCase{"budget that demands all replicas",
                     deployment("web", plain_pod, 2) +
                         object_head("policy/v1", "PodDisruptionBudget", "web") +
                         "spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}\n",
                     "budget-blocks",
                     {"minAvailable 2", "all 2 replicas"},
                     "minAvailable: 2",
                     "minAvailable: 1",
                     {},
                     "Why does the drain hang?"},
        DetectorCase{
            "a claim of one node for pods on several",
            deployment(
                "web",
                "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
                "[{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: "
                "web}}}]}},\n      containers: [{name: main, image: 'x/y:1'}],\n      volumes: [{name: d, "
                "persistentVolumeClaim: {claimName: data}}]",
                3) +
                object_head("v1", "PersistentVolumeClaim", "data") + "spec: {accessModes: [ReadWriteOnce]}\n",
            "claim-one-node",
            {"PersistentVolumeClaim data", "ReadWriteOnce", "one node alone"},
            "[ReadWriteOnce]",
            "[ReadWriteMany]"},
        DetectorCase{
            "a Secret of another namespace without a grant",
            object_head("gateway.networking.k8s.io/v1", "Gateway", "public") +
                "spec: {listeners: [{name: https, tls: {certificateRefs: [{name: web-tls, namespace: "
                "certs}]}}]}\n" +
                "---\napiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata: {name: "
                "g, "
                "namespace: certs}\nspec: {from: [{kind: Gateway, namespace: shop}], to: [{kind: "
                "Service}]}\n",
            "reference-not-granted",
            {"listener https", "Secret web-tls", "RefNotPermitted"},
            "[{kind: Service}]",
            "[{kind: Secret}]"},
        DetectorCase{
            "a label that Istio does not know",
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: batch, labels: {istio-injection: enable}}\n",
            "injection-label",
            {"istio-injection=enable", "no sidecar"},
            "istio-injection: enable}",
            "istio-injection: enabled}"},
        DetectorCase{
            "replicas that two set",
            deployment("web", plain_pod, 2) +
                object_head("autoscaling/v2", "HorizontalPodAutoscaler", "web") +
                "spec: {scaleTargetRef: {kind: Deployment, name: web}, minReplicas: 2, maxReplicas: 9}\n" +
                "---\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web, namespace: "
                "argocd}\nspec: {destination: {namespace: shop}, syncPolicy: {automated: {selfHeal: "
                "true}}}\n",
            "replicas-set-back",
            {"back to 2 replicas", "selfHeal"},
            "selfHeal: true",
            "selfHeal: false"},
        DetectorCase{"KEDA's target",
                     deployment("worker", plain_pod, 1) +
                         object_head("keda.sh/v1alpha1", "ScaledObject", "worker") +
                         "spec: {scaleTargetRef: {name: worker-app}}\n",
                     "scaler-target-missing",
                     {"Deployment worker-app", "does not exist", "there is worker"},
                     "name: worker-app",
                     "name: worker",
                     {{"deployment", "shop"}}},
        DetectorCase{
            "KEDA's own condition",
            object_head("keda.sh/v1alpha1", "ScaledObject", "worker") +
                "spec: {scaleTargetRef: {name: worker}}\nstatus: {conditions: [{type: Ready, status: "
                "'False', reason: ScaledObjectCheckFailed, message: no scaler of the type found}]}\n",
            "scaler-not-ready",
            {"no scaler of the type found"},
            "'False'",
            "'True'"}));

// True where a line of the observation quotes the text.
bool quotes(const Observation& observation, const std::string& text) {
  return std::any_of(observation.lines.begin(), observation.lines.end(),
                     [&](const EvidenceLine& line) { return line.quote.find(text) != std::string::npos; });
}

TEST(ManifestEvidence, ThePortBesideTheHostIsQuotedFirst) {
  const auto found =
      detect_in(deployment("web",
                           "containers: [{name: main, image: 'x/y:1', env: [{name: DB_HOST, value: "
                           "db},\n      {name: DB_PORT, value: '5433'}]}]",
                           1) +
                    object_head("v1", "Service", "db") + "spec: {ports: [{port: 5432}]}\n",
                {}, "What is wrong?");
  const Observation* made = find_by(found, "host-port");
  ASSERT_NE(made, nullptr);
  EXPECT_NE(made->lines.front().quote.find("5433"), std::string::npos);
}

TEST(ManifestEvidence, TheVariableThatACauseNamesIsQuoted) {
  const auto found =
      detect_in(deployment("web",
                           "containers: [{name: main, image: 'x/y:1', env: [\n        {name: "
                           "TOKEN,\n         valueFrom: {secretKeyRef: {name: api, key: t}}}]}]",
                           1),
                {{"secret", "shop"}}, "What is wrong?");
  const Observation* made = find_by(found, "secret-missing");
  ASSERT_NE(made, nullptr);
  EXPECT_NE(made->cause.find("env TOKEN"), std::string::npos);
  EXPECT_TRUE(quotes(*made, "name: TOKEN"));
}

TEST(ManifestEvidence, AWorkloadWithoutPodsMayBeWell) {
  const std::string yaml = deployment("web", plain_pod, 2);
  const auto found = detect_in(yaml + "status: {readyReplicas: 2}\n", {}, "Is anything wrong?");
  const Observation* made = find_by(found, "no-fault");
  ASSERT_NE(made, nullptr);
  EXPECT_NE(made->cause.find("2/2 available"), std::string::npos);
  EXPECT_EQ(find_by(detect_in(yaml + "status: {readyReplicas: 1}\n", {}, "Is anything wrong?"), "no-fault"),
            nullptr);
}

TEST(ManifestEvidence, ManifestsThatFitTogetherAreWell) {
  const std::string fits = deployment("web", plain_pod, 2);
  const auto found = detect_in(fits, {}, "Anything wrong in these manifests?");
  ASSERT_NE(find_by(found, "no-fault"), nullptr);
  EXPECT_NE(find_by(found, "no-fault")->cause.find("fit together"), std::string::npos);
  EXPECT_EQ(find_by(detect_in(fits, {}, "Why does it not start?"), "no-fault"), nullptr);
}

TEST(ManifestEvidence, CertificatesThatAreReadyAreWell) {
  const auto with = [](const char* ready) {
    return object_head("cert-manager.io/v1", "Certificate", "shop-tls") +
           "spec: {dnsNames: [shop.example]}\nstatus: {notAfter: '2026-01-02T03:04:05Z', conditions: [{type: "
           "Ready, "
           "status: '" +
           ready + "'}]}\n";
  };
  const char* const question = "Is something wrong with the certificate of shop.example?";
  const auto found = detect_in(with("True"), {}, question);
  ASSERT_NE(find_by(found, "no-fault"), nullptr);
  EXPECT_NE(find_by(found, "no-fault")->cause.find("valid until 2026-01-02T03:04:05Z"), std::string::npos);
  EXPECT_EQ(find_by(detect_in(with("False"), {}, question), "no-fault"), nullptr);
}

TEST(ManifestEvidence, APolicyWithoutDnsAnswersAQuestionAboutNames) {
  const auto found =
      detect_in(deployment("web",
                           "containers: [{name: main, image: 'x/y:1', env: [{name: API_URL, value: "
                           "'http://api:80'}]}]",
                           1) +
                    deployment("api", plain_pod, 1) + object_head("v1", "Service", "api") +
                    "spec: {selector: {app: api}, ports: [{port: 80, targetPort: 8080}]}\n" +
                    object_head("networking.k8s.io/v1", "NetworkPolicy", "out") +
                    "spec: {podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: "
                    "443}]}]}\n",
                {}, "Pods cannot resolve names. Why?");
  const Observation* dns = find_by(found, "policy-denies-dns");
  const Observation* blocked = find_by(found, "policy-blocks-egress");
  ASSERT_NE(dns, nullptr);
  ASSERT_NE(blocked, nullptr);
  EXPECT_GE(dns->weight, blocked->weight);
  EXPECT_NE(blocked->cause.find("api listens on port 8080; DNS (port 53)"), std::string::npos)
      << blocked->cause;
}

TEST(ManifestDetectors, ACronJobWhoseHelperNeverEndsRunsOnce) {
  run_case(
      {"sidecar",
       object_head("batch/v1", "CronJob", "export") +
           "spec: {schedule: '15 4 * * *', concurrencyPolicy: Forbid, jobTemplate: {spec: {template: {spec: "
           "{restartPolicy: Never, containers: [{name: export, image: 'x/export:1'}, {name: sql-proxy, "
           "image: "
           "'x/cloud-sql-proxy:2'}]}}}}}\n",
       "job-sidecar",
       {"the sidecar sql-proxy", "beside export", "concurrencyPolicy Forbid"},
       "name: sql-proxy, image: 'x/cloud-sql-proxy:2'",
       "name: check, image: 'x/check:2'",
       {},
       "Why did export run only once?"});
}

TEST(ManifestDetectors, AMonitorWhosePortNoPolicyLetsIn) {
  const std::string policy =
      object_head("networking.k8s.io/v1", "NetworkPolicy", "allow-prometheus") +
      "spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: "
      "{kubernetes.io/metadata.name: monitoring}}}], ports: [{port: 8080}]}]}\n";
  run_case(
      {"scraped port",
       deployment("stock",
                  "containers: [{name: main, image: 'x/y:1', ports: [{containerPort: 8080, name: http}, "
                  "{containerPort: 9102, name: metrics}]}]") +
           policy +
           "---\napiVersion: v1\nkind: Service\nmetadata: {name: stock, namespace: shop, labels: {of: "
           "stock}}\n"
           "spec: {selector: {app: stock}, ports: [{name: metrics, port: 9100, targetPort: metrics}]}\n" +
           object_head("monitoring.coreos.com/v1", "ServiceMonitor", "stock") +
           "spec: {selector: {matchLabels: {of: stock}}, endpoints: [{port: metrics}]}\n",
       "policy-blocks-ingress",
       {"NetworkPolicy allow-prometheus", "port 8080", "on port 9102"},
       "ports: [{port: 8080}]",
       "ports: [{port: 8080}, {port: metrics}]",
       {},
       "Why is the target down?"});
}

TEST(ManifestDetectors, AClassWhoseControllerRunsIsNotMissing) {
  const std::string ingress = object_head("networking.k8s.io/v1", "Ingress", "web") +
                              "spec: {ingressClassName: nginx, rules: [{host: a.test}]}\n"
                              "status: {loadBalancer: {}}\n";
  const std::string controller =
      "---\napiVersion: v1\nkind: Pod\nmetadata: {name: ingress-nginx-controller-1, namespace: edge}\nspec: "
      "{containers: [{name: c, image: 'x/y:1'}]}\nstatus: {phase: Running, conditions: [{type: Ready, "
      "status: "
      "'True'}], containerStatuses: [{name: c, ready: true, restartCount: 0, state: {running: {}}}]}\n";
  EXPECT_NE(find_by(detect_in(ingress, {}, "Why 502?"), "ingress-class-missing"), nullptr);
  EXPECT_EQ(find_by(detect_in(ingress + controller, {}, "Why 502?"), "ingress-class-missing"), nullptr);
  // Of a manifest nobody can tell whether it is served.
  const std::string manifest = ingress.substr(0, ingress.find("status:"));
  EXPECT_EQ(find_by(detect_in(manifest, {}, "Why 502?"), "ingress-class-missing"), nullptr);
}

TEST(ManifestDetectors, WhoTheQuestionSaysCallsWhomIsJudgedByThePolicy) {
  const auto cause = [](const std::string& zone) {
    const auto space = [](const std::string& name, const std::string& label) {
      return "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: " + name + ", labels: {zone: " + label +
             "}}\n";
    };
    const std::string caller =
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: checkout-web, namespace: desk}\nspec: "
        "{selector: "
        "{matchLabels: {app: checkout}}, template: {metadata: {labels: {app: checkout}}, spec: {" +
        plain_pod + "}}}\n";
    const auto found = detect_in(
        deployment("fx-rates", plain_pod) + caller + space("shop", "core") + space("desk", zone) +
            object_head("v1", "Service", "fx-rates") +
            "spec: {selector: {app: fx-rates}, ports: [{port: 8080}]}\n" +
            object_head("networking.k8s.io/v1", "NetworkPolicy", "fx-in") +
            "spec: {podSelector: {matchLabels: {app: fx-rates}}, policyTypes: [Ingress], ingress: [{from: "
            "[{namespaceSelector: {matchLabels: {zone: payments}}}]}]}\n",
        {}, "checkout-web gets timeouts when it calls fx-rates. Why?");
    const Observation* one = find_by(found, "policy-blocks-ingress");
    return one == nullptr ? "" : one->cause;
  };
  EXPECT_NE(cause("payment").find("blocks the traffic from checkout-web to Service fx-rates"),
            std::string::npos)
      << cause("payment");
  EXPECT_EQ(cause("payments"), "");
}

}  // namespace
}  // namespace carrel
