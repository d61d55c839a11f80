#include "room/evidence/line_class.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/phrase_set.h"
#include "base/text.h"

namespace carrel {
namespace {

constexpr std::size_t kLooked = 2048;  // bytes of a line that are looked at

bool is_word(char c) {
  return is_letter(c) || is_digit(c) || c == '_';
}

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

// Fields of a line of JSON or logfmt that say something to a person.
struct Fields {
  std::string level, time, logger, message, error, status;
  std::string code;    // an error's, where it is a name: "RequestTimeTooSkewed"
  std::string others;  // the first of those that none of these is
};

void keep_other(std::string_view key, std::string_view value, std::string* others) {
  constexpr std::size_t kLongest = 60, kAll = 160;
  if (value.empty() || value == "null" || value.size() > kLongest || others->size() + key.size() > kAll)
    return;
  if (!others->empty()) *others += ", ";
  *others += fmt::format("{}={}", key, value);
}

void keep_field(std::string_view key, std::string_view value, Fields* fields) {
  const std::string name = to_lower(key);
  const auto is = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const auto set = [&](std::string* field) {
    if (field->empty()) field->assign(value);
  };
  if (is({"level", "lvl", "severity", "loglevel", "log.level", "levelname", "log_level", "level_name", "s",
          "prio", "severity_text"})) {
    set(&fields->level);
  } else if (is({"time", "ts", "timestamp", "@timestamp", "t", "date", "asctime", "datetime", "eventtime"})) {
    set(&fields->time);
  } else if (is({"msg", "message", "log", "event", "short_message", "@message", "text", "textpayload"})) {
    set(&fields->message);
  } else if (is({"err", "error", "exception", "reason", "cause", "detail", "error.message", "errmsg",
                 "error_message", "exc", "exc_info", "stack_trace", "stacktrace", "failure", "dsn"})) {
    if (value.empty() || value == "null" || value == "nil" || value == "<nil>" || value == "None" ||
        value == "false" || value == "0" || value == "[]" || value == "{}") {
      return;
    }
    if (!fields->error.empty()) fields->error += "; ";
    fields->error += cut_utf8(value.substr(0, value.find('\n')), 300);
  } else if (is({"logger", "logger_name", "component", "module", "name", "service"})) {
    set(&fields->logger);
  } else if (name == "priority") {
    // journald's: syslog's numbers. A service's output is all 6 whatever it says, so only what is worse
    // counts.
    if (value.size() == 1 && value[0] >= '0' && value[0] <= '4') {
      fields->level = value[0] <= '2' ? "fatal" : value[0] == '3' ? "error" : "warning";
    }
  } else if (is({"code", "error_code", "errorcode", "errcode"}) && value.size() >= 4 && value.size() <= 64 &&
             value.find_first_not_of("0123456789") != std::string_view::npos) {
    set(&fields->code);
  } else if (is({"status", "status_code", "statuscode", "response_code", "code"})) {
    set(&fields->status);
  } else {
    keep_other(key, value, &fields->others);
  }
}

// A JSON string at `at` (on its opening quote), its simple escapes undone; `at` moves behind it.
std::string json_string(std::string_view text, std::size_t* at) {
  std::string out;
  for (++*at; *at < text.size(); ++*at) {
    char c = text[*at];
    if (c == '"') {
      ++*at;
      break;
    }
    if (c == '\\' && *at + 1 < text.size()) {
      c = text[++*at];
      if (c == 'n' || c == 'r' || c == 't') c = c == 't' ? ' ' : '\n';
      if (c == 'u') {
        const std::string_view code = text.substr(*at + 1, 4);
        c = code == "0027" ? '\'' : code == "003c" ? '<' : code == "003e" ? '>' : code == "0026" ? '&' : '?';
        *at += std::min<std::size_t>(4, text.size() - 1 - *at);
      }
    }
    out.push_back(c);
  }
  return out;
}

// Reads the members of an object, nested ones as "outer.inner" where the outer is "error" or "log", else by
// the inner name alone. Tolerates a line that was cut.
Fields json_fields(std::string_view text) {
  Fields fields;
  std::string key;
  bool value_next = false;
  std::vector<std::string> outer;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      std::string word = json_string(text, &at);
      std::size_t next = at;
      while (next < text.size() && text[next] == ' ') ++next;
      if (!value_next && next < text.size() && text[next] == ':') {
        key = std::move(word);
      } else if (value_next) {
        const bool in_error = !outer.empty() && (outer.back() == "error" || outer.back() == "err");
        keep_field(in_error && (key == "message" || key == "msg") ? "error" : key, word, &fields);
        value_next = false;
      }
      continue;
    }
    if (c == ':') {
      value_next = true;
    } else if (c == ',') {
      value_next = false;
    } else if (c == '{' || c == '[') {
      outer.push_back(key);
      value_next = false;
    } else if (c == '}' || c == ']') {
      if (!outer.empty()) outer.pop_back();
      value_next = false;
    } else if (value_next && c != ' ') {
      std::size_t end = at;
      while (end < text.size() && text[end] != ',' && text[end] != '}' && text[end] != ']') ++end;
      keep_field(key, text.substr(at, end - at), &fields);
      value_next = false;
      at = end;
      continue;
    }
    ++at;
  }
  return fields;
}

