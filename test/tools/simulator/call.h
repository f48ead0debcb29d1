// A call attempt, from its arrival to its end, and who takes part in it.
#pragma once

#include "accounts.h"
#include "countries.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace active_calls::feed {

using Instant = std::chrono::sys_seconds;

struct Caller {
    std::string number;     // digits, or a name, `anonymous` or nothing
    const Country* country; // null when the number does not tell
};

// An account together with those who call through it.
struct Trunk {
    Account account;
    const Country* home;
    std::vector<Caller> callers;
    std::vector<std::string> addresses; // IPv4 and IPv6
};

// Up at every instant of [start, end); rings until `connect`, talks from then on.
struct Call {
    std::uint64_t number; // counts the calls of a simulation from 1
    const Trunk* trunk;
    const Caller* caller;
    const Country* destination;
    const std::string* address;
    std::string called_number;
    Instant start;
    std::optional<Instant> connect; // none: nobody answers
    Instant end;

    [[nodiscard]] bool is_connected_at(Instant time) const { return connect && *connect <= time; }

    // Seconds since connect, 0 before.
    [[nodiscard]] int duration_at(Instant time) const {
        return is_connected_at(time) ? static_cast<int>((time - *connect).count()) : 0;
    }

    // What it costs the customer so far, 0 before connect.
    [[nodiscard]] double price_at(Instant time) const {
        return is_connected_at(time) ? price(destination->tariff, duration_at(time)) : 0;
    }
};

// The calls that are up at one instant, the longest one first.
struct Snapshot {
    Instant time;
    std::span<const Call> calls;
};

} // namespace active_calls::feed
