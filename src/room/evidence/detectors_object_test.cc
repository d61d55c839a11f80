// References, storage, network.
#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

class ObjectDetectors : public testing::TestWithParam<DetectorCase> {};

TEST_P(ObjectDetectors, FindsItAndIsSilentWhenMended) {
  run_case(GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    References, ObjectDetectors,
    testing::Values(
        DetectorCase{
            "missing Secret",
            deployment(
                "db",
                "containers: [{name: db, image: 'x/db:1', env: [{name: PASSWORD, valueFrom: {secretKeyRef: "
                "{name: db-secret, key: password}}}]}]") +
                object_head("v1", "Secret", "db-credentials") + "data: {password: eA==}\n",
            "secret-missing",
            {"Secret db-secret", "does not exist", "env PASSWORD", "db-credentials"},
            "name: db-secret",
            "name: db-credentials",
            {{"secret", "shop"}}},
        DetectorCase{
            "a Secret where a ConfigMap is meant",
            deployment(
                "db",
                "containers: [{name: db, image: 'x/db:1', envFrom: [{configMapRef: {name: settings}}]}]") +
                object_head("v1", "Secret", "settings") + "data: {a: eA==}\n",
            "configmap-missing",
            {"ConfigMap settings", "is the name of a Secret"},
            "configMapRef",
            "secretRef"},
        DetectorCase{
            "missing key",
            deployment(
                "db",
                "containers: [{name: db, image: 'x/db:1', env: [{name: HOST, valueFrom: {configMapKeyRef: "
                "{name: settings, key: db_host}}}]}]") +
                object_head("v1", "ConfigMap", "settings") + "data: {database_host: db}\n",
            "key-missing",
            {"no key db_host", "database_host"},
            "key: db_host",
            "key: database_host"},
        DetectorCase{"missing service account",
                     deployment("db", "serviceAccountName: runner, " + plain_pod),
                     "serviceaccount-missing",
                     {"ServiceAccount runner", "does not exist"},
                     "serviceAccountName: runner",
                     "serviceAccountName: default",
                     {{"serviceaccount", "shop"}}},
        DetectorCase{
            "a file that is not mounted",
            deployment(
                "db",
                "containers: [{name: db, image: 'x/db:1', command: [sh, -c, 'serve --config "
                "/etc/app/app.yaml'], "
                "volumeMounts: [{name: config, mountPath: /etc/app}]}], volumes: [{name: config, configMap: "
                "{name: settings}}]") +
                object_head("v1", "ConfigMap", "settings") + "data: {application.yaml: 'a: 1'}\n",
            "mounted-file-missing",
            {"/etc/app/app.yaml", "application.yaml"},
            "application.yaml",
            "app.yaml"},
        DetectorCase{
            "misspelled namespace",
            deployment("db", plain_pod) + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shops}\n",
            "namespace-missing",
            {"namespace shop,", "typo of shops"},
            "name: shops}",
            "name: shop}"},
        DetectorCase{"a host that is no Service",
                     deployment("web",
                                "containers: [{name: web, image: 'x/web:1', env: [{name: API_URL, value: "
                                "'http://backend:8080/v1'}]}]") +
                         object_head("v1", "Service", "backend-api") + "spec: {ports: [{port: 8080}]}\n",
                     "host-missing",
                     {"backend:8080", "no Service backend", "backend-api"},
                     "http://backend:",
                     "http://backend-api:",
                     {{"service", "shop"}}},
        DetectorCase{
            "a port that the Service has not",
            deployment(
                "web",
                "containers: [{name: web, image: 'x/web:1', command: [sh, -c, 'curl http://api:9000/']}]") +
                object_head("v1", "Service", "api") + "spec: {ports: [{port: 80}]}\n",
            "host-port",
            {"9000", "only port 80"},
            "api:9000",
            "api:80"}));

