#include "incidents/clock.h"

#include <array>
#include <chrono>

#include <fmt/format.h>

namespace carrel::incidents {

std::string time_text(Millis at, const char* form) {
  using std::chrono::floor;
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(at)};
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  static constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const unsigned month = static_cast<unsigned>(date.month());
  const unsigned of_month = static_cast<unsigned>(date.day());
  const auto millis = clock.subseconds().count();
  std::string out;
  for (const char* c = form; *c != '\0'; ++c) {
    if (*c != '%') {
      out += *c;
      continue;
    }
    switch (*++c) {
      case 'Y':
        out += fmt::format("{:04}", static_cast<int>(date.year()));
        break;
      case 'm':
        out += fmt::format("{:02}", month);
        break;
      case 'd':
        out += fmt::format("{:02}", of_month);
        break;
      case 'e':
        out += fmt::format("{:2}", of_month);
        break;
      case 'b':
        out += months[month - 1];
        break;
      case 'H':
        out += fmt::format("{:02}", clock.hours().count());
        break;
      case 'M':
        out += fmt::format("{:02}", clock.minutes().count());
        break;
      case 'S':
        out += fmt::format("{:02}", clock.seconds().count());
        break;
      case 'L':
        out += fmt::format("{:03}", millis);
        break;
      case 'U':
        out += fmt::format("{:06}", millis * 1000 + at % 997);
        break;
      default:
        return out;
    }
  }
  return out;
}

std::string rfc3339(Millis at) {
  return time_text(at, "%Y-%m-%dT%H:%M:%SZ");
}

std::string rfc3339_millis(Millis at) {
  return time_text(at, "%Y-%m-%dT%H:%M:%S.%LZ");
}

}  // namespace carrel::incidents
