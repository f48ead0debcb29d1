// The times of one contender on one question.
#pragma once

#include "contender.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace active_calls::bench {

class Timing {
public:
    void add(Milliseconds took) { milliseconds_.push_back(took.count()); }
    std::size_t count() const { return milliseconds_.size(); }
    // There must be one at least.
    double best() const { return *std::ranges::min_element(milliseconds_); }
    double median() const {
        std::vector<double> sorted = milliseconds_;
        std::ranges::sort(sorted);
        const std::size_t middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

private:
    std::vector<double> milliseconds_;
};

// Others have been at work since the contender's last turn, and the processor's caches are theirs.
// So each turn begins with as much asking as makes them the contender's again; then one is timed.
inline Milliseconds warm_time(Contender& contender) {
    constexpr Milliseconds warm_up{20};
    const auto start = std::chrono::steady_clock::now();
    do contender.ask();
    while (std::chrono::steady_clock::now() - start < warm_up);
    return contender.ask().took;
}

} // namespace active_calls::bench
