#include "attacks.h"
#include "backends.h"
#include "memory.h"
#include "report.h"

#include <fmt/format.h>

#include <atomic>
#include <thread>
#include <vector>

namespace active_calls::hostile {

namespace {

constexpr milliseconds patience{15'000};

std::string all_of_it(const Target& target) {
    return series_request(target, hostile_tenant, account_of_many_points,
                          "from-time=2026-01-01T00:00:00Z&to-time=2026-01-31T00:00:00Z");
}

} // namespace

bool points(const Target& target) {
    Backends backends;
    const std::string request = all_of_it(target);
    const double before = memory_of(target.pid);
    Conversation conversation(target.customers);
    const auto one = conversation.ask(request, patience);
    const bool one_holds =
        print({"points, one",
               "customers",
               {},
               {{"answers other than 400", one && one->status == 400 ? 0.0 : 1.0, 0}},
               one ? fmt::format("{} with {:.1f} MB", one->status,
                                 static_cast<double>(one->body.size()) / 1e6)
                   : "no answer"});

    constexpr int at_once = 8;
    std::atomic<int> others = 0;
    double peak_value = 0, peak_of_backend = 0;
    {
        const Peak peak([&] { return memory_of(target.pid); });
        const Peak backend_peak([&] { return backends.largest(); });
        {
            std::vector<std::jthread> threads;
            threads.reserve(at_once);
            for (int i = 0; i < at_once; ++i)
                threads.emplace_back([&] {
                    Conversation mine(target.customers);
                    const auto answer = mine.ask(request, patience);
                    if (!answer || answer->status != 400) ++others;
                });
        }
        peak_value = peak.value();
        peak_of_backend = backend_peak.value();
    }
    return print({"points, eight",
                  "customers",
                  {},
                  {{"answers other than 400", static_cast<double>(others), 0},
                   {"memory", peak_value, 200, " MiB"},
                   {"private memory of a backend", peak_of_backend, 64, " MiB"}},
                  fmt::format("the shim had {:.0f} MiB before", before)}) &&
           one_holds;
}

} // namespace active_calls::hostile
