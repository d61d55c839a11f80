#include "host/playbook/playbook.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace carrel {
namespace {

using testing::HasSubstr;

constexpr const char* good_yaml = R"(name: tickets
version: 2
input: text
question: What is it?
system: prompts/system.md
schema: answer.schema.json
variants:
  - name: one
    prompt: prompts/one.md
checks: [schema, citations]
caps:
  output-tokens: 100
sampling: {temperature: 0.5}
)";
constexpr const char* good_schema =
    R"({"type":"object","required":["verdict"],"additionalProperties":false,"properties":{"verdict":{"enum":["a","b"]}}})";

class PlaybookTest : public testing::Test {
 protected:
  PlaybookTest() {
    std::string pattern = testing::TempDir() + "/playbookXXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directories(folder_ + "/prompts");
    write("playbook.yaml", good_yaml);
    write("answer.schema.json", good_schema);
    write("prompts/system.md", "You read tickets.\n");
    write("prompts/one.md", "Be brief.\n");
  }
  ~PlaybookTest() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
  }
  std::string error() {
    auto playbook = load_playbook(folder_);
    return playbook ? "" : playbook.error().what;
  }
  std::string folder_;
};

TEST_F(PlaybookTest, ReadsEveryPart) {
  auto playbook = load_playbook(folder_);
  ASSERT_TRUE(playbook) << playbook.error().what;
  EXPECT_EQ(playbook->title(), "tickets@2");
  EXPECT_FALSE(playbook->kubernetes);
  EXPECT_EQ(playbook->system, "You read tickets.\n");
  ASSERT_EQ(playbook->variants.size(), 1u);
  EXPECT_EQ(playbook->variants[0].instructions, "Be brief.\n");
  EXPECT_EQ(playbook->settings, (std::vector<std::pair<std::string, std::string>>{{"output-tokens", "100"},
                                                                                  {"temperature", "0.5"}}));
}

TEST_F(PlaybookTest, AsksTheModelThatComesWithCarrelOrNone) {
  EXPECT_FALSE(load_playbook(folder_)->house_model);
  write("playbook.yaml", std::string(good_yaml) + "model: house\n");
  auto playbook = load_playbook(folder_);
  ASSERT_TRUE(playbook) << playbook.error().what;
  EXPECT_TRUE(playbook->house_model);
  write("playbook.yaml", std::string(good_yaml) + "model: /home/me/mine.gguf\n");
  EXPECT_THAT(error(), HasSubstr("playbook.yaml:14"));
  EXPECT_THAT(error(), HasSubstr("model can only be house"));
}

TEST_F(PlaybookTest, TheDigestCoversEveryFile) {
  const std::string before = load_playbook(folder_)->sha256;
  write("prompts/one.md", "Be brief!\n");
  EXPECT_NE(load_playbook(folder_)->sha256, before);
}

TEST_F(PlaybookTest, MistakesAreToldTogetherWithTheirPlaces) {
  write("playbook.yaml", R"(name: Not A Name
version: 0
input: pictures
question: What?
system: ../../etc/passwd
schema: answer.schema.json
variants:
  - name: one
    prompt: prompts/absent.md
  - name: one
    prompt: prompts/one.md
checks: [schema, vibes]
commands: ["kubectl get pods; rm -rf /"]
colour: blue
caps: {speed: 3}
)");
  write("answer.schema.json", "{\"type\":\"object\",\n \"patternProperties\": {}}");
  const std::string what = error();
  for (const char* part :
       {"playbook.yaml:1:1: name must be", "playbook.yaml:2:1: must be a whole number",
        "input must be kubernetes or text", "inside the playbook's folder", "absent.md", "names two variants",
        "no check \"vibes\"", "no key \"colour\"", "no \"speed\" here",
        "answer.schema.json:2:", "patternProperties", "playbook.yaml:13:"}) {
    EXPECT_THAT(what, HasSubstr(part));
  }
}

TEST_F(PlaybookTest, ValuesOfSettingsAreMistakesWithTheirPlace) {
  const SettingCheck check = [](const std::string& name, const std::string& value) {
    return value == "100" ? "" : name + " is " + value;
  };
  auto playbook = load_playbook(folder_, check);
  ASSERT_FALSE(playbook);
  EXPECT_THAT(playbook.error().what, HasSubstr("has 1 mistake:"));
  EXPECT_THAT(playbook.error().what, HasSubstr("playbook.yaml:13:1: temperature is 0.5"));
}

TEST_F(PlaybookTest, SchemaAndCitationsAlwaysRunAndWithoutAListAllDo) {
  const std::string yaml = good_yaml;
  const std::string list = "checks: [schema, citations]\n";
  const auto checks_with = [&](const std::string& instead) {
    std::string changed = yaml;
    write("playbook.yaml", changed.replace(changed.find(list), list.size(), instead));
    auto playbook = load_playbook(folder_);
    EXPECT_TRUE(playbook) << playbook.error().what;
    return playbook->checks;
  };
  EXPECT_EQ(checks_with(""), check_names());
  EXPECT_EQ(checks_with("checks: [text]\n"), (std::vector<std::string>{"schema", "citations", "text"}));
  EXPECT_EQ(checks_with("checks: []\n"), (std::vector<std::string>{"schema", "citations"}));
}

TEST_F(PlaybookTest, WhatIsMissingIsNamed) {
  write("playbook.yaml", "name: tickets\n");
  EXPECT_THAT(error(), HasSubstr("\"schema\" is missing"));
  std::filesystem::remove(folder_ + "/playbook.yaml");
  EXPECT_THAT(error(), HasSubstr("holds no playbook.yaml"));
}

TEST_F(PlaybookTest, ANewOneWorksAndNothingIsOverwritten) {
  const std::string shipped = CARREL_SOURCE_DIR "/playbooks/explain-logs";
  const std::string made = folder_ + "/new/my-logs";
  ASSERT_TRUE(new_playbook(made, shipped));
  auto playbook = load_playbook(made);
  ASSERT_TRUE(playbook) << playbook.error().what;
  EXPECT_EQ(playbook->name, "my-logs");
  EXPECT_FALSE(new_playbook(made, shipped));
  EXPECT_FALSE(new_playbook(folder_ + "/Bad Name", shipped));
}

TEST(ShippedPlaybooks, HaveNoMistakes) {
  for (const auto& entry : std::filesystem::directory_iterator(CARREL_SOURCE_DIR "/playbooks")) {
    auto playbook = load_playbook(entry.path());
    ASSERT_TRUE(playbook) << playbook.error().what;
    EXPECT_EQ(playbook->name, entry.path().filename());
    EXPECT_GE(playbook->variants.size(), 2u);
  }
}

}  // namespace
}  // namespace carrel
