#include "timeline.h"

#include <numeric>

namespace active_calls {

namespace {

std::uint64_t microseconds_between(Instant earlier, Instant later) {
    // Unsigned: PostgreSQL's range of time is wider than a signed difference.
    return static_cast<std::uint64_t>(later.time_since_epoch().count()) -
           static_cast<std::uint64_t>(earlier.time_since_epoch().count());
}

// A table of slots may have so many entries for each snapshot; with more gaps than that, snapshots
// are few, and searching among them is as good.
constexpr std::uint64_t max_slots_per_snapshot = 4;

// Up to here a search's product is exact: dividend times divisor is below 2^63.
constexpr std::int64_t max_slotted_span = std::numeric_limits<std::int32_t>::max() / 2;

} // namespace

void Timeline::write(ByteWriter& writer, std::span<const Instant> snapshots) {
    std::uint64_t unit = 0;
    for (std::size_t i = 1; i < snapshots.size(); ++i)
        unit = std::gcd(unit, microseconds_between(snapshots[i - 1], snapshots[i]));
    std::vector<std::int64_t> steps;
    for (std::size_t i = 1; i < snapshots.size(); ++i)
        steps.push_back(
            static_cast<std::int64_t>(microseconds_between(snapshots[i - 1], snapshots[i]) / unit));

    writer.u64(static_cast<std::uint64_t>(snapshots.front().time_since_epoch().count()));
    writer.varint(unit);
    PackedIntegers::write(writer, steps);
}

void Timeline::read(ByteReader& reader, std::size_t size) {
    if (size == 0) damaged("it has no snapshot");
    auto last = static_cast<std::int64_t>(reader.u64());
    const std::uint64_t unit = reader.varint();
    const PackedIntegers steps = PackedIntegers::read(reader, size - 1);

    snapshots_.clear();
    seconds_.clear();
    snapshots_.reserve(size);
    seconds_.reserve(size);
    const auto append = [&](std::int64_t t) {
        snapshots_.emplace_back(std::chrono::microseconds{t});
        seconds_.push_back(second_of(snapshots_.back()));
    };
    append(last);
    // Infinity is no time, and so the end of all others.
    constexpr auto end = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    for (std::size_t i = 0; i < size - 1; ++i) {
        std::uint64_t step = 0;
        if (__builtin_mul_overflow(static_cast<std::uint64_t>(steps[i]), unit, &step) ||
            step == 0 || step >= end - static_cast<std::uint64_t>(last))
            damaged("its snapshots are out of order or out of range");
        last = static_cast<std::int64_t>(static_cast<std::uint64_t>(last) + step);
        append(last);
    }
}

std::size_t Timeline::count_before(Instant t) const {
    return static_cast<std::size_t>(std::ranges::lower_bound(snapshots_, t) - snapshots_.begin());
}

std::size_t Timeline::count_up_to(Instant t) const {
    return static_cast<std::size_t>(std::ranges::upper_bound(snapshots_, t) - snapshots_.begin());
}

SnapshotSearch::SnapshotSearch(const Timeline& timeline, std::pmr::memory_resource* memory)
    : seconds_(timeline.seconds())
    , slots_(memory)
    , first_second_(seconds_.front())
    , span_(seconds_.back() - seconds_.front()) {
    std::int64_t unit = 0;
    for (std::size_t i = 1; i < seconds_.size(); ++i)
        unit = std::gcd(unit, seconds_[i] - seconds_[i - 1]);
    if (unit == 0 || span_ > max_slotted_span ||
        static_cast<std::uint64_t>(span_ / unit) > max_slots_per_snapshot * seconds_.size())
        return;
    slots_.reserve(static_cast<std::size_t>(span_ / unit) + 2);
    for (std::uint32_t snapshot = 0; snapshot < seconds_.size(); ++snapshot)
        slots_.resize(static_cast<std::size_t>((seconds_[snapshot] - first_second_) / unit) + 1,
                      snapshot);
    slots_.push_back(static_cast<std::uint32_t>(seconds_.size()));
    slot_seconds_ = unit;
    reciprocal_ = (std::uint64_t{1} << 63) / static_cast<std::uint64_t>(unit) + 1;
}

std::uint32_t SnapshotSearch::among_all(std::int64_t second) const {
    return static_cast<std::uint32_t>(std::ranges::lower_bound(seconds_, second) -
                                      seconds_.begin());
}

} // namespace active_calls