INSTANTIATE_TEST_SUITE_P(
    Commands, ObjectDetectors,
    testing::Values(
        DetectorCase{
            "a host that a tool is given",
            deployment("web",
                       "initContainers: [{name: wait, image: 'x/web:1', command: [sh, -c, 'until nc -z db "
                       "5432; do sleep 1; done']}], " +
                           plain_pod) +
                object_head("v1", "Service", "db-main") + "spec: {ports: [{port: 5432}]}\n",
            "host-missing",
            {"db:5432", "db-main"},
            "nc -z db ",
            "nc -z db-main ",
            {{"service", "shop"}}},
        DetectorCase{
            "host and port in two variables",
            deployment("web",
                       "containers: [{name: web, image: 'x/web:1', env: [{name: DB_HOST, value: db}, {name: "
                       "DB_PORT, value: '5433'}]}]") +
                object_head("v1", "Service", "db") + "spec: {ports: [{port: 5432}]}\n",
            "host-port",
            {"5433", "only port 5432"},
            "'5433'",
            "'5432'"},
        DetectorCase{"a host in a ConfigMap",
                     object_head("v1", "ConfigMap", "settings") +
                         "data: {db.url: 'jdbc:postgresql://postgres:5432/app'}\n" +
                         object_head("v1", "Service", "postgresql") + "spec: {ports: [{port: 5432}]}\n",
                     "host-missing",
                     {"ConfigMap settings", "postgres:5432"},
                     "//postgres:",
                     "//postgresql:",
                     {{"service", "shop"}}},
        DetectorCase{
            "a variable that the script demands",
            deployment(
                "web",
                "containers: [{name: web, image: 'x/web:1', command: [sh, -c, 'if [ -z \"$API_KEY\" ]; "
                "then exit 1; fi; serve'], env: [{name: API_TOKEN, value: x}]}]"),
            "variable-missing",
            {"API_KEY"},
            "API_TOKEN",
            "API_KEY"},
        DetectorCase{
            "a heap beyond the limit",
            deployment(
                "web",
                "containers: [{name: web, image: 'x/web:1', command: [java, '-Xmx2g', '-jar', app.jar], "
                "resources: {limits: {memory: 512Mi}}}]"),
            "memory-limit-too-small",
            {"-Xmx2g", "512Mi"},
            "512Mi",
            "4Gi"},
        DetectorCase{"a typo of an official image",
                     deployment("web", "containers: [{name: web, image: 'ngnix:1.25'}]"),
                     "image-name",
                     {"ngnix:1.25", "typo of nginx"},
                     "ngnix",
                     "nginx"},
        DetectorCase{
            "the port of the command",
            deployment(
                "api",
                "containers: [{name: api, image: 'x/api:1', command: [python, -m, http.server, '8000'], "
                "ports: [{containerPort: 8080}]}]") +
                object_head("v1", "Service", "api") +
                "spec: {selector: {app: api}, ports: [{port: 80, targetPort: 8080}]}\n",
            "service-target-port",
            {"targetPort 8080", "8000"},
            "targetPort: 8080",
            "targetPort: 8000"},
        DetectorCase{
            "another resolver",
            deployment("api", "dnsPolicy: None, dnsConfig: {nameservers: [192.0.2.1]}, " + plain_pod),
            "dns-policy",
            {"dnsPolicy None", "192.0.2.1"},
            "dnsPolicy: None",
            "dnsPolicy: ClusterFirst"}));

const std::string mounts_data =
    "containers: [{name: db, image: 'x/db:1'}], volumes: [{name: data, persistentVolumeClaim: "
    "{claimName: data}}]";

