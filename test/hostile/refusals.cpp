#include "attacks.h"
#include "conversation.h"
#include "report.h"

#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>
#include <thread>

namespace active_calls::hostile {

bool refusals(const Target& target, const std::string& postgres_log) {
    constexpr int count = 1000;
    const std::string request =
        series_request(target, hostile_tenant, foreign_account, "from-time=2026-01-06T00:00:00Z");
    Conversation conversation(target.customers);
    const auto before = std::filesystem::file_size(postgres_log);
    for (int i = 0; i < count; ++i) {
        const auto answer = conversation.ask(request, good_patience);
        if (!answer || answer->status != 400)
            throw std::runtime_error(
                fmt::format("a refused request was answered with {}", answer ? answer->status : 0));
    }
    std::this_thread::sleep_for(milliseconds{500}); // for what is on its way to the log
    const auto grown = static_cast<double>(std::filesystem::file_size(postgres_log) - before);
    return print({"refusals",
                  "customers",
                  {},
                  {{"bytes of PostgreSQL's log", grown, 0}},
                  fmt::format("{} requests for an account of others", count)});
}

} // namespace active_calls::hostile
