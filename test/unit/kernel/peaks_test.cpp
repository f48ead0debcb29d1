// Peak and mean of a series by the bucket, compared with a naive sum over all of its points.
#include "peaks.h"

#include "error.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace active_calls {

// For messages of failed tests.
void PrintTo(const Peak& peak, std::ostream* out) {
    *out << (peak.t - unix_epoch).count() << ": " << peak.peak << " at "
         << (peak.peak_at - unix_epoch).count() << ", mean " << peak.mean;
}

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Instant noon = unix_epoch + days{20'000} + hours{12};
constexpr std::size_t no_limit = 100'000'000;

std::vector<Peak> peaks(const std::vector<Point>& counted, const Grid& grid, seconds bucket) {
    std::vector<Peak> all;
    for_each_peak(counted, grid, Buckets(bucket), [&](const Peak& peak) { all.push_back(peak); });
    return all;
}

// The points of each bucket together, and then looked at.
std::vector<Peak> naive_peaks(const std::vector<Point>& counted, const Grid& grid, seconds bucket) {
    std::map<std::int64_t, std::map<Instant, std::int32_t>> points;
    const auto bucket_of = [&](Instant t) {
        const std::int64_t length = microseconds{bucket}.count();
        std::int64_t number = (t - unix_epoch).count() / length;
        while (unix_epoch + number * bucket > t) --number;
        return number;
    };
    for (std::size_t i = 0; i < grid.size; ++i) points[bucket_of(grid.at(i))][grid.at(i)] = 0;
    for (const Point& point : counted) points[bucket_of(point.t)][point.t] = point.calls;

    std::vector<Peak> all;
    for (const auto& [number, of_bucket] : points) {
        Peak peak{unix_epoch + number * bucket, 0, 0, {}};
        double sum = 0;
        bool is_first = true;
        for (const auto& [t, calls] : of_bucket) {
            if (is_first || calls > peak.peak) peak.peak = calls, peak.peak_at = t;
            is_first = false;
            sum += calls;
        }
        peak.mean = sum / static_cast<double>(of_bucket.size());
        all.push_back(peak);
    }
    return all;
}

TEST(Peaks, ArePeakMeanAndTheFirstTimeOfThePeak) {
    const Grid grid{noon, minutes{1}, 5};
    EXPECT_EQ(
        peaks({{noon, 1}, {noon + minutes{1}, 4}, {noon + minutes{2}, 4}, {noon + minutes{4}, 7}},
              grid, minutes{3}),
        (std::vector<Peak>{{noon, 4, 3, noon + minutes{1}},
                           {noon + minutes{3}, 7, 3.5, noon + minutes{4}}}));
}

TEST(Peaks, CountZerosOfTheGrid) {
    const Grid grid{noon, minutes{1}, 4};
    EXPECT_EQ(
        peaks({}, grid, minutes{2}),
        (std::vector<Peak>{{noon, 0, 0, noon}, {noon + minutes{2}, 0, 0, noon + minutes{2}}}));
    EXPECT_EQ(peaks({{noon + minutes{3}, 8}}, grid, hours{1}),
              (std::vector<Peak>{{noon, 8, 2, noon + minutes{3}}}));
}

TEST(Peaks, AreOfBucketsThatHaveAPoint) {
    EXPECT_EQ(peaks({}, {}, minutes{1}), std::vector<Peak>{});
    EXPECT_EQ(peaks({{noon + seconds{59}, 1}, {noon + hours{5}, 2}}, {}, minutes{1}),
              (std::vector<Peak>{{noon, 1, 1, noon + seconds{59}},
                                 {noon + hours{5}, 2, 2, noon + hours{5}}}));
}

TEST(Peaks, AreOfBucketsThatBeginAtMultiplesSince1970) {
    const Instant before = unix_epoch - microseconds{1};
    EXPECT_EQ(
        peaks({{before, 3}, {unix_epoch, 5}}, {}, hours{7}),
        (std::vector<Peak>{{unix_epoch - hours{7}, 3, 3, before}, {unix_epoch, 5, 5, unix_epoch}}));
    // The last microsecond of a bucket, the first of the next
    EXPECT_EQ(
        peaks({{noon + minutes{1} - microseconds{1}, 3}, {noon + minutes{1}, 5}}, {}, minutes{1}),
        (std::vector<Peak>{{noon, 3, 3, noon + minutes{1} - microseconds{1}},
                           {noon + minutes{1}, 5, 5, noon + minutes{1}}}));
}

TEST(Peaks, AreOfWeeksThatBeginOnMondays) {
    const Instant monday = from_sys_time(std::chrono::sys_days{std::chrono::year{2026} / 3 / 2});
    const Instant sunday = monday - microseconds{1};
    const Instant before_1970 = unix_epoch - days{1};
    EXPECT_EQ(peaks({{before_1970, 7}, {sunday, 3}, {monday, 5}}, {}, days{7}),
              (std::vector<Peak>{{unix_epoch - days{3}, 7, 7, before_1970},
                                 {monday - days{7}, 3, 3, sunday},
                                 {monday, 5, 5, monday}}));
}

// A zone whose day 10 has 23 hours, and whose clocks come to day 20 twice: a minute of it, then an
// hour of day 19.
class OddDays : public LocalDays {
public:
    std::int64_t day_of(Instant t) const override {
        const Instant again = unix_epoch + days{20} - hours{1};
        if (again <= t && t < again + minutes{1}) return 20;
        std::int64_t day = (t - unix_epoch) / days{1};
        return t >= begin_of(day + 1) ? day + 1 : day;
    }
    Instant begin_of(std::int64_t day) const override {
        return unix_epoch + days{day} - hours{day > 10 && day < 20 ? 1 : 0};
    }
};

TEST(Peaks, AreOfLocalDays) {
    const OddDays odd;
    const Buckets of_days(days{1}, &odd);
    std::int64_t number = of_days.number_of(unix_epoch);
    for (Instant t = unix_epoch; t < unix_epoch + days{30}; t += minutes{1}) {
        const std::int64_t next = of_days.number_of(t);
        EXPECT_TRUE(next == number || next == number + 1) << (t - unix_epoch).count();
        if (next > number) {
            EXPECT_EQ(of_days.begin_of(next), t);
        }
        EXPECT_EQ(of_days.end_of(next), of_days.begin_of(next + 1));
        EXPECT_TRUE(of_days.begin_of(next) <= t && t < of_days.end_of(next));
        number = next;
    }
    EXPECT_EQ(number, of_days.number_of(unix_epoch) + 29);

    const auto length = [&](seconds bucket, Instant t) {
        const Buckets buckets(bucket, &odd);
        const std::int64_t at = buckets.number_of(t);
        return std::chrono::duration_cast<hours>(buckets.end_of(at) - buckets.begin_of(at));
    };
    EXPECT_EQ(length(days{1}, unix_epoch + days{9}), hours{24});
    EXPECT_EQ(length(days{1}, unix_epoch + days{10}), hours{23});
    EXPECT_EQ(length(days{1}, unix_epoch + days{19}), hours{25});
    EXPECT_EQ(length(days{7}, unix_epoch + days{10}), hours{7 * 24 - 1});
    // The zone does not matter to what is no whole day.
    EXPECT_EQ(length(hours{6}, unix_epoch + days{10}), hours{6});
    EXPECT_EQ(length(hours{36}, unix_epoch + days{10}), hours{36});
}

TEST(Peaks, HaveBucketsToTheEndOfTime) {
    const Instant last = Instant::max() - microseconds{1};
    EXPECT_EQ(peaks({{last, 1}}, {}, days{366}).size(), 1U);
    EXPECT_EQ(Buckets(days{366}).end_of(Buckets(days{366}).number_of(last)), Instant::max());
}

TEST(Peaks, HaveMeansOfLargeCounts) {
    constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max();
    const auto all =
        peaks({{noon, most}, {noon + seconds{1}, most}, {noon + seconds{2}, most}}, {}, minutes{1});
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].mean, most);
}

