#include "record/evidence.h"

#include <set>

#include <gtest/gtest.h>

namespace carrel {
namespace {

TEST(EvidenceId, HasOneWidthInAList) {
  EXPECT_EQ(evidence_id(0, 5), "E001");
  EXPECT_EQ(evidence_id(998, 999), "E999");
  EXPECT_EQ(evidence_id(0, 1000), "E0001");
  EXPECT_EQ(evidence_id(limit::evidence_lines - 1, limit::evidence_lines), "E8192");
}

TEST(EvidenceId, GoesThereAndBack) {
  for (const std::size_t count : {1u, 999u, 1000u, 8192u}) {
    std::set<std::string> ids;
    for (std::size_t index = 0; index < count; ++index) {
      const std::string id = evidence_id(index, count);
      EXPECT_EQ(evidence_index(id, count), index);
      ids.insert(id);
    }
    EXPECT_EQ(ids.size(), count);
  }
}

TEST(EvidenceId, StandsForNothingWhereItIsNotExactlyOne) {
  for (const char* id : {"", "E", "E0", "E000", "E006", "E1", "E0001", "e001", "E001 ", " E001", "E-01",
                         "E+01", "001", "E99999999999999999999", "E0x1"}) {
    EXPECT_EQ(evidence_index(id, 5), 5u) << id;
  }
}

TEST(Address, AsText) {
  EXPECT_EQ(text_of(Address{"logs/web.log", 12, 12, ""}), "logs/web.log:12");
  EXPECT_EQ(text_of(Address{"logs/web.log", 12, 14, ""}), "logs/web.log:12-14");
}

}  // namespace
}  // namespace carrel
