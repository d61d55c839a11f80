#include "room/inventory/inventory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/read_value.h"
#include "room/inventory/api_objects.h"

namespace carrel {
namespace {

using ::testing::ElementsAre;

std::size_t add_json(Inventory* inventory, const std::string& path, const std::string& text) {
  const Document& document = inventory->add(Document{path, text, {}});
  Result<Value> value = read_json(document.text);
  EXPECT_TRUE(value) << value.error().what;
  return add_api_objects(inventory, document, inventory->keep(std::move(*value)));
}

TEST(ResourceNameTest, KindsPluralsAndShortNames) {
  EXPECT_EQ(resource_name("PodList"), "pod");
  EXPECT_EQ(resource_name("pods"), "pod");
  EXPECT_EQ(resource_name("po"), "pod");
  EXPECT_EQ(resource_name("Ingress"), "ingress");
  EXPECT_EQ(resource_name("ingresses.networking.k8s.io"), "ingress");
  EXPECT_EQ(resource_name("endpoints"), "endpoints");
  EXPECT_EQ(resource_name("EndpointsList"), "endpoints");
  EXPECT_EQ(resource_name("NetworkPolicies"), "networkpolicy");
  EXPECT_EQ(resource_name("network-policy"), "networkpolicy");
  EXPECT_EQ(resource_name("pvcs"), "persistentvolumeclaim");
  EXPECT_EQ(resource_name("KafkaTopicList"), "kafkatopic");
  EXPECT_EQ(resource_name("KafkaTopic"), "kafkatopic");
  EXPECT_EQ(resource_name("S.cretList"), "s");
}

TEST(ResourceNameTest, WhatIsNoKindHasNone) {
  EXPECT_EQ(resource_name("Po\xef\xbf\xbd"
                          "d"),
            "");
  EXPECT_EQ(resource_name("Pod; rm"), "");
  EXPECT_EQ(resource_name(std::string(64, 'k')), "");
  EXPECT_EQ(resource_name(std::string(63, 'k')), std::string(63, 'k'));
}

TEST(DocumentTest, LinesWithoutTheirEnds) {
  Document document{"a", "one\r\ntwo\n\nfour", {}};
  document.find_lines();
  EXPECT_EQ(document.line(1), "one");
  EXPECT_EQ(document.line(2), "two");
  EXPECT_EQ(document.line(3), "");
  EXPECT_EQ(document.line(4), "four");
  EXPECT_EQ(document.line(5), "");
  EXPECT_EQ(document.line(0), "");
}

TEST(InventoryTest, ListsAreCountedByNamespace) {
  Inventory inventory;
  EXPECT_EQ(add_json(&inventory, "b/cluster-resources/pods/shop.json",
                     R"({"kind":"PodList","items":[{"metadata":{"name":"a","namespace":"shop"}},
                        {"metadata":{"name":"b","namespace":"shop"}}]})"),
            2u);
  EXPECT_EQ(add_json(&inventory, "b/cluster-resources/pvcs/shop.json",
                     R"({"kind":"PersistentVolumeClaimList","items":null})"),
            0u);
  EXPECT_EQ(add_json(&inventory, "b/cluster-resources/nodes.json", R"({"kind":"NodeList","items":[]})"), 0u);
  EXPECT_THAT(inventory.searched(),
              ElementsAre(Searched{"node", "", 0}, Searched{"persistentvolumeclaim", "shop", 0},
                          Searched{"pod", "shop", 2}));
  EXPECT_TRUE(inventory.lists_all("pod", "shop"));
  EXPECT_FALSE(inventory.lists_all("pod", "other"));
  ASSERT_NE(inventory.find("pod", "shop", "b"), nullptr);
  EXPECT_EQ(inventory.find("pod", "shop", "b")->pointer, "/items/1");
  EXPECT_EQ(inventory.find("pod", "shop", "b")->line, 2u);
}

TEST(InventoryTest, PathsOfOtherBundlesTellTheNamespace) {
  Inventory inventory;
  add_json(&inventory, "bundle/dump/shop/services.json", R"({"kind":"ServiceList","items":[]})");
  add_json(&inventory, "mg/namespaces/shop/apps/deployments.json", R"({"kind":"DeploymentList","items":[]})");
  add_json(&inventory, "b/cluster-resources/jobs/shop.json", R"([{"metadata":{"name":"nightly"}}])");
  EXPECT_TRUE(inventory.lists_all("service", "shop"));
  EXPECT_TRUE(inventory.lists_all("deployment", "shop"));
  EXPECT_TRUE(inventory.lists_all("job", "shop"));
  EXPECT_NE(inventory.find("job", "shop", "nightly"), nullptr);
}

TEST(InventoryTest, AListOfAFewObjectsIsNoListing) {
  Inventory inventory;
  EXPECT_EQ(
      add_json(&inventory, "out.json",
               R"({"kind":"List","items":[{"kind":"Pod","metadata":{"name":"a","namespace":"shop"}}]})"),
      1u);
  EXPECT_EQ(
      add_json(&inventory, "get-pods-filtered.json",
               R"({"kind":"PodList","items":[{"kind":"Pod","metadata":{"name":"b","namespace":"shop"}}]})"),
      1u);
  EXPECT_EQ(add_json(&inventory, "page.json", R"({"kind":"PodList","metadata":{"continue":"x"},
      "items":[{"kind":"Pod","metadata":{"name":"c","namespace":"shop"}}]})"),
            1u);
  EXPECT_TRUE(inventory.searched().empty());
}