// key=value and key="value with spaces" pairs. `pairs` counts them.
Fields logfmt_fields(std::string_view text, int* pairs) {
  Fields fields;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() &&
           (is_word(text[end]) || text[end] == '.' || text[end] == '-' || text[end] == '@'))
      ++end;
    if (end == at || end >= text.size() || text[end] != '=') {
      at = std::max(end, at + 1);
      continue;
    }
    const std::string_view key = text.substr(at, end - at);
    at = end + 1;
    if (at < text.size() && text[at] == '"') {
      const std::string value = json_string(text, &at);
      keep_field(key, value, &fields);
    } else {
      end = std::min(text.find(' ', at), text.size());
      keep_field(key, text.substr(at, end - at), &fields);
      at = end;
    }
    ++*pairs;
  }
  return fields;
}

Severity numeric_level(std::string_view level) {
  // pino and bunyan: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal.
  if (level.size() != 2 || level[1] != '0') return Severity::unknown;
  return level[0] == '6'   ? Severity::fatal
         : level[0] == '5' ? Severity::error
         : level[0] == '4' ? Severity::warning
         : level[0] == '3' ? Severity::info
                           : Severity::debug;
}

// An access log's answer: `"GET / HTTP/1.1" 503`.
Severity access_status(std::string_view line) {
  const std::size_t http = line.find(" HTTP/");
  if (http == std::string_view::npos) return Severity::unknown;
  std::size_t at = line.find('"', http);
  if (at == std::string_view::npos || at > http + 12) return Severity::unknown;
  ++at;
  while (at < line.size() && line[at] == ' ') ++at;
  if (at + 3 > line.size() || !is_digit(line[at]) || !is_digit(line[at + 1]) || !is_digit(line[at + 2])) {
    return Severity::unknown;
  }
  return line[at] == '5' ? Severity::error : Severity::info;
}

void from_fields(const Fields& fields, LineClass* out) {
  Severity level = level_of(fields.level);
  if (level == Severity::unknown) level = numeric_level(fields.level);
  if (level != Severity::unknown) {
    out->severity = level;
    out->stated = true;
  }
  out->message = fields.message;
  if (!fields.error.empty() && out->message.find(fields.error) == std::string::npos) {
    if (!out->message.empty()) out->message += ": ";
    out->message += fields.error;
  }
  const bool named = out->severity >= Severity::warning && !fields.code.empty() && !out->message.empty() &&
                     out->message.find(fields.code) == std::string::npos;
  if (named) out->message += fmt::format(" ({})", fields.code);
  if (fields.message.find(' ') == std::string::npos && !fields.message.empty()) out->details = fields.others;
  if (out->stated) return;
  if (!fields.error.empty()) out->severity = Severity::error;
  if (fields.status.size() == 3 && fields.status[0] == '5') {
    out->severity = Severity::error;
  }
}

