// However a collection ends: a whole bundle, a valid one that says that it is not whole, or none.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "desk.h"

namespace carrel::collect_test {
namespace {

using testing::HasSubstr;

class Endings : public Desk {
 protected:
  // Starts a collection, sends it a signal when the server has been asked so many times, and waits for it.
  int collect_until(std::size_t requests, int number) const {
    const std::vector<std::string> words = collect_words({"--namespace", "load", "-q"});
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      const int nowhere = ::open("/dev/null", O_WRONLY);
      ::dup2(nowhere, 1);
      ::dup2(nowhere, 2);
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) {
      if (server_->requests().size() >= requests) {
        ::kill(child, number);
        ::waitpid(child, &status, 0);
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return status;
  }
};

TEST_F(Endings, AKillLeavesNothing) {
  serve(cluster_of_size(400, 50'000));
  for (const std::size_t requests : {1, 20, 60, 150, 300}) {
    const int status = collect_until(requests, SIGKILL);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(folder_listing(), ".keep\n");
  }
  EXPECT_TRUE(nothing_left_running());
}

TEST_F(Endings, AnInterruptionLeavesAValidBundleOrNone) {
  serve(cluster_of_size(400, 50'000));
  for (const std::size_t requests : {1, 40, 100, 300}) {
    const int status = collect_until(requests, SIGINT);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 130);
    if (!std::filesystem::exists(bundle())) continue;
    const e2e::Outcome outcome = inspect();
    EXPECT_EQ(outcome.status, 3) << outcome.err;
    const auto inspection = e2e::json_of(outcome);
    EXPECT_TRUE(inspection["intact"].GetBool());
    EXPECT_FALSE(inspection["manifest"]["complete"].GetBool());
    EXPECT_STREQ(inspection["manifest"]["stopped"].GetString(), "interrupted");
    std::filesystem::remove(bundle());
  }
  EXPECT_TRUE(nothing_left_running());
}

TEST_F(Endings, AClusterThatIsLostLeavesWhatWasHad) {
  serve(cluster_of_size(300, 50'000));
  std::thread loser([this] {
    while (server_->requests().size() < 150) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    server_->stop();
  });
  const e2e::Outcome outcome = collect({"--namespace", "load", "--timeout", "5"});
  loser.join();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("the cluster no longer answers"));
  EXPECT_EQ(inspect().status, 0);
}

// A limit on the size of files stands for a disk that is full: it comes at any place of the bundle.
TEST_F(Endings, AFullDiskLeavesNothing) {
  serve(cluster_of_size(100, 2'000'000));
  for (const char* const blocks : {"0", "1", "64", "1000"}) {
    std::string line = std::string("ulimit -f ") + blocks + "; exec";
    for (const std::string& word : collect_words({"--namespace", "load"})) line += " '" + word + "'";
    const e2e::Outcome outcome = run({"bash", "-c", line});
    EXPECT_EQ(outcome.status, 7) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("File too large"));
    EXPECT_EQ(folder_listing(), ".keep\n");
  }
}

TEST_F(Endings, AFolderThatTakesNoFileIsToldAtOnce) {
  serve_example();
  for (const std::string folder : {"/proc", "/nonexistent"}) {
    const e2e::Outcome outcome = run({SUPPORT_DIAG, "collect", "--kubeconfig", folder_ + "/kubeconfig",
                                      "--namespace", "platform", "--out", folder + "/bundle.tar.gz"});
    EXPECT_EQ(outcome.status, 7);
    EXPECT_THAT(outcome.err, HasSubstr("cannot write in " + folder));
  }
  EXPECT_TRUE(server_->requests().empty());
}

}  // namespace
}  // namespace carrel::collect_test
