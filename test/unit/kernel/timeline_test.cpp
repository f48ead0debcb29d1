// The snapshots of a segment, and finding one by its second.
#include "segment/format/timeline.h"
#include "segment/read/snapshot_search.h"

#include "random_calls.h"

#include <gtest/gtest.h>

#include <array>
#include <memory_resource>
#include <set>

namespace active_calls {
namespace {

using std::chrono::microseconds;

Instant at(std::int64_t t) { return Instant{microseconds{t}}; }

Bytes written(const std::vector<Instant>& snapshots) {
    ByteWriter writer(std::pmr::get_default_resource());
    Timeline::write(writer, snapshots);
    writer.bytes(Bytes(bit_array_padding));
    return writer.take();
}

Timeline read(const Bytes& bytes, std::size_t size) {
    Timeline timeline(std::pmr::get_default_resource());
    ByteReader reader(bytes);
    timeline.read(reader, size);
    EXPECT_EQ(reader.rest().size(), bit_array_padding);
    return timeline;
}

Timeline stored(const std::vector<Instant>& snapshots) {
    return read(written(snapshots), snapshots.size());
}

void expect_back(const std::vector<Instant>& snapshots) {
    const Timeline timeline = stored(snapshots);
    ASSERT_EQ(timeline.size(), snapshots.size());
    for (std::size_t i = 0; i < snapshots.size(); ++i) {
        EXPECT_EQ(timeline[i], snapshots[i]);
        EXPECT_EQ(timeline.second(i), Timeline::second_of(snapshots[i]));
    }
}

std::vector<Instant> minutes(std::size_t size) {
    std::vector<Instant> snapshots;
    for (std::size_t i = 0; i < size; ++i)
        snapshots.push_back(at(static_cast<std::int64_t>(i) * 60'000'000));
    return snapshots;
}

TEST(Timeline, GivesBackWhatWentIn) {
    expect_back({at(0)});
    expect_back(minutes(1440));
    expect_back({at(-1), at(0), at(1), at(999'999), at(1'000'000)});
    expect_back({first_instant});
    expect_back({first_instant, last_instant});
    expect_back({first_instant, first_instant + microseconds{1}, last_instant});
    expect_back({first_instant, last_instant - microseconds{1}, last_instant});
}

TEST(Timeline, FloorsSeconds) {
    const Timeline timeline = stored({at(-1'000'001), at(-1'000'000), at(-1), at(0), at(999'999)});
    EXPECT_EQ(timeline.second(0), -2);
    EXPECT_EQ(timeline.second(1), -1);
    EXPECT_EQ(timeline.second(2), -1);
    EXPECT_EQ(timeline.second(3), 0);
    EXPECT_EQ(timeline.second(4), 0);
}

TEST(Timeline, TakesFewBytesWhereItIsRegular) {
    EXPECT_LE(written(minutes(1440)).size(), 8 + 4 + 4 + bit_array_padding);
    std::vector<Instant> with_gap = minutes(1440);
    for (std::size_t i = 700; i < with_gap.size(); ++i) with_gap[i] += std::chrono::hours{30};
    EXPECT_LE(written(with_gap).size(), 1440 / 8 + 16 + 8 + 4 + 4 + bit_array_padding);
}

TEST(Timeline, TakesBitsForGapsAndNotForMinutes) {
    RandomChoices choices(1);
    std::vector<Instant> snapshots{at(0)};
    while (snapshots.size() < 1440)
        snapshots.push_back(snapshots.back() + std::chrono::minutes{1 + choices.below(4)});
    EXPECT_LE(written(snapshots).size(), 2 * 1440 / 8 + 8 + 4 + 4 + bit_array_padding);
}

TEST(Timeline, CountsSnapshots) {
    const Timeline timeline = stored({at(10), at(20), at(30)});
    for (const std::int64_t t : {9, 10, 11, 29, 30, 31}) {
        EXPECT_EQ(timeline.count_before(at(t)), (t > 10) + (t > 20) + (t > 30) + 0U) << t;
        EXPECT_EQ(timeline.count_up_to(at(t)), (t >= 10) + (t >= 20) + (t >= 30) + 0U) << t;
    }
    EXPECT_EQ(timeline.count_before(Instant::min()), 0U);
    EXPECT_EQ(timeline.count_up_to(Instant::max()), 3U);
}

TEST(Timeline, RefusesSnapshotsThatDoNotAscend) {
    const auto bytes = [](std::int64_t first, std::uint64_t unit, std::vector<std::int64_t> steps) {
        ByteWriter writer(std::pmr::get_default_resource());
        writer.u64(static_cast<std::uint64_t>(first));
        writer.varint(unit);
        PackedIntegers::write(writer, steps);
        writer.bytes(Bytes(bit_array_padding));
        return writer.take();
    };
    constexpr std::int64_t end = std::numeric_limits<std::int64_t>::max();
    EXPECT_NO_THROW(read(bytes(0, 60, {1, 2}), 3));
    EXPECT_THROW(read(bytes(0, 60, {1, 0}), 3), Error);
    EXPECT_THROW(read(bytes(0, 60, {2, -1}), 3), Error);
    EXPECT_THROW(read(bytes(0, 0, {1}), 2), Error);
    EXPECT_THROW(read(bytes(0, 4, {std::int64_t{1} << 62}), 2), Error); // wraps to 0
    EXPECT_NO_THROW(read(bytes(end - 10, 9, {1}), 2));
    EXPECT_THROW(read(bytes(end - 10, 10, {1}), 2), Error); // infinity
    EXPECT_THROW(read(bytes(end - 10, 11, {1}), 2), Error);
    EXPECT_THROW(read(bytes(0, 0, {}), 0), Error);
}

// Regular, regular but for gaps, irregular, several in one second, over all of time.
std::vector<std::vector<Instant>> timelines() {
    std::vector<std::vector<Instant>> timelines{
        {at(0)},
        {at(5'000'000), at(5'000'001)},
        minutes(100),
        {at(-7'000'000), at(-3'000'000), at(-2'000'000), at(0), at(5'000'000)},
        {at(0), at(100), at(1'000'000), at(1'500'000), at(3'000'000)},
        {at(0), at(60'000'000), at(600'000'000), at(660'000'000)},
        {at(0), at(60'000'000), at(36'000'000'000)},
        {at(0), at(1'000'000), at(1'000'000'000'000)},
        {first_instant, at(0), last_instant},
        {first_instant, last_instant}};
    RandomChoices choices(1);
    for (int i = 0; i < 50; ++i) {
        std::set<Instant> snapshots;
        while (snapshots.size() < 20)
            snapshots.insert(at(static_cast<std::int64_t>(choices.below(60)) * 7'500'000));
        timelines.emplace_back(snapshots.begin(), snapshots.end());
    }
    return timelines;
}

TEST(SnapshotSearch, FindsTheFirstThatIsNotBefore) {
    for (const auto& snapshots : timelines()) {
        const Timeline timeline = stored(snapshots);
        const SnapshotSearch search(timeline, std::pmr::get_default_resource());
        std::set<std::int64_t> asked{std::int64_t{-1} << 45, std::int64_t{1} << 45, 0};
        for (const std::int64_t second : timeline.seconds())
            for (std::int64_t near = -70; near <= 70; ++near) asked.insert(second + near);
        for (const std::int64_t second : asked) {
            const auto expected =
                std::ranges::lower_bound(timeline.seconds(), second) - timeline.seconds().begin();
            ASSERT_EQ(search(second), expected)
                << "second " << second << " among " << snapshots.size() << " from "
                << timeline.second(0);
        }
    }
}

// A table of all the seconds in a gap would be large and tell nothing.
TEST(SnapshotSearch, TakesLittleMemoryForALongGap) {
    const Timeline timeline = stored({at(0), at(1'000'000), at(1'000'000'000'000)});
    std::array<std::byte, 100> buffer;
    std::pmr::monotonic_buffer_resource memory(buffer.data(), buffer.size(),
                                               std::pmr::null_memory_resource());
    EXPECT_EQ(SnapshotSearch(timeline, &memory)(2), 2U);
}

} // namespace
} // namespace active_calls
