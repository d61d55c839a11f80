#include "room/engine/gguf_table.h"

#include <cstring>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"

namespace carrel {
namespace {

template <class T>
std::string number(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}
std::string u32(std::uint32_t value) {
  return number(value);
}
std::string u64(std::uint64_t value) {
  return number(value);
}
std::string text(const std::string& value) {
  return u64(value.size()) + value;
}

std::string tensor(const std::string& name, std::uint32_t type, const std::vector<std::uint64_t>& sides) {
  std::string out = text(name) + u32(static_cast<std::uint32_t>(sides.size()));
  for (const std::uint64_t side : sides) out += u64(side);
  return out + u32(type) + u64(0);
}

// Three keys (a number, a text, a list of texts) and two tensors.
std::string header() {
  return "GGUF" + u32(3) + u64(2) + u64(3) + text("a") + u32(4) + u32(7) + text("b") + u32(8) +
         text("words") + text("c") + u32(9) + u32(8) + u64(2) + text("x") + text("") +
         tensor("w", 8, {64, 32}) + tensor("n", 0, {64});
}

Result<std::vector<TensorEntry>> read(const std::string& bytes) {
  const Fd file(::memfd_create("model", MFD_CLOEXEC));
  EXPECT_TRUE(write_all(file.get(), bytes));
  return read_tensor_table(file.get(), "model.gguf");
}

TEST(GgufTable, ReadsTypesAndSizes) {
  const auto table = read(header() + std::string(100, 'w'));
  ASSERT_TRUE(table) << table.error().what;
  ASSERT_EQ(table->size(), 2U);
  EXPECT_EQ((*table)[0].type, 8U);
  EXPECT_EQ((*table)[0].values, 64U * 32);
  EXPECT_EQ((*table)[0].sides, 2U);
  EXPECT_EQ((*table)[0].rows, 32U);
  EXPECT_EQ((*table)[1].type, 0U);
  EXPECT_EQ((*table)[1].values, 64U);
  EXPECT_EQ((*table)[1].sides, 1U);
  EXPECT_EQ((*table)[1].rows, 1U);
}

TEST(GgufTable, ReadsLongListsByPlace) {
  std::string bytes = "GGUF" + u32(3) + u64(1) + u64(2) + text("tokens") + u32(9) + u32(8) + u64(50'000);
  for (int i = 0; i < 50'000; ++i) bytes += text(std::to_string(i));
  bytes +=
      text("scores") + u32(9) + u32(6) + u64(50'000) + std::string(200'000, '\0') + tensor("w", 1, {2, 3});
  const auto table = read(bytes);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->front().values, 6U);
}

TEST(GgufTable, RefusesEveryTruncation) {
  const std::string whole = header();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto table = read(whole.substr(0, length));
    ASSERT_FALSE(table) << length;
    EXPECT_EQ(table.error().code, Code::bad_input);
  }
}

TEST(GgufTable, BelievesNoCount) {
  const std::string most = u64(UINT64_MAX);
  const std::string bad[] = {
      "GGUX" + u32(3) + u64(0) + u64(0),                                             // no GGUF
      "GGUF" + u32(1) + u64(0) + u64(0),                                             // another version
      "GGUF" + u32(3) + most + u64(0),                                               // tensors
      "GGUF" + u32(3) + u64(0) + most,                                               // keys
      "GGUF" + u32(3) + u64(0) + u64(1) + most + "a",                                // a key's length
      "GGUF" + u32(3) + u64(0) + u64(1) + text("a") + u32(99) + u64(0),              // a type
      "GGUF" + u32(3) + u64(0) + u64(1) + text("a") + u32(9) + u32(9) + u64(1),      // a list of lists
      "GGUF" + u32(3) + u64(0) + u64(1) + text("a") + u32(9) + u32(4) + most,        // a list's length
      "GGUF" + u32(3) + u64(1) + u64(0) + text("w") + u32(9) + std::string(200, 1),  // sides
      "GGUF" + u32(3) + u64(1) + u64(0) + tensor("w", 0, {1ULL << 40, 1ULL << 40}),  // values
  };
  for (const std::string& bytes : bad) EXPECT_FALSE(read(bytes));
}

}  // namespace
}  // namespace carrel