INSTANTIATE_TEST_SUITE_P(
    Storage, ObjectDetectors,
    testing::Values(
        DetectorCase{"storage class",
                     object_head("v1", "PersistentVolumeClaim", "data") +
                         "spec: {storageClassName: fast}\nstatus: {phase: Pending}\n---\n"
                         "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: "
                         "{name: standard}\n",
                     "claim-class-missing",
                     {"storageClassName fast does not exist", "standard"},
                     "storageClassName: fast",
                     "storageClassName: standard",
                     {{"storageclass", ""}}},
        DetectorCase{"claim that nobody made",
                     deployment("db", mounts_data),
                     "claim-missing",
                     {"PersistentVolumeClaim data", "does not exist"},
                     "claimName: data",
                     "name: nothing",
                     {{"persistentvolumeclaim", "shop"}}},
        DetectorCase{"volume too small",
                     object_head("v1", "PersistentVolumeClaim", "data") +
                         "spec: {storageClassName: manual, resources: {requests: {storage: 20Gi}}}\nstatus: "
                         "{phase: Pending}\n---\n"
                         "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: pv1}\nspec: "
                         "{storageClassName: manual, "
                         "capacity: {storage: 5Gi}}\n",
                     "claim-misfit",
                     {"pv1", "only 5Gi", "20Gi"},
                     "storage: 5Gi",
                     "storage: 50Gi"},
        DetectorCase{"provisioner",
                     object_head("v1", "PersistentVolumeClaim", "data") +
                         "spec: {storageClassName: fast}\nstatus: {phase: Pending}\n" +
                         event_about("PersistentVolumeClaim", "data", "ProvisioningFailed",
                                     "disk quota of the zone is used up"),
                     "claim-provisioning",
                     {"disk quota of the zone"},
                     "phase: Pending",
                     "phase: Bound"},
        DetectorCase{
            "volume on another node",
            object_head("v1", "Pod", "db-0") +
                "spec: {nodeName: n2, containers: [{name: db, image: 'x/db:1'}], volumes: [{name: data, "
                "persistentVolumeClaim: {claimName: data}}]}\nstatus: {phase: Pending}\n" +
                object_head("v1", "PersistentVolumeClaim", "data") +
                "spec: {volumeName: pv1}\nstatus: {phase: Bound}\n---\n"
                "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: pv1}\nspec: {nodeAffinity: "
                "{required: "
                "{nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, "
                "values: [n1]}]}]}}}\n",
            "volume-other-node",
            {"pv1", "n1", "n2", "another node"},
            "values: [n1]",
            "values: [n2]"},
        DetectorCase{"mount of a missing Secret",
                     object_head("v1", "Pod", "db-0") +
                         "spec: {containers: [{name: db, image: 'x/db:1'}]}\nstatus: {phase: Pending}\n" +
                         event_about("Pod", "db-0", "FailedMount",
                                     "MountVolume.SetUp failed for volume \"tls\" : secret "
                                     "\"db-tls\" not found"),
                     "volume-mount",
                     {"Secret db-tls", "does not exist"},
                     "reason: FailedMount",
                     "reason: Mounted"}));

