#include "room/bundle/kubectl_table.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/bundle/kubectl_invocation.h"
#include "room/bundle/kubectl_text.h"

namespace carrel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Inventory read(const std::string& path, const std::string& text) {
  Inventory inventory;
  read_kubectl_text(&inventory, inventory.add(Document{path, text, {}}));
  return inventory;
}

TEST(KubectlTableTest, PodsAndWhatTheirStatusMeans) {
  const Inventory inventory =
      read("get-pods-shop.txt",
           "NAME        READY   STATUS                  RESTARTS        AGE     IP           NODE\n"
           "api-0       0/1     CrashLoopBackOff        12 (3m4s ago)   41m     10.0.0.1     n1\n"
           "api-1       2/2     Running                 0               41m     10.0.0.2     n1\n"
           "api-2       1/2     ImagePullBackOff        0               41m     10.0.0.3     n2\n"
           "api-3       0/1     Pending                 0               9s      <none>       <none>\n"
           "api-4       0/1     OOMKilled               3               9s      10.0.0.4     n2\n"
           "api-5       0/1     Init:CrashLoopBackOff   3               9s      10.0.0.5     n2\n"
           "api-6       0/1     Evicted                 0               2d      <none>       n3\n"
           "api-7       0/1     Terminating             0               2d      <none>       n3\n"
           "api-8       0/1     Completed               0               2d      <none>       n3\n"
           "api-9       0/1     Init:0/2                0               2d      <none>       n3\n"
           "api-10      0/1     ExitCode:137            0               2d      <none>       n3\n");
  const auto status = [&](const char* name) -> const Value& {
    const Object* pod = inventory.find("pod", "shop", name);
    EXPECT_NE(pod, nullptr) << name;
    return pod == nullptr ? Value::null() : (*pod)["status"];
  };
  EXPECT_EQ(status("api-0")["containerStatuses"][0]["state"]["waiting"]["reason"].text(), "CrashLoopBackOff");
  EXPECT_EQ(status("api-0")["containerStatuses"][0]["restartCount"].integer(), 12);
  EXPECT_EQ(status("api-0")["containerStatuses"][0]["state"]["waiting"]["reason"].line, 2u);
  EXPECT_EQ(status("api-1")["phase"].text(), "Running");
  EXPECT_EQ(status("api-1")["containerStatuses"].size(), 2u);
  EXPECT_EQ(status("api-1")["conditions"][0]["status"].text(), "True");
  EXPECT_TRUE(status("api-2")["containerStatuses"][0]["ready"].is_true());
  EXPECT_EQ(status("api-2")["containerStatuses"][1]["state"]["waiting"]["reason"].text(), "ImagePullBackOff");
  EXPECT_EQ(status("api-3")["phase"].text(), "Pending");
  EXPECT_FALSE(status("api-3")["containerStatuses"][0]["state"].exists());
  EXPECT_EQ(status("api-4")["containerStatuses"][0]["state"]["terminated"]["reason"].text(), "OOMKilled");
  EXPECT_EQ(status("api-5")["initContainerStatuses"][0]["state"]["waiting"]["reason"].text(),
            "CrashLoopBackOff");
  EXPECT_EQ(status("api-6")["reason"].text(), "Evicted");
  EXPECT_TRUE((*inventory.find("pod", "shop", "api-7"))["metadata"]["deletionTimestamp"].exists());
  EXPECT_EQ(status("api-8")["containerStatuses"][0]["state"]["terminated"]["reason"].text(), "Completed");
  EXPECT_EQ(status("api-9")["containerStatuses"][0]["state"]["waiting"]["reason"].text(), "PodInitializing");
  EXPECT_EQ(status("api-10")["containerStatuses"][0]["state"]["terminated"]["exitCode"].integer(), 137);
  EXPECT_THAT(inventory.searched(), ElementsAre(Searched{"pod", "shop", 11}));
}

TEST(KubectlTableTest, ANamespaceColumnAndAFilterThatKeepsTheHeader) {
  const std::string header = "NAMESPACE   NAME    READY   STATUS    RESTARTS   AGE\n";
  const std::string good = "shop        api-0   1/1     Running   0          1d\n";
  const std::string bad = "shop        api-1   0/1     Error     0          1d\n";
  EXPECT_TRUE(read("get-pods-all-namespaces.txt", header + good + bad).lists_all("pod", "anything"));
  EXPECT_FALSE(read("get-pods-all-namespaces.txt", header + bad).lists_all("pod", "shop"));
  EXPECT_THAT(read("get-pods-all-filtered.txt", header + good).searched(), IsEmpty());
  EXPECT_NE(read("x.txt", header + good).find("pod", "shop", "api-0"), nullptr);
  EXPECT_THAT(read("x.txt", header + good).searched(), IsEmpty());
}

