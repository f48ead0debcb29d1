#include "attacks.h"
#include "backends.h"
#include "memory.h"
#include "report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace active_calls::hostile {

namespace {

struct Seen {
    std::mutex mutex;
    double slowest = 0;         // in seconds
    std::map<int, int> answers; // by status; 0: none
};

// The numbers consist of one letter, and the needle differs from them only at its end. So a search
// that compares at each place compares nearly all of the needle each time.
std::string slow_request(const Target& target) {
    const std::string needle = std::string(6999, 'a') + "b";
    return series_request(target, hostile_tenant, account_of_long_numbers,
                          "from-time=2026-01-06T00:00:00Z&to-time=2026-01-06T02:00:00Z"
                          "&dst-prefix-routing-contains=" +
                              needle);
}

void ask_until(const Target& target, Clock::time_point end, Seen& seen) {
    Conversation conversation(target.customers);
    const std::string request = slow_request(target);
    while (Clock::now() < end) {
        const auto begin = Clock::now();
        const auto answer =
            conversation.ask(request, target.statement_timeout + milliseconds{5000});
        const double took = std::chrono::duration<double>(Clock::now() - begin).count();
        const std::lock_guard lock(seen.mutex);
        seen.slowest = std::max(seen.slowest, took);
        ++seen.answers[answer ? answer->status : 0];
    }
}

} // namespace

bool long_filter(const Target& target) {
    Backends backends;
    Seen seen;
    double most_backends = 0;
    Row row{"long filter", "customers", {}, {}, {}};
    row.course = watch(target, good_customer(target), [&] {
        const Peak peak([&] { return backends.count(); });
        const auto end = Clock::now() + milliseconds{15'000};
        {
            const auto ask = [&] { ask_until(target, end, seen); };
            const std::jthread first(ask), second(ask);
        }
        most_backends = peak.value();
    });
    int others = 0;
    for (const auto& [status, count] : seen.answers) {
        row.note += fmt::format("{}{} x {}", row.note.empty() ? "" : ", ", count,
                                status == 0 ? "no answer" : std::to_string(status));
        if (status != 200 && status != 504) others += count;
    }
    const double timeout = std::chrono::duration<double>(target.statement_timeout).count();
    const double limit = five_times_quiet(*row.course);
    row.bounds = {{"slowest answer", seen.slowest, timeout + 1, " s"},
                  {"neither 200 nor 504", static_cast<double>(others), 0},
                  {"backends", most_backends, static_cast<double>(target.pool_size)},
                  {"p99", row.course->under.p99, limit, " ms"},
                  {"after", row.course->after.p99, limit, " ms"}};
    return print(row);
}

} // namespace active_calls::hostile
