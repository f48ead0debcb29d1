#include "peaks.h"

#include "error.h"

#include <string>

namespace active_calls {

using std::chrono::seconds;

namespace {

constexpr std::size_t max_points_of_peaks = 10'000'000;

}

seconds check_bucket(std::chrono::microseconds bucket, seconds step) {
    if (bucket < step || bucket > std::chrono::days{366} ||
        bucket % seconds{1} != std::chrono::microseconds{0})
        throw Error(ErrorKind::invalid_argument, "invalid value bucket",
                    "The bucket is a whole number of seconds, from step up to 366 days. A month "
                    "has no fixed length: ask for days.");
    return std::chrono::duration_cast<seconds>(bucket);
}

Grid grid_of_peaks(const Window& window, seconds step, seconds bucket, Instant now,
                   GapFill gap_fill, std::size_t max_buckets) {
    const Grid grid = Grid::over(window, step, now, gap_fill, max_points_of_peaks,
                                 "Ask for a shorter window or a longer step.");
    if (grid.size == 0) return grid;

    const Instant first = floor_to_step(grid.first, bucket);
    const Instant last = floor_to_step(grid.at(grid.size - 1), bucket);
    const auto buckets = static_cast<std::size_t>((last - first) / bucket) + 1;
    if (buckets > max_buckets)
        throw Error(
            ErrorKind::limit_exceeded,
            "the window has " + std::to_string(buckets) + " buckets, more than the limit of " +
                std::to_string(max_buckets),
            "Ask for a shorter window or a longer bucket, or raise active_calls.max_points.");
    return grid;
}

} // namespace active_calls
