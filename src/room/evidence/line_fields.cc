#include "room/evidence/line_fields.h"

#include <algorithm>
#include <initializer_list>
#include <vector>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/text.h"

namespace carrel {
namespace {

bool in_key(char c) {
  return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == '-' || c == '@';
}

void keep_other(std::string_view key, std::string_view value, std::string* others) {
  constexpr std::size_t kLongest = 60, kAll = 160;
  if (value.empty() || value == "null" || value.size() > kLongest || others->size() + key.size() > kAll)
    return;
  if (!others->empty()) *others += ", ";
  *others += fmt::format("{}={}", key, value);
}

void keep_field(std::string_view key, std::string_view value, LineFields* fields) {
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
  } else if (is({"err",           "error",         "exception",   "reason",        "cause",
                 "detail",        "error.message", "errmsg",      "error_message", "exc",
                 "exc_info",      "stack_trace",   "stacktrace",  "failure",       "dsn",
                 "refusalreason", "failurereason", "errorreason", "declinereason", "rejectionreason"})) {
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
  } else if (name == "ns") {
    set(&fields->scope);
    keep_other(key, value, &fields->others);
  } else if (name == "plansummary") {
    set(&fields->plan);
  } else if (is({"status", "status_code", "statuscode", "response_code", "code"})) {
    set(&fields->status);
  } else if (is({"provider", "upstream", "downstream", "vendor", "dependency", "backend", "gateway", "target",
                 "peer", "endpoint"})) {
    if (fields->peer.empty() && !value.empty() && value.size() <= 60)
      fields->peer = fmt::format("{}={}", key, value);
    keep_other(key, value, &fields->others);
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

}  // namespace

LineFields json_fields(std::string_view text) {
  LineFields fields;
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

LineFields logfmt_fields(std::string_view text, int* pairs) {
  LineFields fields;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && in_key(text[end])) ++end;
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

}  // namespace carrel
