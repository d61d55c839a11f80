// Every kind of incident in every split is a bundle that the read room reads whole, and what decides it is
// among the lines that the read room hands out.
#include "room/worker/read.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "incidents/make.h"
#include "room/bundle/made_archive.h"

namespace carrel::incidents {
namespace {

Result<ReadResult> read(const Case& made) {
  auto bytes = pack(made.bundle, made.at);
  if (!bytes) return bytes.error();
  const Fd fd = made::file_of(*bytes);
  ReadJob job;
  job.bundle_name = made.id;
  job.packed_bytes = bytes->size();
  job.question = made.label.find("question")->text();
  return read_room(fd.get(), job, {});
}

bool decides(const Case& made, const EvidenceLine& line) {
  return std::any_of(made.bundle.places.begin(), made.bundle.places.end(), [&](const Place& place) {
    return place.file == line.at.file && line.at.line <= place.end_line && place.line <= line.at.end_line;
  });
}

class EverySplit : public testing::TestWithParam<Split> {};

TEST_P(EverySplit, IsReadWhole) {
  int known = 0, all = 0;
  for (const Kind* kind : kinds_of(GetParam())) {
    const Case made = make_case(*kind, GetParam(), 11, kind->id);
    const auto list = read(made);
    ASSERT_TRUE(list) << kind->id << ": " << list.error().what;
    EXPECT_EQ(list->format, "support bundle (troubleshoot)") << kind->id;
    EXPECT_EQ(list->files, made.bundle.files.size()) << kind->id;
    EXPECT_TRUE(list->left_out.empty())
        << kind->id << ": " << list->left_out.front().reason << " " << list->left_out.front().file;
    EXPECT_GT(list->objects, 10U) << kind->id;
    ++all;
    const bool found = std::any_of(list->lines.begin(), list->lines.end(),
                                   [&](const EvidenceLine& line) { return decides(made, line); });
    known += found ? 1 : 0;
    if (!found) std::printf("not among the evidence: %s\n", kind->id.c_str());
  }
  EXPECT_GE(known * 100, all * 97);
}

// What the detectors say of a healthy world is what a fault of the maker would be: objects that do not agree.
TEST(HealthyWorld, HasNothingThatADetectorFaults) {
  for (const char* id : {"no-fault", "no-fault-recovered", "no-fault-noisy"}) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      const auto list = read(make_case(*find_kind(id), Split::test, seed, id));
      ASSERT_TRUE(list) << list.error().what;
      for (const Finding& finding : list->findings) {
        if (finding.verdict != Verdict::fault) continue;
        EXPECT_LT(finding.weight, 0.8)
            << id << " " << seed << " [" << finding.detector << "] " << finding.cause;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Splits, EverySplit, testing::Values(Split::train, Split::test, Split::unknown),
                         [](const auto& tested) { return split_name(tested.param); });

}  // namespace
}  // namespace carrel::incidents
