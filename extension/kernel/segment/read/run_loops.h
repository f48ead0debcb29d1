// The loops over the runs of a block, apart from all else: each is short, without a branch, and
// over arrays of 32-bit numbers alone, so that the compiler makes eight steps into one where the
// processor can (AVX2). About half a nanosecond a run then.
#pragma once

#include <cstddef>
#include <cstdint>

namespace active_calls {

// Cuts runs to a range of snapshots. Of `first` and `row_count` of each, sets where in the range it
// begins and ends; behind each other where nothing is left. Returns whether all runs lie in the
// block's range.
struct RunLimits {
    std::uint32_t block_begin;
    std::uint32_t block_end;
    std::uint32_t range_begin;
    std::uint32_t range_end;
};
bool locate_runs(const RunLimits& limits, std::size_t size, const std::uint32_t* first,
                 const std::uint32_t* row_count, std::uint32_t* begin, std::uint32_t* end);

// Where runs reach a duration, each its own: the slot (see SnapshotSearch) of the second at which
// it has it. `seconds` of snapshots are counted from the first one. All numbers are below
// max_slot_seconds.
struct SlotScale {
    std::int32_t span; // from the first snapshot to the last one
    std::int32_t slot_seconds;
};
// Up to here a float holds every second, and its quotients are those of integers.
inline constexpr std::int32_t max_slot_seconds = 1 << 22;
void slots_reaching(const SlotScale& scale, std::size_t size, const std::int32_t* duration,
                    const std::uint32_t* first, const std::int32_t* seconds,
                    const std::int32_t* first_duration, std::uint32_t* slot);

// Leaves of runs what is at or after, and what is before, a snapshot of each.
void raise(std::size_t size, const std::uint32_t* snapshot, std::uint32_t* begin);
void lower(std::size_t size, const std::uint32_t* snapshot, std::uint32_t* end);

std::uint64_t sum_of(std::size_t size, const std::uint32_t* values);

} // namespace active_calls
