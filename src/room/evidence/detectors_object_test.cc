// References, storage, network, autoscalers, workloads, jobs, deliveries.
#include <gmock/gmock.h>
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

std::string scaler(const std::string& spec, const std::string& status = "") {
  return object_head("autoscaling/v2", "HorizontalPodAutoscaler", "api") +
         "spec: {scaleTargetRef: {kind: Deployment, name: api}, " + spec + "}\n" + status;
}

INSTANTIATE_TEST_SUITE_P(
    Workloads, ObjectDetectors,
    testing::Values(
        DetectorCase{"no requests to scale by",
                     deployment("api", "containers: [{name: api, image: 'x/y:1', resources: {}}]") +
                         scaler("maxReplicas: 5, metrics: [{type: Resource, resource: {name: cpu, target: "
                                "{type: Utilization, "
                                "averageUtilization: 50}}}]"),
                     "scaler-no-requests",
                     {"cpu", "no resource requests"},
                     "resources: {}",
                     "resources: {requests: {cpu: 100m}}"},
        DetectorCase{"target that is not there",
                     scaler("maxReplicas: 5"),
                     "scaler-target-missing",
                     {"Deployment api", "does not exist"},
                     "kind: Deployment",
                     "kind: Rollout",
                     {{"deployment", "shop"}}},
        DetectorCase{"no room to scale",
                     deployment("api", plain_pod) + scaler("minReplicas: 3, maxReplicas: 3"),
                     "scaler-no-room",
                     {"minReplicas 3", "maxReplicas 3"},
                     "maxReplicas: 3",
                     "maxReplicas: 6"},
        DetectorCase{"zero replicas",
                     deployment("api", plain_pod, 0),
                     "workload-zero-replicas",
                     {"scaled to 0 replicas"},
                     "replicas: 0",
                     "replicas: 2",
                     {},
                     "Why is api not running?"},
        DetectorCase{"partition of a rolling update",
                     object_head("apps/v1", "StatefulSet", "db") +
                         "spec: {replicas: 4, updateStrategy: {rollingUpdate: {partition: 3}}}\n"
                         "status: {currentRevision: db-6, updateRevision: db-7}\n",
                     "rollout-partition",
                     {"partition of 3", "old revision"},
                     "partition: 3",
                     "partition: 0"},
        DetectorCase{
            "route that its gateway does not let in",
            object_head("gateway.networking.k8s.io/v1", "HTTPRoute", "partner") +
                "spec: {parentRefs: [{name: public}]}\nstatus: {parents: [{conditions: [{type: Accepted, "
                "status: 'False', reason: NotAllowedByListeners, message: No listeners allowed it}]}]}\n",
            "attachment-refused",
            {"NotAllowedByListeners", "partner"},
            "status: 'False'",
            "status: 'True'"},
        DetectorCase{"paused",
                     object_head("apps/v1", "Deployment", "api") + "spec: {paused: true}\n",
                     "rollout-paused",
                     {"paused"},
                     "paused: true",
                     "paused: false"},
        DetectorCase{"selector of its own",
                     object_head("apps/v1", "Deployment", "api") +
                         "spec: {selector: {matchLabels: {app: api}}, template: {metadata: {labels: "
                         "{app: web}}, spec: {" +
                         plain_pod + "}}}\n",
                     "workload-selector",
                     {"app=api", "app=web"},
                     "labels: {app: web}",
                     "labels: {app: api}"},
        DetectorCase{"job deadline",
                     object_head("batch/v1", "Job", "load") +
                         "spec: {activeDeadlineSeconds: 60}\nstatus: {conditions: [{type: Failed, status: "
                         "'True', reason: DeadlineExceeded}]}\n",
                     "job-failed",
                     {"activeDeadlineSeconds of 60", "DeadlineExceeded"},
                     "type: Failed",
                     "type: Complete"},
        DetectorCase{"job deadline told by an event alone",
                     object_head("batch/v1", "Job", "load") + "spec: {activeDeadlineSeconds: 60}\n" +
                         event_about("Job", "load", "DeadlineExceeded",
                                     "Job was active longer than specified deadline"),
                     "job-failed",
                     {"activeDeadlineSeconds of 60", "DeadlineExceeded"},
                     "reason: DeadlineExceeded",
                     "reason: Completed"},
        DetectorCase{
            "suspended cron job",
            object_head("batch/v1", "CronJob", "load") + "spec: {schedule: '*/5 * * * *', suspend: true}\n",
            "cronjob-suspended",
            {"suspended"},
            "suspend: true",
            "suspend: false"},
        DetectorCase{"cron schedule",
                     object_head("batch/v1", "CronJob", "load") + "spec: {schedule: 'every day'}\n",
                     "cronjob-schedule",
                     {"every day"},
                     "every day",
                     "0 3 * * *"},
        DetectorCase{
            "cron job that waits for an old run",
            object_head("batch/v1", "CronJob", "load") +
                "spec: {schedule: '*/5 * * * *', concurrencyPolicy: Forbid}\n" +
                object_head("v1", "Event", "load.1") +
                "involvedObject: {kind: CronJob, namespace: shop, name: load}\nreason: JobAlreadyActive\n"
                "message: Not starting job because prior execution is running\ntype: Normal\n",
            "cronjob-blocked",
            {"prior execution is running"},
            "JobAlreadyActive",
            "SawCompletedJob"},
        DetectorCase{"two autoscalers of one workload",
                     "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\n"
                     "metadata: {name: web, namespace: shop}\n"
                     "spec: {scaleTargetRef: {kind: Deployment, name: web}}\n---\n"
                     "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\n"
                     "metadata: {name: keda-hpa-web, namespace: shop}\n"
                     "spec: {scaleTargetRef: {kind: Deployment, name: web}}\n",
                     "scaler-rivals",
                     {"web and keda-hpa-web", "Deployment web"},
                     "spec: {scaleTargetRef: {kind: Deployment, name: web}}\n---",
                     "spec: {scaleTargetRef: {kind: Deployment, name: api}}\n---"},
        DetectorCase{
            "disruption budget of a drain",
            "apiVersion: v1\nkind: Node\nmetadata: {name: w-1.internal}\nspec: {unschedulable: true}\n" +
                object_head("policy/v1", "PodDisruptionBudget", "api") + "spec: {maxUnavailable: 0}\n",
            "budget-blocks",
            {"the drain of node w-1.internal"},
            "maxUnavailable: 0",
            "maxUnavailable: 1",
            {},
            "Why does the drain of node w-1.internal not end?"},
        DetectorCase{"disruption budget",
                     object_head("policy/v1", "PodDisruptionBudget", "api") + "spec: {maxUnavailable: 0}\n",
                     "budget-blocks",
                     {"maxUnavailable 0"},
                     "maxUnavailable: 0",
                     "maxUnavailable: 1"},
        DetectorCase{
            "a route that no listener takes",
            object_head("gateway.networking.k8s.io/v1", "HTTPRoute", "docs") +
                "spec: {parentRefs: [{name: edge, namespace: front}]}\n---\napiVersion: "
                "gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: edge, namespace: front}\n"
                "spec: {listeners: [{name: http, port: 80, allowedRoutes: {namespaces: {from: Same}}}]}\n",
            "route-not-allowed",
            {"listener http", "same namespace"},
            "from: Same",
            "from: All"},
        DetectorCase{
            "a monitor of a port that is called otherwise",
            object_head("monitoring.coreos.com/v1", "ServiceMonitor", "api") +
                "spec: {selector: {matchLabels: {app: api}}, endpoints: [{port: metrics}]}\n---\napiVersion: "
                "v1\nkind: Service\nmetadata: {name: api, namespace: shop, labels: {app: api}}\n"
                "spec: {ports: [{name: http-metrics, port: 9090}]}\n",
            "monitor-port",
            {"the port metrics", "http-metrics"},
            "port: metrics",
            "port: http-metrics"},
        DetectorCase{"a namespace that something in it holds",
                     "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\nstatus:\n  phase: "
                     "Terminating\n  conditions:\n"
                     "  - {type: NamespaceFinalizersRemaining, status: 'True', message: 'Some content in the "
                     "namespace has "
                     "finalizers remaining: example.test/topic in 2 resource instances'}\n",
                     "namespace-terminating",
                     {"stuck in Terminating", "example.test/topic"},
                     "phase: Terminating",
                     "phase: Active"},
        DetectorCase{
            "an object whose finalizer stays",
            "apiVersion: v1\nkind: Service\nmetadata: {name: edge, namespace: shop, deletionTimestamp: "
            "'2025-11-11T16:02:10Z', finalizers: [service.kubernetes.io/load-balancer-cleanup]}\n",
            "deletion-waits",
            {"2025-11-11T16:02:10Z", "load-balancer-cleanup"},
            "deletionTimestamp",
            "creationTimestamp"},
        DetectorCase{"a monitor that no Prometheus takes",
                     object_head("monitoring.coreos.com/v1", "Prometheus", "main") +
                         "spec: {serviceMonitorSelector: {matchLabels: {release: stack}}}\n---\napiVersion: "
                         "monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: api, namespace: "
                         "shop, labels: "
                         "{release: prometheus}}\nspec: {endpoints: [{port: http}]}\n",
                     "monitor-not-taken",
                     {"release=stack", "release=prometheus"},
                     "release: prometheus",
                     "release: stack"},
        DetectorCase{"a selector that takes in another program",
                     deployment("orders", plain_pod) +
                         "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: orders-admin, "
                         "namespace: shop}\nspec:\n"
                         "  template:\n    metadata: {labels: {app: orders, part: admin}}\n"
                         "    spec: {containers: [{name: admin, image: 'x/admin:3', ports: [{containerPort: "
                         "8080}]}]}\n" +
                         object_head("v1", "Service", "orders") +
                         "spec: {selector: {app: orders}, ports: [{port: 80, targetPort: 8080}]}\n",
                     "service-selects-stranger",
                     {"orders-admin", "app=orders"},
                     "labels: {app: orders, part: admin}",
                     "labels: {app: admin, part: admin}"},
        DetectorCase{
            "a probe of the port where health is not",
            deployment("api",
                       "containers: [{name: api, image: 'x/y:1', env: [{name: "
                       "MANAGEMENT_SERVER_PORT, value: '9090'}], "
                       "readinessProbe: {httpGet: {path: /actuator/ready, port: 8080}}, livenessProbe: "
                       "{httpGet: {path: /actuator/live, "
                       "port: 9090}}}]"),
            "probe-sibling-port",
            {"readiness probe", "8080", "MANAGEMENT_SERVER_PORT", "9090"},
            "port: 8080",
            "port: 9090"},
        DetectorCase{
            "an Ingress to a port that is called otherwise",
            object_head("v1", "Service", "api") + "spec: {ports: [{name: web, port: 8080}]}\n" +
                object_head("networking.k8s.io/v1", "Ingress", "front") +
                "spec: {rules: [{http: {paths: [{backend: {service: {name: api, port: {name: http}}}}]}}]}\n",
            "ingress-backend-port",
            {"port http", "8080 (named web)"},
            "name: web",
            "name: http"},
        DetectorCase{
            "a trigger on another queue",
            object_head("keda.sh/v1alpha1", "ScaledObject", "worker") +
                "spec: {scaleTargetRef: {name: worker}, triggers: [{type: rabbitmq, metadata: {queueName: "
                "orders}}]}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: worker, namespace: "
                "shop}\nspec: {template: {spec: {containers: [{name: w, env: [{name: AMQP_QUEUE, value: "
                "orders.priority}]}]}}}\n",
            "scaler-trigger",
            {"queueName orders", "AMQP_QUEUE=orders.priority"},
            "value: orders.priority",
            "value: \"mail,orders\""},
        DetectorCase{
            "a challenge",
            object_head("acme.cert-manager.io/v1", "Challenge", "shop-tls-1") +
                "spec: {type: DNS-01, dnsName: shop.example.com}\n"
                "status: {state: pending, reason: 'AccessDenied: not authorized to perform: ChangeRecord'}\n",
            "certificate-not-ready",
            {"DNS-01 for shop.example.com", "AccessDenied"},
            "state: pending",
            "state: valid"},
        DetectorCase{
            "a secret's source",
            object_head("external-secrets.io/v1", "ExternalSecret", "db") +
                "status: {conditions: [{type: Ready, status: 'False', reason: SecretSyncedError, message: "
                "could not get secret data}]}\n---\napiVersion: v1\nkind: Event\nmetadata: {name: e, "
                "namespace: shop}\ninvolvedObject: {kind: ExternalSecret, name: db, namespace: shop}\ntype: "
                "Warning\nreason: UpdateFailed\nmessage: 'error processing spec.data[0] (key: prod/db), err: "
                "Secret does not exist'\n",
            "custom-resource",
            {"SecretSyncedError", "could not get secret data", "prod/db"},
            "status: 'False'",
            "status: 'True'"},
        DetectorCase{"a job's sidecar",
                     object_head("v1", "Pod", "report-x7k2m") +
                         "spec: {restartPolicy: Never, containers: [{name: report}, {name: proxy}]}\n"
                         "status:\n  phase: Running\n  containerStatuses:\n"
                         "  - {name: proxy, state: {running: {startedAt: '2025-01-01T00:00:00Z'}}}\n"
                         "  - {name: report, state: {terminated: {exitCode: 0, reason: Completed}}}\n",
                     "job-sidecar",
                     {"container report has completed", "container proxy", "keeps running"},
                     "running: {startedAt: '2025-01-01T00:00:00Z'}",
                     "terminated: {exitCode: 0, reason: Completed}"},
        DetectorCase{
            "who filled the disk",
            object_head("v1", "Event", "e1") +
                "involvedObject: {kind: Pod, name: dump-1, namespace: shop}\ntype: Warning\nreason: Evicted\n"
                "message: 'The node was low on resource: ephemeral-storage. Container dump was using "
                "63963136Ki, "
                "request is 0.'\n" +
                object_head("v1", "Event", "e2") +
                "involvedObject: {kind: Pod, name: cart-1, namespace: shop}\ntype: Warning\nreason: Evicted\n"
                "message: 'The node was low on resource: ephemeral-storage. Container cart was using 148Ki, "
                "request is 0.'\n",
            "node-event",
            {"Container dump", "63963136Ki"},
            "reason: Evicted",
            "reason: Killing"},
        DetectorCase{
            "Argo CD",
            object_head("argoproj.io/v1alpha1", "Application", "store") +
                "status: {sync: {status: OutOfSync}, health: {status: Missing}, operationState: {phase: "
                "Failed, message: "
                "'namespaces \"stor\" not found'}}\n",
            "delivery-failed",
            {"OutOfSync", "\"stor\" not found"},
            "{sync: {status: OutOfSync}, health: {status: Missing}, operationState: {phase: Failed,",
            "{sync: {status: Synced}, health: {status: Healthy}, operationState: {phase: Succeeded,"},
        DetectorCase{"certificate",
                     object_head("cert-manager.io/v1", "Certificate", "web") +
                         "status: {conditions: [{type: Ready, status: 'False', reason: "
                         "DoesNotExist, message: issuer letsencrypt not found}]}\n",
                     "certificate-not-ready",
                     {"issuer letsencrypt not found"},
                     "'False'",
                     "'True'"},
        DetectorCase{"usage near the limit",
                     object_head("v1", "Pod", "api-0") +
                         "spec: {containers: [{name: api, image: 'x/y:1', resources: {limits: {cpu: "
                         "'1'}}}]}\nstatus: {phase: "
                         "Running}\n" +
                         object_head("metrics.k8s.io/v1beta1", "PodMetrics", "api-0") +
                         "containers: [{name: api, usage: {cpu: 950m}}]\n",
                     "cpu-near-limit",
                     {"950m", "95%", "limit of 1"},
                     "950m",
                     "150m"}));

