#include "record/command.h"

#include <gtest/gtest.h>

#include "record/codec.h"

namespace carrel {
namespace {

TEST(CommandPattern, ReadsWordsSlotsAndBrackets) {
  const auto pattern =
      parse_command_pattern("kubectl -n {namespace} logs {pod.name} [-c {container}] [--tail={number}] x");
  ASSERT_TRUE(pattern);
  ASSERT_EQ(pattern->groups.size(), 4U);
  const auto& first = pattern->groups[0].parts;
  ASSERT_EQ(first.size(), 4U);
  EXPECT_EQ(first[0].text, "kubectl -n ");
  EXPECT_EQ(first[1].text, "namespace");
  EXPECT_TRUE(first[1].name_only);
  EXPECT_EQ(first[2].text, " logs ");
  EXPECT_EQ(first[3].text, "pod");
  EXPECT_TRUE(first[3].name_only);
  EXPECT_TRUE(pattern->groups[1].optional);
  EXPECT_EQ(pattern->groups[1].parts[0].text, " -c ");
  EXPECT_TRUE(pattern->groups[2].optional);
  EXPECT_FALSE(pattern->groups[3].optional);
  EXPECT_EQ(pattern->groups[3].parts[0].text, " x");
  EXPECT_FALSE(parse_command_pattern("kubectl describe {pod}")->groups[0].parts[1].name_only);
}

TEST(CommandPattern, CrossesTheWall) {
  const auto pattern = parse_command_pattern("kubectl get {object} [-o yaml]");
  ASSERT_TRUE(pattern);
  const auto bytes = encode(*pattern);
  ASSERT_TRUE(bytes);
  const auto back = decode<CommandPattern>(*bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(*encode(*back), *bytes);
}

TEST(CommandPattern, RefusesMistakesWithTheirPlace) {
  const struct {
    const char* source;
    const char* why;
  } mistakes[] = {
      {"", "empty"},
      {"kubectl get pods | sh", "character 18"},
      {"kubectl get pods; x", "character 17"},
      {"kubectl $(x)", "character 9"},
      {"kubectl \"x\"", "character 9"},
      {"kubectl get  pods", "one space"},
      {" kubectl", "one space"},
      {"kubectl ", "ends with a space"},
      {"{pod}", "first word"},
      {"kube{pod.name}", "first word"},
      {"A=b kubectl", "assignment"},
      {"[kubectl] x", "after the program"},
      {"kubectl [-o [x]]", "nest"},
      {"kubectl [-o yaml", "not closed"},
      {"kubectl -o]", "no bracket"},
      {"kubectl x[-o]", "start of a word"},
      {"kubectl [-o]x", "end of a word"},
      {"kubectl []", "whole words"},
      {"kubectl {pod", "slot is not closed"},
      {"kubectl {Pod}", "lower case"},
      {"kubectl {}", "lower case"},
      {"kubectl x/{pod}", "must stand alone"},
      {"kubectl {pod}/x", "must stand alone"},
      {"kubectl {pod.name}{number}", "parted"},
      {"kubectl {object.name}", "no .name"},
      {"kubectl -c {container}", "needs a {pod}"},
      {"kubectl [{pod}] -c {container}", "needs a {pod}"},
      {"kubectl {pod} -n {namespace}", "before the slots"},
      {"kubectl -n {namespace} -n {namespace}", "twice"},
      {"k [a] [b] [c] [d] [e] [f] [g]", "more than 6"},
  };
  for (const auto& mistake : mistakes) {
    const auto pattern = parse_command_pattern(mistake.source);
    ASSERT_FALSE(pattern) << mistake.source;
    EXPECT_EQ(pattern.error().code, Code::bad_input);
    EXPECT_NE(pattern.error().what.find(mistake.why), std::string::npos) << pattern.error().what;
  }
}

TEST(SafeName, TakesKubernetesNamesAlone) {
  for (const char* good : {"a", "api-gateway-5d8f", "ip-10-0-1-2.ec2.internal", "system:node-proxier", "0"}) {
    EXPECT_TRUE(is_safe_name(good)) << good;
  }
  for (const char* bad : {"", "-a", "a-", "A", "a_b", "a b", "a..b", ".a", "a.", "a-.b", "a;b", "$(a)", "a\n",
                          "ä", "a/b", "*", "a:", "--all"}) {
    EXPECT_FALSE(is_safe_name(bad)) << bad;
  }
  EXPECT_TRUE(is_safe_name(std::string(253, 'a')));
  EXPECT_FALSE(is_safe_name(std::string(254, 'a')));
}

TEST(ClusterScoped, KnowsKindsWithoutNamespace) {
  for (const char* kind : {"node", "namespace", "persistentvolume", "storageclass", "clusterrole",
                           "apiservice", "volumeattachment", "validatingwebhookconfiguration"}) {
    EXPECT_TRUE(is_cluster_scoped(kind)) << kind;
  }
  for (const char* kind : {"pod", "persistentvolumeclaim", "role", "nodes", "", "zzz"}) {
    EXPECT_FALSE(is_cluster_scoped(kind)) << kind;
  }
}

}  // namespace
}  // namespace carrel
