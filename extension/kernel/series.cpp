#include "series.h"

#include "error.h"

#include <algorithm>

namespace active_calls {

using std::chrono::microseconds;
using std::chrono::seconds;

void PointLimit::refuse() const {
    throw Error(ErrorKind::limit_exceeded,
                "the series has more points than the limit of " + std::to_string(points), hint);
}

PointLimit limit_of_series(std::size_t max_points) {
    return {max_points, "Each snapshot with calls is a point, whatever the step: ask for a shorter "
                        "window, or raise active_calls.max_points."};
}

// Room that is made little by little is as much as it would grow by itself.
void SnapshotCounts::reserve(std::size_t snapshots) {
    const std::size_t size = points_.size() + snapshots;
    if (size > points_.capacity()) points_.reserve(std::max(size, 2 * points_.capacity()));
}

void SnapshotCounts::append(Point point) {
    if (points_.size() >= merge_at_) {
        merge();
        merge_at_ = std::max<std::size_t>(merge_at_, 2 * points_.size());
    }
    // Merging may have put the same snapshot last.
    if (!points_.empty() && point.t <= points_.back().t) ordered_ = false;
    points_.push_back(point);
    if (ordered_) limit_.check(points_.size()); // else merging finds how many are the same
}

void SnapshotCounts::merge() {
    if (ordered_) return;
    std::ranges::sort(points_, InterruptibleLess{}, &Point::t);
    auto last = points_.begin();
    for (auto point = points_.begin() + 1; point != points_.end(); ++point) {
        count_steps(1);
        if (point->t == last->t)
            last->calls += point->calls;
        else
            *++last = *point;
    }
    points_.erase(last + 1, points_.end());
    limit_.check(points_.size());
    ordered_ = true;
}

std::span<const Point> SnapshotCounts::sorted() {
    merge();
    return points_;
}

bool is_empty_series(const Window& window, Instant now) {
    return window.from > now || (window.to && window.from > *window.to);
}

seconds check_step(microseconds step) {
    if (step < seconds{1} || step > std::chrono::days{1} || step % seconds{1} != microseconds{0})
        throw Error(ErrorKind::invalid_argument, "invalid value step",
                    "The step is a positive whole number of seconds, at most a day.");
    return std::chrono::duration_cast<seconds>(step);
}

// % rounds towards zero, hence the correction.
Instant floor_to_step(Instant t, microseconds step) {
    microseconds over = (t - unix_epoch) % step;
    if (over < microseconds{0}) over += step;
    return t - over;
}

Grid Grid::over(const Window& window, seconds step, Instant now, GapFill gap_fill,
                std::size_t max_points, const char* hint) {
    if (is_empty_series(window, now)) return {};

    Instant first = floor_to_step(window.from, step);
    Instant last = floor_to_step(now - microseconds{1}, step);
    if (gap_fill == GapFill::window) {
        if (first < window.from) first += step;
        if (window.to && *window.to < last) last = floor_to_step(*window.to, step);
    }
    if (last < first) return {};

    const auto size = static_cast<std::size_t>((last - first) / step) + 1;
    if (size > max_points)
        throw Error(ErrorKind::limit_exceeded,
                    "the window has " + std::to_string(size) + " points, more than the limit of " +
                        std::to_string(max_points),
                    hint);
    return {first, step, size};
}

std::size_t count_points(std::span<const Point> counted, const Grid& grid) {
    std::size_t points = grid.size;
    for (const Point& point : counted) {
        count_steps(1);
        points += grid.contains(point.t) ? 0 : 1;
    }
    return points;
}

} // namespace active_calls