// A field of a journal's entry beside its message: "_SYSTEMD_UNIT=…", "SYSLOG_IDENTIFIER=…". Source:
// systemd.journal-fields(7).
bool is_journal_field(std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos || equals == 0) return false;
  const std::string_view name = line.substr(0, equals);
  if (!std::all_of(name.begin(), name.end(),
                   [](char c) { return (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_'; }))
    return false;
  if (name[0] == '_') return true;
  return name == "PRIORITY" || name == "MESSAGE_ID" || name == "INVOCATION_ID" ||
         name.starts_with("SYSLOG_") || name.starts_with("CODE_") || name.starts_with("JOB_");
}

// True where what stands at a place is a part of the name of a picture, a page or a program's text:
// "ErrorBoundary.png".
bool is_in_file_name(std::string_view text, std::size_t at) {
  static constexpr std::array<std::string_view, 14> kEndings = {
      "png", "svg", "jpg", "jpeg", "gif", "webp", "ico", "css", "map", "pdf", "vue", "tsx", "jsx", "mp4"};
  constexpr std::size_t kLongest = 64;
  text = text.substr(0, at + kLongest);
  std::size_t end = at;
  while (end < text.size() && (is_word(text[end]) || text[end] == '-')) ++end;
  if (end >= text.size() || text[end] != '.') return false;
  std::size_t last = end + 1;
  while (last < text.size() && is_word(text[last])) ++last;
  return std::ranges::find(kEndings, text.substr(end + 1, last - end - 1)) != kEndings.end();
}

// A sample as Prometheus reads it: `name{label="value"} 12`. Its labels are no words of a log.
bool is_sample(std::string_view line) {
  const std::size_t brace = line.find('{');
  if (brace == std::string_view::npos || brace == 0 || brace > 128) return false;
  const auto in_name = [](char c) { return is_word(c) || c == ':'; };
  if (!std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(brace), in_name)) return false;
  const std::size_t end = line.rfind("} ");
  if (end == std::string_view::npos || line.find("=\"", brace) == std::string_view::npos) return false;
  const std::string_view value = trim(line.substr(end + 2));
  return !value.empty() && value.find_first_not_of("0123456789.eE+- NaInf") == std::string_view::npos;
}

}  // namespace

Severity level_of(std::string_view word) {
  struct Level {
    std::string_view name;
    Severity severity;
  };
  static constexpr std::array<Level, 34> kLevels = {{
      {"trace", Severity::debug},     {"debug", Severity::debug},      {"dbug", Severity::debug},
      {"dbg", Severity::debug},       {"verbose", Severity::debug},    {"finest", Severity::debug},
      {"finer", Severity::debug},     {"fine", Severity::debug},       {"config", Severity::info},
      {"info", Severity::info},       {"information", Severity::info}, {"informational", Severity::info},
      {"inf", Severity::info},        {"notice", Severity::info},      {"note", Severity::info},
      {"success", Severity::info},    {"log", Severity::info},         {"warn", Severity::warning},
      {"warning", Severity::warning}, {"wrn", Severity::warning},      {"error", Severity::error},
      {"err", Severity::error},       {"eror", Severity::error},       {"fail", Severity::error},
      {"severe", Severity::error},    {"fatal", Severity::fatal},      {"ftl", Severity::fatal},
      {"critical", Severity::fatal},  {"crit", Severity::fatal},       {"panic", Severity::fatal},
      {"dpanic", Severity::fatal},    {"emerg", Severity::fatal},      {"emergency", Severity::fatal},
      {"alert", Severity::fatal},
  }};
  const std::string lower = to_lower(word);
  for (const Level& level : kLevels) {
    if (lower == level.name) return level.severity;
  }
  if (word.size() == 1) {
    switch (word[0]) {
      case 'F':
        return Severity::fatal;
      case 'E':
        return Severity::error;
      case 'W':
        return Severity::warning;
      case 'I':
        return Severity::info;
      case 'D':
        return Severity::debug;
      default:
        break;
    }
  }
  return Severity::unknown;
}

LineClass classify(std::string_view line) {
  line = cut_utf8(line, kLooked);
  LineClass out;
  std::string_view rest = line;
  bool level_seen = false;

  // `journalctl -o export` has a field a line: the message is one of them, and the others say nothing of it.
  // Nor do samples of metrics, and what they are.
  if (rest.starts_with("MESSAGE=")) rest.remove_prefix(8);
  if (is_journal_field(rest) || is_sample(rest) || rest.starts_with("# HELP ") ||
      rest.starts_with("# TYPE ")) {
    out.severity = Severity::debug;
    out.stated = true;
    out.body = rest;
    out.message = rest;
    return out;
  }

  // Takes off, one after another, whatever a logger puts before its message.
  for (int round = 0; round < 16 && !rest.empty(); ++round) {
    if (skip_colour(&rest)) continue;
    const char c = rest[0];
    if (c == ' ' || c == '\t' || c == '|' || c == ',' || (c == '-' && !level_seen) ||
        ((c == ':' || c == '-' || c == ';') && (rest.size() == 1 || rest[1] == ' ' || rest[1] == '-'))) {
      rest.remove_prefix(1);
      --round;
      continue;
    }
    if (c == '{') break;
    std::size_t message = 0;
    if (const auto level = klog_level(rest, &message)) {
      out.severity = *level;
      level_seen = out.stated = true;
      out.time = rest.substr(6, 8);
      rest.remove_prefix(message);
      break;
    }
    if (const std::size_t length = time_length(rest); length > 0) {
      if (out.time.empty()) out.time = rest.substr(0, length);
      rest.remove_prefix(length);
      continue;
    }
    if (rest.starts_with("UTC ") || rest.starts_with("CET ")) {
      rest.remove_prefix(4);
      continue;
    }
    if (rest.starts_with("stdout F ") || rest.starts_with("stderr F ")) {
      rest.remove_prefix(9);
      continue;
    }
    if (c == '[' || c == '<' || c == '(') {
      const char close = c == '[' ? ']' : c == '<' ? '>' : ')';
      const std::size_t end = rest.substr(0, 80).find(close);
      if (end == std::string_view::npos || end < 2) break;
      const std::string_view inside = trim(rest.substr(1, end - 1));
      // "[ERROR]", "[core:error]", "[error][upstream]"; syslog's "<3>" is facility * 8 + severity.
      const std::size_t colon = inside.rfind(':');
      Severity level = level_of(inside);
      if (level == Severity::unknown && colon != std::string_view::npos)
        level = level_of(inside.substr(colon + 1));
      if (level == Severity::unknown && c == '<' && inside.size() <= 3 && is_digit(inside[0])) {
        const int number = std::atoi(std::string(inside).c_str()) % 8;
        level = number <= 2   ? Severity::fatal
                : number == 3 ? Severity::error
                : number == 4 ? Severity::warning
                              : Severity::info;
      }
      // An Erlang process: "<0.123.0>".
      const bool process = c == '<' && inside.find_first_not_of("0123456789.") == std::string_view::npos;
      if (level == Severity::unknown && !process && (c != '[' || inside.find("  ") != std::string_view::npos))
        break;
      if (level == Severity::unknown && out.time.empty()) {
        if (const std::size_t length = time_length(inside); length > 0) out.time = inside.substr(0, length);
      }
      if (level != Severity::unknown && !level_seen) {
        out.severity = level;
        level_seen = out.stated = true;
      }
      rest.remove_prefix(end + 1);
      continue;
    }
    std::size_t end = 0;
    while (end < rest.size() && rest[end] != ' ' && rest[end] != '\t') ++end;
    const std::string_view token = rest.substr(0, end);
    // A word that is a level: in capitals, or in any case before ':' ("error: x", "fail: Service[0]",
    // "WARNING:root:x").
    std::size_t word = 0;
    while (word < token.size() && is_letter(token[word])) ++word;
    const Severity level = word > 0 ? level_of(token.substr(0, word)) : Severity::unknown;
    const char after = word < token.size() ? token[word] : ' ';
    const bool capitals =
        word >= 3 && std::none_of(token.begin(), token.begin() + static_cast<std::ptrdiff_t>(word),
                                  [](char x) { return x >= 'a' && x <= 'z'; });
    const bool single = word == 1 && !out.time.empty();
    if (level != Severity::unknown && !level_seen &&
        ((capitals &&
          (after == ' ' || after == ':' || after == '/' || after == ']' || after == '|' || after == '[')) ||
         (after == ':' && word >= 3 && level != Severity::info && token.substr(0, word) != "alert") ||
         (after == ':' && token.starts_with("info:")) ||
         (single && (after == ' ' || after == ',' || after == '/')) ||
         (after == ' ' && word >= 4 && !out.time.empty()))) {
      out.severity = level;
      level_seen = out.stated = true;
      rest.remove_prefix(word);
      // Python's "ERROR:name:message".
      if (after == ':' && rest.size() > 1 && rest[1] != ' ') {
        const std::size_t colon = rest.find(':', 1);
        if (colon != std::string_view::npos &&
            rest.substr(1, colon - 1).find(' ') == std::string_view::npos) {
          out.logger = rest.substr(1, colon - 1);
          rest.remove_prefix(colon + 1);
        }
      }
      continue;
    }
    // Redis: "1:M 12 Jun 2025 10:00:00.123 # message"; the mark tells the level.
    if (out.time.empty() && !level_seen && token.size() >= 3 && token.size() <= 12 && is_digit(token[0]) &&
        token[token.size() - 2] == ':' && is_letter(token.back()) && rest.size() > end + 1 &&
        time_length(rest.substr(end + 1)) > 0) {
      rest.remove_prefix(end + 1);
      out.time = rest.substr(0, time_length(rest));
      rest.remove_prefix(out.time.size());
      if (rest.size() > 3 && rest[0] == ' ' && rest[2] == ' ' && (rest[1] == '#' || rest[1] == '*')) {
        out.severity = rest[1] == '#' ? Severity::warning : Severity::info;
        level_seen = out.stated = true;
        rest.remove_prefix(3);
      }
      break;
    }
    if (out.time.empty() && !level_seen) break;
    // After a time: a process id, a host and "program[pid]:"; after a level: a class and its line.
    const bool number = !token.empty() && std::all_of(token.begin(), token.end(), is_digit);
    // nginx: "29#29: *1 message".
    const bool connection = token.find_first_not_of("0123456789#:") == std::string_view::npos &&
                            token.find('#') != std::string_view::npos;
    const bool numbered = token.size() > 1 && token[0] == '*' && is_digit(token[1]);
    if (level_seen && (connection || numbered) && rest.size() > end) {
      rest.remove_prefix(end);
      continue;
    }
    const bool process =
        token.size() > 2 && token.ends_with(":") && token.find('[') != std::string_view::npos;
    if (number && rest.size() > end && (!level_seen || rest.substr(end).starts_with(" ---"))) {
      rest.remove_prefix(end);
      continue;
    }
    if (process && !level_seen) {
      out.logger = token.substr(0, token.find('['));
      rest.remove_prefix(end);
      break;
    }
    const std::string_view beyond = rest.substr(end);
    const bool dotted = token.find('.') != std::string_view::npos ||
                        token.find("::") != std::string_view::npos ||
                        token.find('/') != std::string_view::npos;
    if (beyond.starts_with(" - ") && token.find('=') == std::string_view::npos) {
      out.logger = token;
      if (dotted) {
        rest.remove_prefix(end);
        continue;
      }
      break;
    }
    // Spring: "o.s.boot.SpringApplication               : message".
    const std::size_t padded = std::min(beyond.find_first_not_of(' '), beyond.size());
    if (level_seen && dotted && padded > 0 && beyond.substr(padded).starts_with(": ")) {
      out.logger = token;
      rest.remove_prefix(end + padded + 2);
      break;
    }
    if (level_seen && dotted && token.ends_with(":") && token.find('=') == std::string_view::npos &&
        token.find('(') == std::string_view::npos) {
      out.logger = token.substr(0, token.size() - 1);
      rest.remove_prefix(end);
      continue;
    }
    // A level a few words on: "host program: ERROR ...", "1:M 12 Jan ... # Fatal", "main ERROR text".
    if (!level_seen) {
      const std::string_view ahead = rest.substr(end, 60);
      for (std::string_view name :
           {" ERROR ",  " FATAL ",  " WARN ",   " WARNING ",  " INFO ",    " DEBUG ", " CRITICAL ",
            " ERROR: ", " FATAL: ", " PANIC: ", " WARNING: ", " LOG: ",    "[ERROR]", "[error]",
            "[warn]",   "[WARN]",   "[INFO]",   "[info]",     "[Warning]", "[Note]",  "[System]"}) {
        const std::size_t found = ahead.find(name);
        if (found == std::string_view::npos) continue;
        const std::string_view inner = name.substr(1, name.find_last_not_of(" :]"));
        out.severity = level_of(inner);
        if (out.severity == Severity::unknown) out.severity = Severity::info;
        level_seen = out.stated = true;
        rest.remove_prefix(end + found + name.size());
        break;
      }
      if (level_seen) continue;
    }
    break;
  }

  out.body = rest;
  if (!rest.empty() && rest[0] == '{') {
    from_fields(json_fields(rest), &out);
  } else if (rest.find('=') != std::string_view::npos) {
    int pairs = 0;
    const Fields fields = logfmt_fields(rest, &pairs);
    const bool said = !fields.level.empty() || !fields.message.empty() || !fields.error.empty();
    if (pairs >= 2 && said) {
      if (out.time.empty() && !fields.time.empty()) {
        const std::size_t at = line.find(fields.time);
        if (at != std::string_view::npos) out.time = line.substr(at, fields.time.size());
      }
      const std::string_view running = trim(rest.substr(0, rest.find('=')));
      from_fields(fields, &out);
      // Text before the first pair is the message itself ("Unable to connect host=db").
      if (fields.message.empty() && running.find(' ') != std::string_view::npos) out.message.clear();
    }
  }
  if (!rest.empty() && rest[0] == '{' && out.time.empty()) {
    const Fields fields = json_fields(rest.substr(0, 400));
    const std::size_t at = fields.time.empty() ? std::string_view::npos : line.find(fields.time);
    if (at != std::string_view::npos) out.time = line.substr(at, fields.time.size());
  }
  if (out.message.empty()) out.message = std::string(trim(rest));
  if (!out.stated && out.severity == Severity::unknown) {
    out.severity = access_status(line);
    if (out.severity == Severity::unknown) out.severity = severity_of_words(out.message);
  }
  // A level that the words contradict: uvicorn and others write answers of 5xx as INFO.
  if (out.stated && out.severity == Severity::info && access_status(line) == Severity::error) {
    out.severity = Severity::warning;
  }
  return out;
}

Severity severity_of_words(std::string_view message) {
  struct Word {
    std::string text;
    Severity severity;
  };
  static const std::vector<Word> kWords = {
      {"panic:", Severity::fatal},
      {"fatal error", Severity::fatal},
      {"<fatal>", Severity::fatal},
      {"exception in thread", Severity::fatal},
      {"unhandledpromiserejection", Severity::fatal},
      {"unhandled exception", Severity::fatal},
      {"uncaught exception", Severity::fatal},
      {"out of memory", Severity::fatal},
      {"segmentation fault", Severity::fatal},
      {"core dumped", Severity::fatal},
      {"killed process", Severity::fatal},
      {"syntax error", Severity::error},
      {"no space left on device", Severity::error},
      {"error>", Severity::error},
      {"<errors>", Severity::error},
      {"exception>", Severity::error},
      {"<failed>", Severity::error},
      {"<failure>", Severity::error},
      {"<fails>", Severity::error},
      {"<fail>", Severity::error},
      {"<unable to>", Severity::error},
      {"<cannot>", Severity::error},
      {"<can't>", Severity::error},
      {"<could not>", Severity::error},
      {"<couldn't>", Severity::error},
      {"<refused>", Severity::error},
      {"<denied>", Severity::error},
      {"<forbidden>", Severity::error},
      {"<unauthorized>", Severity::error},
      {"<timed out>", Severity::error},
      {"<timeout>", Severity::warning},
      {"timeouterror", Severity::error},
      {"deadline exceeded", Severity::error},
      {"<not found>", Severity::error},
      {"no such file", Severity::error},
      {"no such host", Severity::error},
      {"has expired", Severity::error},
      {"<expired>", Severity::warning},
      {"<invalid>", Severity::warning},
      {"<missing>", Severity::warning},
      {"<unreachable>", Severity::error},
      {"<unavailable>", Severity::error},
      {"<not ready>", Severity::warning},
      {"<aborted>", Severity::error},
      {"<aborting>", Severity::error},
      {"<crashed>", Severity::error},
      {"<corrupt", Severity::error},
      {"<deadlock", Severity::error},
      {"<warning>", Severity::warning},
      {"<warn>", Severity::warning},
      {"<deprecated>", Severity::info},
      {"<retrying>", Severity::warning},
      {"<does not exist>", Severity::error},
      {"traceback (most", Severity::error},
      {"<rejected>", Severity::error},
      {"<killed>", Severity::error},
      {"<slow query", Severity::warning},
  };
  static const PhraseSet kSet = [] {
    std::vector<std::string> phrases;
    for (const Word& word : kWords) phrases.push_back(word.text);
    return PhraseSet(phrases);
  }();
  // What takes the word's sense away, just before it or just after it.
  static const std::vector<std::string_view> kBefore = {
      "no ",       "0 ",   "without ", "zero ", "not ", "on ",     "if ",      "ignore ",
      "ignoring ", "any ", "never ",   "for ",  "non-", "handle ", "handles ", "handling "};
  static const std::vector<std::string_view> kAfter = {
      "=nil",     "=<nil>", "=null",  "=none",    "=\"\"",   "=false",  ": nil",    ": []",      ": 0",
      "=0",       ":0",     ": null", ": none",   "=[]",     ": <nil>", "\":null",  "\":\"\"",   "\":[]",
      "\":false", "\":0",   "-free",  " handler", "handler", " rate 0", " rate: 0", " count: 0", " count 0",
      " page",    " log",   ".log",   ".html",    "/",       "_"};
  std::vector<PhraseSet::Match> matches;
  kSet.find(message, &matches);
  Severity worst = Severity::unknown;
  for (const PhraseSet::Match& match : matches) {
    const Severity severity = kWords[match.phrase].severity;
    if (severity <= worst) continue;
    const std::string before = to_lower(
        message.substr(match.begin > 12 ? match.begin - 12 : 0, std::min<std::size_t>(match.begin, 12)));
    const std::string after = to_lower(message.substr(match.end, 10));
    const auto ends = [&](std::string_view text) { return before.ends_with(text); };
    const auto begins = [&](std::string_view text) { return after.starts_with(text); };
    if (is_in_file_name(message, match.begin)) continue;
    const char left = match.begin > 0 ? message[match.begin - 1] : ' ';
    // Part of a path, a file name, an option or a metric's name.
    if (left == '/' || left == '.' || left == '-' || left == '_') continue;
    if (std::any_of(kAfter.begin(), kAfter.end(), begins)) continue;
    const bool plain_negation = std::any_of(kBefore.begin(), kBefore.end(), ends);
    // "No such file", "not found" negate themselves; "10 errors" is not "0 errors".
    if (plain_negation && !(ends("0 ") && before.size() >= 3 && is_digit(before[before.size() - 3])))
      continue;
    worst = severity;
  }
  return worst;
}

}  // namespace carrel
