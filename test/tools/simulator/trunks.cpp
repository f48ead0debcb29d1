// Draws the callers and addresses of each account.
#include "trunks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string_view>

namespace active_calls::feed {

namespace {

// These stand in place of a number when the caller's equipment sends none. All of it, like
// every other text of a simulated call, goes into JSON and COPY without escapes.
constexpr std::array<std::string_view, 8> names{
    "anonymous",     "",         "Alice.PBX",   "sip-trunk-7",
    "reception.pbx", "Bob-Desk", "unavailable", "fax01"};

constexpr double min_callers = 4;

class CallerDistribution {
public:
    Caller operator()(const Country& home, Engine& engine) {
        if (tells_no_number_(engine)) return {std::string(names[name_(engine)]), nullptr};
        const Country& from = is_from_abroad_(engine) ? countries()[country_(engine)] : home;
        return {random_number(from, engine), &from};
    }

private:
    std::bernoulli_distribution tells_no_number_{0.05};
    std::bernoulli_distribution is_from_abroad_{0.2};
    std::discrete_distribution<std::size_t> country_ = popular_country();
    std::uniform_int_distribution<std::size_t> name_{0, names.size() - 1};
};

// One to three IPv4 addresses; every third account has an IPv6 address as well.
std::vector<std::string> addresses_of(int account_id, std::size_t rank) {
    std::vector<std::string> addresses;
    for (std::size_t host = 0; host < 1 + rank % 3; ++host)
        addresses.push_back(
            fmt::format("10.{}.{}.{}", account_id % 256, account_id / 256, 10 + host));
    if (rank % 3 == 1) addresses.push_back(fmt::format("2001:db8:{:x}::5", account_id));
    return addresses;
}

} // namespace

std::vector<double> zipf_shares(std::size_t count, double exponent) {
    std::vector<double> shares(count);
    for (std::size_t i = 0; i < count; ++i)
        shares[i] = std::pow(static_cast<double>(i + 1), -exponent);
    const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
    for (double& share : shares) share /= sum;
    return shares;
}

std::string random_number(const Country& country, Engine& engine) {
    // Subscriber numbers start with 2 to 9.
    const auto unit = static_cast<std::int64_t>(std::pow(10, country.subscriber_digits - 1));
    std::uniform_int_distribution<std::int64_t> subscriber(2 * unit, 10 * unit - 1);
    return fmt::format("{}{}", country.prefix, subscriber(engine));
}

std::vector<Trunk> make_trunks(int account_count, const std::vector<double>& shares,
                               double caller_count, Engine& engine) {
    auto home = popular_country();
    CallerDistribution caller;
    std::vector<Trunk> trunks;
    for (auto& account : make_accounts(account_count)) {
        const std::size_t rank = trunks.size() + 1;
        auto addresses = addresses_of(account.id, rank);
        Trunk& trunk = trunks.emplace_back(
            Trunk{std::move(account), &countries()[home(engine)], {}, std::move(addresses)});
        const auto callers =
            static_cast<std::size_t>(std::max(min_callers, caller_count * shares[rank - 1]));
        for (std::size_t i = 0; i < callers; ++i)
            trunk.callers.push_back(caller(*trunk.home, engine));
    }
    return trunks;
}

} // namespace active_calls::feed
