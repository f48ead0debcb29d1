#include "compare.h"

#include "http/fetch.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>

namespace active_calls::shim {

namespace {

using Clock = std::chrono::steady_clock;
using Series = std::map<std::int64_t, std::int64_t>; // calls by time
using Side = CompareOptions::Side;

constexpr int http_ok = 200;

// `{"data":{"t":[…],"calls":[…]},"rows":N}`; or `[]`, for a window in the future.
Series parse_series(const std::string& text) {
    const auto json = nlohmann::json::parse(text);
    if (json.is_array() && json.empty()) return {};
    const auto& times = json.at("data").at("t");
    const auto& calls = json.at("data").at("calls");
    if (times.size() != calls.size()) throw std::runtime_error("t and calls differ in length");
    Series series;
    for (std::size_t i = 0; i < times.size(); ++i)
        series[times.at(i).get<std::int64_t>()] = calls.at(i).get<std::int64_t>();
    return series;
}

// Asks servers, and keeps the time that they take.
class Questioner {
public:
    explicit Questioner(const Side& side)
        : side_(side) {}

    // Throws std::runtime_error if the answer is no series.
    Series ask(const std::string& target) {
        const auto began = Clock::now();
        std::string text;
        const int status = http::fetch(
            {.server = side_.server, .target = target, .headers = {{"Authorization", side_.token}}},
            [&](int /*status*/, std::string_view piece) {
                text += piece;
                return true;
            });
        taken_ += Clock::now() - began;
        if (status != http_ok)
            throw std::runtime_error(
                fmt::format("{}: HTTP {} {}", side_.server, status, text.substr(0, 200)));
        try {
            return parse_series(text);
        } catch (const std::exception& error) {
            throw std::runtime_error(side_.server + ": no series: " + error.what());
        }
    }

    double seconds_taken() const { return std::chrono::duration<double>(taken_).count(); }

private:
    const Side& side_;
    Clock::duration taken_{};
};

// The two numbers of a point; none where a side does not have it.
struct Difference {
    std::int64_t time;
    std::optional<std::int64_t> old_calls;
    std::optional<std::int64_t> new_calls;
};

// A point that one side lacks counts only if it has calls, or if `exact`.
std::vector<Difference> differences_of(const Series& old_series, const Series& new_series,
                                       bool exact) {
    std::map<std::int64_t, Difference> points;
    for (const auto& [time, calls] : old_series) points[time] = {time, calls, std::nullopt};
    for (const auto& [time, calls] : new_series) {
        auto& point = points[time];
        point.time = time;
        point.new_calls = calls;
    }
    std::vector<Difference> differences;
    for (const auto& [time, point] : points) {
        const bool is_same = exact ? point.old_calls == point.new_calls
                                   : point.old_calls.value_or(0) == point.new_calls.value_or(0);
        if (!is_same) differences.push_back(point);
    }
    return differences;
}

std::string spell(const std::optional<std::int64_t>& calls) {
    return calls ? std::to_string(*calls) : "no point";
}

std::string describe(const std::vector<Difference>& differences) {
    constexpr std::size_t shown = 3;
    std::string text = fmt::format("{} points differ:", differences.size());
    for (std::size_t i = 0; i < std::min(shown, differences.size()); ++i) {
        const auto& point = differences[i];
        text += fmt::format(" {:%FT%TZ} old {}, new {};",
                            fmt::gmtime(static_cast<std::time_t>(point.time)),
                            spell(point.old_calls), spell(point.new_calls));
    }
    text.back() = differences.size() > shown ? ' ' : '.';
    return differences.size() > shown ? text + "…" : text;
}

// All queries, in the order of accounts, windows and filters.
std::vector<std::string> queries_of(const CompareOptions& options) {
    std::vector<std::string> queries;
    for (const auto& account : options.account_ids)
        for (const auto& window : options.windows) {
            const auto slash = window.find('/');
            const std::string common =
                "account-id=" + http::percent_encode(account) +
                "&from-time=" + http::percent_encode(window.substr(0, slash)) +
                "&to-time=" + http::percent_encode(window.substr(slash + 1));
            for (const auto& filters : options.filters)
                queries.push_back(
                    fmt::format("{}{}{}", common, filters.empty() ? "" : "&", filters));
        }
    return queries;
}

} // namespace

std::vector<std::string> usual_filters() {
    return {"",
            "duration-gt=60",
            "duration-eq=0",
            "duration-gt=30&duration-lt=300",
            "customer-price-gt=0",
            "customer-price-lt=0.1",
            "src-prefix-routing-starts-with=1",
            "src-prefix-routing-contains=00",
            "dst-prefix-routing-starts-with=4",
            "dst-prefix-routing-ends-with=7",
            "dst-prefix-routing-contains=12&duration-gt=60"};
}

bool compare_servers(const CompareOptions& options, std::ostream& out) {
    Questioner old_side(options.old_side);
    Questioner new_side(options.new_side);
    std::size_t differing = 0;
    std::size_t failed = 0;
    std::size_t points = 0;
    const auto queries = queries_of(options);
    for (const auto& query : queries) {
        try {
            const std::string target = options.path + "?" + query;
            const Series old_series = old_side.ask(target);
            const auto differences =
                differences_of(old_series, new_side.ask(target), options.exact);
            points += old_series.size();
            if (differences.empty()) continue;
            ++differing;
            out << "compare: " << query << ": " << describe(differences) << std::endl;
        } catch (const std::runtime_error& error) {
            ++failed;
            out << "compare: " << query << ": " << error.what() << std::endl;
        }
    }
    out << fmt::format("compare: {} questions, {} points; {} differ, {} failed; old took {:.1f} s, "
                       "new {:.1f} s",
                       queries.size(), points, differing, failed, old_side.seconds_taken(),
                       new_side.seconds_taken())
        << std::endl;
    return differing == 0 && failed == 0;
}

} // namespace active_calls::shim
