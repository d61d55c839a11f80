// Traces, differences, replays, decisions and exports, as a user has them.
#include <filesystem>

#include <gmock/gmock.h>

#include "program.h"
#include "record/codec.h"
#include "record/room.h"

namespace carrel::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

class LedgerOfReviews : public Scratch {
 protected:
  std::string triage(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"triage", example, "--json", "-q", "--tenant", "acme"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = carrel(arguments);
    EXPECT_THAT(outcome.status, testing::AnyOf(0, 3)) << outcome.err;
    return json_of(outcome)["run"].GetString();
  }
};

TEST_F(LedgerOfReviews, AClaimIsTracedToTheLinesAroundItsEvidenceAndBack) {
  const std::string run = triage();
  const Outcome all = carrel({"trace", run});
  EXPECT_EQ(all.status, 0) << all.err;
  EXPECT_THAT(all.out, HasSubstr("[0] cause: PersistentVolumeClaim data-postgres-0"));
  EXPECT_THAT(all.out, HasSubstr("▶     28 │         \"storageClassName\": \"fast-ssd\","));
  EXPECT_THAT(all.out, HasSubstr("chosen: the class the claim names"));
  // The digest is of the file as it lies in the bundle.
  const std::string member = "support-bundle-2024-05-14T07_05_41/cluster-resources/pvcs/platform.json";
  const Outcome digest = this->run({"sh", "-c", "tar -xOf " + example + " " + member + " | sha256sum"});
  EXPECT_THAT(all.out, HasSubstr("sha256 " + digest.out.substr(0, 64)));
  // What is told as line 22 is line 22.
  const Outcome line = this->run({"sh", "-c", "tar -xOf " + example + " " + member + " | sed -n 22p"});
  EXPECT_THAT(all.out, HasSubstr("    22 │ " + line.out));
  EXPECT_THAT(carrel({"trace", run, "0"}).out, Not(HasSubstr("[1]")));
  EXPECT_EQ(carrel({"trace", run, "99"}).status, 2);
  const Outcome back = carrel({"trace", "cluster-resources/pvcs/platform.json:28"});
  EXPECT_EQ(back.status, 0) << back.err;
  EXPECT_THAT(back.out, HasSubstr(run + "  [0] cause"));
  EXPECT_EQ(carrel({"trace", "cluster-resources/pvcs/platform.json:1"}).status, 3);
  EXPECT_EQ(carrel({"trace", "nothing:x"}).status, 2);
}

TEST_F(LedgerOfReviews, RunsOfThrowAwayTenantsAreComparedAndThoseOfNamedOnesAreNot) {
  std::vector<std::string> runs;
  for (const char* format : {"a", "b"}) {
    const std::string bundle =
        file(std::string(format) + "/app.log", "ERROR no space left on " + std::string(format));
    runs.emplace_back(json_of(carrel({"triage", folder_ + "/" + format, "--json", "-q"}))["run"].GetString());
  }
  const Outcome both = carrel({"diff", runs[0], runs[1]});
  EXPECT_EQ(both.status, 3) << both.err;
  EXPECT_THAT(both.out, HasSubstr("Neither run names a tenant"));
  EXPECT_TRUE(json_of(carrel({"diff", runs[0], runs[1], "--json"}))["throw_away_tenants"].GetBool());
  const Outcome named = carrel({"diff", runs[0], triage()});
  EXPECT_EQ(named.status, 2);
  EXPECT_THAT(named.err, HasSubstr("the runs are of two tenants"));
  const Outcome missing = carrel({"diff", "nowhere.tar.gz", runs[1]});
  EXPECT_EQ(missing.status, 2);
  EXPECT_THAT(missing.err, HasSubstr("no such file or run: nowhere.tar.gz"));
}

TEST_F(LedgerOfReviews, AReplayWithoutAModelIsIdentical) {
  const std::string run = triage();
  const Outcome same = carrel({"replay", run, "-q"});
  EXPECT_EQ(same.status, 0) << same.out << same.err;
  EXPECT_THAT(same.out, HasSubstr("are identical"));
  EXPECT_EQ(json_of(carrel({"runs", "--json"})).Size(), 2u);
  // Another bundle in its place is what differs.
  file("other/logs.txt", "ERROR disk full\n");
  const Outcome differs = carrel({"replay", run, "-q", "--input", folder_ + "/other", "--json"});
  EXPECT_EQ(differs.status, 3) << differs.err;
  const auto diff = json_of(differs);
  EXPECT_STREQ(diff["inputs"][0]["what"].GetString(), "bundle");
  EXPECT_GT(diff["bundles"]["vanished"].Size(), 10u);
}

