// The settings active_calls.*. Any user may SET gap_fill and max_points; superusers, the others.
#pragma once

#include "../kernel/series.h"

#include <chrono>
#include <cstddef>

namespace active_calls::postgres {

// Registers them with PostgreSQL; called once, when the library is loaded.
void define_settings();

GapFill gap_fill();                  // active_calls.gap_fill
std::size_t max_points();            // active_calls.max_points
bool log_refusals();                 // active_calls.log_refusals
bool log_scan();                     // active_calls.log_scan
std::chrono::seconds retry_window(); // active_calls.retry_window; 0: off

} // namespace active_calls::postgres
