#include "room/bundle/kubectl_text.h"

#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace carrel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class KubectlTextTest : public ::testing::Test {
 protected:
  Inventory inventory_;

  bool read(const std::string& path, const std::string& text) {
    return read_kubectl_text(&inventory_, inventory_.add(Document{path, text, {}}));
  }

  const Object& the(std::string_view kind, std::string_view space, std::string_view name) {
    static const Object none = [] {
      Object object;
      object.value = &Value::null();
      return object;
    }();
    const Object* object = inventory_.find(kind, space, name);
    EXPECT_NE(object, nullptr) << kind << " " << space << "/" << name;
    return object == nullptr ? none : *object;
  }

  // Each text that a value holds stands in the lines that it names. What is derived (booleans, the type of a
  // condition that a table's READY stands for, a kind) is no text of the file.
  void expect_lines_hold(const Object& object) {
    const std::function<void(const Value&, const std::string&)> look = [&](const Value& value,
                                                                           const std::string& at) {
      for (const Value& item : value.items) look(item, at + "[]");
      for (const auto& [key, member] : value.members) look(member, at + "/" + key);
      if (!value.is(Value::Kind::string) && !value.is(Value::Kind::number)) return;
      static const char* derived[] = {"/conditions[]/type",
                                      "/conditions[]/status",
                                      "/operator",
                                      "/effect",
                                      "/count",
                                      "/involvedObject/",
                                      "/metadata/namespace",
                                      "/metadata/name",
                                      "/resource/name",
                                      "PodInitializing",
                                      "[]/type",
                                      "is-default-class"};
      for (const char* skip : derived) {
        if (at.find(skip) != std::string::npos || value.text() == skip) return;
      }
      std::string text;
      for (std::uint32_t line = value.line; line <= value.end_line; ++line) {
        text += std::string(object.file->line(line)) + "\n";
      }
      std::string first(value.text().substr(0, value.text().find('\n')));
      EXPECT_NE(text.find(first), std::string::npos)
          << at << " = " << first << " at line " << value.line << ": " << text;
    };
    look(*object.value, object.kind + " " + object.name);
  }

  void expect_all_lines_hold() {
    for (const Object& object : inventory_.all()) expect_lines_hold(object);
  }
};

constexpr const char* pod_description = R"(Name:                 ledger-7c9d8f6b5-x2x8q
Namespace:            payments
Priority:             100000
Priority Class Name:  business
Service Account:      ledger
Node:                 worker-3/10.1.0.13
Start Time:           Tue, 04 Mar 2025 08:11:09 +0000
Labels:               app=ledger
                      pod-template-hash=7c9d8f6b5
Annotations:          checksum/config: 91fa
                      kubectl.kubernetes.io/restartedAt: 2025-03-04T08:11:00Z
Status:               Running
IP:                   10.42.3.7
IPs:
  IP:           10.42.3.7
Controlled By:  ReplicaSet/ledger-7c9d8f6b5
Init Containers:
  migrate:
    Container ID:  containerd://11
    Image:         registry.test/ledger-migrate:4
    Port:          <none>
    Host Port:     <none>
    Command:
      /bin/sh
      -c
      for i in 1 2; do
        echo step: $i
      done
    State:          Terminated
      Reason:       Completed
      Exit Code:    0
      Started:      Tue, 04 Mar 2025 08:11:10 +0000
      Finished:     Tue, 04 Mar 2025 08:11:12 +0000
    Ready:          True
    Restart Count:  0
    Environment:    <none>
    Mounts:         <none>
Containers:
  ledger:
    Container ID:   containerd://22
    Image:          registry.test/ledger:4.1
    Image ID:       registry.test/ledger@sha256:0f
    Ports:          8080/TCP, 9090/TCP
    Host Ports:     0/TCP, 0/TCP
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       OOMKilled
      Exit Code:    137
      Started:      Tue, 04 Mar 2025 09:01:00 +0000
      Finished:     Tue, 04 Mar 2025 09:01:31 +0000
    Ready:          False
    Restart Count:  12
    Limits:
      cpu:     500m
      memory:  256Mi
    Requests:
      cpu:      100m
      memory:   128Mi
    Liveness:   http-get http://:8080/healthz delay=5s timeout=2s period=10s #success=1 #failure=3
    Readiness:  tcp-socket :8080 delay=0s timeout=1s period=10s #success=1 #failure=3
    Startup:    exec [sh -c test -f /tmp/up] delay=0s timeout=1s period=5s #success=1 #failure=30
    Environment Variables from:
      ledger-settings  ConfigMap  Optional: false
      ledger-extra     Secret     Optional: true
    Environment:
      MODE:         fast
      EMPTY:
      DB_PASSWORD:  <set to the key 'password' in secret 'ledger-db'>          Optional: false
      DB_URL:       <set to the key 'url' of config map 'ledger-settings'>     Optional: true
      POD_NAME:     ledger-7c9d8f6b5-x2x8q (v1:metadata.name)
      POD_IP:        (v1:status.podIP)
    Mounts:
      /data from data (rw)
      /etc/ledger.conf from settings (ro,path="ledger.conf")
