// Draws of ringing and talking times, in whole seconds as the switch reports them.
#include "call_life.h"

#include <algorithm>

namespace active_calls::feed {

namespace {

std::chrono::seconds whole_seconds(double drawn, std::chrono::seconds limit) {
    return std::chrono::seconds{
        static_cast<int>(std::clamp(drawn, 1.0, static_cast<double>(limit.count())))};
}

} // namespace

CallLife CallLifeDistribution::operator()(Engine& engine) {
    if (is_answered_(engine)) {
        const auto ring = whole_seconds(ring_(engine), max_ring_time);
        const auto talk = whole_seconds(talk_(engine), max_talk_time);
        return {ring, talk};
    }
    auto& ring = is_refused_(engine) ? refused_after_ : given_up_after_;
    return {std::chrono::seconds{ring(engine)}, std::nullopt};
}

double mean_life_time() {
    constexpr int draws = 1'000'000;
    Engine engine;
    CallLifeDistribution life;
    std::chrono::seconds sum{0};
    for (int i = 0; i < draws; ++i) sum += life(engine).total();
    return static_cast<double>(sum.count()) / draws;
}

} // namespace active_calls::feed
