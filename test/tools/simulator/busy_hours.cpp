// Night trough, a peak before and one after noon, quiet weekends; all in UTC.
#include "busy_hours.h"

#include <array>
#include <cstddef>

namespace active_calls::feed {

namespace {

// At each full hour; in between the rate is interpolated.
constexpr std::array<double, 24> by_hour{
    0.18, 0.14, 0.12, 0.11, 0.13, 0.20, 0.34, 0.58, 0.82, 0.95, 1.00, 1.00,
    0.93, 0.90, 0.96, 0.98, 0.95, 0.86, 0.74, 0.65, 0.55, 0.44, 0.33, 0.24,
};

constexpr std::array<double, 7> by_weekday{0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 0.6}; // from Sunday

} // namespace

double busyness(std::chrono::sys_seconds time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const auto hour = floor<hours>(time - day);
    const double into_hour = duration<double, hours::period>(time - day - hour).count();
    const auto index = static_cast<std::size_t>(hour.count());
    const double this_hour = by_hour[index];
    const double next_hour = by_hour[(index + 1) % by_hour.size()];
    return (this_hour + (next_hour - this_hour) * into_hour) *
           by_weekday[weekday(day).c_encoding()];
}

} // namespace active_calls::feed
