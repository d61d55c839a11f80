#include "incidents/log_style.h"

#include <array>

#include <fmt/format.h>

#include "base/text.h"

namespace carrel::incidents {
namespace {

using Names = std::array<const char*, 5>;  // debug, info, warn, error, fatal

const char* name_of(Level level, const Names& names) {
  return names[static_cast<std::size_t>(level)];
}

constexpr Names kLower = {"debug", "info", "warn", "error", "fatal"};
constexpr Names kUpper = {"DEBUG", "INFO", "WARN", "ERROR", "ERROR"};
constexpr Names kPython = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"};
constexpr Names kLong = {"debug", "info", "warning", "error", "fatal"};
constexpr Names kPostgres = {"DEBUG", "LOG", "WARNING", "ERROR", "FATAL"};
constexpr Names kMysql = {"Note", "System", "Warning", "ERROR", "ERROR"};
constexpr Names kKlog = {"I", "I", "W", "E", "F"};
constexpr Names kRedis = {".", "*", "#", "#", "#"};
constexpr Names kNginx = {"debug", "notice", "warn", "error", "emerg"};
constexpr Names kPino = {"20", "30", "40", "50", "60"};
constexpr Names kCoredns = {"DEBUG", "INFO", "WARNING", "ERROR", "FATAL"};

bool is_json(Style style) {
  return style == Style::zap || style == Style::logstash || style == Style::structlog ||
         style == Style::pino || style == Style::etcd;
}

std::string padded_klog(const Speaker& speaker, Millis at, Level level) {
  return fmt::format("{}{} {:>7} {}.go:{}]", name_of(level, kKlog), time_text(at, "%m%d %H:%M:%S.%U"),
                     1 + speaker.salt % 3, speaker.name.empty() ? "main" : speaker.name,
                     40 + speaker.salt % 400);
}

// What stands before the message, for the styles that put all of it there.
std::string head(const Speaker& speaker, Millis at, Level level) {
  const std::uint64_t salt = speaker.salt;
  switch (speaker.style) {
    case Style::go_plain:
      return time_text(at, "%Y/%m/%d %H:%M:%S ");
    case Style::klog:
      return padded_klog(speaker, at, level) + " ";
    case Style::logback:
      return fmt::format("{} {:>5} 1 --- [{:>15}] {:<40} : ", time_text(at, "%Y-%m-%d %H:%M:%S.%L"),
                         name_of(level, kUpper), level >= Level::fatal ? "main" : "nio-8080-exec-3",
                         speaker.name);
    case Style::log4j:
      return fmt::format("[{}] {} ", time_text(at, "%Y-%m-%d %H:%M:%S,%L"),
                         level == Level::fatal ? "FATAL" : name_of(level, kUpper));
    case Style::python:
      return fmt::format("{} {} {}: ", time_text(at, "%Y-%m-%d %H:%M:%S,%L"), name_of(level, kPython),
                         speaker.name);
    case Style::gunicorn:
      return fmt::format("[{}] [{}] [{}] ", time_text(at, "%Y-%m-%d %H:%M:%S +0000"), 7 + salt % 30,
                         name_of(level, kPython));
    case Style::winston:
      return fmt::format("{} {}: ", rfc3339_millis(at), name_of(level, kLower));
    case Style::postgres:
      return fmt::format("{} UTC [{}] {}:  ", time_text(at, "%Y-%m-%d %H:%M:%S.%L"), 60 + salt % 900,
                         name_of(level, kPostgres));
    case Style::mysql:
      return fmt::format("{} {} [{}] [MY-0{}] [Server] ", time_text(at, "%Y-%m-%dT%H:%M:%S.%UZ"), salt % 90,
                         name_of(level, kMysql), 10000 + salt % 4000);
    case Style::redis:
      return fmt::format("1:{} {} {} ", salt % 4 == 3 ? "S" : "M", time_text(at, "%d %b %Y %H:%M:%S.%L"),
                         name_of(level, kRedis));
    case Style::rabbitmq:
      return fmt::format("{}+00:00 [{}] <0.{}.0> ", time_text(at, "%Y-%m-%d %H:%M:%S.%U"),
                         name_of(level, kLong), 200 + salt % 800);
    case Style::nginx:
      return fmt::format("{} [{}] {}#{}: ", time_text(at, "%Y/%m/%d %H:%M:%S"), name_of(level, kNginx),
                         20 + salt % 20, 20 + salt % 20);
    case Style::coredns:
      return fmt::format("[{}] ", name_of(level, kCoredns));
    case Style::syslog:
      return fmt::format("{} {} ", time_text(at, "%b %e %H:%M:%S"), speaker.name);
    case Style::kernel:
      return fmt::format("[{}.{:06}] ", 100000 + at / 1000 % 5000000, at % 1000 * 1000 + 113);
    default:
      return "";
  }
}

}  // namespace

std::string as_written(Style style, Level level, const std::string& message) {
  if (level == Level::raw) return message;
  if (!is_json(style) && style != Style::slog && style != Style::logrus) return message;
  const std::string quoted = printable_json_string(message);
  return quoted.substr(1, quoted.size() - 2);
}

std::string log_line(const Speaker& speaker, Millis at, Level level, const std::string& message) {
  if (level == Level::raw) return message;
  const std::string text = as_written(speaker.style, level, message);
  const std::uint64_t salt = speaker.salt;
  switch (speaker.style) {
    case Style::zap:
      return fmt::format(R"({{"level":"{}","ts":"{}","caller":"{}/{}.go:{}","msg":"{}"}})",
                         name_of(level, kLower), rfc3339_millis(at), speaker.name, "server", 31 + salt % 200,
                         text);
    case Style::etcd:
      return fmt::format(R"({{"level":"{}","ts":"{}","caller":"etcdserver/{}.go:{}","msg":"{}"}})",
                         name_of(level, kLower), rfc3339_millis(at), speaker.name, 31 + salt % 700, text);
    case Style::slog:
      return fmt::format(R"(time={} level={} msg="{}" service={})", rfc3339_millis(at),
                         name_of(level, kUpper), text, speaker.name);
    case Style::logrus:
      return fmt::format(R"(time="{}" level={} msg="{}")", rfc3339(at), name_of(level, kLong), text);
    case Style::logstash:
      return fmt::format(
          R"({{"@timestamp":"{}","@version":"1","message":"{}","logger_name":"{}","thread_name":"main","level":"{}"}})",
          rfc3339_millis(at), text, speaker.name, name_of(level, kUpper));
    case Style::structlog:
      return fmt::format(R"({{"event": "{}", "logger": "{}", "level": "{}", "timestamp": "{}"}})", text,
                         speaker.name, level == Level::fatal ? "critical" : name_of(level, kLong),
                         time_text(at, "%Y-%m-%dT%H:%M:%S.%UZ"));
    case Style::pino:
      return fmt::format(R"({{"level":{},"time":{},"pid":1,"hostname":"{}","msg":"{}"}})",
                         name_of(level, kPino), at, speaker.name, text);
    case Style::log4j:
      return head(speaker, at, level) + text + " (" + speaker.name + ")";
    default:
      return head(speaker, at, level) + text;
  }
}

}  // namespace carrel::incidents
