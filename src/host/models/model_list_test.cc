#include "host/models/model_list.h"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/fd.h"

namespace carrel {
namespace {

using testing::HasSubstr;

class List : public testing::Test {
 protected:
  List() {
    std::string pattern = testing::TempDir() + "/carrel-models-XXXXXX";
    data_ = ::mkdtemp(pattern.data());
  }
  ~List() override { std::filesystem::remove_all(data_); }

  static ListedModel model(const std::string& name, char figure) {
    return {name,       "/models/" + name + ".gguf", std::string(64, figure), 42, "qwen2 0.5B Q8_0", "ollama",
            "the store"};
  }
  std::string path() const { return data_ + "/models/list.json"; }

  std::string data_;
};

TEST_F(List, KeepsWhatIsListedByName) {
  EXPECT_TRUE(listed_models(data_)->empty());
  EXPECT_EQ(*list_model(data_, model("b", '1'), false), "b");
  EXPECT_EQ(*list_model(data_, model("a", '2'), false), "a");
  const auto models = *listed_models(data_);
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0].name, "a");
  EXPECT_EQ(models[1].path, "/models/b.gguf");
  EXPECT_EQ(models[1].bytes, 42U);
  EXPECT_EQ(models[1].about, "qwen2 0.5B Q8_0");
  EXPECT_EQ(models[1].source, "ollama");
  EXPECT_EQ(models[1].verified, "the store");
  EXPECT_EQ(find_model(data_, "b")->sha256, std::string(64, '1'));
  EXPECT_EQ(unlist_model(data_, "b")->name, "b");
  EXPECT_EQ(find_model(data_, "b").error().code, Code::usage);
  EXPECT_EQ(unlist_model(data_, "b").error().code, Code::usage);
}

TEST_F(List, ANameStandsForTheSameBytes) {
  ASSERT_TRUE(list_model(data_, model("a", '1'), false));
  ListedModel moved = model("a", '1');
  moved.path = "/elsewhere/a.gguf";
  EXPECT_EQ(*list_model(data_, moved, false), "a");
  EXPECT_EQ(find_model(data_, "a")->path, "/elsewhere/a.gguf");
  EXPECT_THAT(list_model(data_, model("a", '2'), false).error().what, HasSubstr("is taken"));
  EXPECT_EQ(*list_model(data_, model("a", '2'), true), "a-22222222");
  EXPECT_EQ(*list_model(data_, model("a", '2'), true), "a-22222222");  // known already
  EXPECT_EQ(listed_models(data_)->size(), 2U);
}

TEST_F(List, WithoutAFolderThereIsNoList) {
  EXPECT_TRUE(listed_models("")->empty());
  EXPECT_EQ(list_model("", model("a", '1'), false).error().code, Code::usage);
}

TEST_F(List, NamesArePlain) {
  for (const char* good : {"qwen3:4b", "a", "Phi-4_k.m+x"}) EXPECT_TRUE(is_model_name(good)) << good;
  for (const std::string& bad : {std::string(), std::string("-a"), std::string("a/b"), std::string("a b"),
                                 std::string("a\x1b"), std::string(129, 'a')}) {
    EXPECT_FALSE(is_model_name(bad)) << bad;
    EXPECT_TRUE(is_model_name(model_name_of(bad))) << bad;
  }
  EXPECT_EQ(list_model(data_, model("a/b", '1'), false).error().code, Code::usage);
}

TEST_F(List, ADamagedListIsNeverTakenForAnEmptyOne) {
  ASSERT_TRUE(list_model(data_, model("a", '1'), false));
  const std::string whole = *read_file(path(), 1 << 20);
  for (std::size_t length = 0; length + 1 < whole.size(); ++length) {
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << whole.substr(0, length);
    const auto models = listed_models(data_);
    ASSERT_FALSE(models) << length;
    EXPECT_EQ(models.error().code, Code::machine);
    EXPECT_FALSE(list_model(data_, model("b", '2'), false)) << length;
  }
  std::ofstream(path(), std::ios::trunc) << R"({"version":2,"models":[]})";
  EXPECT_THAT(listed_models(data_).error().what, HasSubstr("has version 2"));
  std::ofstream(path(), std::ios::trunc)
      << R"({"version":1,"models":[{"name":"a","path":"x","sha256":"1"}]})";
  EXPECT_THAT(listed_models(data_).error().what, HasSubstr("is no model"));
}

}  // namespace
}  // namespace carrel
