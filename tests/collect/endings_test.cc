// However a collection, a redaction or a sealing ends: what stands under a final name is whole, and there is
// nothing else. An interrupted collection may leave a valid bundle that says that it is not whole.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <random>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "desk.h"

namespace carrel::collect_test {
namespace {

using std::chrono::milliseconds;
using testing::AnyOf;
using testing::HasSubstr;

enum class Work { collect, collect_sealed, redact, seal };

std::string name_of(const testing::TestParamInfo<Work>& tested) {
  switch (tested.param) {
    case Work::collect:
      return "Collect";
    case Work::collect_sealed:
      return "CollectSealed";
    case Work::redact:
      return "Redact";
    case Work::seal:
      break;
  }
  return "Seal";
}

class Endings : public Desk {
 protected:
  void SetUp() override {
    Desk::SetUp();
    ASSERT_EQ(run({SUPPORT_DIAG, "keys", path("k")}).status, 0);
    ASSERT_EQ(run({SUPPORT_DIAG, "keys", "--signing", path("s")}).status, 0);
  }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  // A cluster whose collection takes a while; lines to redact; bytes to seal.
  void prepare(Work work) {
    if (work == Work::collect || work == Work::collect_sealed) {
      serve(cluster_of_size(300, 50'000));
    } else if (work == Work::redact) {
      std::string text;
      for (int i = 0; text.size() < 20'000'000; ++i)
        text += fmt::format("request {} of user{}@example.com password=p{}\n", i, i % 97, i % 13);
      file("app.log", text);
    } else {
      std::mt19937_64 random(3);
      std::string bytes(20'000'000, '\0');
      for (char& c : bytes) c = static_cast<char>(random());
      file("bundle", bytes);
    }
  }

  std::vector<std::string> words(Work work) const {
    switch (work) {
      case Work::collect:
        return collect_words({"--namespace", "load", "-q"});
      case Work::collect_sealed:
        return collect_words({"--namespace", "load", "-q", "--encrypt-to", path("k.pub"), "--sign", path("s"),
                              "--map", path("out/map"), "--map-key", path("map.key")});
      case Work::redact:
        return {SUPPORT_DIAG, "redact", "--out", path("out"), path("app.log")};
      case Work::seal:
        break;
    }
    return {SUPPORT_DIAG, "seal",    path("bundle"), "--encrypt-to", path("k.pub"),
            "--sign",     path("s"), "--out",        bundle()};
  }

  // What stands in the folder after the work is all there can be, and whole.
  void expect_only_whole(Work work, const std::string& masked) const {
    const std::string left = folder_listing();
    if (work == Work::redact) {
      EXPECT_THAT(left, AnyOf(".keep\n", ".keep\napp.log\n"));
      if (left != ".keep\n") {
        EXPECT_TRUE(read(path("out/app.log")) == masked);
      }
      return;
    }
    if (work == Work::collect) {
      EXPECT_THAT(left, AnyOf(".keep\n", ".keep\nbundle.tar.gz\n"));
      if (left != ".keep\n") {
        EXPECT_THAT(inspect().status, AnyOf(0, 3));
      }
      return;
    }
    // The map first, then the signature, then the bundle.
    const std::string map = work == Work::collect_sealed ? "map\n" : "";
    const std::string both = "bundle.tar.gz\nbundle.tar.gz.sig\n";
    EXPECT_THAT(
        left, AnyOf(".keep\n", ".keep\n" + map, ".keep\nbundle.tar.gz.sig\n" + map, ".keep\n" + both + map));
    if (left.find(both) == std::string::npos) return;
    EXPECT_EQ(run({SUPPORT_DIAG, "open", bundle(), "--key", path("k"), "--signed-by", path("s.pub"), "--out",
                   path("opened"), "--force"})
                  .status,
              0);
    if (work == Work::seal) {
      EXPECT_TRUE(read(path("opened")) == read(path("bundle")));
    } else {
      EXPECT_THAT(run({SUPPORT_DIAG, "inspect", path("opened")}).status, AnyOf(0, 3));
    }
  }

  void clear() const {
    std::filesystem::remove_all(path("out"));
    file("out/.keep", "");
  }

  // Starts the work, does something to it when `ready` says so, and waits for it: its status as waitpid has
  // it.
  int work_until(const std::vector<std::string>& all, const std::function<bool()>& ready,
                 const std::function<void(pid_t)>& then) const {
    std::vector<char*> arguments;
    for (const std::string& word : all) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      const int said = ::open(path("said").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      ::dup2(said, 1);
      ::dup2(said, 2);
      ::execvp(arguments[0], arguments.data());
      ::_exit(127);
    }
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) {
      if (ready()) {
        then(child);
        ::waitpid(child, &status, 0);
        break;
      }
      std::this_thread::sleep_for(milliseconds(1));
    }
    return status;
  }
  std::function<bool()> asked(std::size_t requests) const {
    return [this, requests] { return server_->requests().size() >= requests; };
  }
  static std::function<bool()> after(milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    return [end] { return std::chrono::steady_clock::now() >= end; };
  }

  // Runs a work whose folder is a file system of its own, of so many bytes; what is left there is in `out`.
  e2e::Outcome on_file_system(Work work, const std::string& options) const {
    std::vector<std::string> all = {
        "unshare",
        "-rm",
        "bash",
        "-c",
        "mount -t tmpfs -o \"$1\" none \"$2\" || exit 99; place=$2; shift 2; \"$@\" > /dev/null; status=$?; "
        "ls -A \"$place\"; exit $status",
        "bash",
        options,
        path("out")};
    const std::vector<std::string> work_words = words(work);
    all.insert(all.end(), work_words.begin(), work_words.end());
    return run(all);
  }
};

class EveryEnding : public Endings, public testing::WithParamInterface<Work> {
 protected:
  void SetUp() override {
    Endings::SetUp();
    prepare(GetParam());
  }
};

TEST_P(EveryEnding, AKillAtAnyMomentLeavesNoHalfFile) {
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(run(words(GetParam())).status, 0);
  const double whole =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  expect_only_whole(GetParam(), read(path("out/app.log")));
  const std::string masked = read(path("out/app.log"));
  std::mt19937 random(11);
  std::uniform_real_distribution<double> moment(0, whole * 1.1);
  int killed = 0;
  for (int i = 0; i < 10; ++i) {
    clear();
    const milliseconds time(static_cast<int>(moment(random)));
    const int status =
        work_until(words(GetParam()), after(time), [](pid_t child) { ::kill(child, SIGKILL); });
    killed += WIFSIGNALED(status) ? 1 : 0;
    SCOPED_TRACE(fmt::format("killed after {} of {:.0f} ms", time.count(), whole));
    expect_only_whole(GetParam(), masked);
  }
  EXPECT_GT(killed, 3);
  EXPECT_TRUE(nothing_left_running());
}

TEST_P(EveryEnding, AFullDiskLeavesNothing) {
  for (const char* const size : {"size=8k", "size=200k", "size=1m"}) {
    const e2e::Outcome outcome = on_file_system(GetParam(), size);
    EXPECT_EQ(outcome.status, 7) << size << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("No space left on device"));
    EXPECT_THAT(outcome.err, HasSubstr("free some space on that disk"));
    EXPECT_EQ(outcome.out, "");
  }
}

TEST_P(EveryEnding, AFileSystemThatIsReadOnlyIsToldAtOnce) {
  const e2e::Outcome outcome = on_file_system(GetParam(), "ro");
  EXPECT_EQ(outcome.status, 7) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("Read-only file system"));
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(server_ == nullptr || server_->requests().empty());
}

// Root may write everywhere, so that it has to give that up first.
TEST_P(EveryEnding, AFolderThatMayNoLongerBeWrittenLeavesNothing) {
  std::vector<std::string> all = words(GetParam());
  if (::geteuid() == 0) all.insert(all.begin(), {"setpriv", "--bounding-set=-dac_override"});
  const std::string out = path("out");
  const bool asks = server_ != nullptr;
  const int status = work_until(all, asks ? asked(40) : after(milliseconds(15)),
                                [&](pid_t) { ASSERT_EQ(::chmod(out.c_str(), 0555), 0); });
  ::chmod(out.c_str(), 0755);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7) << read(path("said"));
  EXPECT_THAT(read(path("said")), HasSubstr("Permission denied"));
  EXPECT_EQ(folder_listing(), ".keep\n");
}

