#include "room/evidence/line_class.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/text.h"
#include "room/evidence/line_fields.h"
#include "room/evidence/line_head.h"

namespace carrel {
namespace {

constexpr std::size_t kLooked = 2048;  // bytes of a line that are looked at

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

void from_fields(const LineFields& fields, LineClass* out) {
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
  // Whoever it called answered that.
  const bool answered_badly =
      fields.status.size() == 3 && (fields.status[0] == '4' || fields.status[0] == '5');
  if (answered_badly && !fields.peer.empty() && out->severity >= Severity::warning && !out->message.empty())
    out->message += fmt::format(" ({}, status={})", fields.peer, fields.status);
  if (!fields.plan.empty())
    out->message += fmt::format(" ({}{}{})", fields.scope, fields.scope.empty() ? "" : ": ", fields.plan);
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

// A sample as Prometheus reads it: `name{label="value"} 12`. Its labels are no words of a log.
bool is_sample(std::string_view line) {
  const std::size_t brace = line.find('{');
  if (brace == std::string_view::npos || brace == 0 || brace > 128) return false;
  const auto in_name = [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == ':'; };
  if (!std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(brace), in_name)) return false;
  const std::size_t end = line.rfind("} ");
  if (end == std::string_view::npos || line.find("=\"", brace) == std::string_view::npos) return false;
  const std::string_view value = trim(line.substr(end + 2));
  return !value.empty() && value.find_first_not_of("0123456789.eE+- NaInf") == std::string_view::npos;
}

// The time that a field says, as it stands in the line.
void take_time_of(const LineFields& fields, std::string_view line, LineClass* out) {
  const std::size_t at = fields.time.empty() ? std::string_view::npos : line.find(fields.time);
  if (out->time.empty() && at != std::string_view::npos) out->time = line.substr(at, fields.time.size());
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

  rest = take_head(rest, &out);
  out.body = rest;
  if (rest.starts_with('{')) {
    const LineFields fields = json_fields(rest);
    take_time_of(fields, line, &out);
    from_fields(fields, &out);
  } else if (rest.find('=') != std::string_view::npos) {
    int pairs = 0;
    const LineFields fields = logfmt_fields(rest, &pairs);
    const bool said = !fields.level.empty() || !fields.message.empty() || !fields.error.empty();
    if (pairs >= 2 && said) {
      take_time_of(fields, line, &out);
      from_fields(fields, &out);
      // Text before the first pair is the message itself ("Unable to connect host=db").
      const std::string_view running = trim(rest.substr(0, rest.find('=')));
      if (fields.message.empty() && running.find(' ') != std::string_view::npos) out.message.clear();
    }
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

}  // namespace carrel
