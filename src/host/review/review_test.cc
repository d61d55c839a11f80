#include "host/review/review.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "base/fd.h"
#include "digest/sha256.h"
#include "host/review/export.h"
#include "record/codec.h"

namespace carrel {
namespace {

using testing::HasSubstr;
using testing::Not;
using Decision = ReviewRow::Decision;

class ReviewTest : public testing::Test {
 protected:
  ReviewTest() {
    std::string pattern = testing::TempDir() + "/reviewXXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    std::ofstream(folder_ + "/b.tar.gz") << "any bytes";
    ledger_.emplace(std::move(*Ledger::open(folder_ + "/data", "acme")));
    RunRow row;
    row.id = "20260101-000000-000001";
    row.input = folder_ + "/b.tar.gz";
    row.input_sha256 = sha256_of("any bytes");
    row.question = "why is *it* down";
    row.settings = "{}";
    EXPECT_TRUE(ledger_->begin(row));
    Report report;
    report.run = row.id;
    report.verdict = Verdict::fault;
    report.question = row.question;
    report.engine = "none";
    report.root_cause = "the disk <script>alert(1)</script> [of](http://x) `node` is full";
    report.evidence = {{"E001", {"top/node.log", 3, 3, ""}, "``` No space\x1b[2J left", "fatal <b>"}};
    report.commands = {{"kubectl get nodes", "shows them"}};
    report.missing = {"the kubelet's log"};
    report.checks = {{"citations", Check::Verdict::pass, "1 of 1"}};
    CitedContext context;
    context.surroundings = {
        {std::string(64, 'a'), 9, 2, {"before", "``` No space\x1b[2J left", "after <i>"}}};
    row.state = RunState::finished;
    row.objects = {{"report", *ledger_->put(to_json(report))},
                   {"context", *ledger_->put("carrel context 1\n" + *encode(context))}};
    EXPECT_TRUE(ledger_->finish(row, detail_of(report)));
  }
  ~ReviewTest() override { std::filesystem::remove_all(folder_); }

  RunInContext run() {
    auto found = run_in_context(*ledger_, ledger_->runs(1)->front());
    EXPECT_TRUE(found) << found.error().what;
    return std::move(*found);
  }
  void decide(Decision decision, std::int64_t claim = ReviewRow::whole_report, const std::string& text = "") {
    ReviewRow review;
    review.reviewer = "jo";
    review.decision = decision;
    review.claim = claim;
    review.reason = "because";
    review.text = text;
    const Status kept = ledger_->add_review(ledger_->runs(1)->front(), &review);
    EXPECT_TRUE(kept) << (kept ? "" : kept.error().what);
  }

