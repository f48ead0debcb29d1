// Draws call attempts: whose they are, from and to where, how long they last.
#pragma once

#include "call.h"
#include "call_life.h"
#include "trunks.h"

#include <cstdint>
#include <random>
#include <vector>

namespace active_calls::feed {

// The calls it gives point into it, so it must outlive them and stays where it is.
class CallSource {
public:
    // Throws std::out_of_range as make_accounts() does.
    CallSource(int account_count, double zipf_exponent, double caller_count, Engine& engine);
    CallSource(const CallSource&) = delete;
    CallSource& operator=(const CallSource&) = delete;

    // The next call, one that starts at `start`.
    [[nodiscard]] Call call_at(Instant start, Engine& engine);

private:
    std::vector<Trunk> trunks_;
    std::discrete_distribution<std::size_t> trunk_;
    std::bernoulli_distribution is_domestic_{0.4};
    std::discrete_distribution<std::size_t> destination_ = popular_country();
    CallLifeDistribution life_;
    std::uint64_t calls_made_ = 0;
};

} // namespace active_calls::feed