TEST(KubectlTableTest, AFileNamedAfterAnObjectListsNothing) {
  const Inventory inventory =
      read("get-deployment-web.txt",
           "NAME   READY   UP-TO-DATE   AVAILABLE   AGE   CONTAINERS   IMAGES       SELECTOR\n"
           "web    1/3     3            1           6d    web,proxy    w:1,p:2      app=web\n");
  const Object* web = inventory.find("deployment", "", "web");
  ASSERT_NE(web, nullptr);
  EXPECT_EQ((*web)["spec"]["replicas"].integer(), 3);
  EXPECT_EQ((*web)["status"]["readyReplicas"].integer(), 1);
  EXPECT_EQ((*web)["status"]["availableReplicas"].integer(), 1);
  EXPECT_EQ((*web)["spec"]["template"]["spec"]["containers"][1]["image"].text(), "p:2");
  EXPECT_EQ((*web)["spec"]["selector"]["matchLabels"]["app"].text(), "web");
  EXPECT_THAT(inventory.searched(), IsEmpty());
}

TEST(KubectlTableTest, RowsWithoutTheirHeader) {
  const Inventory inventory = read("get-pod-filtered.txt",
                                   "shop       api-0                     0/1     Pending                     "
                                   " 0                36s     <none>\n"
                                   "billing    job-x1x2x                 0/1     CrashLoopBackOff            "
                                   " 7 (32s ago)      11m     10.0.0.9   n1   "
                                   "<none>           <none>            app=job\n");
  const Object* api = inventory.find("pod", "shop", "api-0");
  ASSERT_NE(api, nullptr);
  EXPECT_EQ((*api)["status"]["phase"].text(), "Pending");
  const Object* job = inventory.find("pod", "billing", "job-x1x2x");
  ASSERT_NE(job, nullptr);
  EXPECT_EQ((*job)["status"]["containerStatuses"][0]["restartCount"].integer(), 7);
  EXPECT_EQ((*job)["spec"]["nodeName"].text(), "n1");
  EXPECT_EQ((*job)["metadata"]["labels"]["app"].text(), "job");
  EXPECT_THAT(inventory.searched(), IsEmpty());
}

TEST(KubectlTableTest, RowsOfOtherKindsWithoutTheirHeader) {
  EXPECT_NE(
      read("get-namespace-filtered.txt", "shop   Active   40d   team=a\n").find("namespace", "", "shop"),
      nullptr);
  const Inventory nodes =
      read("get-node-filtered.txt", "n1   NotReady,SchedulingDisabled   worker   3d   v1.30.1\n");
  ASSERT_NE(nodes.find("node", "", "n1"), nullptr);
  EXPECT_EQ((*nodes.find("node", "", "n1"))["status"]["conditions"][0]["status"].text(), "False");
  EXPECT_TRUE((*nodes.find("node", "", "n1"))["spec"]["unschedulable"].is_true());
  const Inventory claims = read("get-pvc-filtered.txt", "shop   data-0   Pending   fast   2d\n");
  ASSERT_NE(claims.find("persistentvolumeclaim", "shop", "data-0"), nullptr);
  const Object& claim = *claims.find("persistentvolumeclaim", "shop", "data-0");
  EXPECT_EQ(claim["spec"]["storageClassName"].text(), "fast");
  const Inventory deployments =
      read("get-deployment-filtered.txt",
           "shop   web   0/2   2   0   9m   web   nginx:1   app=web   tier=front\n");
  ASSERT_NE(deployments.find("deployment", "shop", "web"), nullptr);
  EXPECT_EQ((*deployments.find("deployment", "shop", "web"))["metadata"]["labels"]["tier"].text(), "front");
}

TEST(KubectlTableTest, SeveralTablesWithKindsInTheirNames) {
  const Inventory inventory =
      read("get-all-shop.txt",
           "NAME                       READY   STATUS    RESTARTS   AGE\n"
           "pod/web-6d4cf56db6-abcde   1/1     Running   0          1d\n"
           "\n"
           "NAME          TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)          AGE\n"
           "service/web   NodePort    10.96.0.1    <none>        80:30080/TCP     1d\n"
           "\n"
           "NAME                  READY   UP-TO-DATE   AVAILABLE   AGE\n"
           "deployment.apps/web   1/1     1            1           1d\n"
           "\n"
           "NAME                                      REFERENCE        TARGETS         MINPODS   MAXPODS   "
           "REPLICAS   AGE\n"
           "horizontalpodautoscaler.autoscaling/web   Deployment/web   <unknown>/50%   1         5         1 "
           "         1d\n");
  EXPECT_EQ(inventory.of("pod").size(), 1u);
  ASSERT_EQ(inventory.of("service").size(), 1u);
  const Object& service = *inventory.of("service")[0];
  EXPECT_EQ(service.name, "web");
  EXPECT_EQ(service["spec"]["ports"][0]["nodePort"].integer(), 30080);
  EXPECT_EQ(inventory.of("deployment").size(), 1u);
  ASSERT_EQ(inventory.of("horizontalpodautoscaler").size(), 1u);
  const Object& scaler = *inventory.of("horizontalpodautoscaler")[0];
  EXPECT_EQ(scaler["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"].integer(), 50);
  EXPECT_EQ(scaler["status"]["currentMetrics"].size(), 0u);
}

