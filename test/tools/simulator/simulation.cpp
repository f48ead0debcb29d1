// A Poisson process whose rate follows the hour, second by second.
#include "simulation.h"

#include "busy_hours.h"
#include "call_source.h"

#include <random>
#include <vector>

namespace active_calls::feed {

namespace {

// People who could call, for each call that is up at the peak.
constexpr double callers_per_call = 20;

class Switch {
public:
    Switch(const SimulationOptions& options, Instant start)
        : engine_(options.seed)
        , source_(options.accounts, options.zipf_exponent, callers_per_call * options.peak_calls,
                  engine_)
        // Little's law: calls up = arrivals per second * seconds that each is up.
        , peak_rate_(options.peak_calls / mean_life_time())
        , now_(start) {}

    // Lets the calls of (now, time] arrive; those that have ended by then are gone.
    void advance_to(Instant time) {
        std::erase_if(calls_, [time](const Call& call) { return call.end <= time; });
        while (now_ < time) {
            now_ += std::chrono::seconds{1};
            std::poisson_distribution<> arrivals(peak_rate_ * busyness(now_));
            for (int left = arrivals(engine_); left > 0; --left) {
                const Call call = source_.call_at(now_, engine_);
                if (call.end > time) calls_.push_back(call);
            }
        }
    }

    [[nodiscard]] Snapshot snapshot() const { return {now_, calls_}; }

private:
    Engine engine_;
    CallSource source_;
    double peak_rate_;
    Instant now_;
    std::vector<Call> calls_;
};

} // namespace

void simulate(const SimulationOptions& options,
              const std::function<void(const Snapshot&)>& consume) {
    const auto snapshots = options.duration / options.interval;
    const Instant before_first = options.until - snapshots * options.interval;

    // No call lives longer than this, so the first snapshot already holds what a running switch
    // would.
    Switch the_switch(options, before_first - max_life_time);
    for (Instant time = before_first; time < options.until;) {
        time += options.interval;
        the_switch.advance_to(time);
        consume(the_switch.snapshot());
    }
}

} // namespace active_calls::feed
