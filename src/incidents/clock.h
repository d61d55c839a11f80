// Time as the components write it. Times are milliseconds since 1970 in UTC; nothing here asks the machine's
// clock.
#pragma once

#include <cstdint>
#include <string>

namespace carrel::incidents {

using Millis = std::int64_t;

constexpr Millis kSecond = 1000;
constexpr Millis kMinute = 60 * kSecond;
constexpr Millis kHour = 60 * kMinute;
constexpr Millis kDay = 24 * kHour;

std::string rfc3339(Millis at);         // 2024-05-14T07:05:41Z
std::string rfc3339_millis(Millis at);  // 2024-05-14T07:05:41.123Z
// Any form: Y m d H M S as in strftime, L for milliseconds, U for microseconds (derived), b for "May",
// e for the day with a space in front; each behind a '%'.
std::string time_text(Millis at, const char* form);

}  // namespace carrel::incidents
