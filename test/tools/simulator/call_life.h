// How long a call attempt rings, whether it is answered, and how long the talk lasts.
#pragma once

#include <chrono>
#include <optional>
#include <random>

namespace active_calls::feed {

using Engine = std::mt19937_64;

inline constexpr std::chrono::seconds max_ring_time{60};
inline constexpr std::chrono::seconds max_talk_time{7200}; // the switch's time_limit
inline constexpr std::chrono::seconds max_life_time = max_ring_time + max_talk_time;

struct CallLife {
    std::chrono::seconds ring;
    std::optional<std::chrono::seconds> talk; // none: given up without an answer

    [[nodiscard]] std::chrono::seconds total() const {
        return ring + talk.value_or(std::chrono::seconds{0});
    }
};

class CallLifeDistribution {
public:
    [[nodiscard]] CallLife operator()(Engine& engine);

private:
    // Answered calls ring for 9 s and talk for 75 s in the median, three minutes on
    // average.
    std::bernoulli_distribution is_answered_{0.6};
    std::lognormal_distribution<> ring_{2.2, 0.6};
    std::lognormal_distribution<> talk_{4.32, 1.3};
    // The rest is refused at once or rings in vain.
    std::bernoulli_distribution is_refused_{0.5};
    std::uniform_int_distribution<> refused_after_{1, 6};
    std::uniform_int_distribution<> given_up_after_{15, static_cast<int>(max_ring_time.count())};
};

// Mean of CallLife::total() in seconds, to within half a percent: the average of many draws.
[[nodiscard]] double mean_life_time();

} // namespace active_calls::feed
