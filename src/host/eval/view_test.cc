// What a person and a program get to read: whole, and harmless whatever the texts hold.
#include "host/eval/view.h"

#include <gmock/gmock.h>

#include "base/read_value.h"
#include "host/eval/made_case.h"

namespace carrel {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* hostile = "<script>alert(1)</script> & \"x\" 'y' \x1b[31m \xff";

class View : public MadeCases {
 protected:
  View() {
    auto set = load(R"({"id": "a", "category": "dns", "difficulty": "easy", "root_cause_all_of": [["dns"]],
        "question": "<script>why</script>", "reference": "<b>so</b>"},
        {"id": "b", "category": "pvc", "difficulty": "hard", "root_cause_all_of": [["class"]]},
        {"id": "c", "category": "pvc", "difficulty": "hard", "root_cause_all_of": [["class"]]})",
                    {"a", "b", "c"});
    set_ = *set;
    for (const Case& label : set_.cases) {
      CaseResult result;
      result.id = label.id;
      result.root_cause = hostile;
      result.confidence = 0.7;
      result.grade.cause = result.grade.evidence = label.id == "a";
      result.grade.why = {std::string("quote not in ") + hostile};
      result.floors = {{"quotes", Grade{}}};
      result.recall = {{false, true, true, true}};
      evaluation_.results.push_back(result);
    }
    evaluation_.results[2].error = hostile;
    evaluation_.head.playbook = "k8s-triage@1";
    evaluation_.head.engine = "llama";
    evaluation_.head.model = "<i>model</i>";
    earlier_ = evaluation_;
    earlier_.head.id = "20260102";
    earlier_.head.engine = "none";
    std::swap(earlier_.results[0].grade, earlier_.results[1].grade);
    view_.set = &set_;
    view_.evaluation = &evaluation_;
    view_.comparison = compare(earlier_, evaluation_);
    view_.others = {&earlier_};
    view_.recall = true;
  }
  CaseSet set_;
  Evaluation evaluation_, earlier_;
  EvalView view_;
};

void expect_harmless(const std::string& text) {
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\xff")));
}

TEST_F(View, TheTableTellsSharesFloorsGroupsAndRegressionsFirst) {
  const std::string text = to_terminal(view_, {false, 100});
  expect_harmless(text);
  EXPECT_THAT(text, HasSubstr("    1 of 3       33 %    6 – 79  %"));
  for (const char* part :
       {"floor: quotes", "By category", "By difficulty", "1,024 tokens", "expected calibration error",
        "Compared with 20260102 (no model)", "1 worse, 1 better, 1 the same", "Other evaluations"})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_LT(text.find("worse  b"), text.find("better a"));
}

TEST_F(View, ThePageHoldsNoMarkupOfOthersAndNoScript) {
  const std::string page = to_html(view_);
  expect_harmless(page);
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<i>")));
  EXPECT_THAT(page, Not(HasSubstr("http:")));
  EXPECT_THAT(page, Not(HasSubstr("https:")));
  EXPECT_THAT(
      page,
      HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot; &#39;y&#39; \\x1b[31m \\xff"));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, HasSubstr("id=\"case-a\""));
  EXPECT_THAT(page, HasSubstr("<svg"));
}

TEST_F(View, JUnitHasASuiteForEachCategory) {
  const std::string xml = to_junit(view_);
  expect_harmless(xml);
  EXPECT_THAT(xml, HasSubstr("<testsuite name=\"pvc\" tests=\"2\" failures=\"1\" errors=\"1\""));
  EXPECT_THAT(xml,
              HasSubstr("<testcase classname=\"k8s-triage@1.dns\" name=\"a\" time=\"0.000\"></testcase>"));
  EXPECT_THAT(xml, Not(HasSubstr("<script")));
}

TEST_F(View, JsonHasEveryCaseAndEveryShare) {
  const std::string json = to_json(view_);
  expect_harmless(json);
  const auto root = read_json(json);
  ASSERT_TRUE(root);
  EXPECT_EQ((*root)["version"].text(), "1");
  EXPECT_EQ((*root)["scores"]["right"]["right"].text(), "1");
  EXPECT_EQ((*root)["floors"]["quotes"]["right"]["of"].text(), "3");
  EXPECT_EQ((*root)["results"].size(), 3U);
  EXPECT_EQ((*root)["compared_with"]["worse"][0]["case"].text(), "b");
  EXPECT_EQ((*root)["recall"][1]["found"]["right"].text(), "3");
}

}  // namespace
}  // namespace carrel
