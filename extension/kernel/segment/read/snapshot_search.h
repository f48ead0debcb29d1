// Which snapshot of a segment is the first at or after a second.
#pragma once

#include "../format/timeline.h"

namespace active_calls {

// Finds the first snapshot whose second is not before a given one, or the number of snapshots if
// there is none. It is made for many searches.
class SnapshotSearch {
public:
    SnapshotSearch(const Timeline& timeline, std::pmr::memory_resource* memory);

    std::uint32_t operator()(std::int64_t second) const;

    // A table of answers, if snapshots are regular except for gaps; empty if there is none. Slot 0
    // is for the first snapshot's second and before. Slot k is for the seconds from (k - 1) *
    // slot_seconds + 1 to k * slot_seconds after it. The last slot is for those after the last
    // snapshot's second.
    std::span<const std::uint32_t> slots() const { return slots_; }
    std::int32_t slot_seconds() const { return slot_seconds_; }
    // The second of each snapshot, counted from the first one, if there are `slots`.
    std::span<const std::int32_t> seconds_after_first() const { return seconds_after_first_; }
    std::int32_t span() const { return seconds_after_first_.back(); }

private:
    std::span<const std::int64_t> seconds_;
    std::pmr::vector<std::uint32_t> slots_;
    std::pmr::vector<std::int32_t> seconds_after_first_;
    std::int32_t slot_seconds_ = 0;
};

} // namespace active_calls
