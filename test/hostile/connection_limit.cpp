#include "attacks.h"
#include "report.h"

#include <fmt/format.h>

#include <atomic>
#include <thread>
#include <vector>

namespace active_calls::hostile {

bool connection_limit(const Target& target) {
    constexpr int clients = 20;
    std::atomic<int> asked = 0, refused = 0, failed = 0;
    int probes = 0, not_ready = 0;
    const auto end = Clock::now() + milliseconds{10'000};
    {
        std::vector<std::jthread> threads;
        threads.reserve(clients);
        for (int client = 0; client < clients; ++client)
            threads.emplace_back([&, client] {
                Conversation conversation(target.customers);
                const std::string request =
                    tenant_request(target, 1 + client % static_cast<int>(target.tokens.size()));
                while (Clock::now() < end) {
                    const auto answer = conversation.ask(request, good_patience);
                    ++asked;
                    if (answer && answer->status == 503)
                        ++refused;
                    else if (!answer || answer->status != 200)
                        ++failed;
                }
            });
        Conversation probe(target.admin);
        while (Clock::now() < end) {
            const auto answer = probe.ask(get("/ready"), good_patience);
            ++probes;
            if (!answer || answer->status != 200) ++not_ready;
            std::this_thread::sleep_for(milliseconds{100});
        }
    }
    const double share = 100.0 * refused / std::max(asked.load(), 1);
    return print({"connection limit",
                  "customers",
                  {},
                  {{"% of 503", share, 0},
                   {"otherwise not 200", static_cast<double>(failed), 0},
                   {"/ready not 200", static_cast<double>(not_ready), 0}},
                  fmt::format("{} asked, {} probes", asked.load(), probes)});
}

} // namespace active_calls::hostile
