// What a simulated feed promises: repeatable, in step with the clock, the same in both formats, of
// the asked size, and in the switch's own shape.
#include "accounts.h"
#include "simulation.h"
#include "snapshot_writer.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace active_calls::feed {
namespace {

using json = nlohmann::ordered_json;
using namespace std::chrono;

// A Thursday.
constexpr Instant one_pm = sys_days{2026y / January / 1} + 13h;

SimulationOptions half_an_hour() {
    SimulationOptions options;
    options.until = one_pm;
    options.duration = 30min;
    return options;
}

std::string text_of(const SimulationOptions& options,
                    void (*append)(fmt::memory_buffer&, const Snapshot&)) {
    fmt::memory_buffer text;
    simulate(options, [&](const Snapshot& snapshot) { append(text, snapshot); });
    return fmt::to_string(text);
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream input(text);
    for (std::string line; std::getline(input, line);) lines.push_back(line);
    return lines;
}

std::vector<json> rows_of(const SimulationOptions& options) {
    std::vector<json> rows;
    for (const auto& line : lines_of(text_of(options, append_jsoneachrow)))
        rows.push_back(json::parse(line));
    return rows;
}

Instant time_in(const json& row, const char* field) {
    std::tm fields{};
    EXPECT_TRUE(strptime(row.at(field).get<std::string>().c_str(), "%F %T", &fields)) << row;
    return Instant{seconds{timegm(&fields)}};
}

int duration_in(const json& row) {
    if (row.at("connect_time").is_null()) return 0;
    return static_cast<int>((time_in(row, "end_time") - time_in(row, "connect_time")).count());
}

double number_in(const json& row, const char* field) {
    return std::stod(row.at(field).get<std::string>());
}

// The feed's rule, written once more so that the simulator's own is checked by something.
double price_in(const json& row) {
    if (row.at("connect_time").is_null()) return 0;
    const int duration = duration_in(row);
    const int initial_interval = row.at("destination_initial_interval");
    const int next_interval = row.at("destination_next_interval");
    double price = number_in(row, "destination_fee") +
                   initial_interval * number_in(row, "destination_initial_rate") / 60;
    if (duration > initial_interval) {
        const int begun = (duration - initial_interval + next_interval - 1) / next_interval;
        price += begun * next_interval * number_in(row, "destination_next_rate") / 60;
    }
    return price;
}

std::string field_or_null(const json& row, const char* field) {
    return row.at(field).is_null() ? "\\N" : row.at(field).dump();
}

double mean_calls_up(const SimulationOptions& options) {
    std::size_t rows = 0;
    std::size_t snapshots = 0;
    simulate(options, [&](const Snapshot& snapshot) {
        rows += snapshot.calls.size();
        ++snapshots;
    });
    return static_cast<double>(rows) / static_cast<double>(snapshots);
}

TEST(Simulation, SameOptionsGiveTheSameBytes) {
    auto options = half_an_hour();
    const auto first = text_of(options, append_jsoneachrow);
    EXPECT_FALSE(first.empty());
    EXPECT_EQ(first, text_of(options, append_jsoneachrow));
    options.seed = 2;
    EXPECT_NE(first, text_of(options, append_jsoneachrow));
}

TEST(Simulation, SnapshotsAreOnTheClockAndEndWhenAsked) {
    for (const auto interval : {60s, 30s}) {
        auto options = half_an_hour();
        options.interval = interval;
        std::vector<Instant> times;
        simulate(options, [&](const Snapshot& snapshot) { times.push_back(snapshot.time); });
        ASSERT_EQ(times.size(), static_cast<std::size_t>(30min / interval));
        EXPECT_EQ(times.front(), one_pm - 30min + interval);
        EXPECT_EQ(times.back(), one_pm);
        for (std::size_t i = 1; i < times.size(); ++i) EXPECT_EQ(times[i] - times[i - 1], interval);
    }
}

TEST(Simulation, CallsAdvanceExactlyWithTheClock) {
    std::map<std::string, json> last_seen;
    std::size_t ringing_again = 0;
    std::size_t connecting = 0;
    std::size_t advancing = 0;
    for (const auto& row : rows_of(half_an_hour())) {
        const auto [place, is_new] = last_seen.try_emplace(row.at("global_tag"), row);
        if (is_new) continue;
        json before = std::exchange(place->second, row);
        const auto step =
            time_in(row, "snapshot_timestamp") - time_in(before, "snapshot_timestamp");
        EXPECT_EQ(step, 60s) << "a call is in consecutive snapshots: " << row;
        if (row.at("connect_time").is_null()) {
            EXPECT_TRUE(before.at("connect_time").is_null()) << row;
            ++ringing_again;
        } else if (before.at("connect_time").is_null()) {
            EXPECT_LE(duration_in(row), 60) << row;
            before["connect_time"] = row.at("connect_time");
            ++connecting;
        } else {
            EXPECT_EQ(duration_in(row), duration_in(before) + 60) << row;
            ++advancing;
        }
        for (const char* field : {"id", "snapshot_timestamp", "snapshot_date", "end_time"})
            before[field] = row.at(field);
        EXPECT_EQ(before, row) << "nothing else of a call changes";
    }
    EXPECT_GT(advancing, connecting);
    EXPECT_GT(connecting, 0U);
    // Nobody rings for longer than a minute, so hardly a call is seen to ring twice.
    EXPECT_LT(ringing_again, connecting);
}

TEST(Simulation, BothFormatsHoldTheSameCalls) {
    const auto options = half_an_hour();
    const auto rows = rows_of(options);
    const auto copied = lines_of(text_of(options, append_copy));
    ASSERT_EQ(rows.size(), copied.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto& row = rows[i];
        const auto expected = fmt::format(
            "{}+00\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t", row.at("snapshot_timestamp").get<std::string>(),
            row.at("customer_acc_id").get<int>(), field_or_null(row, "src_country_id"),
            field_or_null(row, "dst_country_id"), row.at("src_prefix_routing").get<std::string>(),
            row.at("dst_prefix_routing").get<std::string>(), duration_in(row),
            row.at("auth_orig_ip").get<std::string>());
        ASSERT_EQ(copied[i].substr(0, expected.size()), expected);
        EXPECT_EQ(std::stod(copied[i].substr(expected.size())), price_in(row)) << row;
    }
}

TEST(Simulation, RowsHaveTheFieldsOfTheSwitch) {
    std::ifstream sample(SAMPLE_FEED);
    std::string line;
    ASSERT_TRUE(std::getline(sample, line));
    const auto names_of = [](const json& row) {
        std::vector<std::string> names;
        for (const auto& [name, value] : row.items()) names.push_back(name);
        return names;
    };
    const auto switch_names = names_of(json::parse(line));
    std::set<std::uint64_t> ids;
    for (const auto& row : rows_of(half_an_hour())) {
        EXPECT_EQ(names_of(row), switch_names);
        EXPECT_EQ(row.at("end_time"), row.at("snapshot_timestamp"));
        EXPECT_TRUE(ids.insert(row.at("id").get<std::uint64_t>()).second);
    }
}

TEST(Simulation, HoldsEveryKindOfCall) {
    std::size_t rows = 0;
    std::map<std::string, std::size_t> seen;
    for (const auto& row : rows_of(half_an_hour())) {
        ++rows;
        const auto caller = row.at("src_prefix_routing").get<std::string>();
        const bool is_number = caller.find_first_not_of("0123456789") == std::string::npos;
        seen["no caller"] += caller.empty();
        seen["anonymous"] += caller == "anonymous";
        seen["name"] += !is_number;
        seen["caller of no country"] += row.at("src_country_id").is_null();
        seen["called of no country"] += row.at("dst_country_id").is_null();
        seen["IPv6"] += row.at("auth_orig_ip").get<std::string>().find(':') != std::string::npos;
        seen["ringing"] += row.at("connect_time").is_null();
        EXPECT_LE(duration_in(row), 7200);
        EXPECT_GE(duration_in(row), 0);
    }
    for (const auto& [kind, count] : seen) {
        EXPECT_GT(count, 0U) << kind;
        EXPECT_LT(count, rows / 3) << kind;
    }
}

TEST(Simulation, IsAsBusyAsAskedFromTheFirstSnapshotOn) {
    auto options = half_an_hour();
    options.peak_calls = 5000;
    options.until = sys_days{2026y / January / 1} + 11h;
    EXPECT_NEAR(mean_calls_up(options), 5000, 150);

    // A switch that had started with no calls would show hardly any.
    options.duration = 2min;
    options.until = sys_days{2026y / January / 1} + 10h + 30min;
    EXPECT_NEAR(mean_calls_up(options), 5000, 300);

    options.until = sys_days{2026y / January / 1} + 3h;
    EXPECT_NEAR(mean_calls_up(options), 0.11 * 5000, 100);
    options.until = sys_days{2026y / January / 4} + 10h + 30min; // a Sunday
    EXPECT_NEAR(mean_calls_up(options), 0.5 * 5000, 200);
}

TEST(Simulation, AccountsFollowZipfsLaw) {
    auto options = half_an_hour();
    options.peak_calls = 20'000;
    options.zipf_exponent = 1;
    std::map<int, double> calls;
    simulate(options, [&](const Snapshot& snapshot) {
        for (const auto& call : snapshot.calls) ++calls[call.trunk->account.id];
    });
    ASSERT_EQ(calls.size(), 50U);
    const double largest = calls[7];
    EXPECT_NEAR(calls[21] / largest, 1.0 / 2, 0.03);
    EXPECT_NEAR(calls[8] / largest, 1.0 / 3, 0.03);
    EXPECT_NEAR(calls[1010] / largest, 1.0 / 10, 0.02);
    EXPECT_NEAR(calls[1050] / largest, 1.0 / 50, 0.01);
}

TEST(Accounts, AreKnownByNumber) {
    const auto accounts = make_accounts(1000);
    ASSERT_EQ(accounts.size(), 1000U);
    EXPECT_EQ(accounts[0].uuid, "069b073a-e7d9-11f0-932e-0a63caf27539");
    std::set<int> ids;
    std::set<std::string> uuids;
    std::map<int, int> customers;
    for (const auto& account : accounts) {
        ids.insert(account.id);
        uuids.insert(account.uuid);
        customers.emplace(account.id, account.customer_id);
    }
    EXPECT_EQ(ids.size(), 1000U);
    EXPECT_EQ(uuids.size(), 1000U);
    EXPECT_EQ(customers.at(7), 3);
    EXPECT_EQ(customers.at(8), 3);
    EXPECT_EQ(customers.at(21), 9);
    EXPECT_EQ(customers.at(2000), 433);
    EXPECT_THROW(static_cast<void>(make_accounts(2)), std::out_of_range);
    EXPECT_THROW(static_cast<void>(make_accounts(max_account_count + 1)), std::out_of_range);
}

TEST(Tariff, ChargesBegunIntervals) {
    const Tariff tariff{"0.05", "0.60", "0.30", 30, 6};
    EXPECT_DOUBLE_EQ(price(tariff, 0), 0.35);
    EXPECT_DOUBLE_EQ(price(tariff, 30), 0.35);
    EXPECT_DOUBLE_EQ(price(tariff, 31), 0.38);
    EXPECT_DOUBLE_EQ(price(tariff, 36), 0.38);
    EXPECT_DOUBLE_EQ(price(tariff, 37), 0.41);
    EXPECT_THROW(Rate("0,05"), std::invalid_argument);
}

} // namespace
} // namespace active_calls::feed
