#include "attacks.h"
#include "memory.h"
#include "report.h"
#include "strangers.h"
#include "swarm.h"

#include <fmt/format.h>

#include <thread>

namespace active_calls::hostile {

namespace {

// A client that resets at once takes its request back before it is read. After a pause, the request
// has been read, and waits to be answered.
SwarmSettings resets_of(const Target& target, milliseconds pause) {
    Conduct conduct;
    conduct.bytes = tenant_request(target, hostile_tenant);
    conduct.pause = pause;
    conduct.then = Conduct::Then::resets;
    return {target.customers, conduct, 2000, 4300};
}

SwarmSettings greed_of(const Target& target) {
    Conduct conduct;
    conduct.bytes = tenant_request(target, hostile_tenant);
    conduct.then = Conduct::Then::asks;
    return {target.customers, conduct, 200};
}

bool storm(const Target& target, const std::string& name, const SwarmSettings& settings,
           milliseconds duration) {
    Row row{name, "customers", {}, {}, {}};
    row.course = watch(target, good_customer(target),
                       [&] { row.note = run_swarm(settings, duration).text(); });
    const double limit = five_times_quiet(*row.course);
    row.bounds = {{"p99", row.course->under.p99, limit, " ms"},
                  {"after", row.course->after.p99, limit, " ms"}};
    return print(row);
}

} // namespace

bool resets(const Target& target) {
    bool both_hold = true;
    for (const milliseconds pause : {milliseconds{0}, milliseconds{100}})
        both_hold &= storm(target, fmt::format("resets, {} ms", pause.count()),
                           resets_of(target, pause), milliseconds{2000});
    return both_hold;
}

bool greedy(const Target& target) {
    return storm(target, "greedy", greed_of(target), milliseconds{10'000});
}

bool memory(const Target& target) {
    // The start is the memory once all parts of the shim have been at work.
    Conversation customer(target.customers), feed(target.feed);
    constexpr int rows = 20'000;
    const std::string batch = batch_request(target.feed_password, rows);
    for (int time = 0; time < 10; ++time) customer.ask(tenant_request(target, 1), good_patience);
    feed.ask(batch_request(target.feed_password, 1), good_patience);
    const double before = memory_of(target.pid);

    double peak_value = 0;
    {
        const Peak peak([&] { return memory_of(target.pid); });
        run_swarm(greed_of(target), milliseconds{3000});
        run_swarm(resets_of(target, milliseconds{100}), milliseconds{2000});
        Conduct large{.bytes = large_request(target), .then = Conduct::Then::asks};
        run_swarm({target.customers, large, 100}, milliseconds{3000});
        run_swarm({target.feed, {.bytes = batch, .then = Conduct::Then::asks}, 8},
                  milliseconds{3000});
        for (const Kind& kind : kinds(target, listener_of(target, "customers")))
            run_swarm(kind.settings, milliseconds{1500});
        peak_value = peak.value();
    }
    // Requests of clients that have gone get time to be answered, twenty seconds at most.
    const auto deadline = Clock::now() + milliseconds{20'000};
    while (Clock::now() < deadline &&
           !customer.ask(tenant_request(target, good_tenant), good_patience)) {
    }
    std::this_thread::sleep_for(milliseconds{3000});
    const double after = memory_of(target.pid);
    constexpr double of_caches = 32;
    return print({"memory",
                  "all",
                  {},
                  {{"MiB after storms", after, 2 * before + of_caches}},
                  fmt::format("{:.0f} before, {:.0f} at the peak", before, peak_value)});
}

} // namespace active_calls::hostile
