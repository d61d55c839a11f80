#include "command_line/command_line.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <poll.h>

#include "base/edit_distance.h"
#include "base/text.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

// Words of three letters are near to half the others: one edit for each three, and at most two.
std::size_t near(std::string_view word) {
  return std::min<std::size_t>(word.size() / 3, 2);
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

}  // namespace

std::vector<const char*> with_flags(int count, const char* const* words) {
  std::vector<const char*> all(words, words + count);
  if (count < 2) return all;
  if (std::string_view(all[1]) == "version") all[1] = "--version";
  if (std::string_view(all[1]) == "help") {
    all.erase(all.begin() + 1);
    all.push_back("--help");
  }
  return all;
}

std::optional<Error> unknown_command(const CLI::App& app, const std::vector<const char*>& words) {
  const CLI::App* at = &app;
  std::string program = app.get_name();
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const std::vector<const CLI::App*> commands = commands_of(*at);
    if (commands.empty() || word.starts_with('-')) return std::nullopt;
    const CLI::App* nearest = nullptr;
    std::size_t least = near(word) + 1;
    for (const CLI::App* command : commands) {
      const std::size_t far = edit_distance(command->get_name(), word, near(word));
      if (far < least) {
        least = far;
        nearest = command;
      }
    }
    if (nearest == nullptr || least > 0) {
      std::string what = fmt::format("unknown command \"{}\"", escape_for_terminal(word));
      if (nearest != nullptr) what += fmt::format("; did you mean \"{}\"?", nearest->get_name());
      return Error{Code::usage, std::move(what), fmt::format("`{} --help` lists what there is", program)};
    }
    at = nearest;
    program += " " + at->get_name();
  }
  return std::nullopt;
}

Error usage_error(const CLI::App& app, const CLI::ParseError& refused) {
  std::string program = app.get_name();
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    program += " " + at->get_name();
  }
  std::string what = refused.what();
  // CLI11 names them the last first.
  if (refused.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError))
    what = fmt::format("not expected: {}", fmt::join(app.remaining(true), " "));
  return {Code::usage, std::move(what), fmt::format("`{} --help` lists what there is", program)};
}

CLI::Option* not_empty(CLI::Option* option) {
  return option->each([option](const std::string& value) {
    if (value.empty())
      throw CLI::ValidationError(option->get_name() + " is empty", CLI::ExitCodes::ValidationError);
  });
}

int status_at_end(int status, int (*tell)(const Error&), const char* remedy) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  pollfd output{1, 0, 0};
  const bool left = ::poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)) != 0;
  if (left) return exit_status::reader_left;
  return tell({Code::machine, "the output could not be written in full", remedy});
}

}  // namespace carrel
