#include "snapshot_search.h"

#include "run_loops.h"

#include "../../interrupts.h"

#include <algorithm>

namespace active_calls {

namespace {

// A table of slots may have so many entries for each snapshot. With more gaps than that, snapshots
// are few, and a search among them is as fast.
constexpr std::uint64_t max_slots_per_snapshot = 4;

} // namespace

SnapshotSearch::SnapshotSearch(const Timeline& timeline, std::pmr::memory_resource* memory)
    : seconds_(timeline.seconds())
    , slots_(memory)
    , seconds_after_first_(memory) {
    const std::int64_t unit = timeline.unit_seconds();
    const std::int64_t span = seconds_.back() - seconds_.front();
    if (unit == 0 || span == 0 || span >= max_slot_seconds ||
        static_cast<std::uint64_t>(span / unit) > max_slots_per_snapshot * seconds_.size())
        return;
    count_steps(seconds_.size());
    slots_.resize(static_cast<std::size_t>(span / unit) + 2);
    seconds_after_first_.resize(seconds_.size());
    std::uint32_t* slot = slots_.data();
    std::int64_t end_of_slot = 0;
    for (std::uint32_t snapshot = 0; snapshot < seconds_.size(); ++snapshot) {
        const std::int64_t after_first = seconds_[snapshot] - seconds_.front();
        seconds_after_first_[snapshot] = static_cast<std::int32_t>(after_first);
        for (; end_of_slot <= after_first; end_of_slot += unit) *slot++ = snapshot;
    }
    *slot = static_cast<std::uint32_t>(seconds_.size());
    slot_seconds_ = static_cast<std::int32_t>(unit);
}

std::uint32_t SnapshotSearch::operator()(std::int64_t second) const {
    return static_cast<std::uint32_t>(std::ranges::lower_bound(seconds_, second) -
                                      seconds_.begin());
}

} // namespace active_calls
