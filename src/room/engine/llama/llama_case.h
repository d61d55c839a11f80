// What the tests on libllama share: a small model of random weights, made once for a suite. Used by tests
// alone.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/fd.h"
#include "room/engine/llama/llama_engine.h"

namespace carrel {

class OnMadeModel : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    static const Status loaded = load_backends(CARREL_BACKENDS);
    ASSERT_TRUE(loaded) << loaded.error().what;
    path_ = (std::filesystem::temp_directory_path() / fmt::format("made-{}.gguf", ::getpid())).string();
    ASSERT_EQ(std::system(fmt::format("'{}' --out '{}'", CARREL_MAKE_MODEL, path_).c_str()), 0);
  }
  static void TearDownTestSuite() { std::filesystem::remove(path_); }

  static std::unique_ptr<Engine> load() {
    auto file = open_read(path_);
    EXPECT_TRUE(file);
    auto engine = load_llama_engine(std::move(*file), path_);
    EXPECT_TRUE(engine);
    return std::move(*engine);
  }

 private:
  static inline std::string path_;
};

}  // namespace carrel
