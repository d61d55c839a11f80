#include "host/models/stores.h"

#include <filesystem>
#include <fstream>
#include <map>

#include <gmock/gmock.h>

namespace carrel {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

const std::string sum(64, 'a');

class Stores : public testing::Test {
 protected:
  Stores() {
    std::string pattern = testing::TempDir() + "/carrel-stores-XXXXXX";
    folder_ = fs::canonical(::mkdtemp(pattern.data()));
  }
  ~Stores() override { fs::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text = "x") const {
    const fs::path path = fs::path(folder_) / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  }
  Result<StoreContent> read(const std::string& store, const std::string& root = "") const {
    return read_store(store, root.empty() ? "" : folder_ + "/" + root, [this](const char* name) {
      const auto found = variables_.find(name);
      return found == variables_.end() ? nullptr : found->second.c_str();
    });
  }

  std::string folder_;
  std::map<std::string, std::string> variables_;
};

TEST_F(Stores, OllamaNamesABlobByItsSum) {
  const std::string manifest =
      R"({"layers":[{"mediaType":"application/vnd.ollama.image.template","digest":"sha256:1"},
      {"mediaType":"application/vnd.ollama.image.model","digest":"sha256:)" +
      sum + R"("}]})";
  file("m/manifests/host/library/qwen3/4b", manifest);
  file("m/manifests/host/jo/mine/latest", manifest);
  const std::string blob = file("m/blobs/sha256-" + sum);
  variables_["OLLAMA_MODELS"] = folder_ + "/m";
  const auto content = read("ollama");
  ASSERT_TRUE(content) << content.error().what;
  ASSERT_THAT(content->models, SizeIs(2));
  EXPECT_EQ(content->models[0].name, "jo-mine:latest");
  EXPECT_EQ(content->models[1].name, "qwen3:4b");
  EXPECT_EQ(content->models[1].path, blob);
  EXPECT_EQ(content->models[1].sha256, sum);
}

TEST_F(Stores, OllamaTellsWhatItPassesOver) {
  file("m/manifests/host/library/gone/1",
       R"({"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:)" + sum + R"("}]})");
  file(
      "m/manifests/host/library/evil/1",
      R"({"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:../../../etc/passwd"}]})");
  file("m/manifests/host/library/torn/1", "{");
  const auto content = read("ollama", "m");
  ASSERT_TRUE(content);
  EXPECT_THAT(content->models, SizeIs(0));
  ASSERT_THAT(content->passed_over, SizeIs(3));
  EXPECT_THAT(content->passed_over[0].why, HasSubstr("names no model file"));
  EXPECT_THAT(content->passed_over[1].why, HasSubstr("is not there"));
  EXPECT_THAT(content->passed_over[2].why, HasSubstr("cannot be read"));
}

TEST_F(Stores, LmStudioKeepsFilesInFolders) {
  const std::string path = file(".lmstudio/models/pub/repo/phi-4.gguf");
  file(".lmstudio/models/pub/repo/mmproj-phi-4.gguf");
  file(".lmstudio/models/pub/repo/big-00001-of-00003.gguf");
  file(".lmstudio/models/pub/repo/README.md");
  variables_["HOME"] = folder_;
  const auto content = read("lmstudio");
  ASSERT_TRUE(content);
  ASSERT_THAT(content->models, SizeIs(1));
  EXPECT_EQ(content->models[0].name, "phi-4");
  EXPECT_EQ(content->models[0].path, path);
  EXPECT_EQ(content->models[0].sha256, "");
  EXPECT_THAT(content->passed_over, SizeIs(2));
}

TEST_F(Stores, TheHubsCacheLinksToBlobsNamedByTheirSum) {
  const std::string blob = file("hub/models--o--r/blobs/" + sum);
  const std::string other = file("hub/models--o--r/blobs/" + std::string(40, 'b'));  // a git hash: no SHA-256
  fs::create_directories(folder_ + "/hub/models--o--r/snapshots/1");
  fs::create_directories(folder_ + "/hub/models--o--r/snapshots/2");
  fs::create_symlink("../../blobs/" + sum, folder_ + "/hub/models--o--r/snapshots/1/a.gguf");
  fs::create_symlink("../../blobs/" + sum, folder_ + "/hub/models--o--r/snapshots/2/a.gguf");
  fs::create_symlink(other, folder_ + "/hub/models--o--r/snapshots/2/b.gguf");
  fs::create_symlink("../../blobs/none", folder_ + "/hub/models--o--r/snapshots/2/c.gguf");
  variables_["HF_HOME"] = folder_;
  const auto content = read("hf-cache");
  ASSERT_TRUE(content);
  ASSERT_THAT(content->models, SizeIs(2));  // the same file of two snapshots is one
  EXPECT_EQ(content->models[0].path, blob);
  EXPECT_EQ(content->models[0].sha256, sum);
  EXPECT_EQ(content->models[1].path, other);
  EXPECT_EQ(content->models[1].sha256, "");
  ASSERT_THAT(content->passed_over, SizeIs(1));
}

TEST_F(Stores, AStoreThatIsNotThereIsSaidSo) {
  variables_["HOME"] = folder_;
  EXPECT_EQ(read("ollama").error().code, Code::usage);
  EXPECT_EQ(read("lmstudio", "none").error().code, Code::usage);
  EXPECT_THAT(read("other").error().remedy, HasSubstr("ollama, lmstudio, hf-cache"));
  EXPECT_FALSE(read_model_folder(folder_));
}

TEST(ModelFiles, PartsAndProjectorsAreNoModels) {
  for (const char* good : {"a.gguf", "a-of-b.gguf", "one-of-00003.gguf", "a-00001-of-0003.gguf"})
    EXPECT_EQ(why_not_a_model(good), "") << good;
  for (const char* bad : {"a-00001-of-00003.gguf", "mmproj-a.gguf"})
    EXPECT_NE(why_not_a_model(bad), "") << bad;
}

}  // namespace
}  // namespace carrel
