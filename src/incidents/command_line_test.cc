// The program: what it writes, and what it refuses.
#include "incidents/command_line.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fd.h"
#include "base/read_value.h"

namespace carrel::incidents {
namespace {

class CommandLine : public testing::Test {
 protected:
  CommandLine() {
    std::string name = (std::filesystem::temp_directory_path() / "carrel-incidents.XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~CommandLine() override { std::filesystem::remove_all(folder_); }

  static int run(std::vector<std::string> words) {
    words.insert(words.begin(), "carrel-incidents");
    std::vector<char*> pointers;
    pointers.reserve(words.size());
    for (std::string& word : words) pointers.push_back(word.data());
    return run_command_line(static_cast<int>(pointers.size()), pointers.data());
  }

  // Every file of a folder below the scratch folder, by name.
  std::map<std::string, std::string> files_of(const std::string& name) const {
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/" + name)) {
      auto bytes = read_file(entry.path(), 64 << 20);
      EXPECT_TRUE(bytes);
      if (bytes) all[entry.path().filename()] = *bytes;
    }
    return all;
  }

  std::string folder_;
};

TEST_F(CommandLine, WritesTheSameBytesAgain) {
  for (const char* name : {"a", "b"})
    EXPECT_EQ(run({"make", "--out", folder_ + "/" + name, "--count", "3", "--seed", "9", "--split", "test"}),
              0);
  const auto files = files_of("a");
  EXPECT_EQ(files.size(), 4U);
  EXPECT_EQ(files, files_of("b"));
  const auto cases = read_json(files.at("cases.json"));
  ASSERT_TRUE(cases) << cases.error().what;
  ASSERT_EQ((*cases)["cases"].size(), 3U);
  EXPECT_TRUE(files.contains(std::string((*cases)["cases"][0]["id"].text()) + ".tar.gz"));
}

TEST_F(CommandLine, ASetInPiecesIsTheSet) {
  EXPECT_EQ(run({"make", "--out", folder_ + "/whole", "--count", "4"}), 0);
  EXPECT_EQ(run({"make", "--out", folder_ + "/rest", "--count", "2", "--from", "2"}), 0);
  const auto whole = files_of("whole");
  for (const auto& [name, bytes] : files_of("rest")) {
    if (name == "cases.json") continue;
    EXPECT_EQ(bytes, whole.at(name)) << name;
  }
}

TEST_F(CommandLine, OneKindAlone) {
  EXPECT_EQ(run({"make", "--out", folder_ + "/one", "--count", "2", "--kind", "oom-limit"}), 0);
  const auto cases = read_json(files_of("one").at("cases.json"));
  for (const Value& one : (*cases)["cases"].items) EXPECT_EQ(one["kind"].text(), "oom-limit");
}

TEST_F(CommandLine, RefusesWhatItCannotDo) {
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(run({"bake"}), 2);
  EXPECT_EQ(run({"make"}), 2);
  EXPECT_EQ(run({"make", "--out", folder_ + "/x", "--count", "many"}), 2);
  EXPECT_EQ(run({"make", "--out", folder_ + "/x", "--count"}), 2);
  EXPECT_EQ(run({"make", "--out", folder_ + "/x", "--split", "half"}), 2);
  EXPECT_EQ(run({"make", "--out", folder_ + "/x", "--kind", "nothing"}), 2);
  EXPECT_EQ(run({"make", "--out", folder_ + "/x", "--split", "train", "--kind", "segfault"}), 2);
  EXPECT_EQ(run({"make", "--out", folder_ + "/x", "--count", "0", "--seed", "1"}), 0);
  EXPECT_EQ(run({"make", "--out", folder_ + "/x"}), 2) << "a folder that is not empty";
  EXPECT_EQ(run({"make", "--out", "/proc/none"}), 7);
}

TEST_F(CommandLine, TellsWhatItKnows) {
  EXPECT_EQ(run({"--help"}), 0);
  EXPECT_EQ(run({"kinds"}), 0);
  EXPECT_EQ(run({"kinds", "--json"}), 0);
}

}  // namespace
}  // namespace carrel::incidents
