#include "host/settings/settings.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace carrel {
namespace {

std::function<const char*(const char*)> environment(const std::map<std::string, std::string>& values) {
  return [&values](const char* name) -> const char* {
    const auto found = values.find(name);
    return found == values.end() ? nullptr : found->second.c_str();
  };
}

class SettingsTest : public testing::Test {
 protected:
  SettingsTest() {
    std::string pattern = testing::TempDir() + "/settingsXXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~SettingsTest() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
    ::chmod((folder_ + "/" + name).c_str(), 0644);  // whatever the umask
    return folder_ + "/" + name;
  }
  std::string folder_;
};

TEST_F(SettingsTest, TheStrongestSourceWinsWhateverTheOrder) {
  Settings settings;
  EXPECT_EQ(settings.text("output-tokens"), "768");
  EXPECT_EQ(settings.source_text("output-tokens"), "default");
  ASSERT_TRUE(settings.set("output-tokens", "100", Source::flag, "--output-tokens"));
  ASSERT_TRUE(settings.set("output-tokens", "200", Source::playbook, "k8s-triage@1"));
  const std::map<std::string, std::string> values = {{"CARREL_OUTPUT_TOKENS", "300"}};
  ASSERT_TRUE(settings.load_environment(environment(values)));
  EXPECT_EQ(settings.whole("output-tokens"), 100u);
  EXPECT_EQ(settings.source_text("output-tokens"), "flag --output-tokens");
}

TEST_F(SettingsTest, ReadsFilesWithTheirPlaces) {
  Settings settings;
  const std::string path = file("carrel.yaml", "# ours\ntries: 2\ntemperature: 0.7\n");
  ASSERT_TRUE(settings.load_file(path, Source::project_file));
  EXPECT_EQ(settings.whole("tries"), 2u);
  EXPECT_EQ(settings.number("temperature"), 0.7);
  EXPECT_EQ(settings.source_text("tries"), "project file " + path + ":2");
  EXPECT_EQ(find_project_file(folder_ + "/."), std::filesystem::absolute(folder_ + "/.") / "carrel.yaml");
  std::filesystem::create_directories(folder_ + "/a/b");
  EXPECT_EQ(find_project_file(folder_ + "/a/b"), path);
}

TEST_F(SettingsTest, AMistakeNamesItsPlace) {
  Settings settings;
  const struct {
    const char* text;
    const char* part;
  } mistakes[] = {{"tries: many\n", ":1: tries must be a whole number"},
                  {"\ntemperature: 9\n", ":2: temperature must be from 0 to 2"},
                  {"exact: maybe\n", "true or false"},
                  {"colour: blue\n", "there is no setting \"colour\""},
                  {"- tries\n", "not one mapping"},
                  {"tries: 1.5\n", "whole number"},
                  {"a: [b\n", "YAML"}};
  for (const auto& [text, part] : mistakes) {
    const Status status = settings.load_file(file("bad.yaml", text), Source::user_file);
    ASSERT_FALSE(status) << text;
    EXPECT_THAT(status.error().what, testing::HasSubstr(part));
  }
  EXPECT_TRUE(settings.load_file(file("empty.yaml", ""), Source::user_file));
}

TEST_F(SettingsTest, AProjectFileCannotChooseWhatIsTrusted) {
  const std::pair<const char*, const char*> values[] = {
      {"rooms", "/elsewhere"}, {"data", "/elsewhere"}, {"model", "/elsewhere"}, {"template", "/elsewhere"},
      {"tenant", "elsewhere"}, {"wall", "namespace"},  {"vm-accel", "tcg"}};
  for (const auto& [name, value] : values) {
    Settings settings;
    const std::string path = file("carrel.yaml", fmt::format("tries: 1\n{}: {}\n", name, value));
    const Status status = settings.load_file(path, Source::project_file);
    ASSERT_FALSE(status) << name;
    EXPECT_EQ(status.error().code, Code::usage);
    EXPECT_THAT(status.error().what,
                testing::HasSubstr(std::string(":2: a project file cannot set ") + name));
    EXPECT_EQ(settings.text(name), Settings().text(name));
    EXPECT_TRUE(Settings().load_file(path, Source::user_file));
  }
}

TEST_F(SettingsTest, OfTheWallsThereAreTwo) {
  Settings settings;
  EXPECT_EQ(settings.text("wall"), "namespace");
  EXPECT_TRUE(settings.set("wall", "vm", Source::flag, "--wall"));
  EXPECT_TRUE(settings.set("vm-accel", "tcg", Source::flag, "--vm-accel"));
  const Status status = settings.set("wall", "paper", Source::flag, "--wall");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().what, "--wall must be namespace or vm, not \"paper\"");
}

