// Descriptions of other kinds than pods.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "room/bundle/kubectl_text_case.h"

namespace carrel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

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
