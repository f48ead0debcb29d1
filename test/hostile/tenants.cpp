#include "attacks.h"
#include "conversation.h"
#include "report.h"

#include <fmt/format.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace active_calls::hostile {

namespace {

constexpr int wanted = 100'000;
constexpr milliseconds patience{10'000}; // what is looked at is whose answer comes, not when

struct Seen {
    std::atomic<int> asked = 0, foreign = 0, others = 0;
};

// Sends each request for another tenant, as a proxy does that has one connection for all. `depth`
// requests are sent before the first answer is read.
void ask(const Target& target, std::uint32_t seed, int depth, Clock::time_point end, Seen& seen) {
    std::minstd_rand random(seed);
    Conversation conversation(target.customers);
    const auto tenant_count = static_cast<std::uint32_t>(target.tokens.size());
    while (seen.asked < wanted && Clock::now() < end) {
        std::vector<int> order;
        std::string requests;
        for (int i = 0; i < depth; ++i) {
            order.push_back(static_cast<int>(random() / 1024 % tenant_count) + 1);
            requests += tenant_request(target, order.back());
        }
        const auto deadline = Clock::now() + patience;
        conversation.send(requests, deadline);
        for (const int tenant : order) {
            const auto answer = conversation.receive(deadline);
            ++seen.asked;
            if (!answer || answer->status != 200) {
                ++seen.others;
                if (answer) continue;
                // A later answer would be taken for that of another request.
                conversation.close();
                break;
            }
            if (answer->body != tenant_answer(tenant)) ++seen.foreign;
        }
    }
}

} // namespace

bool tenants(const Target& target) {
    Seen seen;
    const auto begin = Clock::now();
    {
        std::vector<std::jthread> threads;
        for (std::uint32_t i = 0; i < 16; ++i)
            threads.emplace_back([&, i] {
                ask(target, i + 1, i % 2 == 0 ? 1 : 8, begin + milliseconds{90'000}, seen);
            });
    }
    const auto took = std::chrono::duration<double>(Clock::now() - begin).count();
    return print({"tenants",
                  "customers",
                  {},
                  {{"foreign or wrong answers", static_cast<double>(seen.foreign), 0},
                   {"answers other than 200", static_cast<double>(seen.others), 0}},
                  fmt::format("{} requests of {} tenants in {:.0f} s, half of the connections "
                              "pipeline eight",
                              seen.asked.load(), target.tokens.size(), took)});
}

} // namespace active_calls::hostile
