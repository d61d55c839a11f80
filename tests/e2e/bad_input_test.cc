// Bad input gets one clear sentence, the right exit status, and loses nothing.
#include <filesystem>

#include <gmock/gmock.h>
#include <unistd.h>

#include "program.h"

namespace carrel::e2e {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

class BadInput : public Scratch {
 protected:
  // The run must end with this status and name the trouble.
  void expect_refused(const std::vector<std::string>& arguments, int status, const std::string& part) {
    const Outcome outcome = carrel(arguments);
    EXPECT_EQ(outcome.status, status) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("carrel: "));
    EXPECT_THAT(outcome.err, HasSubstr(part));
    EXPECT_EQ(outcome.out, "");
  }
  // Likewise of a run that began: the ledger has it as failed.
  void expect_failed(std::vector<std::string> arguments, int status, const std::string& part) {
    const std::string tenant = "failing-" + std::to_string(++failures_);
    arguments.insert(arguments.end(), {"--tenant", tenant});
    expect_refused(arguments, status, part);
    const auto runs = json_of(carrel({"runs", "--json", "--tenant", tenant}));
    ASSERT_TRUE(runs.IsArray() && runs.Size() == 1) << part;
    EXPECT_STREQ(runs[0]["state"].GetString(), "failed");
    EXPECT_EQ(runs[0]["exit_status"].GetInt(), status);
    EXPECT_STRNE(runs[0]["error"].GetString(), "");
  }
  int failures_ = 0;
};

TEST_F(BadInput, CommandLines) {
  const struct {
    std::vector<std::string> arguments;
    const char* what;
  } cases[] = {
      {{"triag", "x"}, "unknown command \"triag\"; did you mean \"triage\"?"},
      {{"help", "triag"}, "did you mean \"triage\"?"},
      {{"runs", "--state", "failed"}, "not expected: --state failed"},
      {{"show", ""}, "RUN is empty"},
      {{"review", "", "accept", "--reviewer", "jo"}, "RUN is empty"},
      {{"review", "--reviewer", "jo", "--reason", "x"}, "requires RUN"},
      {{"purge", "--run", ""}, "--run is empty"},
      {{"diff", "", ""}, "A is empty"},
      {{"ledger", "key", "--json"}, "not expected: --json"},
      {{"triage", example, "--context", "-1"}, "carrel: --context must be"},
  };
  for (const auto& [arguments, what] : cases) expect_refused(arguments, 2, what);
  EXPECT_EQ(carrel({"help"}).out, carrel({"--help"}).out);
  EXPECT_EQ(carrel({"help", "runs"}).out, carrel({"runs", "--help"}).out);
  EXPECT_THAT(carrel({"version"}).out, HasSubstr("carrel "));
}

TEST_F(BadInput, Archives) {
  const std::string whole = read(example);
  expect_failed({"triage", folder_ + "/absent"}, 4, "No such file");
  expect_failed({"triage", file("empty.tar.gz", "")}, 4, "empty");
  std::filesystem::create_directory(folder_ + "/nothing");
  expect_failed({"triage", folder_ + "/nothing"}, 4, "holds no files");
  expect_refused({"triage", example, "--model", folder_}, 4, "is a folder");
  expect_failed({"triage", file("cut.tar.gz", whole.substr(0, whole.size() / 2))}, 4, "cut.tar.gz");
  std::string damaged = whole;
  for (std::size_t i = damaged.size() / 2; i < damaged.size() / 2 + 64; ++i)
    damaged[i] = static_cast<char>(~damaged[i]);
  expect_failed({"triage", file("damaged.tar.gz", damaged)}, 4, "damaged.tar.gz");
  expect_failed({"triage", file("secret.tar.gpg", "\x85\x02\x0c\x03" + std::string(600, '\x91'))}, 4,
                "secret.tar.gpg");
  expect_failed(
      {"triage", file("noise.bin", std::string("\x00\x01\x02\x7f\x45", 5) + std::string(5000, '\xf3'))}, 4,
      "noise.bin");
  expect_failed({"triage", "/dev/null"}, 4, "neither a file nor a folder");
  expect_failed({"triage", "-"}, 2, "write it to a file first");
}