TEST_F(SettingsTest, AProjectFileThatOthersWriteIsRefused) {
  const std::string path = file("carrel.yaml", "tries: 2\n");
  for (const mode_t mode : {0664U, 0646U}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    const Status status = Settings().load_file(path, Source::project_file);
    ASSERT_FALSE(status);
    EXPECT_THAT(status.error().what, testing::HasSubstr(path + " can be written by others"));
    EXPECT_NE(status.error().remedy, "");
    EXPECT_TRUE(Settings().load_file(path, Source::user_file));
  }
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  EXPECT_TRUE(Settings().load_file(path, Source::project_file));
}

TEST_F(SettingsTest, AProjectFileOfAnotherUserIsRefused) {
  const std::string path = file("carrel.yaml", "tries: 2\n");
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(path.c_str(), 12345, 12345), 0);
    const Status status = Settings().load_file(path, Source::project_file);
    ASSERT_FALSE(status);
    EXPECT_THAT(status.error().what, testing::HasSubstr(path + " belongs to another user"));
  } else {
    // Root's file stands for an administrator's and is used: here one that is no mapping.
    const Status status = Settings().load_file("/etc/passwd", Source::project_file);
    EXPECT_FALSE(status);
    EXPECT_THAT(status.error().what, testing::Not(testing::HasSubstr("belongs to another user")));
  }
}

TEST_F(SettingsTest, MistakesOfValuesAreToldToOthers) {
  EXPECT_EQ(setting_mistake("tries", "2"), "");
  EXPECT_EQ(setting_mistake("tries", "many"), "tries must be a whole number, not \"many\"");
  EXPECT_EQ(setting_mistake("colour", "blue"), "there is no setting \"colour\"");
}

TEST_F(SettingsTest, EveryDefaultObeysItsOwnRule) {
  for (const SettingRule& rule : setting_rules()) {
    Settings settings;
    EXPECT_TRUE(settings.set(rule.name, rule.built_in, Source::flag, "test")) << rule.name;
  }
}

TEST_F(SettingsTest, XdgFolders) {
  const std::map<std::string, std::string> home = {{"HOME", "/home/u"}};
  EXPECT_EQ(user_config_file(environment(home)), "/home/u/.config/carrel/config.yaml");
  EXPECT_EQ(user_data_folder(environment(home)), "/home/u/.local/share/carrel");
  const std::map<std::string, std::string> xdg = {
      {"HOME", "/home/u"}, {"XDG_DATA_HOME", "/d"}, {"XDG_CONFIG_HOME", "rel"}};
  EXPECT_EQ(user_data_folder(environment(xdg)), "/d/carrel");
  EXPECT_EQ(user_config_file(environment(xdg)), "/home/u/.config/carrel/config.yaml");
  const std::map<std::string, std::string> none;
  EXPECT_EQ(user_data_folder(environment(none)), "");
}

TEST_F(SettingsTest, JsonNamesValueAndSource) {
  Settings settings;
  ASSERT_TRUE(settings.set("tenant", "a\"b", Source::flag, "--tenant"));
  EXPECT_THAT(settings.to_json(),
              testing::HasSubstr(R"("tenant":{"value":"a\"b","source":"flag --tenant"})"));
}

}  // namespace
}  // namespace carrel
