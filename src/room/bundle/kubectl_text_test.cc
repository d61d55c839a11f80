#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "room/bundle/kubectl_text_case.h"

namespace carrel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

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

}  // namespace
}  // namespace carrel