TEST_F(BadInput, ABundleWithoutKubernetesIsToldAsSuch) {
  file("notes/readme.txt", "nothing to see\n");
  const Outcome outcome = carrel({"triage", folder_ + "/notes", "--json"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_STREQ(json_of(outcome)["verdict"].GetString(), "insufficient_evidence");
}

TEST_F(BadInput, Models) {
  const std::string model = tiny_model();
  const std::string whole = read(model);
  expect_failed({"triage", example, "--model", folder_ + "/absent.gguf"}, 4, "absent.gguf");
  expect_failed({"triage", example, "--model", file("cut.gguf", whole.substr(0, whole.size() / 2))}, 4,
                "cut.gguf");
  expect_failed({"triage", example, "--model", example}, 4, "GGUF");
  std::string foreign = whole;
  const auto at = foreign.find("llama", foreign.find("general.architecture"));
  foreign.replace(at, 5, "lemon");
  expect_failed({"triage", example, "--model", file("foreign.gguf", foreign)}, 4, "lemon");
  expect_failed({"triage", example, "--model", model, "--context", "256"}, 5, "256");
  expect_refused({"triage", example, "--engine", "llama"}, 2, "--model");
}

TEST_F(BadInput, PlaybooksAndSettings) {
  file("broken/playbook.yaml", "name: broken\nversion: x\ncolour: blue\n");
  const Outcome lint = carrel({"playbook", "lint", folder_ + "/broken"});
  EXPECT_EQ(lint.status, 4);
  EXPECT_THAT(lint.err, HasSubstr("playbook.yaml:2:1: must be a whole number"));
  EXPECT_THAT(lint.err, HasSubstr("no key \"colour\""));
  expect_refused({"run", folder_ + "/broken", example}, 4, "mistakes");
  expect_refused({"run", "no-such-playbook", example}, 2, "no playbook");
  expect_refused({"triage", example, "--tries", "99"}, 2, "--tries");
  expect_refused({"triage", example, "--tenant", "../up"}, 2, "tenant");
  expect_refused({"triage", example, "--ask", std::string(8193, 'w')}, 2, "at most 8192");
  file("values/playbook.yaml", "name: values\ncaps:\n  output-tokens: banana\n");
  expect_refused({"playbook", "lint", folder_ + "/values"}, 4,
                 "playbook.yaml:3:3: output-tokens must be a whole number, not \"banana\"");
  EXPECT_EQ(carrel({"triage"}).status, 2);
  EXPECT_EQ(carrel({"frobnicate"}).status, 2);
  EXPECT_EQ(carrel({}).status, 2);
}

TEST_F(BadInput, AFullDiskLosesNothingAndSaysSo) {
  // An ordinary user may mount in a user namespace of his own, in which the rooms' namespaces nest.
  std::vector<std::string> words = {"unshare", "--mount"};
  if (::geteuid() != 0) words.insert(words.end(), {"--user", "--map-root-user"});
  const std::string script =
      "mkdir -p \"$HOME/data\" && mount -t tmpfs -o size=96k tmpfs \"$HOME/data\" && exec \"$@\"";
  words.insert(words.end(),
               {"sh", "-c", script, "sh", CARREL, "triage", example, "--data", folder_ + "/data"});
  const Outcome outcome = run(words);
  EXPECT_EQ(outcome.status, 7) << outcome.err;
  EXPECT_THAT(outcome.err, AnyOf(HasSubstr("No space left"), HasSubstr("disk is full")));
  EXPECT_THAT(outcome.err, HasSubstr("free some space"));
  EXPECT_EQ(outcome.out, "");
}

TEST_F(BadInput, AMachineWithoutUserNamespacesIsToldTheRemedy) {
  const std::string script = "echo 0 > /proc/sys/user/max_user_namespaces && exec \"$@\"";
  const Outcome outcome =
      run({"unshare", "--user", "--map-root-user", "sh", "-c", script, "sh", CARREL, "triage", example});
  EXPECT_EQ(outcome.status, 6) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("max_user_namespaces"));
  const Outcome doctor =
      run({"unshare", "--user", "--map-root-user", "sh", "-c", script, "sh", CARREL, "doctor"});
  EXPECT_NE(doctor.status, 0);
  EXPECT_THAT(doctor.out, HasSubstr("max_user_namespaces"));
}

}  // namespace
}  // namespace carrel::e2e
