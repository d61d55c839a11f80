// Labels for tests, made of their JSON.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "host/eval/case.h"

namespace carrel {

class MadeCases : public testing::Test {
 protected:
  MadeCases() {
    std::string pattern = testing::TempDir() + "/casesXXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~MadeCases() override { std::filesystem::remove_all(folder_); }

  // cases.json with these members of "cases", and an archive of any bytes for each id.
  Result<CaseSet> load(const std::string& cases, const std::vector<std::string>& ids,
                       const CaseChoice& choice = {}) {
    std::ofstream(folder_ + "/cases.json") << "{\"format\": 1, \"cases\": [" << cases << "]}";
    for (const std::string& id : ids) std::ofstream(folder_ + "/" + id + ".tar.gz") << "bytes of " << id;
    return load_cases(folder_, choice);
  }
  Case one(const std::string& members) {
    auto set = load("{\"id\": \"a\"," + members + "}", {"a"});
    EXPECT_TRUE(set) << set.error().what;
    return set ? set->cases.at(0) : Case{};
  }

  std::string folder_;
};

}  // namespace carrel
