#include "series.h"

#include "error.h"

#include <algorithm>

namespace active_calls {

using std::chrono::microseconds;
using std::chrono::seconds;

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
    if (!points_.empty() && point.t < points_.back().t) ordered_ = false;
    points_.push_back(point);
}

void SnapshotCounts::merge() {
    if (ordered_) return;
    std::ranges::sort(points_, {}, &Point::t);
    auto last = points_.begin();
    for (auto point = points_.begin() + 1; point != points_.end(); ++point) {
        if (point->t == last->t)
            last->calls += point->calls;
        else
            *++last = *point;
    }
    points_.erase(last + 1, points_.end());
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

} // namespace active_calls