TEST(InventoryTest, TheFullestViewIsFound) {
  Inventory inventory;
  Object row{Object::Source::table, "pod", "shop", "a", nullptr, "", nullptr, 7};
  inventory.add(row);
  EXPECT_EQ(inventory.find("pod", "shop", "a")->line, 7u);
  Object described = row;
  described.source = Object::Source::describe;
  described.line = 8;
  inventory.add(described);
  inventory.add(row);
  EXPECT_EQ(inventory.find("pod", "shop", "a")->line, 8u);
  EXPECT_EQ(inventory.of("pod").size(), 3u);
  EXPECT_TRUE(inventory.of("node").empty());
}

TEST(InventoryTest, NamesWithWhatIsReferenced) {
  Inventory inventory;
  add_json(&inventory, "p.json", R"({"kind":"Pod","metadata":{"name":"api-0","namespace":"shop"},"spec":{
      "serviceAccountName":"runner","nodeName":"node-1",
      "containers":[{"name":"api","env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"keys","key":"a"}}}]}],
      "volumes":[{"name":"v","configMap":{"name":"settings"}},{"name":"w","persistentVolumeClaim":{"claimName":"a;rm"
}
}]
}
})");
  add_json(&inventory, "c.json", R"({"kind":"ConfigMap","metadata":{"name":"settings","namespace":"shop"}})");
  add_json(&inventory, "e.json", R"({"kind":"Event","metadata":{"name":"api-0.1","namespace":"shop"},
      "involvedObject":{"kind":"Pod","name":"api-1","namespace":"shop"}})");
  add_json(&inventory, "r.json", R"({"kind":"RoleBinding","metadata":{"name":"system:x","namespace":"shop"},
      "roleRef":{"kind":"ClusterRole","name":"system:reader"}})");
  EXPECT_THAT(
      inventory.names(),
      ElementsAre(Name{"clusterrole", "", "system:reader", false},
                  Name{"configmap", "shop", "settings", true}, Name{"container", "shop/api-0", "api", true},
                  Name{"namespace", "", "shop", true}, Name{"node", "", "node-1", false},
                  Name{"pod", "shop", "api-0", true}, Name{"pod", "shop", "api-1", false},
                  Name{"rolebinding", "shop", "system:x", true}, Name{"secret", "shop", "keys", false},
                  Name{"serviceaccount", "shop", "runner", false}));
}

TEST(InventoryTest, ALogTellsWhereItsPodIs) {
  Inventory inventory;
  Object row;
  row.source = Object::Source::table;
  row.kind = "pod";
  row.name = "api-0";
  inventory.add(row);
  row.kind = "podmetrics";
  inventory.add(row);
  row.kind = "deployment";
  row.name = "web";
  inventory.add(row);
  inventory.add_log("shop", "api-0", "api");
  inventory.settle_spaces();
  EXPECT_NE(inventory.find("pod", "shop", "api-0"), nullptr);
  EXPECT_NE(inventory.find("podmetrics", "shop", "api-0"), nullptr);
  EXPECT_EQ(inventory.find("pod", "", "api-0"), nullptr);
  EXPECT_NE(inventory.find("deployment", "", "web"), nullptr);
  EXPECT_THAT(inventory.names(),
              ElementsAre(Name{"container", "shop/api-0", "api", true}, Name{"deployment", "", "web", true},
                          Name{"namespace", "", "shop", true}, Name{"pod", "shop", "api-0", true}));
}

TEST(InventoryTest, ANameInTwoNamespacesSettlesNothing) {
  Inventory inventory;
  Object row;
  row.source = Object::Source::table;
  row.kind = "pod";
  row.name = "api-0";
  inventory.add(row);
  inventory.add_log("shop", "api-0", "api");
  inventory.add_log("stage", "api-0", "api");
  inventory.settle_spaces();
  EXPECT_EQ(inventory.only_space("pod", "api-0"), "");
  EXPECT_NE(inventory.find("pod", "", "api-0"), nullptr);
}

TEST(Inventory, ObjectsWithNamesThatKubernetesDoesNotAllowAreCountedAndLeftOut) {
  Inventory inventory;
  for (const std::string& name : {std::string("good-1"), std::string("--all"), std::string("$(reboot)"),
                                  std::string(1000, 'x'), std::string("a b")}) {
    Object object;
    object.kind = "pod";
    object.space = "shop";
    object.name = name;
    inventory.add(std::move(object));
  }
  Object elsewhere;
  elsewhere.kind = "pod";
  elsewhere.space = "--kubeconfig=x";
  elsewhere.name = "good-2";
  inventory.add(std::move(elsewhere));
  EXPECT_EQ(inventory.all().size(), 1u);
  EXPECT_EQ(inventory.misnamed().files, 5u);
}

}  // namespace
}  // namespace carrel
