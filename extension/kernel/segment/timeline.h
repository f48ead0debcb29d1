// The snapshots of a segment: ascending, distinct, mostly a minute apart.
#pragma once

#include "packed_integers.h"

#include "../instant.h"

#include <algorithm>

namespace active_calls {

class Timeline {
public:
    explicit Timeline(std::pmr::memory_resource* memory)
        : seconds_(memory)
        , snapshots_(memory) {}

    static void write(ByteWriter& writer, std::span<const Instant> snapshots);
    void read(ByteReader& reader, std::size_t size);

    std::size_t size() const { return snapshots_.size(); }
    Instant operator[](std::size_t i) const { return snapshots_[i]; }
    // The number of snapshots before `t`.
    std::size_t count_before(Instant t) const;
    // The number of snapshots before or at `t`.
    std::size_t count_up_to(Instant t) const;

    // The clock by which durations advance: the whole second (since SnapshotClock's epoch) that a
    // snapshot lies in.
    std::int64_t second(std::size_t i) const { return seconds_[i]; }
    std::span<const std::int64_t> seconds() const { return seconds_; }
    static std::int64_t second_of(Instant t) {
        return std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count();
    }

private:
    std::pmr::vector<std::int64_t> seconds_;
    std::pmr::vector<Instant> snapshots_;
};

// Finds the first snapshot whose second is not before a given one; the number of snapshots when
// there is none. Made for many searches.
class SnapshotSearch {
public:
    SnapshotSearch(const Timeline& timeline, std::pmr::memory_resource* memory);

    std::uint32_t operator()(std::int64_t second) const {
        if (slots_.empty()) return among_all(second);
        // Without branches and divisions: what comes out is unpredictable, and it is asked for each
        // run. The product is off from the quotient by less than 1 / slot_seconds_.
        const std::int64_t after = second - first_second_;
        const std::int64_t within = after < 0 ? 0 : (after > span_ ? span_ + 1 : after);
        const auto rounded_up = static_cast<std::uint64_t>(within + slot_seconds_ - 1);
        return slots_[static_cast<std::size_t>((static_cast<Wide>(rounded_up) * reciprocal_) >>
                                               63)];
    }

private:
    __extension__ using Wide = unsigned __int128;

    std::uint32_t among_all(std::int64_t second) const;

    std::span<const std::int64_t> seconds_;
    // Where snapshots are regular but for gaps, the answers. Slot 0 is for the first snapshot's
    // second and before. Slot k is for the seconds from (k - 1) * slot_seconds_ + 1 to k *
    // slot_seconds_ after it; the last one for those behind the last snapshot's.
    std::pmr::vector<std::uint32_t> slots_;
    std::int64_t first_second_;
    std::int64_t span_;
    std::int64_t slot_seconds_ = 0;
    std::uint64_t reciprocal_ = 0; // 2^63 / slot_seconds_, rounded up
};

} // namespace active_calls
