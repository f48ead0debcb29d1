// The snapshots of a segment: ascending, distinct, mostly a minute apart.
#pragma once

#include "packed_integers.h"

#include "../../instant.h"

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

    // The whole second (since SnapshotClock's epoch) in which a snapshot lies. Durations advance by
    // this clock.
    std::int64_t second(std::size_t i) const { return seconds_[i]; }
    std::span<const std::int64_t> seconds() const { return seconds_; }
    // The snapshots are multiples of so many seconds apart; 0 if there is no such number.
    std::int64_t unit_seconds() const { return unit_seconds_; }
    static std::int64_t second_of(Instant t) {
        return std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count();
    }

private:
    std::pmr::vector<std::int64_t> seconds_;
    std::pmr::vector<Instant> snapshots_;
    std::int64_t unit_seconds_ = 0;
};

} // namespace active_calls