Conditions:
  Type                        Status
  Initialized                 True 
  Ready                       False 
  PodScheduled                True 
Volumes:
  data:
    Type:       PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)
    ClaimName:  ledger-data
    ReadOnly:   false
  settings:
    Type:      ConfigMap (a volume populated by a ConfigMap)
    Name:      ledger-settings
    Optional:  false
  keys:
    Type:        Secret (a volume populated by a Secret)
    SecretName:  ledger-keys
    Optional:    true
QoS Class:       Burstable
Node-Selectors:  disktype=ssd
                 zone=a
Tolerations:     dedicated=payments:NoSchedule
                 node.kubernetes.io/not-ready:NoExecute op=Exists for 300s
Events:
  Type     Reason     Age                  From               Message
  ----     ------     ----                 ----               -------
  Normal   Scheduled  52m                  default-scheduler  Successfully assigned payments/ledger to worker-3
  Warning  BackOff    2m1s (x201 over 50m)  kubelet           Back-off restarting failed container ledger
  Warning  Unhealthy  51m                  kubelet            Readiness probe failed: dial tcp 10.42.3.7:8080:
connect: connection refused
)";

TEST_F(KubectlTextTest, APodIsReadWholly) {
  ASSERT_TRUE(read("kubectl/describe-pod-ledger.txt", pod_description));
  const Object& pod = the("pod", "payments", "ledger-7c9d8f6b5-x2x8q");
  EXPECT_EQ(pod.source, Object::Source::describe);
  EXPECT_EQ(pod.line, 1u);
  EXPECT_EQ(pod["metadata"]["labels"]["pod-template-hash"].text(), "7c9d8f6b5");
  EXPECT_EQ(pod["metadata"]["labels"]["pod-template-hash"].line, 9u);
  EXPECT_EQ(pod["metadata"]["annotations"]["checksum/config"].text(), "91fa");
  EXPECT_EQ(pod["metadata"]["ownerReferences"][0]["kind"].text(), "ReplicaSet");
  EXPECT_EQ(pod["spec"]["nodeName"].text(), "worker-3");
  EXPECT_EQ(pod["spec"]["priorityClassName"].text(), "business");
  EXPECT_EQ(pod["spec"]["serviceAccountName"].text(), "ledger");
  EXPECT_EQ(pod["status"]["phase"].text(), "Running");
  EXPECT_EQ(pod["status"]["startTime"].text(), "Tue, 04 Mar 2025 08:11:09 +0000");
  EXPECT_EQ(pod["spec"]["nodeSelector"]["zone"].text(), "a");
  EXPECT_EQ(pod["spec"]["tolerations"][0]["key"].text(), "dedicated");
  EXPECT_EQ(pod["spec"]["tolerations"][0]["value"].text(), "payments");
  EXPECT_EQ(pod["spec"]["tolerations"][0]["effect"].text(), "NoSchedule");
  EXPECT_EQ(pod["spec"]["tolerations"][1]["tolerationSeconds"].integer(), 300);
  EXPECT_EQ(pod["status"]["conditions"][1]["type"].text(), "Ready");
  EXPECT_EQ(pod["status"]["conditions"][1]["status"].text(), "False");
  expect_all_lines_hold();
}

