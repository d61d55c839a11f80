#include "command_line/command_line.h"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

namespace carrel {
namespace {

TEST(CommandLine, AnUnknownCommandIsNamedWithTheNearestThereIs) {
  CLI::App app("", "carrel");
  app.add_subcommand("triage", "");
  app.add_subcommand("room", "");
  app.add_subcommand("run", "")->add_option("INPUT");
  app.add_subcommand("models", "")->add_subcommand("list", "");
  const struct {
    std::vector<const char*> words;
    const char* what;
  } cases[] = {
      {{"carrel"}, ""},
      {{"carrel", "--help"}, ""},
      {{"carrel", "triage"}, ""},
      {{"carrel", "run", "anything"}, ""},
      {{"carrel", "models", "list"}, ""},
      {{"carrel", "triag", "x"}, "unknown command \"triag\"; did you mean \"triage\"?"},
      {{"carrel", "foobar"}, "unknown command \"foobar\""},
      {{"carrel", "foo"}, "unknown command \"foo\""},
      {{"carrel", "x"}, "unknown command \"x\""},
      {{"carrel", ""}, "unknown command \"\""},
      {{"carrel", "models", "lst"}, "unknown command \"lst\"; did you mean \"list\"?"},
  };
  for (const auto& [words, what] : cases) {
    const auto unknown = unknown_command(app, words);
    EXPECT_EQ(unknown ? unknown->what : "", what);
  }
}

TEST(CommandLine, HelpAndVersionAreWordsToo) {
  const char* const help[] = {"carrel", "help", "models", "list"};
  const auto flags = with_flags(4, help);
  ASSERT_EQ(flags.size(), 4u);
  EXPECT_STREQ(flags[1], "models");
  EXPECT_STREQ(flags[3], "--help");
  const char* const version[] = {"carrel", "version"};
  EXPECT_STREQ(with_flags(2, version)[1], "--version");
  EXPECT_EQ(with_flags(1, version).size(), 1u);
}

}  // namespace
}  // namespace carrel
