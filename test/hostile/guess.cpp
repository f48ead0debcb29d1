#include "attacks.h"
#include "report.h"
#include "swarm.h"

#include <fmt/format.h>

namespace active_calls::hostile {

bool guess(const Target& target) {
    constexpr milliseconds duration{10'000};
    constexpr std::size_t connections = 50;
    Row row{"guess", "feed", {}, {}, {}};
    row.course = watch(target, good_batches(target), [&] {
        const SwarmSettings guesses{
            target.feed,
            {.bytes = batch_head("a guess", 0), .then = Conduct::Then::asks},
            connections};
        const Tally tally = run_swarm(guesses, duration);
        const auto refused = tally.answers.find(403);
        const double a_second = refused == tally.answers.end()
                                    ? 0
                                    : static_cast<double>(refused->second) /
                                          static_cast<double>(duration.count()) * 1000;
        row.note = fmt::format("{:.1f} guesses a second of each of {} connections; {}",
                               a_second / connections, connections, tally.text());
    });
    const double limit = five_times_quiet(*row.course);
    row.bounds = {{"p99", row.course->under.p99, limit, " ms"},
                  {"after", row.course->after.p99, limit, " ms"}};
    return print(row);
}

} // namespace active_calls::hostile
