// What a model can be made to write must pass the host's checks, and nothing near it that is not the same
// may: the automaton of the think room against the command and schema checks of the host.
#include <random>

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "host/checks/checks.h"
#include "host/checks/command_check.h"
#include "room/constrain/automaton.h"

namespace carrel {
namespace {

constexpr std::string_view schema_text = R"({
  "type": "object", "additionalProperties": false, "required": ["evidence", "commands", "cause"],
  "properties": {
    "evidence": {"type": "array", "maxItems": 3, "uniqueItems": true,
                 "items": {"type": "string", "x-carrel-set": "evidence"}},
    "commands": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "string", "x-carrel-grammar": "command"}},
    "cause": {"type": "string", "minLength": 1, "maxLength": 4},
    "score": {"type": "integer", "minimum": -7, "maximum": 120},
    "level": {"anyOf": [{"enum": ["low", "high", 3]}, {"type": "null"}]}}})";

class Contract : public testing::Test {
 protected:
  Contract() {
    for (const char* source :
         {"kubectl get nodes [--show-labels] [-o wide]", "kubectl describe node {node.name}",
          "kubectl get {persistentvolume} [-o yaml]", "kubectl get pods -n {namespace} [-o wide]",
          "kubectl -n {namespace} describe {object}", "kubectl top pods -n {namespace} [--containers]",
          "kubectl -n {namespace} logs {pod.name} [-c {container}] [--previous] [--tail={number}]",
          "kubectl -n {namespace} rollout status {deployment}", "curl {service.name}:80/{pod.name}",
          "journalctl -u {unit.name} [-n {number}]"}) {
      patterns_.push_back(*parse_command_pattern(source));
    }
    for (const char* space : {"one", "one-b", "shop"}) {
      for (const char* pod : {"api", "api-0", "api-0-x", "web.v1"}) {
        if (below(3) == 0) continue;
        names_.push_back({"pod", space, pod, below(2) == 0});
        if (below(2) == 0) names_.push_back({"container", std::string(space) + "/" + pod, "main", true});
      }
      if (below(2) == 0) names_.push_back({"deployment", space, "api", true});
      names_.push_back({"configmap", space, "a", true});
    }
    names_.push_back({"namespace", "", "empty", true});
    names_.push_back({"node", "", "n1", true});
    names_.push_back({"node", "", "system:n2.local", true});
    names_.push_back({"persistentvolume", "", "pv-1", false});
    names_.push_back({"service", "", "front", true});
    names_.push_back({"pod", "", "static-0", true});
    names_.push_back({"unit", "", "kubelet.service", true});
    names_.push_back({"node", "", "n1;reboot", true});
    schema_ = *parse_schema(schema_text, nullptr);
    grammar_ = *compile(*schema_, 12, patterns_, names_);
  }

  std::size_t below(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }

  std::string walk() {
    auto constraint = start(grammar_);
    std::string text;
    while (!constraint->finished()) {
      std::string allowed;
      for (int byte = 0; byte < 256; ++byte) {
        if (constraint->allows(std::string(1, static_cast<char>(byte)))) allowed += static_cast<char>(byte);
      }
      const char next = allowed[below(allowed.size())];
      EXPECT_TRUE(constraint->accept(std::string(1, next)));
      text += next;
    }
    return text;
  }

  std::vector<std::string> commands_of(const std::string& answer) {
    rapidjson::Document document;
    document.Parse(answer.data(), answer.size());
    std::vector<std::string> out;
    for (const auto& command : document["commands"].GetArray()) out.emplace_back(command.GetString());
    return out;
  }

  std::mt19937 random_{20};
  std::vector<CommandPattern> patterns_;
  std::vector<Name> names_;
  std::shared_ptr<const Schema> schema_;
  std::shared_ptr<const Grammar> grammar_;
};

TEST_F(Contract, WhatTheAutomatonWritesPassesTheChecks) {
  const CommandRules rules(patterns_, names_);
  for (int round = 0; round < 150; ++round) {
    const std::string answer = walk();
    const Check shape = check_schema(answer, *schema_, 12, std::vector<EvidenceLine>(12), patterns_, names_);
    ASSERT_EQ(shape.verdict, Check::Verdict::pass) << answer << ": " << shape.detail;
    for (const std::string& command : commands_of(answer)) ASSERT_EQ(rules.why_not(command), "") << command;
  }
}

TEST_F(Contract, WhatIsAddedToACommandFails) {
  const CommandRules rules(patterns_, names_);
  const char* behind[] = {"; rm -rf /",
                          " --force",
                          " delete",
                          " $(reboot)",
                          " > /etc/passwd",
                          " | sh",
                          "\nreboot",
                          "&",
                          " `id`",
                          " -o yaml -o yaml -o yaml",
                          "\xe2\x80\x8b",
                          "*",
                          " #",
                          " --kubeconfig=x",
                          "\\",
                          "'",
                          "\"",
                          "\t"};
  for (int round = 0; round < 40; ++round) {
    for (const std::string& command : commands_of(walk())) {
      for (const char* tail : behind) EXPECT_NE(rules.why_not(command + tail), "") << command << tail;
      EXPECT_NE(rules.why_not("sudo " + command), "");
      EXPECT_NE(rules.why_not("A=1 " + command), "");
      EXPECT_NE(rules.why_not("delete " + command), "");
      // One letter replaced by one that looks like it.
      std::string alike = command;
      if (const std::size_t at = alike.find('e'); at != std::string::npos) {
        alike.replace(at, 1, "\xd0\xb5");
        EXPECT_NE(rules.why_not(alike), "") << alike;
      }
    }
  }
}

TEST_F(Contract, AChangedByteOfACommandIsAnotherAllowedCommandOrFails) {
  // What the host takes, the automaton writes too: `-n` before its verb is the one freedom the host leaves.
  const CommandRules rules(patterns_, names_);
  for (int round = 0; round < 60; ++round) {
    for (std::string command : commands_of(walk())) {
      const std::size_t at = below(command.size());
      command[at] = static_cast<char>(32 + below(95));
      if (!rules.why_not(command).empty()) continue;
      if (command.find_first_of("'\"\\") != std::string::npos || command.find("  ") != std::string::npos)
        continue;
      auto constraint = start(grammar_);
      EXPECT_TRUE(constraint->allows("{\"evidence\":[],\"commands\":[\"" + command + "\"]")) << command;
    }
  }
}

}  // namespace
}  // namespace carrel