TEST_F(LedgerOfReviews, AReplayWithAModelIsIdenticalBitByBit) {
  const std::string model = tiny_model();
  const std::string run =
      triage({"--model", model, "--output-tokens", "160", "--seed", "5", "--temperature", "0.8"});
  const auto same = json_of(carrel({"replay", run, "-q", "--json"}));
  EXPECT_TRUE(same["identical"].GetBool());
  // The tries themselves, whatever became of them in the report: all of the record but what depends on the
  // clock and on states that were kept.
  const auto tries = [&](const std::string& id) {
    file(id + ".tar", carrel({"export", id, "--tar"}).out);
    const std::string bytes =
        this->run({"tar", "-xOf", folder_ + "/" + id + ".tar", id + "/objects/tries"}).out;
    auto result = decode<ThinkResult>(std::string_view(bytes).substr(bytes.find('\n') + 1));
    EXPECT_TRUE(result && result->tries.size() == 2);
    if (!result) return std::string();
    result->prefix_reused = 0;
    result->why_less.clear();
    result->state_bytes = 0;
    result->load_s = result->state_s = result->prefill_s = result->decode_s = result->first_token_s = 0;
    return *encode(*result);
  };
  EXPECT_EQ(tries(run), tries(same["b"].GetString()));
  const auto other = json_of(carrel({"diff", run, triage(), "--json"}));
  EXPECT_STREQ(other["inputs"][0]["what"].GetString(), "engine");
}

TEST_F(LedgerOfReviews, BundlesOfOneTenantAreCompared) {
  file("before/pods.txt", "all is well with request 17\n");
  file("after/pods.txt", "ERROR connection to 10.0.0.1 refused\n");
  const Outcome diff = carrel({"diff", folder_ + "/before", folder_ + "/after", "--tenant", "acme", "-q"});
  EXPECT_EQ(diff.status, 3) << diff.err;
  EXPECT_THAT(diff.out, HasSubstr("line appeared        {+ERROR connection to #.#.#.# refused+}"));
  EXPECT_EQ(carrel({"diff", folder_ + "/before", folder_ + "/after"}).status, 2);
}

TEST_F(LedgerOfReviews, ADecisionIsKeptWithItsNameAndMakesTheReply) {
  const std::string run = triage();
  EXPECT_THAT(carrel({"review", "--list"}).out, HasSubstr(run));
  // Runs of an evaluation wait where its tenant is named.
  EXPECT_EQ(carrel({"triage", example, "--tenant", "eval-old-incidents", "-q"}).status, 0);
  const auto waiting = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"review", "--list", "--json"});
    return json_of(carrel(more))["queue"].Size();
  };
  EXPECT_EQ(waiting({}), 1u);
  EXPECT_EQ(waiting({"--tenant", "eval-old-incidents"}), 1u);
  EXPECT_EQ(carrel({"review", run, "accept"}).status, 2);  // nobody decided
  EXPECT_EQ(carrel({"review", run, "reject", "--reviewer", "jo"}).status, 2);
  EXPECT_EQ(carrel({"review", run, "perhaps", "--reviewer", "jo"}).status, 2);
  EXPECT_EQ(carrel({"export", run, "--reply"}).status, 2);
  EXPECT_EQ(carrel({"review", run, "accept", "--reviewer", "jo"}).status, 0);
  EXPECT_THAT(carrel({"review", "--list"}).out, HasSubstr("No run waits"));
  EXPECT_THAT(carrel({"export", run, "--reply"}).out, HasSubstr("fast-ssd"));
  EXPECT_EQ(carrel({"review", run, "edit", "--claim", "0", "--reviewer", "jo", "--reason", "renamed",
                    "--text", "The class is called premium-ssd-2 since the upgrade"})
                .status,
            0);
  EXPECT_THAT(carrel({"export", run, "--reply"}).out, HasSubstr("premium-ssd-2 since the upgrade"));
  EXPECT_EQ(carrel({"search", "premium-ssd-2"}).status, 0);
  const Outcome made = carrel({"review", run, "case", "--cases", folder_ + "/cases"});
  EXPECT_EQ(made.status, 0) << made.err;
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/cases/correction-" + run + ".tar.gz"));
  EXPECT_EQ(carrel({"ledger", "verify"}).status, 0);
}

TEST_F(LedgerOfReviews, ARunIsExportedWhole) {
  const std::string run = triage();
  EXPECT_EQ(carrel({"export", run}).status, 2);
  const Outcome html = carrel({"export", run, "--html"});
  EXPECT_THAT(html.out, HasSubstr("<!doctype html>"));
  EXPECT_THAT(html.out, HasSubstr("storageClassName"));
  file("run.tar", carrel({"export", run, "--tar"}).out);
  const Outcome names = this->run({"tar", "-tf", folder_ + "/run.tar"});
  EXPECT_EQ(names.status, 0) << names.err;
  for (const char* name :
       {"/report.html", "/report.json", "/objects/evidence", "/objects/context", "/objects/rooms"})
    EXPECT_THAT(names.out, HasSubstr(run + name));
  const Outcome report = this->run({"tar", "-xOf", folder_ + "/run.tar", run + "/report.json"});
  EXPECT_EQ(report.out, carrel({"show", run, "--json"}).out);
}

}  // namespace
}  // namespace carrel::e2e
