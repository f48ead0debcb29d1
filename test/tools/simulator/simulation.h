// The switch at work: calls arrive, ring, talk and end, and are looked at once an interval.
#pragma once

#include "call.h"

#include <chrono>
#include <cstdint>
#include <functional>

namespace active_calls::feed {

struct SimulationOptions {
    std::uint64_t seed = 1;
    int accounts = 50;
    double zipf_exponent = 0.9;
    int peak_calls = 200; // mean number of call attempts up in the busiest hour of a working day
    Instant until{};      // the last snapshot
    std::chrono::seconds duration =
        std::chrono::hours{24};        // snapshots lie in (until - duration, until]
    std::chrono::seconds interval{60}; // between snapshots, at least 1 s
};

// Hands every snapshot, in the order of time, to `consume`, which must not keep it. Equal options
// give equal snapshots, whoever consumes them. Only the calls that are up are in memory. Throws
// std::out_of_range as make_accounts() does.
void simulate(const SimulationOptions& options,
              const std::function<void(const Snapshot&)>& consume);

} // namespace active_calls::feed
