#include "room/bundle/held_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/bundle/made_archive.h"

namespace carrel {
namespace {

using made::Files;
using made::Read;

void read(const Files& files, Read* into) {
  std::string tar;
  for (const auto& [name, body] : files) tar += made::tar_file(name, body);
  made::read_bytes(tar + made::tar_end, into);
  ASSERT_TRUE(into->summary) << into->summary.error().what;
}

TEST(HeldFiles, MakesObjectsOfJsonAndYaml) {
  Read bundle;
  read({{"pods.json",
         "{\"kind\": \"PodList\", \"items\": [\n{\"metadata\": {\"name\": \"a\", \"namespace\": \"s\"}}]}"},
        {"all.yaml", "kind: Service\nmetadata:\n  name: b\n---\nkind: Node\nmetadata:\n  name: c\n"}},
       &bundle);
  ASSERT_EQ(bundle.inventory.of("pod").size(), 1U);
  EXPECT_EQ(bundle.inventory.of("pod")[0]->pointer, "/items/0");
  EXPECT_EQ(bundle.inventory.of("pod")[0]->line, 2U);
  EXPECT_EQ(bundle.inventory.of("service").size(), 1U);
  EXPECT_EQ(bundle.inventory.of("node").size(), 1U);
  EXPECT_EQ(bundle.inventory.format, "folder with Kubernetes objects");
}

// `kubectl get -o yaml > pod.txt`
TEST(HeldFiles, LooksIntoTextForJsonAndYaml) {
  Read bundle;
  read({{"a.txt", "{\"kind\": \"Pod\", \"metadata\": {\"name\": \"a\"}}"},
        {"b.txt", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: b\n"},
        {"c.txt", "{not json, and no reason to complain}"}},
       &bundle);
  EXPECT_EQ(bundle.inventory.of("pod").size(), 2U);
  EXPECT_TRUE(bundle.summary->left_out.empty());
  EXPECT_EQ(bundle.inventory.documents().size(), 3U);
}

TEST(HeldFiles, AnEmptyListingIsSearched) {
  Read bundle;
  read(
      {{"b/cluster-resources/pods/shop.json", R"({"kind": "PodList", "items": []})"},
       {"b/cluster-resources/pvcs/shop.json", R"({"metadata": {}, "items": null})"},
       {"b/cluster-resources/nodes.json", "[]"},
       {"b/cluster-resources/jobs/shop.json", R"({"metadata": {}, "items": [{"metadata": {"name": "j"}}]})"}},
      &bundle);
  const std::vector<Searched> expected{
      {"job", "shop", 1}, {"node", "", 0}, {"persistentvolumeclaim", "shop", 0}, {"pod", "shop", 0}};
  EXPECT_THAT(bundle.inventory.searched(), testing::UnorderedElementsAreArray(expected));
  ASSERT_EQ(bundle.inventory.of("job").size(), 1U);
  EXPECT_EQ(bundle.inventory.of("job")[0]->space, "shop");
}

TEST(HeldFiles, AListingWithErrorsIsNotSearched) {
  Read bundle;
  read({{"b/cluster-resources/jobs/shop.json", R"({"metadata": {}, "items": null})"},
        {"b/cluster-resources/jobs/other.json", R"({"metadata": {}, "items": null})"},
        {"b/cluster-resources/jobs-errors.json", R"({"shop": "jobs is forbidden"})"},
        {"b/cluster-resources/volumeattachments.json", "null"},
        {"b/cluster-resources/volumeattachments-errors.json", R"(["forbidden"])"}},
       &bundle);
  EXPECT_EQ(bundle.inventory.searched(), (std::vector<Searched>{{"job", "other", 0}}));
}

TEST(HeldFiles, TellsWhatCannotBeParsed) {
  Read bundle;
  read({{"a.json", "{\"kind\": \"Pod\", "}, {"b.yaml", "a: [1, 2\nb: 3\n"}}, &bundle);
  EXPECT_EQ(bundle.left_out("not valid JSON, read as text"), 1U);
  EXPECT_EQ(bundle.left_out("not valid YAML, read as text"), 1U);
  EXPECT_EQ(bundle.sink.text.size(), 2U);
}

}  // namespace
}  // namespace carrel