  std::string folder_;
  std::optional<Ledger> ledger_;
};

TEST_F(ReviewTest, EvidenceStandsInItsContext) {
  const RunInContext held = run();
  ASSERT_EQ(held.claims.size(), 3u);
  ASSERT_EQ(held.claims[0].citations.size(), 1u);
  EXPECT_EQ(held.claims[0].citations[0].around.first_line, 2u);
  EXPECT_EQ(held.claims[0].citations[0].around.lines.size(), 3u);
  EXPECT_EQ(held.claims[0].citations[0].around.file_sha256, std::string(64, 'a'));
}

TEST_F(ReviewTest, TheReplyHoldsWhatWasAcceptedAlone) {
  EXPECT_FALSE(draft_reply(run()));
  decide(Decision::accept);
  decide(Decision::reject, 1);
  EXPECT_THAT(*draft_reply(run()), HasSubstr("the kubelet's log"));
  EXPECT_THAT(*draft_reply(run()), Not(HasSubstr("kubectl get nodes")));
  decide(Decision::edit, 0, "The disk of node-7 is full");
  const std::string reply = *draft_reply(run());
  EXPECT_THAT(reply, HasSubstr("The disk of node-7 is full"));
  EXPECT_THAT(reply, Not(HasSubstr("alert")));
  EXPECT_THAT(reply, HasSubstr("Reviewed by jo"));
  decide(Decision::accept);  // of the report: what was said of its claims still holds
  EXPECT_THAT(*draft_reply(run()), HasSubstr("The disk of node-7 is full"));
  EXPECT_THAT(*draft_reply(run()), Not(HasSubstr("kubectl get nodes")));
  decide(Decision::reject);
  EXPECT_FALSE(draft_reply(run()));
  decide(Decision::accept, 2);  // one claim alone
  EXPECT_THAT(*draft_reply(run()), HasSubstr("the kubelet's log"));
  EXPECT_THAT(*draft_reply(run()), Not(HasSubstr("node-7")));
}

TEST_F(ReviewTest, HostileTextsActInNoExport) {
  decide(Decision::accept);
  for (const std::string& text : {*draft_reply(run()), report_markdown(run())}) {
    EXPECT_THAT(text, HasSubstr("\\<script\\>"));
    EXPECT_THAT(text, HasSubstr("\\[of\\](http"));
    EXPECT_THAT(text, HasSubstr("# why is \\*it\\* down"));
    EXPECT_THAT(text, HasSubstr("\n````\n``` No space\\x1b[2J left\n````\n"));  // the fence is longer
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  }
  const std::string html = report_html(run());
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;"));
  for (const char* no : {"<script", "<b> ", "<i>", "\x1b", "http-equiv=\"refresh"})
    EXPECT_THAT(html, Not(HasSubstr(no)));
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  EXPECT_THAT(html, HasSubstr("<span class=\"cited\">     3  ``` No space"));
  EXPECT_THAT(html, HasSubstr("<span class=\"other\">     4  after &lt;i&gt;</span>"));
  rapidjson::Document json;
  json.Parse(record_json(run()).c_str());
  ASSERT_TRUE(json.IsObject());
  EXPECT_EQ(json["claims"][0]["citations"][0]["lines"].Size(), 3u);
  EXPECT_EQ(json["reviews"].Size(), 1u);
}

TEST_F(ReviewTest, ATarHoldsAllOfIt) {
  auto tar = record_tar(*ledger_, run());
  ASSERT_TRUE(tar);
  EXPECT_EQ(tar->size() % 512, 0u);
  for (const char* name : {"/report.html", "/report.md", "/record.json", "/report.json", "/objects/context"})
    EXPECT_THAT(*tar, HasSubstr("20260101-000000-000001" + std::string(name)));
}

TEST_F(ReviewTest, ACorrectionBecomesACase) {
  const std::string cases = folder_ + "/cases";
  EXPECT_FALSE(correction_to_case(run(), cases, {}));
  decide(Decision::edit, 0, "The StorageClass fast-ssd does not exist");
  EXPECT_FALSE(correction_to_case(run(), cases, {"("}));
  EXPECT_FALSE(correction_to_case(run(), cases, {"slow"}));  // the right cause does not match
  EXPECT_FALSE(correction_to_case(run(), cases, {"s"}));     // the wrong one does too
  auto id = correction_to_case(run(), cases, {});
  ASSERT_TRUE(id) << id.error().what;
  EXPECT_FALSE(correction_to_case(run(), cases, {}));  // there already
  EXPECT_EQ(*read_file(cases + "/" + *id + ".tar.gz", 100), "any bytes");
  auto text = read_file(cases + "/cases.json", 1 << 20);
  ASSERT_TRUE(text);
  rapidjson::Document json;
  json.Parse(text->c_str());
  ASSERT_EQ(json["cases"].Size(), 1u);
  const auto& made = json["cases"][0];
  EXPECT_STREQ(made["reference"].GetString(), "The StorageClass fast-ssd does not exist");
  EXPECT_STREQ(made["root_cause_all_of"][0][0].GetString(), "fast-ssd");
  EXPECT_STREQ(made["evidence_any_of"][0]["file"].GetString(), "node\\.log");
  EXPECT_STREQ(made["wrong"][0].GetString(), run().report.root_cause.c_str());
  std::ofstream(folder_ + "/b.tar.gz") << "other bytes";
  EXPECT_FALSE(correction_to_case(run(), folder_ + "/more", {}));  // the bundle is another one now
}

}  // namespace
}  // namespace carrel
