// Time as the kernel knows it: instants in microseconds, windows, and the grid a series is laid on.
#pragma once

#include <chrono>
#include <optional>

namespace active_calls {

// Epoch 2000-01-01 00:00 UTC, which is PostgreSQL's own: every timestamptz fits without conversion
// (counted from 1970, the last 30 years of its range would overflow 64 bits).
struct SnapshotClock {
    using duration = std::chrono::microseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<SnapshotClock, duration>;
    static constexpr bool is_steady = false;
};

using Instant = SnapshotClock::time_point;

// 1970-01-01 00:00 UTC, from which the grid's multiples are counted.
inline constexpr Instant unix_epoch{
    -std::chrono::sys_days{std::chrono::year{2000} / 1 / 1}.time_since_epoch()};

constexpr Instant from_sys_time(std::chrono::sys_seconds time) {
    return unix_epoch + time.time_since_epoch();
}

// The window of a question: snapshots with from <= t, and t <= to if there is a `to`.
struct Window {
    Instant from;
    std::optional<Instant> to;
};

inline constexpr Window all_time{Instant::min(), std::nullopt};

} // namespace active_calls
