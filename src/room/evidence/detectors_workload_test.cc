// Autoscalers, workloads, jobs, deliveries.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

class WorkloadDetectors : public testing::TestWithParam<DetectorCase> {};

TEST_P(WorkloadDetectors, FindsItAndIsSilentWhenMended) {
  run_case(GetParam());
}

std::string scaler(const std::string& spec, const std::string& status = "") {
  return object_head("autoscaling/v2", "HorizontalPodAutoscaler", "api") +
         "spec: {scaleTargetRef: {kind: Deployment, name: api}, " + spec + "}\n" + status;
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, WorkloadDetectors,
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
            "suspend: false",
            {},
            "Why does load not run?"},
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
