#include "room/evidence/line_head.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <string>

#include "base/ascii.h"
#include "base/text.h"

namespace carrel {
namespace {

// Takes an escape sequence of a colour off the front.
bool skip_colour(std::string_view* text) {
  if (text->size() < 2 || (*text)[0] != '\x1b' || (*text)[1] != '[') return false;
  const std::size_t end = text->find('m');
  if (end > 12) return false;  // or none
  text->remove_prefix(end + 1);
  return true;
}

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool is_month(std::string_view text) {
  return std::find(kMonths.begin(), kMonths.end(), text.substr(0, 3)) != kMonths.end();
}

// Length of a date, a time, or both, at the start of `text`; 0 if there is none.
std::size_t time_length(std::string_view text) {
  std::size_t at = 0;
  // "Jun 12 10:00:00", "12/Jun/2025:10:00:00 +0000", "Thu Jun 12 ..."
  if (text.size() >= 8 && is_letter(text[0]) && text[3] == ' ' && !is_month(text) && is_month(text.substr(4)))
    at = 4;
  if (text.size() >= at + 7 && is_month(text.substr(at)) && text[at + 3] == ' ') {
    std::size_t end = at + 4;
    while (end < text.size() && (is_digit(text[end]) || text[end] == ':' || text[end] == '.' ||
                                 (text[end] == ' ' && end + 1 < text.size() &&
                                  (is_digit(text[end + 1]) || text[end + 1] == ' ')))) {
      ++end;
    }
    const std::string_view found = text.substr(0, end);
    return found.find(':') == std::string_view::npos ? 0 : end;
  }
  if (text.empty() || !is_digit(text[0])) return 0;
  std::size_t end = 0;
  std::size_t digits = 0;
  bool separator = false;
  while (end < text.size() && end < 40) {
    const char c = text[end];
    if (is_digit(c)) {
      ++digits;
    } else if (c == ':' || c == '-' || c == '/') {
      separator = true;
    } else if (c == ' ') {
      // "2025-01-02 03:04:05", "... +0000": goes on only where another date or time part follows.
      const bool zone = end + 5 < text.size() && (text[end + 1] == '+' || text[end + 1] == '-') &&
                        is_digit(text[end + 2]) && is_digit(text[end + 5]);
      const bool clock = end + 5 < text.size() && is_digit(text[end + 1]) && is_digit(text[end + 2]) &&
                         (text[end + 3] == ':' || (text[end + 3] == ' ' && is_month(text.substr(end + 4))));
      const bool month = is_month(text.substr(end + 1)) && end <= 2;
      const bool year = end <= 6 && end + 6 < text.size() && is_digit(text[end + 1]) &&
                        is_digit(text[end + 4]) && text[end + 5] == ' ' && is_digit(text[end + 6]);
      if (!zone && !clock && !month && !year) break;
      if (month) end += 3;
      if (zone) end += 1;
    } else if (is_letter(c)) {
      if (is_month(text.substr(end))) {
        end += 2;
      } else if (!((c == 'T' && digits >= 6) || (c == 'Z' && digits >= 6))) {
        break;
      }
    } else if (c != '.' && c != ',' && c != '+') {
      break;
    }
    ++end;
  }
  while (end > 0 && (text[end - 1] == ' ' || text[end - 1] == '-' || text[end - 1] == ':' ||
                     text[end - 1] == ',' || text[end - 1] == '.' || text[end - 1] == '/')) {
    --end;
  }
  return separator && digits >= 6 ? end : 0;
}

// klog and glog: "E0612 10:00:00.000000   1 file.go:12] message".
std::optional<Severity> klog_level(std::string_view text, std::size_t* message) {
  if (text.size() < 22 || !is_digit(text[1]) || !is_digit(text[4]) || text[5] != ' ' || text[8] != ':')
    return {};
  const std::size_t bracket = text.substr(0, 120).find("] ");
  if (bracket == std::string_view::npos) return {};
  *message = bracket + 2;
  switch (text[0]) {
    case 'I':
      return Severity::info;
    case 'W':
      return Severity::warning;
    case 'E':
      return Severity::error;
    case 'F':
      return Severity::fatal;
    default:
      return {};
  }
}

// What a step took of the head: nothing, so that the message begins; a part, behind which others may stand;
// or the last one.
enum class Took { nothing, part, last };

class Head {
 public:
  Head(std::string_view line, LineClass* out) : rest_(line), out_(*out) {}

  std::string_view read() {
    constexpr int kMostParts = 16;
    for (int parts = 0; parts < kMostParts && !rest_.empty();) {
      if (take_mark()) continue;
      ++parts;
      if (take_part() != Took::part) break;
    }
    return rest_;
  }

 private:
  Took take_part();
  bool take_mark();
  bool take_klog();
  bool take_time();
  bool take_stream();
  Took take_bracketed();
  bool take_level(std::string_view word);
  bool take_redis(std::string_view word);
  Took take_behind_time(std::string_view word);
  Took take_logger(std::string_view word);
  bool take_level_ahead(std::size_t from);