TEST(Peaks, AgreeWithANaiveSum) {
    std::mt19937_64 random(20200301);
    const auto pick = [&](std::int64_t from, std::int64_t to) {
        return std::uniform_int_distribution<std::int64_t>(from, to)(random);
    };
    for (int round = 0; round < 2000; ++round) {
        const seconds step{pick(1, 100)};
        const seconds bucket{pick(step.count(), 1000)};
        Instant t = unix_epoch + seconds{pick(-5000, 5000)};
        const Grid grid = Grid::over({t, t + seconds{pick(-1, 5000)}}, step, unix_epoch + days{1},
                                     GapFill::window, no_limit);
        std::vector<Point> counted;
        for (std::int64_t points = pick(0, 60); points > 0; --points) {
            t += pick(0, 1) ? microseconds{step} : microseconds{pick(1, 400'000'000)};
            counted.push_back({t, static_cast<std::int32_t>(pick(1, 5))});
        }
        ASSERT_EQ(peaks(counted, grid, bucket), naive_peaks(counted, grid, bucket))
            << "round " << round;
    }
}

std::string refusal_of(auto&& body) {
    try {
        body();
    } catch (const Error& error) {
        return std::string(error.what()) + "; " + error.hint();
    }
    return "none";
}

TEST(Peaks, TakeABucketFromStepTo366Days) {
    EXPECT_EQ(check_bucket(minutes{1}, minutes{1}), minutes{1});
    EXPECT_EQ(check_bucket(seconds{61}, minutes{1}), seconds{61});
    EXPECT_EQ(check_bucket(days{366}, days{1}), days{366});
    for (const microseconds bucket :
         {microseconds{-1}, microseconds{0}, microseconds{seconds{59}},
          microseconds{minutes{1}} + microseconds{1}, microseconds{days{366}} + microseconds{1}})
        EXPECT_EQ(refusal_of([&] { check_bucket(bucket, minutes{1}); }),
                  "invalid value bucket; The bucket is a whole number of seconds, from step up to "
                  "366 days. A month has no fixed length: ask for days.")
            << bucket.count();
}

TEST(Peaks, HaveALimitOfBucketsAndOneOfPoints) {
    const Window ten_days{noon, noon + days{10}};
    const auto grid = [&](const Window& window, seconds step, seconds bucket, std::size_t most) {
        return grid_of_peaks(window, step, Buckets(bucket), noon + days{10'000}, GapFill::window,
                             most);
    };
    // From noon to noon: 11 days have a point.
    EXPECT_EQ(grid(ten_days, minutes{1}, days{1}, 11).size, 14'401U);
    EXPECT_EQ(refusal_of([&] { grid(ten_days, minutes{1}, days{1}, 10); }),
              "the window has 11 buckets, more than the limit of 10; Ask for a shorter window or a "
              "longer bucket, or raise active_calls.max_points.");
    const Window many_points{noon, noon + seconds{9'999'999}};
    EXPECT_EQ(grid(many_points, seconds{1}, days{366}, 1).size, 10'000'000U);
    EXPECT_EQ(refusal_of([&] {
                  grid({noon, *many_points.to + seconds{1}}, seconds{1}, days{366}, 1);
              }),
              "the window has 10000001 points, more than the limit of 10000000; Ask for a shorter "
              "window or a longer step.");
    EXPECT_EQ(grid({noon, noon - seconds{1}}, seconds{1}, days{1}, 0).size, 0U);
}

} // namespace
} // namespace active_calls