TEST_F(KubectlTextTest, ItsContainersHaveTheirSpecAndTheirState) {
  read("describe-pod-ledger.txt", pod_description);
  const Object& pod = the("pod", "payments", "ledger-7c9d8f6b5-x2x8q");
  const Value& migrate = pod["spec"]["initContainers"][0];
  EXPECT_EQ(migrate["name"].text(), "migrate");
  ASSERT_EQ(migrate["command"].size(), 5u);
  EXPECT_EQ(migrate["command"][3].text(), "echo step: $i");
  EXPECT_FALSE(migrate["ports"].exists());
  EXPECT_EQ(pod["status"]["initContainerStatuses"][0]["state"]["terminated"]["exitCode"].integer(), 0);
  const Value& ledger = pod["spec"]["containers"][0];
  EXPECT_EQ(ledger["image"].text(), "registry.test/ledger:4.1");
  EXPECT_EQ(ledger["ports"][1]["containerPort"].integer(), 9090);
  EXPECT_EQ(ledger["resources"]["limits"]["memory"].text(), "256Mi");
  EXPECT_EQ(ledger["resources"]["requests"]["cpu"].text(), "100m");
  EXPECT_EQ(ledger["livenessProbe"]["httpGet"]["port"].text(), "8080");
  EXPECT_EQ(ledger["livenessProbe"]["httpGet"]["path"].text(), "/healthz");
  EXPECT_EQ(ledger["livenessProbe"]["initialDelaySeconds"].integer(), 5);
  EXPECT_EQ(ledger["readinessProbe"]["tcpSocket"]["port"].text(), "8080");
  EXPECT_EQ(ledger["startupProbe"]["exec"]["command"][0].text(), "sh -c test -f /tmp/up");
  EXPECT_EQ(ledger["startupProbe"]["failureThreshold"].integer(), 30);
  EXPECT_EQ(ledger["envFrom"][0]["configMapRef"]["name"].text(), "ledger-settings");
  EXPECT_TRUE(ledger["envFrom"][1]["secretRef"]["optional"].is_true());
  EXPECT_EQ(ledger["env"][0]["value"].text(), "fast");
  EXPECT_EQ(ledger["env"][1]["name"].text(), "EMPTY");
  EXPECT_EQ(ledger["env"][2]["valueFrom"]["secretKeyRef"]["name"].text(), "ledger-db");
  EXPECT_EQ(ledger["env"][2]["valueFrom"]["secretKeyRef"]["key"].text(), "password");
  EXPECT_EQ(ledger["env"][3]["valueFrom"]["configMapKeyRef"]["key"].text(), "url");
  EXPECT_TRUE(ledger["env"][3]["valueFrom"]["configMapKeyRef"]["optional"].is_true());
  EXPECT_EQ(ledger["env"][5]["valueFrom"]["fieldRef"]["fieldPath"].text(), "status.podIP");
  EXPECT_EQ(ledger["volumeMounts"][1]["subPath"].text(), "ledger.conf");
  const Value& status = pod["status"]["containerStatuses"][0];
  EXPECT_EQ(status["state"]["waiting"]["reason"].text(), "CrashLoopBackOff");
  EXPECT_EQ(status["lastState"]["terminated"]["reason"].text(), "OOMKilled");
  EXPECT_EQ(status["lastState"]["terminated"]["exitCode"].integer(), 137);
  EXPECT_EQ(status["restartCount"].integer(), 12);
  EXPECT_EQ(status["ready"].text(), "false");
  const Value& volumes = pod["spec"]["volumes"];
  EXPECT_EQ(volumes[0]["persistentVolumeClaim"]["claimName"].text(), "ledger-data");
  EXPECT_EQ(volumes[1]["configMap"]["name"].text(), "ledger-settings");
  EXPECT_EQ(volumes[2]["secret"]["secretName"].text(), "ledger-keys");
}

TEST_F(KubectlTextTest, ItsEventsAreObjectsAndLongMessagesStayWhole) {
  read("describe-pod-ledger.txt", pod_description);
  const auto events = inventory_.of("event");
  ASSERT_EQ(events.size(), 3u);
  const Object& back_off = *events[1];
  EXPECT_EQ(back_off["type"].text(), "Warning");
  EXPECT_EQ(back_off["reason"].text(), "BackOff");
  EXPECT_EQ(back_off["count"].integer(), 201);
  EXPECT_EQ(back_off["message"].text(), "Back-off restarting failed container ledger");
  EXPECT_EQ(back_off["involvedObject"]["kind"].text(), "Pod");
  EXPECT_EQ(back_off["involvedObject"]["name"].text(), "ledger-7c9d8f6b5-x2x8q");
  EXPECT_EQ(back_off.space, "payments");
  const Value& message = (*events[2])["message"];
  EXPECT_EQ(message.text(), "Readiness probe failed: dial tcp 10.42.3.7:8080:\nconnect: connection refused");
  EXPECT_EQ(message.end_line, message.line + 1);
}