TEST(Secrets, WhatMakesOneIsToldByItsEventsAlone) {
  const auto found = detect_in(
      event_about("ExternalSecret", "db", "UpdateFailed", "error retrieving secret: * Vault is sealed"), {},
      "Why?");
  const Observation* one = find_by(found, "custom-resource");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->makes.name, "db");
  EXPECT_THAT(one->cause,
              testing::HasSubstr("ExternalSecret db in namespace shop makes no Secret (UpdateFailed): error "
                                 "retrieving secret: * Vault is sealed"));
}

TEST(Scaler, OneThatIsContentIsNoFault) {
  const auto found = [](int usage, int wanted, const std::string& question) {
    return detect_in(
        deployment("api", "containers: [{name: api, image: 'x/y:1', resources: {requests: {cpu: 500m}}}]") +
            scaler(
                "minReplicas: 3, maxReplicas: 20, metrics: [{type: Resource, resource: {name: cpu, target: "
                "{type: "
                "Utilization, averageUtilization: 70}}}]",
                "status: {currentReplicas: 3, desiredReplicas: " + std::to_string(wanted) +
                    ", currentMetrics: [{type: Resource, resource: {name: cpu, current: "
                    "{averageUtilization: " +
                    std::to_string(usage) +
                    "}}}], conditions: [{type: ScalingActive, status: 'True', reason: ValidMetricFound}]}\n"),
        {}, question);
  };
  const std::string asked = "The HPA of api stays at 3 replicas. What is broken?";
  const auto content = found(41, 3, asked);
  const Observation* one = find_by(content, "scaler-content");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->verdict, Verdict::no_fault);
  EXPECT_EQ(one->cause,
            "No fault found: HorizontalPodAutoscaler api in namespace shop works as it should: cpu is at 41% "
            "of its "
            "request, below the target of 70%, so 3 replicas are enough.");
  EXPECT_EQ(find_by(found(91, 3, asked), "scaler-content"), nullptr);
  EXPECT_EQ(find_by(found(41, 4, asked), "scaler-content"), nullptr);
  EXPECT_EQ(find_by(found(41, 3, "Why is api slow?"), "scaler-content"), nullptr);
}

}  // namespace
}  // namespace carrel