  void state(Severity level) {
    out_.severity = level;
    out_.stated = true;
  }

  std::string_view rest_;
  LineClass& out_;
};

Took Head::take_part() {
  if (skip_colour(&rest_)) return Took::part;
  if (rest_[0] == '{') return Took::nothing;
  if (take_klog()) return Took::last;
  if (take_time() || take_stream()) return Took::part;
  if (rest_[0] == '[' || rest_[0] == '<' || rest_[0] == '(') return take_bracketed();
  const std::string_view word = rest_.substr(0, rest_.find_first_of(" \t"));
  if (take_level(word)) return Took::part;
  if (take_redis(word)) return Took::last;
  if (out_.time.empty() && !out_.stated) return Took::nothing;
  return take_behind_time(word);
}

// What parts the parts.
bool Head::take_mark() {
  const char c = rest_[0];
  const bool alone = rest_.size() == 1 || rest_[1] == ' ' || rest_[1] == '-';
  const bool mark = c == ' ' || c == '\t' || c == '|' || c == ',' || (c == '-' && !out_.stated) ||
                    ((c == ':' || c == '-' || c == ';') && alone);
  if (mark) rest_.remove_prefix(1);
  return mark;
}

bool Head::take_klog() {
  std::size_t message = 0;
  const std::optional<Severity> level = klog_level(rest_, &message);
  if (!level) return false;
  state(*level);
  out_.time = rest_.substr(6, 8);
  rest_.remove_prefix(message);
  return true;
}

bool Head::take_time() {
  std::size_t length = time_length(rest_);
  if (length > 0 && out_.time.empty()) out_.time = rest_.substr(0, length);
  if (length == 0 && (rest_.starts_with("UTC ") || rest_.starts_with("CET "))) length = 4;
  rest_.remove_prefix(length);
  return length > 0;
}

// CRI's: "stdout F message".
bool Head::take_stream() {
  if (!rest_.starts_with("stdout F ") && !rest_.starts_with("stderr F ")) return false;
  rest_.remove_prefix(9);
  return true;
}

// "[ERROR]", "[core:error]", "[error][upstream]", "[2025-01-01 10:00:00]", "(main)"; syslog's "<3>" is
// facility * 8 + severity.
Took Head::take_bracketed() {
  const char open = rest_[0];
  const std::size_t end = rest_.substr(0, 80).find(open == '[' ? ']' : open == '<' ? '>' : ')');
  if (end == std::string_view::npos || end < 2) return Took::nothing;
  const std::string_view inside = trim(rest_.substr(1, end - 1));
  const std::size_t colon = inside.rfind(':');
  Severity level = level_of(inside);
  // Celery's: "[2025-06-04 11:42:04,078: INFO/ForkPoolWorker-2]".
  if (level == Severity::unknown && colon != std::string_view::npos) {
    const std::string_view behind = trim(inside.substr(colon + 1));
    level = level_of(behind.substr(0, behind.find('/')));
  }
  if (level == Severity::unknown && open == '<' && inside.size() <= 3 && is_digit(inside[0])) {
    const int number = std::atoi(std::string(inside).c_str()) % 8;
    level = number <= 2   ? Severity::fatal
            : number == 3 ? Severity::error
            : number == 4 ? Severity::warning
                          : Severity::info;
  }
  if (level == Severity::unknown) {
    // An Erlang process: "<0.123.0>".
    const bool process = open == '<' && inside.find_first_not_of("0123456789.") == std::string_view::npos;
    if (!process && (open != '[' || inside.find("  ") != std::string_view::npos)) return Took::nothing;
  }
  if (out_.time.empty()) out_.time = inside.substr(0, time_length(inside));
  if (level != Severity::unknown && !out_.stated) {
    state(level);
  }
  rest_.remove_prefix(end + 1);
  return Took::part;
}

// A word that is a level: in capitals, or in any case before ':' ("error: x", "fail: Service[0]",
// "WARNING:root:x") or behind a time.
bool Head::take_level(std::string_view word) {
  if (out_.stated) return false;
  std::size_t size = 0;
  while (size < word.size() && is_letter(word[size])) ++size;
  const std::string_view name = word.substr(0, size);
  const Severity level = size > 0 ? level_of(name) : Severity::unknown;
  if (level == Severity::unknown) return false;
  const char after = size < word.size() ? word[size] : ' ';
  const auto is_followed_by = [&](std::string_view marks) {
    return marks.find(after) != std::string_view::npos;
  };
  const bool capitals = size >= 3 && std::ranges::none_of(name, [](char c) { return c >= 'a' && c <= 'z'; });
  const bool behind_time = !out_.time.empty();
  const bool before_colon =
      after == ':' && ((size >= 3 && level != Severity::info && name != "alert") || name == "info");
  if (!(capitals && is_followed_by(" :/]|[")) && !before_colon &&
      !(size == 1 && behind_time && is_followed_by(" ,/")) && !(size >= 4 && behind_time && after == ' '))
    return false;
  state(level);
  rest_.remove_prefix(size);
  // Python's "ERROR:name:message".
  if (after == ':' && rest_.size() > 1 && rest_[1] != ' ') {
    const std::size_t colon = rest_.find(':', 1);
    if (colon != std::string_view::npos && rest_.substr(1, colon - 1).find(' ') == std::string_view::npos) {
      out_.logger = rest_.substr(1, colon - 1);
      rest_.remove_prefix(colon + 1);
    }
  }
  return true;
}

// Redis: "1:M 12 Jun 2025 10:00:00.123 # message"; the mark tells the level.
bool Head::take_redis(std::string_view word) {
  if (!out_.time.empty() || out_.stated || word.size() < 3 || word.size() > 12 || !is_digit(word[0]) ||
      word[word.size() - 2] != ':' || !is_letter(word.back()) || rest_.size() <= word.size() + 1)
    return false;
  const std::string_view behind = rest_.substr(word.size() + 1);
  const std::size_t length = time_length(behind);
  if (length == 0) return false;
  out_.time = behind.substr(0, length);
  rest_ = behind.substr(length);
  if (rest_.size() > 3 && rest_[0] == ' ' && rest_[2] == ' ' && (rest_[1] == '#' || rest_[1] == '*')) {
    state(rest_[1] == '#' ? Severity::warning : Severity::info);
    rest_.remove_prefix(3);
  }
  return true;
}

// After a time: a process id, a host and "program[pid]:"; after a level: a class and its line.
Took Head::take_behind_time(std::string_view word) {
  const bool more = rest_.size() > word.size();
  // nginx: "29#29: *1 message".
  const bool connection = word.find_first_not_of("0123456789#:") == std::string_view::npos &&
                          word.find('#') != std::string_view::npos;
  const bool numbered = word.size() > 1 && word[0] == '*' && is_digit(word[1]);
  const bool number = !word.empty() && std::ranges::all_of(word, is_digit);
  // Spring: "INFO 1 --- [main] class : message".
  const bool process_id = number && (!out_.stated || rest_.substr(word.size()).starts_with(" ---"));
  if (more && ((out_.stated && (connection || numbered)) || process_id)) {
    rest_.remove_prefix(word.size());
    return Took::part;
  }
  const bool program = word.size() > 2 && word.ends_with(":") && word.find('[') != std::string_view::npos;
  if (program && !out_.stated) {
    out_.logger = word.substr(0, word.find('['));
    rest_.remove_prefix(word.size());
    return Took::last;
  }
  const Took logger = take_logger(word);
  if (logger != Took::nothing) return logger;
  return !out_.stated && take_level_ahead(word.size()) ? Took::part : Took::nothing;
}

// "name - message", "a.b.Class : message", "a.b.Class: message".
Took Head::take_logger(std::string_view word) {
  const std::string_view beyond = rest_.substr(word.size());
  const bool dotted = word.find('.') != std::string_view::npos || word.find("::") != std::string_view::npos ||
                      word.find('/') != std::string_view::npos;
  const bool pair = word.find('=') != std::string_view::npos;
  if (beyond.starts_with(" - ") && !pair) {
    out_.logger = word;
    if (!dotted) return Took::last;
    rest_.remove_prefix(word.size());
    return Took::part;
  }
  if (!out_.stated || !dotted) return Took::nothing;
  // Spring: "o.s.boot.SpringApplication               : message".
  const std::size_t padded = std::min(beyond.find_first_not_of(' '), beyond.size());
  if (padded > 0 && beyond.substr(padded).starts_with(": ")) {
    out_.logger = word;
    rest_.remove_prefix(word.size() + padded + 2);
    return Took::last;
  }
  if (word.ends_with(":") && !pair && word.find('(') == std::string_view::npos) {
    out_.logger = word.substr(0, word.size() - 1);
    rest_.remove_prefix(word.size());
    return Took::part;
  }
  return Took::nothing;
}

// A level a few words on: "host program: ERROR ...", "main ERROR text".
bool Head::take_level_ahead(std::size_t from) {
  constexpr std::array<std::string_view, 21> kLevels = {
      " ERROR ",  " FATAL ",  " WARN ",   " WARNING ",  " INFO ",    " DEBUG ", " CRITICAL ",
      " ERROR: ", " FATAL: ", " PANIC: ", " WARNING: ", " LOG: ",    "[ERROR]", "[error]",
      "[warn]",   "[WARN]",   "[INFO]",   "[info]",     "[Warning]", "[Note]",  "[System]"};
  const std::string_view ahead = rest_.substr(from, 60);
  for (const std::string_view name : kLevels) {
    const std::size_t found = ahead.find(name);
    if (found == std::string_view::npos) continue;
    const Severity level = level_of(name.substr(1, name.find_last_not_of(" :]")));
    state(level == Severity::unknown ? Severity::info : level);
    rest_.remove_prefix(from + found + name.size());
    return true;
  }
  return false;
}

}  // namespace

std::string_view take_head(std::string_view line, LineClass* out) {
  return Head(line, out).read();
}

}  // namespace carrel
