// Evaluation as a user has it: cases in, a table out, and what was finished kept.
#include <chrono>
#include <filesystem>
#include <thread>

#include <gmock/gmock.h>
#include <signal.h>

#include "program.h"

namespace carrel::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

class Eval : public Scratch {
 protected:
  // The example bundle as some cases: of the first the label is right, of the others it is not.
  std::string cases(int count) {
    std::string json = R"({"cases": [)";
    for (int i = 0; i < count; ++i) {
      const std::string id = "case-" + std::to_string(i);
      json += (i == 0 ? "\n" : ",\n") + ("{\"id\": \"" + id) + R"(", "category": ")" +
              (i == 0 ? "pvc" : "dns") +
              R"(", "question": "Why is postgres-0 Pending?", "reference": "fast-ssd does not exist",
          "root_cause_all_of": [[")" +
              (i == 0 ? "fast-ssd" : "resolv.conf") + R"("]],
          "evidence_any_of": [{"file": "pvcs/", "quote": "fast-ssd"}],
          "culprit": {"kind": "persistentvolumeclaim", "namespace": "platform", "name": "data-postgres-0"}})";
      std::filesystem::create_directories(folder_ + "/cases");
      std::filesystem::copy_file(example, folder_ + "/cases/" + id + ".tar.gz");
    }
    file("cases/cases.json", json + "]}");
    return folder_ + "/cases";
  }
};

TEST_F(Eval, GradesEveryCaseAndTakesWhatIsTheSameFromTheLastOne) {
  const std::string folder = cases(2);
  const std::string page = folder_ + "/eval.html", xml = folder_ + "/eval.xml";
  const Outcome first =
      carrel({"eval", "k8s-triage", "--cases", folder, "--html", page, "--junit", xml, "--recall"});
  ASSERT_EQ(first.status, 0) << first.err;
  for (const char* part :
       {"1 of 2", "floor: quotes", "culprit named", "By category", "1,024 tokens", "case-1"})
    EXPECT_THAT(first.out, HasSubstr(part));
  EXPECT_THAT(first.out, Not(HasSubstr("taken from earlier")));
  EXPECT_THAT(read(page), HasSubstr("id=\"case-case-0\""));
  EXPECT_THAT(read(xml), HasSubstr("failures=\"1\""));

  const Outcome again = carrel({"eval", "k8s-triage", "--cases", folder});
  EXPECT_THAT(again.out, HasSubstr("2 of them taken from earlier evaluations"));
  EXPECT_THAT(again.out, HasSubstr("0 worse, 0 better, 2 the same"));

  const auto json =
      json_of(carrel({"eval", "k8s-triage", "--cases", folder, "--json", "-q", "--only", "case-0"}));
  EXPECT_EQ(json["scores"]["right"]["right"].GetInt(), 1);
  EXPECT_EQ(json["scores"]["citations_real"]["share"].GetDouble(), 1);
  const std::string run = json["results"][0]["run"].GetString();
  EXPECT_THAT(carrel({"show", run}).out, HasSubstr("fast-ssd"));
  EXPECT_EQ(json_of(carrel({"runs", "--json"})).Size(), 0U)
      << "runs of evaluations are listed by their tenant";
}