TEST(KubectlTableTest, EventsWithAndWithoutTheirHeader) {
  const Inventory inventory = read(
      "get-events-shop.txt",
      "LAST SEEN   TYPE      REASON             OBJECT                MESSAGE\n"
      "2m (x6 over 9m)   Warning   FailedScheduling   pod/api-0             0/3 nodes are available:  3 "
      "Insufficient cpu.\n"
      "4m          Normal    Pulled             pod/api-1             Container image \"a\" already present\n"
      "8m          Warning   FailedMount        statefulset.apps/db   MountVolume.SetUp failed\n"
      "for volume \"data\": timeout\n");
  const auto events = inventory.of("event");
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ((*events[1])["involvedObject"]["name"].text(), "api-1");
  EXPECT_EQ(events[1]->space, "shop");
  EXPECT_EQ((*events[2])["involvedObject"]["kind"].text(), "StatefulSet");
  EXPECT_EQ((*events[2])["message"].text(), "MountVolume.SetUp failed\nfor volume \"data\": timeout");
  const Inventory bare =
      read("get-events-filtered.txt",
           "shop   5m   Warning   BackOff   pod/api-0   Back-off restarting failed container\n");
  ASSERT_EQ(bare.of("event").size(), 1u);
  EXPECT_EQ((*bare.of("event")[0])["reason"].text(), "BackOff");
  EXPECT_EQ(bare.of("event")[0]->space, "shop");
}

TEST(KubectlTableTest, UsageOfPodsContainersAndNodes) {
  const Inventory pods =
      read("top-pods.txt", "NAME    CPU(cores)   MEMORY(bytes)\napi-0   342m         1847Mi\n");
  ASSERT_EQ(pods.of("podmetrics").size(), 1u);
  EXPECT_EQ((*pods.of("podmetrics")[0])["usage"]["memory"].text(), "1847Mi");
  const Inventory containers =
      read("top-pods-containers.txt",
           "POD     NAME   CPU(cores)   MEMORY(bytes)\napi-0   web    1m           2Mi\n");
  ASSERT_EQ(containers.of("podmetrics").size(), 1u);
  EXPECT_EQ((*containers.of("podmetrics")[0])["containers"][0]["name"].text(), "web");
  const Inventory nodes = read(
      "top-nodes.txt",
      "NAME   CPU(cores)   CPU%   MEMORY(bytes)   MEMORY%\nn1     3900m        97%    7Gi             91%\n");
  ASSERT_EQ(nodes.of("nodemetrics").size(), 1u);
  EXPECT_EQ((*nodes.of("nodemetrics")[0])["usage"]["cpuPercent"].text(), "97%");
}

TEST(KubectlTableTest, TheTreeOfTheLineagePlugin) {
  const Inventory inventory =
      read("lineage-children-deployment-web.txt",
           "NAME                         READY   STATUS                                  AGE\n"
           "Deployment/web               0/1                                             3m\n"
           "└── ReplicaSet/web-5b        0/1                                             3m\n"
           "    ├── Event/web-5b.17ab    -       FailedCreate: exceeded quota: compute   3m\n"
           "    └── NetworkPolicy/guard  -                                               3m\n");
  ASSERT_EQ(inventory.of("deployment").size(), 1u);
  EXPECT_EQ(inventory.of("deployment")[0]->name, "web");
  ASSERT_EQ(inventory.of("replicaset").size(), 1u);
  EXPECT_EQ((*inventory.of("replicaset")[0])["status"]["readyReplicas"].integer(), 0);
  ASSERT_EQ(inventory.of("event").size(), 1u);
  const Object& event = *inventory.of("event")[0];
  EXPECT_EQ(event["reason"].text(), "FailedCreate");
  EXPECT_EQ(event["message"].text(), "exceeded quota: compute");
  EXPECT_EQ(event["involvedObject"]["kind"].text(), "ReplicaSet");
  EXPECT_EQ(event["involvedObject"]["name"].text(), "web-5b");
  // No column tells of a selector: none is claimed.
  ASSERT_EQ(inventory.of("networkpolicy").size(), 1u);
  EXPECT_FALSE((*inventory.of("networkpolicy")[0])["spec"].exists());
}

