// The price of a call to its customer so far, if the switch does not give it.
#pragma once

#include <cstdint>

namespace active_calls {

// A tariff with an initial and further charging intervals.
struct Tariff {
    double fee = 0;                    // once, on connection
    double initial_rate = 0;           // per minute
    double next_rate = 0;              // per minute
    std::int32_t initial_interval = 0; // seconds
    std::int32_t next_interval = 0;    // seconds
};

// The price of a connected call after `duration` seconds: every interval that has begun is charged
// whole. Throws Error (invalid_argument) for a negative interval, or when a further interval is to
// be charged and `next_interval` is 0.
double interval_price(std::int32_t duration, const Tariff& tariff);

} // namespace active_calls
