#include "room/evidence/stack_trace.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace carrel {
namespace {

constexpr std::uint32_t kLongest = 4096;  // lines; what goes on after that is no trace

bool is_frame(std::string_view text) {
  if (text.starts_with("at ")) return text.size() > 3 && text[3] != ' ';
  if (text.starts_with("... ")) return text.ends_with(" more") || text.ends_with("common frames omitted");
  if (text.starts_with("from ")) return text.find(":in ") != std::string_view::npos;
  return text.starts_with("--- End of ");
}

bool is_cause(std::string_view text) {
  return text.starts_with("Caused by: ") || text.starts_with("---> ") || text.starts_with("[cause]: ");
}

// Packages and paths of runtimes and of widely used libraries.
bool is_of_library(std::string_view frame) {
  static constexpr std::array<std::string_view, 44> kPackages = {
      "java.",         "javax.",         "jakarta.",       "jdk.",          "sun.",         "com.sun.",
      "kotlin.",       "kotlinx.",       "scala.",         "akka.",         "org.apache.",  "org.spring",
      "org.hibernate", "org.postgresql", "com.mysql.",     "com.zaxxer.",   "io.netty.",    "io.grpc.",
      "reactor.",      "com.google.",    "com.fasterxml.", "org.eclipse.",  "org.jboss.",   "io.quarkus.",
      "io.vertx.",     "io.micronaut.",  "redis.clients.", "io.lettuce.",   "com.mongodb.", "oracle.",
      "org.slf4j.",    "ch.qos.",        "org.elastic",    "io.confluent.", "feign.",       "okhttp3.",
      "retrofit2.",    "System.",        "Microsoft.",     "Npgsql.",       "runtime.",     "net/http.",
      "org.flywaydb.", "liquibase."};
  static constexpr std::array<std::string_view, 12> kPlaces = {
      "node_modules/",  "node:",     "(internal/", "<anonymous>",     "site-packages/",     "/pkg/mod/",
      "dist-packages/", "/usr/lib/", "/gems/",     "/usr/local/lib/", "/usr/local/go/src/", "<frozen "};
  return std::any_of(kPackages.begin(), kPackages.end(),
                     [&](auto name) { return frame.starts_with(name); }) ||
         std::any_of(kPlaces.begin(), kPlaces.end(),
                     [&](auto place) { return frame.find(place) != std::string_view::npos; });
}

bool is_goroutine(std::string_view text) {
  return text.starts_with("goroutine ") && text.ends_with("]:");
}

// pydantic's "1 validation error for Settings": below it stand the field's name and, indented, what is wrong
// with it.
bool announces_fields(std::string_view exception) {
  return exception.find(" validation error for ") != std::string_view::npos ||
         exception.find(" validation errors for ") != std::string_view::npos;
}

bool is_field(std::string_view text) {
  return !text.empty() && text.size() <= 100 && text.find_first_of(" :[") == std::string_view::npos;
}

}  // namespace

TraceTracker::Role TraceTracker::first(std::string_view line, std::string_view text) {
  if (text.starts_with("Traceback (most recent call last)")) {
    language_ = Language::python;
    indent_ = line.size() - text.size();
    lines_ = 0;
    return Role::starts;
  }
  const bool indented = text.size() < line.size();
  if (indented && is_frame(text)) {
    language_ = Language::frames;
    lines_ = 0;
    return Role::continues;
  }
  if (!indented && is_goroutine(text)) {
    language_ = Language::go;
    lines_ = 0;
    return Role::continues;
  }
  return Role::none;
}

TraceTracker::Role TraceTracker::next(std::string_view line) {
  std::size_t blank = 0;
  while (blank < line.size() && (line[blank] == ' ' || line[blank] == '\t')) ++blank;
  const std::string_view text = trim(line);
  if (language_ == Language::none) return first(line, text);
  if (++lines_ > kLongest) {
    reset();
    return Role::none;
  }
  switch (language_) {
    case Language::frames:
      if (is_cause(text)) return Role::cause;
      if (is_frame(text) || (blank > 0 && !text.empty()) || text == "}" || text.starts_with("Suppressed: ")) {
        return Role::continues;
      }
      break;
    case Language::python:
      if (text.empty() || blank > indent_ || text.starts_with("File \"") ||
          text.starts_with("During handling of") || text.starts_with("The above exception") ||
          text.starts_with("Traceback (most recent")) {
        return Role::continues;
      }
      if (announces_fields(text)) {
        language_ = Language::fields;
        return Role::cause;
      }
      reset();
      return Role::ends;
    case Language::fields:
      if (blank == 0 && is_field(text)) return Role::cause;
      if (blank > 0 && !text.empty()) {
        reset();
        return Role::ends;
      }
      break;
    case Language::go:
      if (text.empty() || blank > 0 || text.ends_with(")") || text.starts_with("created by ") ||
          is_goroutine(text)) {
        return Role::continues;
      }
      break;
    case Language::none:
      break;
  }
  reset();
  return first(line, text);
}

std::string_view own_frame(std::string_view line) {
  std::string_view frame = trim(line);
  if (frame.starts_with("at ")) {
    frame.remove_prefix(3);
    if (frame.starts_with("async ")) frame.remove_prefix(6);
    // "java.base/java.lang.Thread.run", "app//com.acme.Main"
    const std::size_t module = frame.substr(0, frame.find('(')).rfind('/');
    if (module != std::string_view::npos && frame.find(".java:") != std::string_view::npos)
      frame.remove_prefix(module + 1);
  } else if (const std::size_t go = frame.find(".go:"); go != std::string_view::npos) {
    // "\t/src/internal/discount/engine.go:57 +0x4e", below the function that it is in.
    const bool place = line.starts_with('\t') && frame.starts_with('/') && frame.find(' ') > go;
    frame = place ? frame.substr(0, frame.find(' ')) : std::string_view();
  } else if (!frame.starts_with("File \"") &&
             !(frame.starts_with("from ") && frame.find(":in ") != std::string_view::npos)) {
    return {};
  }
  return is_of_library(frame) ? std::string_view() : frame;
}

}  // namespace carrel
