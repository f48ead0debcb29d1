// How busy the switch is at an instant: the shape of a day and of a week.
#pragma once

#include <chrono>

namespace active_calls::feed {

// Rate of arrivals at `time` relative to the busiest hour of a working day (10:00 to 11:00 UTC),
// where it is 1.
[[nodiscard]] double busyness(std::chrono::sys_seconds time);

} // namespace active_calls::feed
