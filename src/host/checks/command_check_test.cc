#include "host/checks/command_check.h"

#include <gtest/gtest.h>

#include "host/checks/checks.h"

namespace carrel {
namespace {

std::vector<CommandPattern> patterns() {
  std::vector<CommandPattern> out;
  for (const char* source :
       {"kubectl get nodes [-o wide]", "kubectl describe node {node.name}",
        "kubectl -n {namespace} describe {object}", "kubectl get pods -n {namespace} [-o wide]",
        "kubectl -n {namespace} logs {pod.name} [-c {container}] [--previous] [--tail={number}]",
        "kubectl get {persistentvolume}", "curl {service.name}:{pod.name}/x"}) {
    auto pattern = parse_command_pattern(source);
    EXPECT_TRUE(pattern) << source;
    if (pattern) out.push_back(*std::move(pattern));
  }
  return out;
}

const std::vector<Name> names = {
    {"node", "", "n1", true},
    {"persistentvolume", "", "pv-1", false},
    {"pod", "one", "api-0", true},
    {"container", "one/api-0", "main", true},
    {"service", "two", "web", true},
    {"pod", "two", "web-1", false},
    {"configmap", "one", "settings", false},
};

std::string why_not(const std::string& command) {
  return CommandRules(patterns(), names).why_not(command);
}

TEST(ShellWords, SplitsAsAShellDoes) {
  EXPECT_EQ(*shell_words("a  b 'c d' e\\ f \"g \\\" h\" '' \"\\x\""),
            (std::vector<std::string>{"a", "b", "c d", "e f", "g \" h", "", "\\x"}));
}

TEST(ShellWords, RefusesWhatIsMoreThanWords) {
  for (const char* command : {"a | b",
                              "a & b",
                              "a; b",
                              "a < b",
                              "a > b",
                              "a (b)",
                              "a $b",
                              "a $(b)",
                              "a `b`",
                              "a \"$b\"",
                              "a \"`b`\"",
                              "a *",
                              "a ?",
                              "a [b]",
                              "a ~",
                              "a {b,c}",
                              "a #b",
                              "A=b c",
                              "a\nb",
                              "a\tb",
                              "a 'b",
                              "a \"b",
                              "a \\",
                              "a \\\nb",
                              "",
                              "  ",
                              "a \x01",
                              "k\xd0\xb5y",
                              "a\xc2\xa0"
                              "b",
                              "a !b",
                              "a \x7f"}) {
    EXPECT_FALSE(shell_words(command)) << command;
  }
}

TEST(Commands, TakesWhatAPatternAllows) {
  for (const char* command :
       {"kubectl get nodes", "kubectl get nodes -o wide", "kubectl describe node n1",
        "kubectl -n one describe pod api-0", "kubectl -n one describe configmap settings",
        "kubectl -n two logs web-1", "kubectl -n one logs api-0 -c main --previous --tail=20",
        "kubectl get persistentvolume pv-1", "kubectl -n one get pods",
        "kubectl get pods --namespace=one -o wide", "kubectl logs api-0 --namespace one --previous",
        "kubectl 'describe' node \"n1\""}) {
    EXPECT_EQ(why_not(command), "") << command;
  }
}

TEST(Commands, RefusesEverythingElseAndSaysWhy) {
  const struct {
    const char* command;
    const char* why;
  } refused[] = {
      {"kubectl get nodes; rm -rf /", "';'"},
      {"kubectl delete node n1", "word 2 \"delete\""},
      {"kubectl get nodes --force", "word 4 \"--force\""},
      {"kubectl describe node n1 n1", "word 5"},
      {"kubectl describe node n2", "\"n2\" is no node"},
      {"kubectl -n three describe pod api-0", "\"three\" is no namespace"},
      {"kubectl -n two describe pod api-0", "is no pod of namespace two"},
      {"kubectl -n one describe secret settings", "is no secret of namespace one"},
      {"kubectl -n one logs api-0 -c other", "is no container of pod one/api-0"},
      {"kubectl -n two logs web-1 -c main", "is no container of pod two/web-1"},
      {"kubectl -n one logs api-0 --tail=0", "1 to 9999"},
      {"kubectl -n one logs api-0 --tail=10000", "1 to 9999"},
      {"kubectl -n one", "ends too early"},
      {"kubectl", "ends too early"},
      {"rm -rf /", "word 1 \"rm\""},
      {"kubectl get nodes -o wide -o wide", "word 6"},
      {"kubectl get nodes ''", "word 4 \"\""},
      {"kubectl -n 'one describe' pod api-0", "is not a name"},
      {"kubectl describe node $(reboot)", "'$'"},
      {"kubectl get nodes > /dev/sda", "'>'"},
      {"kubectl get n\xd0\xbe"
       "des",
       "beyond ASCII"},
      {"kubectl get nodes\nreboot", "control character"},
      {"kubectl -n one get pods -n two", "in no allowed command"},
  };
  for (const auto& one : refused) {
    EXPECT_NE(why_not(one.command).find(one.why), std::string::npos)
        << one.command << ": " << why_not(one.command);
  }
  EXPECT_NE(why_not("kubectl get nodes " + std::string(500, 'x')).find("longer"), std::string::npos);
}

TEST(Commands, GivesOneVerdictForAll) {
  EXPECT_EQ(check_commands({}, patterns(), names).verdict, Check::Verdict::pass);
  const Check good = check_commands({{"kubectl get nodes", "x"}}, patterns(), names);
  EXPECT_EQ(good.name, "commands");
  EXPECT_EQ(good.verdict, Check::Verdict::pass);
  const Check bad = check_commands({{"kubectl get nodes", "x"}, {"reboot", "y"}}, patterns(), names);
  EXPECT_EQ(bad.verdict, Check::Verdict::fail);
  EXPECT_NE(bad.detail.find("\"reboot\" is refused"), std::string::npos);
  EXPECT_EQ(check_commands({{"kubectl get nodes", ""}}, {}, names).verdict, Check::Verdict::fail);
}

}  // namespace
}  // namespace carrel
