// Sums up a series over a long window: the peak and the mean of each bucket of time.
#pragma once

#include "series.h"

#include <chrono>
#include <cstdint>
#include <span>

namespace active_calls {

struct Peak {
    Instant t; // when the bucket begins: a multiple of its length since 1970-01-01 UTC
    std::int32_t peak;
    double mean;     // of the bucket's points, including zeros
    Instant peak_at; // of the first point that is as high as the peak

    bool operator==(const Peak&) const = default;
};

// A whole number of seconds from `step` up to 366 days; throws Error (invalid_argument) otherwise.
std::chrono::seconds check_bucket(std::chrono::microseconds bucket, std::chrono::seconds step);

// Grid::over for a series that is asked for its peaks: at most `max_buckets` buckets, and
// 10,000,000 points (19 years of minutes), which take time but no room. Throws Error
// (limit_exceeded).
Grid grid_of_peaks(const Window& window, std::chrono::seconds step, std::chrono::seconds bucket,
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
// in time order. A division for each bucket, a comparison and an addition for each point; no point
// is kept.
template<class Emit>
void for_each_peak(std::span<const Point> counted, const Grid& grid, std::chrono::seconds bucket,
                   Emit&& emit) {
    std::optional<BucketSum> sum;
    Instant begin{};
    merge_with_grid(counted, grid, [&](Point point) {
        if (sum && point.t - begin < bucket) return sum->add(point);
        if (sum) emit(sum->of(begin));
        begin = floor_to_step(point.t, bucket);
        sum.emplace(point);
    });
    if (sum) emit(sum->of(begin));
}

} // namespace active_calls
