#include "peaks.h"

#include "error.h"

#include <string>

namespace active_calls {

using std::chrono::days;
using std::chrono::microseconds;
using std::chrono::seconds;

namespace {

constexpr std::size_t max_points_of_peaks = 10'000'000;
constexpr std::int64_t first_monday = 4; // 1970-01-05

// Rounds down, where / rounds towards zero.
std::int64_t floor_divide(std::int64_t number, std::int64_t divisor) {
    return number / divisor - (number % divisor < 0 ? 1 : 0);
}

bool is_of_days(seconds length) { return length % days{1} == seconds{0}; }

} // namespace

seconds check_bucket(std::chrono::microseconds bucket, seconds step) {
    if (bucket < step || bucket > std::chrono::days{366} ||
        bucket % seconds{1} != std::chrono::microseconds{0})
        throw Error(ErrorKind::invalid_argument, "invalid value bucket",
                    "The bucket is a whole number of seconds, from step up to 366 days. A month "
                    "has no fixed length: ask for days.");
    return std::chrono::duration_cast<seconds>(bucket);
}

// Where buckets are counted from: the first that begins in 2000 or later, so that no Instant
// overflows.
Buckets::Buckets(seconds length, const LocalDays* local_days)
    : length_(length)
    , days_(is_of_days(length) ? local_days : nullptr)
    , origin_(unix_epoch + (is_of_days(length) ? days{first_monday} : days{0})) {
    const microseconds short_of_2000 = Instant{} - origin_;
    origin_ += (short_of_2000 / length_ + 1) * length_;
}

std::int64_t Buckets::number_of(Instant t) const {
    if (days_ == nullptr) return floor_divide((t - origin_).count(), microseconds{length_}.count());
    const std::int64_t number = floor_divide(days_->day_of(t) - first_monday, length_ / days{1});
    // Clocks that are put back after midnight come to the new day twice.
    return t < begin_of(number) ? number - 1 : number;
}

Instant Buckets::begin_of(std::int64_t number) const {
    if (days_ == nullptr) return origin_ + number * length_;
    return days_->begin_of(first_monday + number * (length_ / days{1}));
}

Instant Buckets::end_of(std::int64_t number) const {
    const bool ends_in_time = begin_of(number) < Instant::max() - length_ - days{2};
    return ends_in_time ? begin_of(number + 1) : Instant::max();
}

Grid grid_of_peaks(const Window& window, seconds step, const Buckets& buckets, Instant now,
                   GapFill gap_fill, std::size_t max_buckets) {
    const Grid grid = Grid::over(window, step, now, gap_fill, max_points_of_peaks,
                                 "Ask for a shorter window or a longer step.");
    if (grid.size == 0) return grid;

    const auto count = static_cast<std::size_t>(buckets.number_of(grid.at(grid.size - 1)) -
                                                buckets.number_of(grid.first)) +
                       1;
    if (count > max_buckets)
        throw Error(
            ErrorKind::limit_exceeded,
            "the window has " + std::to_string(count) + " buckets, more than the limit of " +
                std::to_string(max_buckets),
            "Ask for a shorter window or a longer bucket, or raise active_calls.max_points.");
    return grid;
}

} // namespace active_calls
