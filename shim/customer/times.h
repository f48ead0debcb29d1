// Instants as customers write them.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace active_calls::shim {

// An instant in microseconds since 1970-01-01 UTC.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

// ISO 8601 / RFC 3339, or whole seconds since 1970; in both forms within the years 0000 to 9999:
//   YYYY-MM-DD                                          midnight UTC
//   YYYY-MM-DD(T| )hh:mm[:ss[.fraction]][Z|±hh[[:]mm]]  UTC where no offset is given
//   [-]digits                                           seconds since 1970
// Digits of a fraction beyond microseconds are dropped. Leap seconds and hour 24 do not exist.
std::optional<Timestamp> parse_time(std::string_view text);

} // namespace active_calls::shim