INSTANTIATE_TEST_SUITE_P(
    Network, ObjectDetectors,
    testing::Values(
        DetectorCase{"selector",
                     deployment("api", plain_pod) + object_head("v1", "Service", "api") +
                         "spec: {selector: {app: api, tier: back}, ports: [{port: 80, targetPort: 8080}]}\n",
                     "service-selects-nothing",
                     {"no endpoints", "tier"},
                     ", tier: back",
                     ""},
        DetectorCase{"target port",
                     deployment("api", plain_pod) + object_head("v1", "Service", "api") +
                         "spec: {selector: {app: api}, ports: [{port: 80, targetPort: 9090}]}\n",
                     "service-target-port",
                     {"targetPort 9090", "8080"},
                     "9090",
                     "8080"},
        DetectorCase{"target port by name",
                     deployment("api", plain_pod) + object_head("v1", "Service", "api") +
                         "spec: {selector: {app: api}, ports: [{port: 80, targetPort: web}]}\n",
                     "service-target-port",
                     {"targetPort web", "8080 (http)"},
                     "targetPort: web",
                     "targetPort: http"},
        DetectorCase{"ingress to no Service",
                     object_head("networking.k8s.io/v1", "Ingress", "web") +
                         "spec: {ingressClassName: nginx, rules: [{http: {paths: [{path: /, backend: "
                         "{service: {name: web-svc, "
                         "port: {number: 80}}}}]}}]}\n" +
                         object_head("v1", "Service", "web") +
                         "spec: {ports: [{port: 80}]}\n---\n"
                         "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: nginx}\n",
                     "ingress-backend-missing",
                     {"Service web-svc", "does not exist"},
                     "name: web-svc",
                     "name: web",
                     {{"service", "shop"}}},
        DetectorCase{"ingress class",
                     object_head("networking.k8s.io/v1", "Ingress", "web") +
                         "spec: {ingressClassName: ngnix}\n---\napiVersion: "
                         "networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: "
                         "nginx}\n",
                     "ingress-class-missing",
                     {"ngnix", "does not exist", "nginx"},
                     "ngnix",
                     "nginx",
                     {{"ingressclass", ""}}},
        DetectorCase{"no egress, so no DNS",
                     deployment("api", plain_pod) +
                         object_head("networking.k8s.io/v1", "NetworkPolicy", "deny") +
                         "spec: {podSelector: {}, policyTypes: [Egress], egress: []}\n",
                     "policy-denies-egress",
                     {"deny", "all egress", "DNS"},
                     "egress: []",
                     "egress: [{}]"},
        DetectorCase{
            "a client that the policy does not let in",
            deployment(
                "web",
                "containers: [{name: web, image: 'x/web:1', command: [sh, -c, 'curl http://api:80/']}]") +
                deployment("api", plain_pod) + object_head("v1", "Service", "api") +
                "spec: {selector: {app: api}, ports: [{port: 80, targetPort: 8080}]}\n" +
                deployment("front", plain_pod) +
                object_head("networking.k8s.io/v1", "NetworkPolicy", "api-in") +
                "spec: {podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress], ingress: [{from: "
                "[{podSelector: "
                "{matchLabels: {app: front}}}]}]}\n",
            "policy-blocks-ingress",
            {"api-in", "app=front", "app=web"},
            "[{podSelector: {matchLabels: {app: front}}}]",
            "[{podSelector: {matchLabels: {app: web}}}]"},
        DetectorCase{
            "policy for pods of other namespaces",
            deployment("db", plain_pod) + object_head("v1", "Service", "db") +
                "spec: {selector: {app: db}, ports: [{port: 8080}]}\n" +
                object_head("networking.k8s.io/v1", "NetworkPolicy", "default-deny") +
                "spec: {podSelector: {}, policyTypes: [Ingress]}\n" +
                object_head("networking.k8s.io/v1", "NetworkPolicy", "allow-db") +
                "spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress], ingress: [{from: "
                "[{namespaceSelector: {matchLabels: {team: fraud}}, podSelector: {matchLabels: {app: "
                "screening}}}], ports: [{port: 8080}]}]}\n"
                "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: risk, labels: {team: risk}}\n"
                "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: screening, namespace: risk}\n"
                "spec: {selector: {matchLabels: {app: screening}}, template: {metadata: {labels: {app: "
                "screening}}, spec: {containers: [{name: s, image: 'x/y:1', env: [{name: DSN, value: "
                "'http://db.shop.svc:8080'}]}]}}}\n",
            "policy-blocks-ingress",
            {"allow-db", "pods labelled app=screening in namespaces labelled team=fraud",
             "namespace risk has the labels team=risk"},
            "labels: {team: risk}",
            "labels: {team: fraud}"}));

INSTANTIATE_TEST_SUITE_P(
    SubPaths, ObjectDetectors,
    testing::Values(DetectorCase{
        "ConfigMap that never changes",
        deployment("proxy",
                   "containers: [{name: nginx, image: 'x/y:1', volumeMounts: [{name: conf, mountPath: "
                   "/etc/a.conf, subPath: "
                   "a.conf}]}], volumes: [{name: conf, configMap: {name: upstreams}}]"),
        "mounted-by-subpath",
        {"Deployment proxy", "ConfigMap upstreams by subPath (a.conf)", "not updated in a running container"},
        "mountPath: /etc/a.conf, subPath: a.conf",
        "mountPath: /etc/conf.d",
        {},
        "We changed upstreams but proxy still uses the old one. Why doesn't it pick up the change?"}));

INSTANTIATE_TEST_SUITE_P(
    Canaries, ObjectDetectors,
    testing::Values(DetectorCase{
        "share of the requests",
        "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: preview, namespace: shop, "
        "annotations: "
        "{nginx.ingress.kubernetes.io/canary: 'true', nginx.ingress.kubernetes.io/canary-weight: '25'}}\n"
        "spec: {rules: [{host: api.shop.example, http: {paths: [{path: /, backend: {service: {name: "
        "api-preview, port: "
        "{number: 80}}}}]}}]}\n",
        "ingress-canary",
        {"Ingress preview", "25 % of the requests for api.shop.example", "api-preview"},
        "canary-weight: '25'",
        "canary-weight: '0'"}));

}  // namespace
}  // namespace carrel
