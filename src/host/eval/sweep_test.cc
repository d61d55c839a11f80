#include "host/eval/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/read_value.h"

namespace carrel {
namespace {

using testing::HasSubstr;
using testing::Not;

SweepPoint point(const std::string& model, std::uint64_t right, std::uint64_t all, double per_hour) {
  SweepPoint made;
  made.cell.settings = {{"model", model}};
  made.right = {right, all};
  made.per_hour = per_hour;
  return made;
}

TEST(Sweep, EveryCombinationIsACell) {
  const auto cells = cells_of({{"a.gguf", "b.gguf"}, {"2048", "4096"}, {}, {"0"}, {1, 2}});
  ASSERT_TRUE(cells);
  ASSERT_EQ(cells->size(), 8U);
  EXPECT_EQ(cells->front().label(), "a.gguf, context 2048, temperature 0");
  EXPECT_EQ(cells->back().label(), "b.gguf, context 4096, temperature 0, 2 at a time");
  EXPECT_EQ(cells_of({})->at(0).label(), "as the settings are");
  const std::vector<std::string> many(17, "1");
  EXPECT_FALSE(cells_of({many, many, {}, {}, {}}));
  EXPECT_TRUE(cells_of({std::vector<std::string>(most_cells, "a"), {}, {}, {}, {}}));
}

TEST(Sweep, APointIsOfTheCasesThatCameToAReport) {
  Evaluation evaluation;
  for (const double seconds : {1.0, 3.0, 2.0}) {
    CaseResult result;
    result.seconds = seconds;
    result.grade.cause = result.grade.evidence = true;
    evaluation.results.push_back(result);
  }
  evaluation.results.emplace_back().error = "it is encrypted";
  SweepCell cell;
  cell.jobs = 2;
  const SweepPoint made = point_of(cell, evaluation);
  EXPECT_EQ(made.right.right, 3U);
  EXPECT_EQ(made.right.all, 4U) << "a failed run is a wrong one";
  EXPECT_EQ(made.failed, 1U);
  EXPECT_DOUBLE_EQ(made.median_s, 2);
  EXPECT_DOUBLE_EQ(made.per_hour, 3600);
}

TEST(Sweep, OfEqualsTheFastestIsRecommended) {
  const Recommendation best =
      recommend({point("q8", 90, 100, 100), point("q4", 88, 100, 200), point("q2", 40, 100, 400)});
  EXPECT_EQ(best.point, 1U);
  EXPECT_THAT(best.reason, HasSubstr("2 of 3 combinations cannot be told from the best (90 of 100)"));
  const Recommendation clear = recommend({point("q8", 90, 100, 100), point("q2", 40, 100, 400)});
  EXPECT_EQ(clear.point, 0U);
  EXPECT_THAT(clear.reason, HasSubstr("worse by more than chance"));
}

TEST(Sweep, ItsFormsSayTheSameAndEscapeNames) {
  const SweepView view{
      "play@1", 100, {point("<b>\x1b[31m", 90, 100, 100), point("q2", 40, 100, 400)}, {"a <note>"}};
  const std::string page = to_html(view), text = to_terminal(view, {false, 100});
  EXPECT_THAT(page, HasSubstr("90 of 100"));
  EXPECT_THAT(page, Not(HasSubstr("<b>\x1b")));
  EXPECT_THAT(page, HasSubstr("a &lt;note&gt;"));
  EXPECT_THAT(text, HasSubstr("* "));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  const auto json = read_json(to_json(view));
  ASSERT_TRUE(json);
  EXPECT_EQ((*json)["points"].items.size(), 2U);
  EXPECT_EQ((*json)["recommended"]["point"].integer(), 0);
}

}  // namespace
}  // namespace carrel
