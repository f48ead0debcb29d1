// Turns counted calls into the answer: one point per snapshot that has calls, and zeros where the
// grid has no such snapshot.
#pragma once

#include "instant.h"
#include "interrupts.h"

#include <cstdint>
#include <limits>
#include <memory_resource>
#include <span>
#include <vector>

namespace active_calls {

struct Point {
    Instant t;
    std::int32_t calls;

    bool operator==(const Point&) const = default;
};

// How many points a series may have.
struct PointLimit {
    std::size_t points = std::numeric_limits<std::size_t>::max();
    const char* hint = ""; // the cure for a series with more

    // Throws Error (limit_exceeded) for more.
    void check(std::size_t given) const {
        if (given > points) refuse();
    }

private:
    [[noreturn]] void refuse() const;
};

// The limit of a series whose points are all given: active_calls.max_points.
PointLimit limit_of_series(std::size_t max_points);

// Calls per snapshot while they are being counted. Snapshots may come in any order; in time order,
// as a store reads them, an addition is a comparison and an increment. Memory grows with the number
// of distinct snapshots, not of calls.
class SnapshotCounts {
public:
    // Refuses more snapshots than `limit` when the first of them is added, or, if they come out of
    // order, before twice as many are added. So memory does not grow with those beyond the limit.
    explicit SnapshotCounts(std::pmr::memory_resource* memory = std::pmr::get_default_resource(),
                            PointLimit limit = {})
        : points_(memory)
        , limit_(limit) {}

    void add(Instant snapshot, std::int32_t calls = 1) {
        if (!points_.empty() && points_.back().t == snapshot)
            points_.back().calls += calls;
        else
            append({snapshot, calls});
    }

    // Makes room for so many more snapshots.
    void reserve(std::size_t snapshots);

    // Ordered by time, each snapshot once.
    std::span<const Point> sorted();

private:
    void append(Point point);
    void merge();

    std::pmr::vector<Point> points_;
    PointLimit limit_;
    bool ordered_ = true;         // points_ is in time order, and so each snapshot is in it once
    std::size_t merge_at_ = 1024; // merging at each doubling keeps an addition amortised O(log n)
};

enum class GapFill {
    window, // zeros only within the window asked for
    yeti,   // zeros from the step that holds `from` up to now, as Yeti's own query answers
};

// The instants at which a series has a point even if no call was up: multiples of a step. There are
// none if `size` is 0.
struct Grid {
    Instant first;
    std::chrono::microseconds step;
    std::size_t size = 0;

    // Multiples of `step` since 1970-01-01 UTC within `window` and before `now`. Nothing when the
    // window is empty or begins after `now`. Throws Error (limit_exceeded), with this hint, for
    // more than `max_points`.
    static Grid over(const Window& window, std::chrono::seconds step, Instant now, GapFill gap_fill,
                     std::size_t max_points,
                     const char* hint = "Ask for a shorter window or a longer step, or raise "
                                        "active_calls.max_points.");

    Instant at(std::size_t i) const { return first + static_cast<std::int64_t>(i) * step; }
    bool contains(Instant t) const {
        return size > 0 && first <= t && t <= at(size - 1) && (t - first) % step == step.zero();
    }
};

// The last multiple of `step` since 1970-01-01 UTC at or before `t`.
Instant floor_to_step(Instant t, std::chrono::microseconds step);

// Whether the series of this window is empty, whatever is stored.
bool is_empty_series(const Window& window, Instant now);

// A positive whole number of seconds, at most a day; throws Error (invalid_argument) otherwise.
std::chrono::seconds check_step(std::chrono::microseconds step);

// How many points the series of `counted` (ordered, distinct) and the grid has, which is how many
// merge_with_grid() emits.
std::size_t count_points(std::span<const Point> counted, const Grid& grid);

// Walks `counted` (ordered, distinct) and the grid's zeros together, in time order: `emit(Point)`
// once for every instant that is in either.
template<class Emit>
void merge_with_grid(std::span<const Point> counted, const Grid& grid, Emit&& emit) {
    auto next = counted.begin();
    const auto put = [&](Point point) {
        count_steps(1);
        emit(point);
    };
    for (std::size_t i = 0; i < grid.size; ++i) {
        const Instant t = grid.at(i);
        while (next != counted.end() && next->t < t) put(*next++);
        if (next != counted.end() && next->t == t)
            put(*next++);
        else
            put(Point{t, 0});
    }
    while (next != counted.end()) put(*next++);
}

} // namespace active_calls
