// What one line of a log says of itself: its level, when it was written, and where its message begins.
//
// Understood: klog, syslog and journald, log4j, logback and java.util.logging, Python logging, zap, logrus,
// logfmt, pino, bunyan and other JSON, nginx and Apache, PostgreSQL, MySQL, Redis, RabbitMQ, Kafka, .NET
// console, Ruby, Rust, Docker's and CRI's prefixes, access logs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace carrel {

enum class Severity : std::uint8_t { unknown, debug, info, warning, error, fatal };

struct LineClass {
  Severity severity = Severity::unknown;
  bool stated = false;      // the logger wrote the level; else it was concluded from the words
  std::string_view time;    // as written, empty if the line has none
  std::string_view body;    // the line from its message on (the whole line of JSON and logfmt)
  std::string message;      // what a person would read out: JSON and logfmt fields taken out and joined
  std::string details;      // the other fields ("flag=new-tax, from=0%"), where the message is only a name
  std::string_view logger;  // its component or class, if one is named
};

// Views are into `line`.
LineClass classify(std::string_view line);

// The level that a word means ("ERROR", "err", "W"), or unknown.
Severity level_of(std::string_view word);

// What the words of a message say, where no level is stated. "0 errors", "error=nil", "/var/log/error.log"
// say nothing.
Severity severity_of_words(std::string_view message);

}  // namespace carrel