TEST_F(KubectlTextTest, ADescriptionCutOutOfAPod) {
  EXPECT_TRUE(read("describe-pod-web-6f5d4c3b2a-q8w2e.txt",
                   "    Last State:     Terminated\n"
                   "      Reason:       Error\n"
                   "      Exit Code:    1\n"
                   "    Ready:          True\n"));
  const Object& pod = the("pod", "", "web-6f5d4c3b2a-q8w2e");
  EXPECT_EQ(pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"].integer(), 1);
  // The end of this file's name is no name that a controller gives, and nothing else knows it.
  EXPECT_FALSE(
      read("describe-deployment-web-replicasets.txt", "  NewReplicaSet:   web-1 (2/2 replicas created)\n"));
}

TEST_F(KubectlTextTest, ADeployment) {
  ASSERT_TRUE(read("describe-deploy.txt", R"(Name:                   web
Namespace:              shop
CreationTimestamp:      Thu, 02 Jan 2025 10:00:00 +0000
Labels:                 app=web
Annotations:            deployment.kubernetes.io/revision: 3
Selector:               app=web,tier in (front,back)
Replicas:               3 desired | 2 updated | 4 total | 1 available | 3 unavailable
StrategyType:           RollingUpdate
MinReadySeconds:        0
RollingUpdateStrategy:  25% max unavailable, 25% max surge
Pod Template:
  Labels:  app=web
  Containers:
   web:
    Image:      nginx:1.27
    Port:       80/TCP
    Host Port:  0/TCP
    Limits:
      memory:     64Mi
    Environment:  <none>
    Mounts:
      /cache from cache (rw)
  Volumes:
   cache:
    Type:          EmptyDir (a temporary directory that shares a pod's lifetime)
    Medium:        Memory
    SizeLimit:     <unset>
  Node-Selectors:  <none>
  Tolerations:     <none>
Conditions:
  Type           Status  Reason
  ----           ------  ------
  Available      False   MinimumReplicasUnavailable
  Progressing    False   ProgressDeadlineExceeded
OldReplicaSets:  web-1 (2/2 replicas created)
NewReplicaSet:   web-2 (2/2 replicas created)
Events:          <none>
)"));
  const Object& web = the("deployment", "shop", "web");
  EXPECT_EQ(web["spec"]["replicas"].integer(), 3);
  EXPECT_EQ(web["status"]["availableReplicas"].integer(), 1);
  EXPECT_EQ(web["status"]["unavailableReplicas"].integer(), 3);
  EXPECT_EQ(web["spec"]["selector"]["matchLabels"]["app"].text(), "web");
  EXPECT_EQ(web["spec"]["selector"]["matchExpressions"][0]["values"][1].text(), "back");
  EXPECT_EQ(web["spec"]["template"]["metadata"]["labels"]["app"].text(), "web");
  EXPECT_EQ(web["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"].text(), "64Mi");
  EXPECT_EQ(web["spec"]["template"]["spec"]["volumes"][0]["emptyDir"]["medium"].text(), "Memory");
  EXPECT_EQ(web["status"]["conditions"][1]["reason"].text(), "ProgressDeadlineExceeded");
  EXPECT_TRUE(inventory_.of("event").empty());
  expect_all_lines_hold();
}

TEST_F(KubectlTextTest, SeveralDescriptionsInOneFile) {
  ASSERT_TRUE(read("describe-jobs.txt", R"(Name:             nightly
Namespace:        batch
Selector:         batch.kubernetes.io/controller-uid=1
Labels:           app=nightly
Parallelism:      1
Completions:      3
Backoff Limit:    2
Active Deadline Seconds:  30s
Start Time:       Wed, 01 Jan 2025 00:00:00 +0000
Pods Statuses:    0 Active (0 Ready) / 1 Succeeded / 2 Failed
Pod Template:
  Containers:
   run:
    Image:      busybox
Events:
  Type     Reason                Age   From            Message
  ----     ------                ----  ----            -------
  Warning  BackoffLimitExceeded  5m    job-controller  Job has reached the specified backoff limit


Name:                          hourly
Namespace:                     batch
Labels:                        <none>
Annotations:                   <none>
Schedule:                      0 * * * *
Concurrency Policy:            Forbid
Suspend:                       True
Starting Deadline Seconds:     <unset>
Pod Template:
  Containers:
   sweep:
    Image:      busybox:1
Last Schedule Time:  Wed, 01 Jan 2025 01:00:00 +0000
Events:              <none>
)"));
  const Object& nightly = the("job", "batch", "nightly");
  EXPECT_EQ(nightly["status"]["failed"].integer(), 2);
  EXPECT_EQ(nightly["status"]["succeeded"].integer(), 1);
  EXPECT_EQ(nightly["spec"]["backoffLimit"].integer(), 2);
  EXPECT_EQ(nightly["spec"]["activeDeadlineSeconds"].integer(), 30);
  const Object& hourly = the("cronjob", "batch", "hourly");
  EXPECT_TRUE(hourly["spec"]["suspend"].is_true());
  EXPECT_EQ(hourly["spec"]["schedule"].text(), "0 * * * *");
  EXPECT_EQ(hourly["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["name"].text(),
            "sweep");
  ASSERT_EQ(inventory_.of("event").size(), 1u);
  EXPECT_EQ((*inventory_.of("event")[0])["message"].text(), "Job has reached the specified backoff limit");
  expect_all_lines_hold();
}

TEST_F(KubectlTextTest, ANode) {
  ASSERT_TRUE(read("describe-node-worker-1.txt", R"(Name:               worker-1
Roles:              <none>
Labels:             kubernetes.io/hostname=worker-1
                    pool=gpu
Annotations:        node.alpha.kubernetes.io/ttl: 0
CreationTimestamp:  Thu, 02 Jan 2025 10:00:00 +0000
Taints:             dedicated=gpu:NoSchedule
                    node.kubernetes.io/disk-pressure:NoSchedule
Unschedulable:      true
Lease:
  HolderIdentity:  worker-1
Conditions:
  Type             Status  LastHeartbeatTime                 LastTransitionTime                Reason                       Message
  ----             ------  -----------------                 ------------------                ------                       -------
  DiskPressure     True    Thu, 02 Jan 2025 10:05:00 +0000   Thu, 02 Jan 2025 10:01:00 +0000   KubeletHasDiskPressure       kubelet has disk pressure
  Ready            False   Thu, 02 Jan 2025 10:05:00 +0000   Thu, 02 Jan 2025 10:02:00 +0000   KubeletNotReady              container runtime is down
Addresses:
  InternalIP:  10.1.0.4
Capacity:
  cpu:                4
  memory:             16Gi
Allocatable:
  cpu:                3900m
System Info:
  Kernel Version:             6.1.0
  Kubelet Version:            v1.30.2
Allocated resources:
  (Total limits may be over 100 percent, i.e., overcommitted.)
  Resource           Requests     Limits
  --------           --------     ------
  cpu                3850m (98%)  100m (2%)
  memory             290Mi (1%)   390Mi (2%)
Events:              <none>
)"));
  const Object& node = the("node", "", "worker-1");
  EXPECT_EQ(node["spec"]["taints"][0]["value"].text(), "gpu");
  EXPECT_EQ(node["spec"]["taints"][1]["key"].text(), "node.kubernetes.io/disk-pressure");
  EXPECT_EQ(node["spec"]["taints"][1]["effect"].text(), "NoSchedule");
  EXPECT_TRUE(node["spec"]["unschedulable"].is_true());
  EXPECT_EQ(node["status"]["conditions"][1]["message"].text(), "container runtime is down");
  EXPECT_EQ(node["status"]["allocatable"]["cpu"].text(), "3900m");
  EXPECT_EQ(node["allocated"]["cpu"]["requests"].text(), "3850m (98%)");
  EXPECT_EQ(node["metadata"]["labels"]["pool"].text(), "gpu");
  expect_all_lines_hold();
}

TEST_F(KubectlTextTest, AServiceWithoutEndpoints) {
  ASSERT_TRUE(read("describe-svc-api.txt", R"(Name:                     api
Namespace:                shop
Labels:                   <none>
Annotations:              <none>
Selector:                 app=apii
Type:                     NodePort
IP Family Policy:         SingleStack
IP Families:              IPv4
IP:                       10.96.1.2
IPs:                      10.96.1.2
Port:                     http  80/TCP
TargetPort:               web/TCP
NodePort:                 http  30080/TCP
Endpoints:                <none>
Port:                     metrics  9090/TCP
TargetPort:               9090/TCP
NodePort:                 metrics  30090/TCP
Endpoints:                <none>
Session Affinity:         None
Events:                   <none>
)"));
  const Object& service = the("service", "shop", "api");
  EXPECT_EQ(service["spec"]["selector"]["app"].text(), "apii");
  EXPECT_EQ(service["spec"]["ports"][0]["targetPort"].text(), "web");
  EXPECT_EQ(service["spec"]["ports"][1]["port"].integer(), 9090);
  EXPECT_EQ(service["spec"]["ports"][1]["nodePort"].integer(), 30090);
  const Object& endpoints = the("endpoints", "shop", "api");
  EXPECT_TRUE(endpoints["subsets"].is(Value::Kind::array));
  EXPECT_EQ(endpoints["subsets"].size(), 0u);
  EXPECT_EQ(endpoints["subsets"].line, 14u);
  expect_all_lines_hold();
}

TEST_F(KubectlTextTest, StorageScalingAndIngress) {
  read("describe-pvc.txt", R"(Name:          data-db-0
Namespace:     shop
StorageClass:  fast
Status:        Pending
Volume:        
Labels:        app=db
Annotations:   <none>
Finalizers:    [kubernetes.io/pvc-protection]
Capacity:      
Access Modes:  
VolumeMode:    Filesystem
Used By:       db-0
Events:
  Type     Reason              Age                From                         Message
  ----     ------              ----               ----                         -------
  Warning  ProvisioningFailed  9s (x5 over 2m1s)  persistentvolume-controller  storageclass.storage.k8s.io "fast" not found
)");
  read("describe-hpa.txt", R"(Name:                                                  web
Namespace:                                             shop
Labels:                                                <none>
Annotations:                                           <none>
Reference:                                             Deployment/web
Metrics:                                               ( current / target )
  resource cpu on pods  (as a percentage of request):  <unknown> / 50%
Min replicas:                                          1
Max replicas:                                          5
Deployment pods:                                       1 current / 0 desired
Conditions:
  Type           Status  Reason                   Message
  ----           ------  ------                   -------
  ScalingActive  False   FailedGetResourceMetric  the HPA was unable to compute the replica count
)");
  read("describe-ingress.txt", R"(Name:             shop
Labels:           <none>
Namespace:        shop
Address:          
Ingress Class:    nginx
Default backend:  <default>
TLS:
  shop-tls terminates shop.test,www.shop.test
Rules:
  Host        Path  Backends
  ----        ----  --------
  shop.test   
              /      web:80 (10.0.0.1:8080)
              /api   api:http (<error: endpoints "api" not found>)
Annotations:  <none>
)");
  const Object& claim = the("persistentvolumeclaim", "shop", "data-db-0");
  EXPECT_EQ(claim["status"]["phase"].text(), "Pending");
  EXPECT_EQ(claim["spec"]["storageClassName"].text(), "fast");
  EXPECT_FALSE(claim["spec"]["volumeName"].exists());
  EXPECT_EQ((*inventory_.of("event")[0])["count"].integer(), 5);
  const Object& scaler = the("horizontalpodautoscaler", "shop", "web");
  EXPECT_EQ(scaler["spec"]["scaleTargetRef"]["name"].text(), "web");
  EXPECT_EQ(scaler["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"].integer(), 50);
  EXPECT_TRUE(scaler["status"]["currentMetrics"].is(Value::Kind::array));
  EXPECT_EQ(scaler["status"]["currentMetrics"].size(), 0u);
  EXPECT_EQ(scaler["status"]["conditions"][0]["reason"].text(), "FailedGetResourceMetric");
  const Object& ingress = the("ingress", "shop", "shop");
  EXPECT_EQ(ingress["spec"]["rules"][0]["host"].text(), "shop.test");
  const Value& paths = ingress["spec"]["rules"][0]["http"]["paths"];
  EXPECT_EQ(paths[0]["backend"]["service"]["port"]["number"].integer(), 80);
  EXPECT_EQ(paths[1]["backend"]["service"]["name"].text(), "api");
  EXPECT_EQ(paths[1]["backend"]["service"]["port"]["name"].text(), "http");
  EXPECT_EQ(ingress["spec"]["tls"][0]["secretName"].text(), "shop-tls");
  EXPECT_FALSE(ingress["spec"]["defaultBackend"].exists());
  expect_all_lines_hold();
}

TEST_F(KubectlTextTest, PoliciesAndRoles) {
  read("describe-netpol.txt", R"(Name:         guard
Namespace:    shop
Created on:   2025-01-02 10:00:00 +0000 UTC
Labels:       <none>
Annotations:  <none>
Spec:
  PodSelector:     app=db
  Allowing ingress traffic:
    To Port: 5432/TCP
    From:
      NamespaceSelector: team=web
      PodSelector: app=api
    ----------
    To Port: <any> (traffic allowed to all ports)
    From:
      IPBlock:
        CIDR: 10.0.0.0/8
        Except: 10.1.0.0/16
  Allowing egress traffic:
    <none> (Selected pods are isolated for egress connectivity)
  Policy Types: Ingress, Egress
)");
  read("describe-role.txt", R"(Name:         reader
Namespace:    shop
Labels:       <none>
Annotations:  <none>
PolicyRule:
  Resources         Non-Resource URLs  Resource Names  Verbs
  ---------         -----------------  --------------  -----
  pods              []                 []              [get list watch]
  deployments.apps  []                 [web]           [get]
)");
  read("describe-rolebinding.txt", R"(Name:         reader
Namespace:    shop
Labels:       <none>
Annotations:  <none>
Role:
  Kind:  Role
  Name:  reader
Subjects:
  Kind            Name    Namespace
  ----            ----    ---------
  ServiceAccount  runner  shop
)");
  const Object& policy = the("networkpolicy", "shop", "guard");
  EXPECT_EQ(policy["spec"]["podSelector"]["matchLabels"]["app"].text(), "db");
  const Value& ingress = policy["spec"]["ingress"];
  ASSERT_EQ(ingress.size(), 2u);
  EXPECT_EQ(ingress[0]["ports"][0]["port"].text(), "5432");
  EXPECT_EQ(ingress[0]["from"][0]["namespaceSelector"]["matchLabels"]["team"].text(), "web");
  EXPECT_EQ(ingress[0]["from"][0]["podSelector"]["matchLabels"]["app"].text(), "api");
  EXPECT_EQ(ingress[1]["from"][0]["ipBlock"]["cidr"].text(), "10.0.0.0/8");
  EXPECT_TRUE(policy["spec"]["egress"].is(Value::Kind::array));
  EXPECT_EQ(policy["spec"]["egress"].size(), 0u);
  EXPECT_EQ(policy["spec"]["policyTypes"][1].text(), "Egress");
  const Object& role = the("role", "shop", "reader");
  EXPECT_EQ(role["rules"][0]["verbs"][2].text(), "watch");
  EXPECT_EQ(role["rules"][1]["apiGroups"][0].text(), "apps");
  EXPECT_EQ(role["rules"][1]["resourceNames"][0].text(), "web");
  const Object& binding = the("rolebinding", "shop", "reader");
  EXPECT_EQ(binding["roleRef"]["name"].text(), "reader");
  EXPECT_EQ(binding["subjects"][0]["namespace"].text(), "shop");
}

TEST_F(KubectlTextTest, ConfigMapsKeepTheirTextAndQuotasTheirRows) {
  read("describe-cm-settings.txt", R"(Name:         settings
Namespace:    shop
Labels:       <none>
Annotations:  <none>

Data
====
app.conf:
----
Name: not an object
  key: value

port=80

mode:
----
fast


BinaryData
====

Events:  <none>
)");
  read("describe-secret.txt", R"(Name:         db
Namespace:    shop
Labels:       <none>
Annotations:  <none>

Type:  Opaque

Data
====
password:  12 bytes
)");
  read("describe-quota.txt", R"(Name:            compute
Namespace:       shop
Resource         Used   Hard
--------         ----   ----
pods             10     10
requests.cpu     1900m  2
)");
  const Object& settings = the("configmap", "shop", "settings");
  EXPECT_EQ(settings["data"]["app.conf"].text(), "Name: not an object\n  key: value\n\nport=80");
  EXPECT_EQ(settings["data"]["app.conf"].line, 8u);
  EXPECT_EQ(settings["data"]["mode"].text(), "fast");
  EXPECT_EQ(inventory_.of("configmap").size(), 1u);
  const Object& secret = the("secret", "shop", "db");
  EXPECT_EQ(secret["type"].text(), "Opaque");
  EXPECT_EQ(secret["data"]["password"].text(), "12 bytes");
  const Object& quota = the("resourcequota", "shop", "compute");
  EXPECT_EQ(quota["status"]["used"]["requests.cpu"].text(), "1900m");
  EXPECT_EQ(quota["status"]["hard"]["pods"].text(), "10");
}

TEST_F(KubectlTextTest, AKindOfSomebodysOwn) {
  ASSERT_TRUE(read("describe-certificate-web.txt", R"(Name:         web
Namespace:    shop
Labels:       <none>
Annotations:  <none>
API Version:  cert-manager.io/v1
Kind:         Certificate
Metadata:
  Generation:  1
Spec:
  Dns Names:
    shop.test
    www.shop.test
  Secret Name:  web-tls
Status:
  Conditions:
    Last Transition Time:  2025-01-02T10:00:00Z
    Message:               Certificate expired
    Status:                False
    Type:                  Ready
    Last Transition Time:  2025-01-02T10:00:00Z
    Status:                True
    Type:                  Issuing
Events:                    <none>
)"));
  const Object& certificate = the("certificate", "shop", "web");
  EXPECT_EQ(certificate["spec"]["dnsNames"][1].text(), "www.shop.test");
  EXPECT_EQ(certificate["spec"]["secretName"].text(), "web-tls");
  EXPECT_EQ(certificate["status"]["conditions"][0]["message"].text(), "Certificate expired");
  EXPECT_EQ(certificate["status"]["conditions"][1]["type"].text(), "Issuing");
}

TEST_F(KubectlTextTest, AKindWhoseVersionWasLeftOut) {
  ASSERT_TRUE(
      read("describe-challenge-web.txt",
           "Name:         web-1\nNamespace:    shop\nKind:         Challenge\nSpec:\n  Type:  DNS-01\n"
           "Status:\n  Reason:  access denied\n"));
  EXPECT_EQ(the("challenge", "shop", "web-1")["status"]["reason"].text(), "access denied");
}

TEST_F(KubectlTextTest, NothingOfOtherTextIsTaken) {
  EXPECT_FALSE(read("notes.txt", "Name: of the customer is secret\nwe saw nothing\n"));
  EXPECT_FALSE(
      read("rollout-history.txt", "deployment.apps/web\nREVISION  CHANGE-CAUSE\n1         <none>\n"));
  EXPECT_FALSE(read("argo.txt", "NAME         CLUSTER  STATUS\nargocd/shop  here     OutOfSync\n"));
  EXPECT_FALSE(read("empty.txt", ""));
  EXPECT_FALSE(read("journal.txt", "Jan 02 10:00:00 worker-1 kubelet[1]: E0102 pods 1/2 Running\n"));
  EXPECT_TRUE(inventory_.all().empty());
  EXPECT_TRUE(inventory_.searched().empty());
}

TEST_F(KubectlTextTest, HostileTextIsSurvived) {
  std::string deep;
  for (int i = 0; i < 3000; ++i) deep += std::string(static_cast<std::size_t>(i), ' ') + "k:\n";
  read("describe-pod-a.txt", "Name: a\nNamespace: b\nContainers:\n" + deep);
  read("describe-pod-b.txt", "Name:\xff\nLabels: \xff=\xfe\nContainers:\n  \xff:\n    State: Waiting\n");
  std::string wide = "NAME";
  for (int i = 0; i < 500; ++i) wide += "   A";
  read("get-pods.txt", wide + "\nx   y\n");
  read("get-pods-2.txt",
       "NAME   READY   STATUS\napi-0   99999999999999999999/1   Running\napi-1   2000000000/2000000000   "
       "Running\n");
  for (const Object& object : inventory_.all()) {
    EXPECT_TRUE(is_utf8(object.name));
    EXPECT_LE(object.value->line, object.file->starts.size());
  }
}

TEST_F(KubectlTextTest, AVolumeDescribedTellsItsNodes) {
  ASSERT_TRUE(read("describe-pv-pv-7.txt",
                   "Name:              pv-7\nLabels:            <none>\nStorageClass:      local-path\n"
                   "Status:            Bound\nClaim:             shop/data-0\nReclaim Policy:    Delete\n"
                   "Access Modes:      RWO\nNode Affinity:     \n  Required Terms:  \n"
                   "    Term 0:        kubernetes.io/hostname in [w-3, w-4]\n"
                   "    Term 1:        topology.kubernetes.io/zone\nMessage:           \n"));
  const Object& volume = the("persistentvolume", "", "pv-7");
  const Value& terms = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"];
  ASSERT_EQ(terms.size(), 1u) << "one of them says nothing of nodes";
  const Value& expression = terms[0]["matchExpressions"][0];
  EXPECT_EQ(expression["key"].text(), "kubernetes.io/hostname");
  ASSERT_EQ(expression["values"].size(), 2u);
  EXPECT_EQ(expression["values"][1].text(), "w-4");
  EXPECT_EQ(expression["values"][1].line, 10u);
  expect_lines_hold(volume);
}

}  // namespace
}  // namespace carrel