TEST_F(Eval, ThresholdsMistakesAndOtherProgramsHaveTheirStatus) {
  const std::string folder = cases(2);
  for (const char* const option : {"--junit", "--html", "--calibrate"}) {
    const Outcome stream = carrel({"eval", "k8s-triage", "--cases", folder, option, "-"});
    EXPECT_EQ(stream.status, 2);
    EXPECT_THAT(stream.err, HasSubstr("stdout is no file"));
  }
  EXPECT_EQ(carrel({"eval", "k8s-triage", "--cases", folder, "-q", "--at-least", "0.5"}).status, 0);
  EXPECT_EQ(carrel({"eval", "k8s-triage", "--cases", folder, "-q", "--at-least", "0.6"}).status, 3);
  EXPECT_EQ(carrel({"eval", "k8s-triage", "--cases", folder, "-q", "--no-worse"}).status, 0);
  const Outcome no_model = carrel({"eval", "k8s-triage", "--cases", folder, "-q", "--engine", "llama"});
  EXPECT_EQ(no_model.status, 2);
  EXPECT_THAT(no_model.err, HasSubstr("the engine llama needs a model"));
  const Outcome floor =
      carrel({"eval", "k8s-triage", "--cases", folder, "-q", "--engine", "quotes", "--no-worse"});
  EXPECT_EQ(floor.status, 3) << floor.out;
  EXPECT_THAT(floor.out, HasSubstr("worse  case-0"));
  EXPECT_THAT(floor.out, HasSubstr("Other evaluations of these cases"));

  file("answers/case-0.json", R"({"root_cause": "fast-ssd", "evidence": []})");
  file("answers/case-1.json", R"({"root_cause": "resolv.conf", "evidence": [
      {"file": "cluster-resources/pvcs/platform.json", "line": 28, "quote": "\"fast-ssd\""}]})");
  const auto answers = json_of(
      carrel({"eval", "k8s-triage", "--cases", folder, "-q", "--json", "--answers", folder_ + "/answers"}));
  EXPECT_FALSE(answers["results"][0]["evidence"].GetBool());
  EXPECT_TRUE(answers["results"][1]["right"].GetBool());

  EXPECT_EQ(carrel({"eval", "k8s-triage", "--cases", folder_}).status, 4);
  EXPECT_EQ(carrel({"eval", "k8s-triage", "--cases", folder, "--only", "case-7"}).status, 2);
  file("cases/case-1.tar.gz", "\x1f\x8b" + std::string(50, 'x'));
  const Outcome damaged = carrel({"eval", "k8s-triage", "--cases", folder, "-q"});
  EXPECT_EQ(damaged.status, 4);
  EXPECT_THAT(damaged.out, HasSubstr("failed"));
  EXPECT_THAT(carrel({"eval", "--help"}).out, HasSubstr("Exit status"));
}

TEST_F(Eval, AfterAKillItGoesOn) {
  const std::string folder = cases(12);
  const std::vector<std::string> command = {"eval", "k8s-triage", "--cases", folder, "-q", "--jobs", "1"};
  const std::string kept = folder_ + "/.local/share/carrel/tenants";
  const auto finished = [&] {
    std::size_t lines = 0;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(kept, std::filesystem::directory_options{})) {
      if (entry.path().extension() != ".jsonl") continue;
      const std::string text = read(entry.path());
      lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    }
    return lines;
  };
  const Outcome killed = carrel_while(command, [&](pid_t pid) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while ((!std::filesystem::exists(kept) || finished() < 4) && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ::kill(pid, SIGKILL);
  });
  if (killed.status == 0) GTEST_SKIP() << "it had ended before";
  EXPECT_TRUE(nothing_left_running());
  const Outcome on = carrel(command);
  EXPECT_EQ(on.status, 0) << on.err;
  EXPECT_THAT(on.out, HasSubstr("of them taken from earlier evaluations"));
  EXPECT_THAT(on.out, Not(HasSubstr("12 of them")));
}

TEST_F(Eval, WhatItCalibratesAPlaybookCarriesAndReportsName) {
  const std::string folder = cases(12);
  ASSERT_EQ(carrel({"playbook", "new", folder_ + "/mine", "--from", "k8s-triage"}).status, 0);
  std::string yaml = read(folder_ + "/mine/playbook.yaml");
  const auto given = yaml.find("\ncalibration:");
  if (given != std::string::npos) yaml.erase(given, yaml.find('\n', given + 1) - given);
  file("mine/playbook.yaml", yaml + "calibration: calibration.json\n");
  const std::string calibration = folder_ + "/mine/calibration.json";
  file("mine/calibration.json", R"({"calibration": 2, "playbook": "mine@1"})");
  const Outcome made =
      carrel({"eval", folder_ + "/mine", "--cases", folder, "-q", "--calibrate", calibration, "--json"});
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_EQ(carrel({"playbook", "lint", folder_ + "/mine"}).status, 0);
  const auto report = json_of(carrel({"run", folder_ + "/mine", example, "--json"}));
  EXPECT_THAT(report["confidence"]["basis"].GetString(), HasSubstr("by 12 cases of its own and"));
  EXPECT_LT(report["confidence"]["score"].GetDouble(), 0.3) << "one of twelve was right";
  file("mine/calibration.json", R"({"calibration": 2})");
  const Outcome lint = carrel({"playbook", "lint", folder_ + "/mine"});
  EXPECT_EQ(lint.status, 4);
  EXPECT_THAT(lint.err + lint.out, HasSubstr("mine/calibration.json:1:1: \"playbook\" must be a text"));
}