INSTANTIATE_TEST_SUITE_P(Of, EveryEnding,
                         testing::Values(Work::collect, Work::collect_sealed, Work::redact, Work::seal),
                         name_of);

class EveryCollection : public EveryEnding {};

TEST_P(EveryCollection, AnInterruptionLeavesAValidBundleOrNone) {
  for (const std::size_t requests : {1, 40, 100, 300}) {
    clear();
    server_.reset();
    prepare(GetParam());
    const int status =
        work_until(words(GetParam()), asked(requests), [](pid_t child) { ::kill(child, SIGINT); });
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 130) << read(path("said"));
    expect_only_whole(GetParam(), "");
    if (!std::filesystem::exists(bundle())) continue;
    const bool sealed = GetParam() == Work::collect_sealed;
    const e2e::Outcome outcome = run({SUPPORT_DIAG, "inspect", sealed ? path("opened") : bundle(), "--json"});
    EXPECT_EQ(outcome.status, 3) << outcome.err;
    const auto inspection = e2e::json_of(outcome);
    EXPECT_TRUE(inspection["intact"].GetBool());
    EXPECT_FALSE(inspection["manifest"]["complete"].GetBool());
    EXPECT_STREQ(inspection["manifest"]["stopped"].GetString(), "interrupted");
  }
  EXPECT_TRUE(nothing_left_running());
}

TEST_P(EveryCollection, AClusterThatIsLostLeavesWhatWasHad) {
  std::vector<std::string> all = words(GetParam());
  all.insert(all.end(), {"--timeout", "5"});
  const int status = work_until(all, asked(150), [this](pid_t) { server_->stop(); });
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << read(path("said"));
  EXPECT_THAT(read(path("said")), HasSubstr("the cluster no longer answers"));
  EXPECT_TRUE(std::filesystem::exists(bundle()));
  expect_only_whole(GetParam(), "");
}

INSTANTIATE_TEST_SUITE_P(Of, EveryCollection, testing::Values(Work::collect, Work::collect_sealed), name_of);

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
