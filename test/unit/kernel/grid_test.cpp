// The points that a series has although no call was up.
#include "series.h"

#include "error.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace active_calls {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t no_limit = 100'000'000;

// Microseconds since 1970.
constexpr Instant unix_time(std::int64_t t) { return unix_epoch + microseconds{t}; }
constexpr std::int64_t unix_time(Instant t) { return (t - unix_epoch).count(); }

constexpr Instant noon = unix_epoch + days{20'000} + hours{12};
constexpr Instant now = unix_epoch + days{20'001} + seconds{1};

std::vector<Instant> instants(const Grid& grid) {
    std::vector<Instant> all;
    for (std::size_t i = 0; i < grid.size; ++i) all.push_back(grid.at(i));
    return all;
}

std::vector<Instant> window_grid(Instant from, std::optional<Instant> to,
                                 seconds step = minutes{1}) {
    return instants(Grid::over({from, to}, step, now, GapFill::window, no_limit));
}

TEST(Time, CountsFromTheYear2000) {
    EXPECT_EQ(unix_epoch.time_since_epoch().count(), -946'684'800'000'000);
    EXPECT_EQ(from_sys_time(std::chrono::sys_seconds{}), unix_epoch);
    EXPECT_EQ(from_sys_time(std::chrono::sys_days{std::chrono::year{2000} / 1 / 1}), Instant{});
}

TEST(IsEmptySeries, BeforeItBeginsOrAfterItEnds) {
    EXPECT_FALSE(is_empty_series({noon, std::nullopt}, now));
    EXPECT_FALSE(is_empty_series({noon, noon}, now));
    EXPECT_TRUE(is_empty_series({noon, noon - microseconds{1}}, now));
    EXPECT_FALSE(is_empty_series({now, std::nullopt}, now));
    EXPECT_TRUE(is_empty_series({now + microseconds{1}, std::nullopt}, now));
}

TEST(CheckStep, TakesWholeSecondsUpToADay) {
    EXPECT_EQ(check_step(seconds{1}), seconds{1});
    EXPECT_EQ(check_step(days{1}), days{1});
    for (const microseconds step :
         {microseconds{0}, microseconds{-1}, microseconds{1}, microseconds{999'999},
          microseconds{1'500'000}, microseconds{seconds{-60}},
          microseconds{days{1}} + microseconds{1}, microseconds{days{1} + seconds{1}},
          microseconds::min(), microseconds::max()}) {
        try {
            check_step(step);
            ADD_FAILURE() << step.count();
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
            EXPECT_STREQ(error.what(), "invalid value step");
            EXPECT_EQ(error.hint(),
                      "The step is a positive whole number of seconds, at most a day.");
        }
    }
}

TEST(Grid, HoldsTheStepsOfTheWindow) {
    const std::vector<Instant> two{noon, noon + minutes{1}};
    EXPECT_EQ(window_grid(noon, noon + minutes{1}), two);
    EXPECT_EQ(window_grid(noon - seconds{59}, noon + seconds{119}), two);
    EXPECT_EQ(window_grid(noon - microseconds{59'999'999}, noon + microseconds{60'000'001}), two);
    EXPECT_EQ(window_grid(noon, noon), std::vector{noon});
    EXPECT_TRUE(window_grid(noon + microseconds{1}, noon + microseconds{59'999'999}).empty());
    EXPECT_TRUE(window_grid(noon, noon - minutes{1}).empty());
}

TEST(Grid, EndsBeforeNow) {
    const Instant midnight = now - seconds{1};
    const auto last = [](Instant present, std::optional<Instant> to) {
        return instants(Grid::over({noon, to}, minutes{1}, present, GapFill::window, no_limit))
            .back();
    };
    EXPECT_EQ(last(midnight + microseconds{1}, std::nullopt), midnight);
    EXPECT_EQ(last(midnight, std::nullopt), midnight - minutes{1});
    EXPECT_EQ(last(midnight, midnight + hours{1}), midnight - minutes{1});
    EXPECT_EQ(last(now, Instant::max()), midnight);
    EXPECT_EQ(last(now, midnight - microseconds{1}), midnight - minutes{1});
    EXPECT_TRUE(window_grid(now, std::nullopt).empty());
    EXPECT_TRUE(window_grid(now + seconds{1}, std::nullopt).empty());
}

TEST(Grid, CountsItsStepsFrom1970) {
    EXPECT_EQ(window_grid(unix_epoch - seconds{61}, unix_epoch + seconds{61}),
              (std::vector{unix_epoch - minutes{1}, unix_epoch, unix_epoch + minutes{1}}));
    EXPECT_EQ(window_grid(unix_epoch - seconds{8}, unix_epoch + seconds{8}, seconds{7}),
              (std::vector{unix_epoch - seconds{7}, unix_epoch, unix_epoch + seconds{7}}));
    EXPECT_EQ(window_grid(noon, noon + days{1}, days{1}), std::vector{noon + hours{12}});
    EXPECT_TRUE(
        window_grid(unix_epoch - seconds{6}, unix_epoch - microseconds{1}, seconds{7}).empty());
}

TEST(Grid, OfYetiGoesFromTheStepOfFromToNow) {
    const auto yeti = [](Instant from, std::optional<Instant> to) {
        return instants(Grid::over({from, to}, minutes{1}, now, GapFill::yeti, no_limit));
    };
    const Instant midnight = now - seconds{1};
    EXPECT_EQ(yeti(midnight - seconds{1}, midnight - seconds{1}),
              (std::vector{midnight - minutes{1}, midnight}));
    EXPECT_EQ(yeti(midnight - minutes{1}, std::nullopt),
              (std::vector{midnight - minutes{1}, midnight}));
    EXPECT_EQ(yeti(now, std::nullopt), std::vector{midnight});
    EXPECT_TRUE(yeti(now + microseconds{1}, std::nullopt).empty());
    EXPECT_TRUE(yeti(noon, noon - microseconds{1}).empty());
    EXPECT_EQ(yeti(noon, noon + minutes{1}).size(), 12U * 60 + 1);
}

std::string refusal(const Window& window, seconds step, GapFill gap_fill, std::size_t max_points) {
    try {
        Grid::over(window, step, now, gap_fill, max_points);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::limit_exceeded);
        EXPECT_EQ(error.hint(), "Ask for a shorter window or a longer step, or raise "
                                "active_calls.max_points.");
        return error.what();
    }
    return "none";
}

TEST(Grid, HasALimit) {
    const Window window{noon, noon + minutes{9}};
    EXPECT_EQ(refusal(window, minutes{1}, GapFill::window, 10), "none");
    EXPECT_EQ(refusal(window, minutes{1}, GapFill::window, 9),
              "the window has 10 points, more than the limit of 9");
    EXPECT_EQ(refusal(window, minutes{1}, GapFill::yeti, 720),
              "the window has 721 points, more than the limit of 720");
    EXPECT_EQ(refusal({noon, noon - minutes{1}}, minutes{1}, GapFill::window, 0), "none");
}

// PostgreSQL's timestamptz goes from 4713 BC to AD 294276.
TEST(Grid, ReachesTheLimitsOfTime) {
    const Instant first{microseconds{-211'813'488'000'000'000}};
    const Instant last{microseconds{9'223'371'331'199'999'999}};
    EXPECT_EQ(refusal({first, std::nullopt}, seconds{1}, GapFill::window, 10'000'000),
              "the window has 212594889601 points, more than the limit of 10000000");
    EXPECT_EQ(refusal({first, last}, seconds{1}, GapFill::yeti, 10'000'000),
              "the window has 212594889601 points, more than the limit of 10000000");
    EXPECT_EQ(window_grid(first, first + days{1}, days{1}).size(), 2U);
    EXPECT_EQ(window_grid(noon, last, days{1}), std::vector{noon + hours{12}});
    EXPECT_TRUE(window_grid(last, std::nullopt).empty());
}

// Compares with a grid that is made step by step, around 1970. The ends of the window and now are
// at a step, or a microsecond beside it.
TEST(Grid, AgreesWithItsDefinition) {
    std::mt19937 random(43);
    const auto any = [&](std::int64_t from, std::int64_t to) {
        return std::uniform_int_distribution<std::int64_t>(from, to)(random);
    };
    for (int round = 0; round < 20'000; ++round) {
        const std::int64_t step = any(1, 20) * 1'000'000;
        // Half of the time a multiple of the step, or a microsecond beside it
        const auto time = [&] {
            const std::int64_t t = any(-100'000'000, 100'000'000);
            return any(0, 1) == 0 ? t : t - t % step + any(-1, 1);
        };
        const std::int64_t from = time(), to = time(), present = time();
        const bool has_to = any(0, 3) > 0;
        const bool yeti = any(0, 1) == 0;

        std::vector<Instant> expected;
        if (from <= present && (!has_to || from <= to))
            for (std::int64_t t = -130'000'000 / step * step; t < present; t += step)
                if (yeti ? t + step > from : t >= from && (!has_to || t <= to))
                    expected.push_back(unix_time(t));

        const Window window{unix_time(from), has_to ? std::optional{unix_time(to)} : std::nullopt};
        const Grid grid = Grid::over(window, seconds{step / 1'000'000}, unix_time(present),
                                     yeti ? GapFill::yeti : GapFill::window, no_limit);
        ASSERT_EQ(instants(grid), expected)
            << "from " << from << " to " << (has_to ? std::to_string(to) : "none") << " now "
            << present << " step " << step << (yeti ? " yeti" : " window");
    }
}

std::vector<Point> merged(const std::vector<Point>& counted, const Grid& grid) {
    std::vector<Point> points;
    merge_with_grid(counted, grid, [&](Point point) { points.push_back(point); });
    return points;
}

TEST(MergeWithGrid, PutsZerosWhereNothingWasCounted) {
    const Grid grid{unix_time(0), seconds{1}, 3};
    const auto second = [](int n) { return unix_time(n * 1'000'000); };
    EXPECT_EQ(merged({}, grid),
              (std::vector<Point>{{second(0), 0}, {second(1), 0}, {second(2), 0}}));
    EXPECT_EQ(merged({{second(1), 7}}, grid),
              (std::vector<Point>{{second(0), 0}, {second(1), 7}, {second(2), 0}}));
    EXPECT_EQ(merged({{second(-1), 1}, {unix_time(1'500'000), 2}, {second(5), 3}}, grid),
              (std::vector<Point>{{second(-1), 1},
                                  {second(0), 0},
                                  {second(1), 0},
                                  {unix_time(1'500'000), 2},
                                  {second(2), 0},
                                  {second(5), 3}}));
}

TEST(MergeWithGrid, NeedsNoGrid) {
    EXPECT_TRUE(merged({}, {}).empty());
    const std::vector<Point> counted{{unix_time(1), 1}, {unix_time(2), 2}};
    EXPECT_EQ(merged(counted, {}), counted);
}

TEST(MergeWithGrid, AgreesWithAMap) {
    std::mt19937 random(47);
    const auto any = [&](int from, int to) {
        return std::uniform_int_distribution<int>(from, to)(random);
    };
    for (int round = 0; round < 5000; ++round) {
        std::map<std::int64_t, std::int32_t> expected;
        const Grid grid{unix_time(any(-20, 20)), microseconds{any(1, 5)},
                        static_cast<std::size_t>(any(0, 30))};
        for (const Instant t : instants(grid)) expected[unix_time(t)] = 0;
        std::map<std::int64_t, std::int32_t> calls;
        for (int n = any(0, 40); n > 0; --n) calls[any(-40, 120)] = any(1, 9);
        std::vector<Point> counted;
        for (const auto& [t, n] : calls) {
            counted.push_back({unix_time(t), n});
            expected[t] = n;
        }
        std::vector<Point> points;
        for (const auto& [t, n] : expected) points.push_back({unix_time(t), n});
        ASSERT_EQ(merged(counted, grid), points) << "round " << round;
    }
}

} // namespace
} // namespace active_calls
