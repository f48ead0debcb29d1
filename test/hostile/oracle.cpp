#include "attacks.h"
#include "conversation.h"
#include "report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace active_calls::hostile {

namespace {

struct Mean {
    double value;
    double squared_error; // of the mean itself
};

// The mean of the faster three quarters. The slow rest is due to what else the machine did, and
// hides a small difference. The error is larger than that of the kept values alone, since the same
// values decide where these end. It is the error of all values, with the slow ones set to that end,
// as a multiple of the share that is kept.
Mean trimmed_mean(std::vector<double> values) {
    constexpr double kept = 0.75;
    std::ranges::sort(values);
    const auto size = static_cast<double>(values.size());
    const auto count = std::max<std::size_t>(static_cast<std::size_t>(size * kept), 1);
    double kept_sum = 0, sum = 0, squares = 0;
    for (std::size_t i = 0; i < count; ++i) kept_sum += values[i];
    for (double& value : values) {
        value = std::min(value, values[count - 1]);
        sum += value;
    }
    for (const double value : values) squares += (value - sum / size) * (value - sum / size);
    return {kept_sum / static_cast<double>(count), squares / (size - 1) / size / (kept * kept)};
}

} // namespace

bool oracle(const Target& target) {
    constexpr std::size_t wanted = 20'000;
    constexpr const char* query = "from-time=2026-01-06T00:00:00Z&to-time=2026-01-06T00:30:00Z";
    const std::array requests{
        series_request(target, hostile_tenant, foreign_account, query),
        series_request(target, hostile_tenant, no_account, query),
    };
    std::array<std::vector<double>, 2> microseconds;
    std::minstd_rand random(1);
    Conversation conversation(target.customers);
    const auto end = Clock::now() + milliseconds{90'000};
    while (microseconds[1].size() < wanted && Clock::now() < end) {
        // Each of a pair comes first as often as the other, so that their order does not matter.
        const std::size_t first = random() / 1024 % 2;
        for (const std::size_t which : {first, 1 - first}) {
            const auto answer = conversation.ask(requests.at(which), good_patience);
            if (!answer || answer->status != 400)
                throw std::runtime_error(fmt::format("a refused request was answered with {}",
                                                     answer ? answer->status : 0));
            const std::string seconds(answer->field("x-runtime"));
            microseconds.at(which).push_back(std::strtod(seconds.c_str(), nullptr) * 1e6);
        }
    }
    const Mean foreign = trimmed_mean(microseconds[0]), none = trimmed_mean(microseconds[1]);
    const double error = std::sqrt(foreign.squared_error + none.squared_error);
    // If all values are the same, as with a coarse clock, there is no error and no difference.
    const double z = error > 0 ? (foreign.value - none.value) / error : 0;
    return print({"oracle",
                  "customers",
                  {},
                  {{"|z|", std::abs(z), 4}},
                  fmt::format("z = {:.1f}: {:.1f} us for an account of others, {:.1f} us for none, "
                              "{} of each",
                              z, foreign.value, none.value, microseconds[1].size())});
}

} // namespace active_calls::hostile
