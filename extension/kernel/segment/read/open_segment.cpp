#include "open_segment.h"

#include "run_blocks.h"

namespace active_calls {

namespace {

template<class Number>
bool can_pass(const RangeFilter<Number>& filter, const std::optional<Bounds<Number>>& bounds) {
    if (!filter.given()) return true;
    return bounds && (!filter.eq || (bounds->min <= *filter.eq && *filter.eq <= bounds->max)) &&
           (!filter.gt || bounds->max > *filter.gt) && (!filter.lt || bounds->min < *filter.lt);
}

bool can_pass(const EqualityFilter<std::int32_t>& filter,
              const std::optional<Bounds<std::int32_t>>& bounds) {
    return !filter.given() || (bounds && bounds->min <= *filter.eq && *filter.eq <= bounds->max);
}

} // namespace

OpenSegment open_segment(ByteSpan header, VectorSource& source, std::pmr::memory_resource* memory) {
    return {reading("header", [&] { return SegmentHeader(header, memory); }), source, memory};
}

SnapshotRange range_of(const SegmentHeader& header, const Window& window) {
    const Timeline& timeline = header.timeline;
    return {timeline.count_before(window.from),
            window.to ? timeline.count_up_to(*window.to) : timeline.size()};
}

bool may_hold(const SegmentHeader& header, const Window& window, const CallFilter& filter) {
    bool may = !range_of(header, window).empty();
    for_each_column(
        [&](const auto& column, const auto& bounds) {
            if constexpr (has_bounds<std::decay_t<decltype(column)>>)
                may = may && can_pass(filter.*column.filter, bounds);
        },
        header.bounds);
    return may;
}

} // namespace active_calls
