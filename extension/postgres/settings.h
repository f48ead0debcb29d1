// The settings active_calls.*. Any user may SET feed_time_zone, gap_fill and max_points;
// superusers, the others.
#pragma once

#include "../kernel/series.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace active_calls::postgres {

// Registers them with PostgreSQL; called once, when the library is loaded.
void define_settings();

GapFill gap_fill();                  // active_calls.gap_fill
std::size_t max_points();            // active_calls.max_points
bool log_refusals();                 // active_calls.log_refusals
bool log_scan();                     // active_calls.log_scan
std::chrono::seconds retry_window(); // active_calls.retry_window; 0: off

// What the feed follows: the time zone of its rows; how far a snapshot may be ahead of the server's
// clock (none: the feed takes any); the period to whose multiples it rounds snapshots down (0: it
// leaves them as they are).
std::string_view feed_time_zone();                     // active_calls.feed_time_zone
std::optional<std::chrono::seconds> max_clock_ahead(); // active_calls.max_clock_ahead
std::chrono::seconds snapshot_period();                // active_calls.snapshot_period

} // namespace active_calls::postgres
