#include "course.h"

#include "memory.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace active_calls::hostile {

GoodRequests good_customer(const Target& target) {
    return {target.customers, [request = tenant_request(target, good_tenant)] { return request; }};
}

GoodRequests good_batches(const Target& target) {
    constexpr int rows = 5;
    return {target.feed, [request = batch_request(target.feed_password, rows)] { return request; }};
}

GoodRequests good_probes(const Target& target) {
    return {target.admin, [] { return get("/live"); }, true};
}

namespace {

// Waits until the attack before has no effect any more, half a minute at most. Otherwise its
// effects would count as the quiet before this one.
void wait_until_quiet(const GoodRequests& good) {
    Conversation conversation(good.address);
    const auto deadline = Clock::now() + milliseconds{30'000};
    for (int in_a_row = 0; in_a_row < 5 && Clock::now() < deadline;) {
        const auto begin = Clock::now();
        const auto answer = conversation.ask(good.next(), good_patience);
        const bool is_quiet =
            answer && answer->status == 200 && Clock::now() - begin < milliseconds{50};
        in_a_row = is_quiet ? in_a_row + 1 : 0;
        std::this_thread::sleep_for(milliseconds{20});
    }
}

} // namespace

Course watch(const Target& target, GoodRequests good, const std::function<void()>& attack) {
    using std::this_thread::sleep_for;
    Course course;
    wait_until_quiet(good);
    GoodClient client(std::move(good));
    const auto begin = Clock::now();
    sleep_for(milliseconds{3000});
    course.memory_before = memory_of(target.pid);
    const auto attacked = Clock::now();
    Clock::time_point over;
    {
        const Peak peak([&] { return memory_of(target.pid); });
        attack();
        over = Clock::now();
        sleep_for(milliseconds{2000});
        course.memory_peak = peak.value();
    }
    const auto settled = Clock::now();
    sleep_for(milliseconds{2000});
    const auto end = Clock::now();
    course.memory_after = memory_of(target.pid);
    client.stop();
    course.quiet = client.between(begin, attacked);
    course.under = client.between(attacked, over);
    course.after = client.between(settled, end);
    // A client that has waited in vain since before has no figures for this time, which is no good
    // sign.
    if (course.after.asked == 0)
        course.after = {1, 1, static_cast<double>(good_patience.count()),
                        static_cast<double>(good_patience.count())};
    return course;
}

double five_times_quiet(const Course& course) {
    constexpr double always_allowed = 20;
    return std::max(5 * course.quiet.p99, always_allowed);
}

} // namespace active_calls::hostile
