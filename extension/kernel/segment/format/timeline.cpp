#include "timeline.h"

#include "../../interrupts.h"

#include <numeric>

namespace active_calls {

namespace {

std::uint64_t microseconds_between(Instant earlier, Instant later) {
    // Unsigned: PostgreSQL's range of time is wider than a signed difference.
    return static_cast<std::uint64_t>(later.time_since_epoch().count()) -
           static_cast<std::uint64_t>(earlier.time_since_epoch().count());
}

constexpr std::uint64_t microseconds_per_second = 1'000'000;

} // namespace

void Timeline::write(ByteWriter& writer, std::span<const Instant> snapshots) {
    std::uint64_t unit = 0;
    for (std::size_t i = 1; i < snapshots.size(); ++i) {
        count_steps(16);
        unit = std::gcd(unit, microseconds_between(snapshots[i - 1], snapshots[i]));
    }
    unit = std::max<std::uint64_t>(unit, 1); // of a single snapshot
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

    // A series of an account with few calls costs little more than this, so no vector grows here.
    count_steps(size);
    snapshots_.resize(size);
    seconds_.resize(size);
    Instant* const snapshots = snapshots_.data();
    std::int64_t* const seconds = seconds_.data();
    snapshots[0] = Instant(std::chrono::microseconds{last});
    seconds[0] = second_of(snapshots[0]);
    if (unit % microseconds_per_second == 0)
        unit_seconds_ = static_cast<std::int64_t>(unit / microseconds_per_second);
    // Infinity is no time, so it bounds all times.
    constexpr auto end = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    for (std::size_t i = 1; i < size; ++i) {
        const std::int64_t units = steps[i - 1];
        std::uint64_t step = 0;
        if (__builtin_mul_overflow(static_cast<std::uint64_t>(units), unit, &step) || step == 0 ||
            step >= end - static_cast<std::uint64_t>(last))
            damaged("its snapshots are out of order or out of range");
        last = static_cast<std::int64_t>(static_cast<std::uint64_t>(last) + step);
        snapshots[i] = Instant(std::chrono::microseconds{last});
        seconds[i] =
            unit_seconds_ > 0 ? seconds[i - 1] + units * unit_seconds_ : second_of(snapshots[i]);
    }
}

std::size_t Timeline::count_before(Instant t) const {
    return static_cast<std::size_t>(std::ranges::lower_bound(snapshots_, t) - snapshots_.begin());
}

std::size_t Timeline::count_up_to(Instant t) const {
    return static_cast<std::size_t>(std::ranges::upper_bound(snapshots_, t) - snapshots_.begin());
}

} // namespace active_calls