TEST(KubectlTableTest, APromptTellsWhatWasAsked) {
  const Inventory inventory = read("session.txt",
                                   "$ kubectl get pods -n shop -o wide\n"
                                   "NAME    READY   STATUS    RESTARTS   AGE\n"
                                   "api-0   1/1     Running   0          1d\n"
                                   "$ kubectl get pvc -n shop\n"
                                   "No resources found in shop namespace.\n"
                                   "$ kubectl -n shop get svc -l app=web\n"
                                   "No resources found in shop namespace.\n"
                                   "$ kubectl get secrets -n shop | grep db\n"
                                   "db   Opaque   1   3d\n");
  EXPECT_NE(inventory.find("pod", "shop", "api-0"), nullptr);
  EXPECT_THAT(inventory.searched(),
              ElementsAre(Searched{"persistentvolumeclaim", "shop", 0}, Searched{"pod", "shop", 1}));
}

TEST(KubectlTableTest, NothingFoundIsAListing) {
  EXPECT_TRUE(read("get-networkpolicies-shop.txt", "No resources found in shop namespace.\n")
                  .lists_all("networkpolicy", "shop"));
  EXPECT_TRUE(read("get-pv.txt", "No resources found\n").lists_all("persistentvolume", ""));
  EXPECT_THAT(read("get-pods-filtered.txt", "No resources found in shop namespace.\n").searched(), IsEmpty());
}

TEST(KubectlInvocationTest, FileNames) {
  using kubectl::Invocation;
  using kubectl::invocation_of_path;
  const Invocation pods = invocation_of_path("b/kubectl/get-pod-sock-shop.txt");
  EXPECT_EQ(pods.verb, Invocation::Verb::get);
  EXPECT_EQ(pods.kind, "pod");
  EXPECT_EQ(pods.target, "sock-shop");
  EXPECT_TRUE(pods.whole);
  EXPECT_EQ(invocation_of_path("kubectl_describe_node_worker-1.log").kind, "node");
  EXPECT_EQ(invocation_of_path("kubectl_describe_node_worker-1.log").target, "worker-1");
  EXPECT_EQ(invocation_of_path("pods.txt").kind, "pod");
  EXPECT_EQ(invocation_of_path("x/namespaces/shop/get-pods.txt").space, "shop");
  EXPECT_TRUE(invocation_of_path("get-pods-all-namespaces.txt").every_space);
  EXPECT_FALSE(invocation_of_path("get-pods-filtered.txt").whole);
  EXPECT_EQ(invocation_of_path("events.txt").verb, Invocation::Verb::events);
  EXPECT_EQ(invocation_of_path("readme.txt").verb, Invocation::Verb::unknown);
}

TEST(KubectlTableTest, HelmsListAndTheLastOfItsHistory) {
  const Inventory list =
      read("helm-list.txt",
           "NAME\tNAMESPACE\tREVISION\tUPDATED            \tSTATUS  \tCHART\tAPP VERSION\n"
           "db  \tshop     \t3       \t2025-10-14 09:31:18\tdeployed\tdb-1 \t16.3       \n");
  ASSERT_NE(list.find("release", "shop", "db"), nullptr);
  EXPECT_EQ((*list.find("release", "shop", "db"))["status"]["phase"].text(), "deployed");
  const Inventory history =
      read("helm/history-web.txt",
           "REVISION\tUPDATED                 \tSTATUS         \tCHART\tAPP VERSION\tDESCRIPTION\n"
           "1       \tTue Sep 30 09:55:07 2025\tfailed         \tweb-1\t1          \tUpgrade \"web\" failed\n"
           "2       \tTue Oct 14 09:31:18 2025\tpending-upgrade\tweb-2\t2          \tPreparing upgrade\n");
  const Object* web = history.find("release", "", "web");
  ASSERT_NE(web, nullptr);
  EXPECT_EQ((*web)["status"]["phase"].text(), "pending-upgrade");
  EXPECT_EQ((*web)["status"]["revision"].text(), "2");
  EXPECT_EQ((*web)["status"]["description"].text(), "Preparing upgrade");
}

TEST(KubectlTableTest, VelerosBackups) {
  const Inventory list = read("velero/backup-get.txt",
                              "NAME                   STATUS            ERRORS   WARNINGS   CREATED          "
                              "               EXPIRES   STORAGE LOCATION   SELECTOR\n"
                              "daily-20250828013000   PartiallyFailed   3        1          2025-08-28 "
                              "01:30:03 +0000 UTC   30d       minio              <none>\n");
  const Object* backup = list.find("backup", "", "daily-20250828013000");
  ASSERT_NE(backup, nullptr);
  EXPECT_EQ((*backup)["status"]["phase"].text(), "PartiallyFailed");
  EXPECT_EQ((*backup)["status"]["errors"].text(), "3");
}

}  // namespace
}  // namespace carrel
