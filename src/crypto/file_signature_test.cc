#include "crypto/file_signature.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace carrel {
namespace {

using testing::HasSubstr;

TEST(FileSignature, HoldsForOneDigestAndOneKey) {
  const SigningKeys keys = random_signing_keys();
  const std::string line = file_signature_text(keys, "9f86d0");
  EXPECT_TRUE(*is_file_signature(line, keys.verifying, "9f86d0"));
  EXPECT_FALSE(*is_file_signature(line, keys.verifying, "9f86d1"));
  EXPECT_FALSE(*is_file_signature(line, random_signing_keys().verifying, "9f86d0"));
  EXPECT_FALSE(is_file_signature("carrel-file-signature-1:AAAA", keys.verifying, "9f86d0"));
}

TEST(FileSignature, OneBesideTheFileHasToHold) {
  std::string folder = testing::TempDir() + "/signature-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string file = folder + "/bundle";
  const SigningKeys keys = random_signing_keys();
  EXPECT_FALSE(*has_file_signature(file, keys.verifying, "9f86d0"));
  std::ofstream(signature_path(file)) << file_signature_text(keys, "9f86d0") << "\n";
  EXPECT_TRUE(*has_file_signature(file, keys.verifying, "9f86d0"));
  const auto other = has_file_signature(file, keys.verifying, "9f86d1");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::bad_input);
  EXPECT_THAT(other.error().what, HasSubstr("is not what was signed with that key"));
  std::ofstream(signature_path(file)) << "all is well\n";
  EXPECT_FALSE(has_file_signature(file, keys.verifying, "9f86d0"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace carrel
