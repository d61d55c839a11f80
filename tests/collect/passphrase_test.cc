// A passphrase is asked for on a terminal, which does not show it and is itself again afterwards.
#include <csignal>
#include <filesystem>

#include <gmock/gmock.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "desk.h"

namespace carrel::collect_test {
namespace {

using testing::HasSubstr;
using testing::Not;

// A program at a terminal of its own.
class AtTerminal {
 public:
  explicit AtTerminal(const std::vector<std::string>& words) {
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    int terminal = -1;
    child_ = ::forkpty(&terminal, nullptr, nullptr, nullptr);
    if (child_ == 0) {
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
    terminal_ = Fd(terminal);
  }
  // Types a line once the terminal shows these words; false where it never does.
  bool type_at(const std::string& words, const std::string& line) {
    while (shown.find(words, seen_) == std::string::npos) {
      pollfd ready{terminal_.get(), POLLIN, 0};
      char block[1024];
      const ssize_t n = ::poll(&ready, 1, 60'000) == 1 ? ::read(terminal_.get(), block, sizeof block) : -1;
      if (n <= 0) return false;
      shown.append(block, static_cast<std::size_t>(n));
    }
    seen_ = shown.size();
    return static_cast<bool>(write_all(terminal_.get(), line));
  }
  // Its status as waitpid has it, after the rest of what it shows.
  int end() {
    char block[1024];
    for (ssize_t n = 0; (n = ::read(terminal_.get(), block, sizeof block)) > 0;)
      shown.append(block, static_cast<std::size_t>(n));
    int status = 0;
    ::waitpid(child_, &status, 0);
    return status;
  }
  bool shows_what_is_typed() const {
    termios now{};
    return ::tcgetattr(terminal_.get(), &now) == 0 && (now.c_lflag & ECHO) != 0;
  }
  std::string shown;

 private:
  pid_t child_ = -1;
  Fd terminal_;
  std::size_t seen_ = 0;
};

class AskedFor : public e2e::Scratch {
 protected:
  std::vector<std::string> redact() const {
    return {SUPPORT_DIAG,
            "redact",
            "--map",
            folder_ + "/m",
            "--out",
            folder_ + "/out",
            file("a.log", "password=hunter2\n")};
  }
};

TEST_F(AskedFor, ItIsNotShownAndOpensTheMap) {
  AtTerminal writing(redact());
  ASSERT_TRUE(writing.type_at("Passphrase for the map: ", "blue heron 77\n"));
  ASSERT_TRUE(writing.type_at("The same again: ", "blue heron 77\n"));
  ASSERT_EQ(writing.end(), 0) << writing.shown;
  EXPECT_THAT(writing.shown, Not(HasSubstr("heron")));
  EXPECT_EQ(read(folder_ + "/out/a.log"), "password=redacted-password-1\n");

  AtTerminal reading({SUPPORT_DIAG, "reveal", "--map", folder_ + "/m", folder_ + "/out/a.log"});
  ASSERT_TRUE(reading.type_at("Passphrase of the map: ", "blue heron 77\n"));
  ASSERT_EQ(reading.end(), 0) << reading.shown;
  EXPECT_THAT(reading.shown, HasSubstr("password=hunter2"));
  AtTerminal wrong({SUPPORT_DIAG, "reveal", "--map", folder_ + "/m", folder_ + "/out/a.log"});
  ASSERT_TRUE(wrong.type_at("Passphrase of the map: ", "blue heron 78\n"));
  EXPECT_EQ(WEXITSTATUS(wrong.end()), 4);
  EXPECT_THAT(wrong.shown, HasSubstr("this is not its key"));
}

TEST_F(AskedFor, TwoThatDifferMakeNoMap) {
  AtTerminal program(redact());
  ASSERT_TRUE(program.type_at("Passphrase for the map: ", "blue heron 77\n"));
  ASSERT_TRUE(program.type_at("The same again: ", "blue heron 78\n"));
  EXPECT_EQ(WEXITSTATUS(program.end()), 2);
  EXPECT_THAT(program.shown, HasSubstr("the two differ"));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/m"));
}

TEST_F(AskedFor, AnInterruptionLeavesATerminalThatShowsWhatIsTyped) {
  AtTerminal program(redact());
  ASSERT_TRUE(program.type_at("Passphrase for the map: ", ""));
  EXPECT_FALSE(program.shows_what_is_typed());
  ASSERT_TRUE(program.type_at("", "\x03"));
  const int status = program.end();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) << program.shown;
  EXPECT_TRUE(program.shows_what_is_typed());
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/m"));
}

TEST_F(AskedFor, WithoutATerminalItSaysWhatToDoInstead) {
  std::vector<std::string> words = redact();
  words.insert(words.begin(), "setsid");
  const e2e::Outcome outcome = run(words);
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("name a key file with --map-key"));
}

}  // namespace
}  // namespace carrel::collect_test
