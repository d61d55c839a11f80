// Which commands a Redis server was long at, while all its other clients waited: it runs one at a time.
// Source: SLOWLOG GET as redis-cli prints it, four numbered fields a command: id, time, microseconds, words.
#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

constexpr std::string_view took_mark = "3) (integer) ", words_mark = "4) 1) \"";
constexpr std::size_t largest_log = 4 << 20, most_commands = 200;
constexpr std::uint64_t long_us = 100'000;

struct Timed {
  std::size_t count = 0;
  double all_us = 0;
  std::uint64_t longest_us = 0;
  std::uint32_t line = 0;  // of the words of the longest; how long it took stands above
};

// Commands that look at every key or every member: the more there is, the longer they take.
bool reads_all(std::string_view name) {
  static constexpr std::array<std::string_view, 7> names = {"KEYS",     "SMEMBERS", "HGETALL", "HKEYS",
                                                            "FLUSHALL", "FLUSHDB",  "SORT"};
  return std::ranges::find(names, name) != names.end();
}

void tell_slowest_command(const Survey& survey, const Document& document, Observations* out) {
  std::map<std::string, Timed> commands;
  std::size_t all = 0;
  for (std::uint32_t number = 2; number <= document.starts.size(); ++number) {
    const std::string_view words = document.line(number), took = document.line(number - 1);
    const std::size_t at = words.find(words_mark), before = took.find(took_mark);
    if (at == std::string_view::npos || before == std::string_view::npos) continue;
    const std::string_view rest = words.substr(at + words_mark.size());
    const std::string_view name = rest.substr(0, rest.find('"'));
    if (!is_plain_name(name) || (commands.size() >= most_commands && !commands.contains(std::string(name))))
      continue;
    const std::string_view digits = trim(took.substr(before + took_mark.size()));
    std::uint64_t us = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), us).ec != std::errc()) continue;
    Timed& command = commands[std::string(name)];
    ++all;
    ++command.count;
    command.all_us += static_cast<double>(us);
    if (us > command.longest_us) command.longest_us = us, command.line = number;
  }
  const auto worst =
      std::ranges::max_element(commands, {}, [](const auto& each) { return each.second.all_us; });
  if (worst == commands.end() || worst->second.longest_us < long_us) return;
  const bool asked = survey.asks({"slow", "latency", "second", "long", "take", "performance", "hang",
                                  "timeout", "time out", "redis", "where", "cache"});
  const auto& [name, command] = *worst;
  Observation& made = report_missing(out, "slow-command", asked ? 0.78 : 0.5, "command", "", name,
                                     fmt::format("Redis spends its time in the command {}, {} of {} in its "
                                                 "slow log, of up to {} microseconds{}; "
                                                 "all other clients wait meanwhile.",
                                                 name, command.count, all, command.longest_us,
                                                 reads_all(name) ? ": it scans all that there is" : ""));
  made.culprit.present = true;
  cite_line(&made, document, command.line, "the command");
  cite_line(&made, document, command.line - 1, "how long it took");
  if (command.line < document.starts.size())
    cite_line(&made, document, command.line + 1, "what it was asked for");
  lack(&made, "which program sends that command");
}

}  // namespace

void detect_slow_commands(const Survey& survey, Observations* out) {
  for (const Document& document : survey.inventory.documents()) {
    const bool is_log = document.text.size() <= largest_log &&
                        document.text.find(took_mark) != std::string::npos &&
                        document.text.find(words_mark) != std::string::npos;
    if (is_log) tell_slowest_command(survey, document, out);
  }
}

}  // namespace carrel