TEST_F(Eval, ReportsOfEarlierDaysCalibrateOnceTheirCausesAreKnown) {
  const std::string folder = cases(2), calibration = folder_ + "/calibration.json";
  const Outcome report = carrel({"triage", example, "--json"});
  ASSERT_EQ(report.status, 0) << report.err;
  for (const char* const name : {"answers/case-0.json", "answers/case-1.json"}) file(name, report.out);
  const std::vector<std::string> command = {
      "eval",      "k8s-triage",         "--cases", folder,        "-q",
      "--answers", folder_ + "/answers", "--json",  "--calibrate", calibration};
  const auto graded = json_of(carrel(command));
  EXPECT_GT(graded["results"][0]["confidence"].GetDouble(), 0.5);
  EXPECT_TRUE(graded["results"][0]["checked"].GetBool());
  EXPECT_THAT(read(calibration), HasSubstr("claim-class-missing"));
  const std::string once = read(calibration);
  EXPECT_EQ(carrel(command).status, 0);
  EXPECT_EQ(read(calibration), once) << "the same cases count once";
  file("answers/case-0.json", R"({"root_cause": "fast-ssd", "evidence": []})");
  file("answers/case-1.json", R"({"root_cause": "fast-ssd", "evidence": []})");
  const Outcome foreign = carrel(command);
  EXPECT_EQ(foreign.status, 2);
  EXPECT_THAT(foreign.err, HasSubstr("there is nothing to calibrate by"));
}

TEST_F(Eval, ASweepHasEveryCombinationAndGoesOnWhereItEnded) {
  const std::string folder = cases(2), page = folder_ + "/sweep.html";
  const std::vector<std::string> command = {"sweep",     "k8s-triage",  "--cases", folder,   "--vary-context",
                                            "2048,4096", "--vary-jobs", "1,2",     "--html", page,
                                            "--json",    "--engine",    "none"};
  const auto first = json_of(carrel(command));
  ASSERT_TRUE(first.IsObject());
  ASSERT_EQ(first["points"].Size(), 4u);
  for (const auto& point : first["points"].GetArray()) {
    EXPECT_EQ(point["right"].GetInt(), 1);
    EXPECT_EQ(point["of"].GetInt(), 2);
    EXPECT_GT(point["median_s"].GetDouble(), 0);
  }
  EXPECT_STREQ(first["points"][3]["label"].GetString(), "context 4096, 2 at a time");
  EXPECT_THAT(first["recommended"]["reason"].GetString(), HasSubstr("4 of 4 combinations"));
  EXPECT_THAT(read(page), HasSubstr("<svg"));

  // What was measured is taken from before, figure by figure.
  const auto again = json_of(carrel(command));
  for (rapidjson::SizeType i = 0; i < 4; ++i)
    EXPECT_EQ(first["points"][i]["median_s"], again["points"][i]["median_s"]);
  EXPECT_EQ(carrel({"sweep", "k8s-triage", "--cases", folder, "--vary-context", "much"}).status, 2);
  // What is wrong at the end is told before anything has run.
  const Outcome late = carrel({"sweep", "k8s-triage", "--cases", folder, "--vary-context", "1024,much"});
  EXPECT_EQ(late.status, 2);
  EXPECT_EQ(late.err.find(" of "), std::string::npos) << late.err;
  const Outcome nowhere =
      carrel({"eval", "k8s-triage", "--cases", folder, "--html", folder_ + "/none/page.html"});
  EXPECT_EQ(nowhere.status, 2);
  EXPECT_NE(nowhere.err.find("there is no folder"), std::string::npos) << nowhere.err;
}

// A model file that recommends what the playbook does not want is told of, in a sweep as in a run.
TEST_F(Eval, ASweepSaysWhereSamplingDepartsFromTheModelFile) {
  const std::string folder = cases(1);
  const auto json = json_of(
      carrel({"sweep", "k8s-triage", "--cases", folder, "--models", tiny_model(0, 0.7), "--vary-temperature",
              "0,0.7", "--output-tokens", "128", "--tries", "1", "--json", "-q"}));
  ASSERT_TRUE(json.IsObject());
  ASSERT_EQ(json["points"].Size(), 2u);
  ASSERT_EQ(json["notes"].Size(), 1u);
  EXPECT_THAT(json["notes"][0].GetString(), HasSubstr("temperature of 0.7 was not taken: it is 0 (flag"));
}

}  // namespace
}  // namespace carrel::e2e
