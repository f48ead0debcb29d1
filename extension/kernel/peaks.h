// Sums up a series over a long window: the peak and the mean of each bucket of time.
#pragma once

#include "series.h"

#include <chrono>
#include <cstdint>
#include <span>

namespace active_calls {

struct Peak {
    Instant t; // when the bucket begins
    std::int32_t peak;
    double mean;     // of the bucket's points, including zeros
    Instant peak_at; // of the first point that is as high as the peak

    bool operator==(const Peak&) const = default;
};

// A whole number of seconds from `step` up to 366 days; throws Error (invalid_argument) otherwise.
std::chrono::seconds check_bucket(std::chrono::microseconds bucket, std::chrono::seconds step);

// The days of a time zone, numbered from 1970-01-01 on. Most have 24 hours.
class LocalDays {
public:
    virtual std::int64_t day_of(Instant t) const = 0;
    virtual Instant begin_of(std::int64_t day) const = 0;

protected:
    ~LocalDays() = default;
};

// Buckets of time, numbered. Those of whole days begin at midnight in `days`, if given, else in
// UTC, and are counted from Monday 1970-01-05 on, so that weeks begin on Mondays. All others are
// multiples of their length since 1970-01-01 UTC.
class Buckets {
public:
    // `length` as check_bucket() gives it; `days` has to outlive this.
    explicit Buckets(std::chrono::seconds length, const LocalDays* days = nullptr);

    std::int64_t number_of(Instant t) const;
    Instant begin_of(std::int64_t number) const;
    Instant end_of(std::int64_t number) const;

private:
    std::chrono::seconds length_;
    const LocalDays* days_;
    Instant origin_;
};

// Grid::over for a series that is asked for its peaks: at most `max_buckets` buckets, and
// 10,000,000 points (19 years of minutes), which take time but no room. Throws Error
// (limit_exceeded).
Grid grid_of_peaks(const Window& window, std::chrono::seconds step, const Buckets& buckets,
                   Instant now, GapFill gap_fill, std::size_t max_buckets);

// Peaks keep so many snapshots with calls while these are counted, a bit less than four years of
// minutes. Each takes 16 bytes, and for a moment a few times as much.
inline constexpr PointLimit snapshot_limit_of_peaks{
    2'000'000, "Peaks are of so many snapshots with calls at most: ask for a shorter window."};

// Sums up the points of one bucket.
class BucketSum {
public:
    explicit BucketSum(Point first)
        : peak_(first)
        , sum_(first.calls) {}

    void add(Point point) {
        if (point.calls > peak_.calls) peak_ = point;
        sum_ += point.calls;
        ++points_;
    }

    Peak of(Instant begin) const {
        const double mean = static_cast<double>(sum_) / static_cast<double>(points_);
        return {begin, peak_.calls, mean, peak_.t};
    }

private:
    Point peak_;
    std::int64_t sum_;
    std::int64_t points_ = 1;
};

// Walks the series that merge_with_grid gives: `emit(Peak)` once for every bucket that has a point,
// in time order. Some divisions for each bucket, a comparison and an addition for each point; no
// point is kept.
template<class Emit>
void for_each_peak(std::span<const Point> counted, const Grid& grid, const Buckets& buckets,
                   Emit&& emit) {
    std::optional<BucketSum> sum;
    Instant begin{};
    Instant end{};
    merge_with_grid(counted, grid, [&](Point point) {
        if (sum && point.t < end) return sum->add(point);
        if (sum) emit(sum->of(begin));
        const std::int64_t number = buckets.number_of(point.t);
        begin = buckets.begin_of(number);
        end = buckets.end_of(number);
        sum.emplace(point);
    });
    if (sum) emit(sum->of(begin));
}

} // namespace active_calls
