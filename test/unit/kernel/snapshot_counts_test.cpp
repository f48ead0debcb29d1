// Counting calls per snapshot, in whatever order they come.
#include "error.h"
#include "series.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <vector>

namespace active_calls {
namespace {

using std::chrono::microseconds;

Instant at(std::int64_t t) { return Instant{microseconds{t}}; }

std::vector<Point> sorted(SnapshotCounts& counts) {
    const auto points = counts.sorted();
    return {points.begin(), points.end()};
}

std::vector<Point> counted(const std::vector<std::int64_t>& snapshots) {
    SnapshotCounts counts;
    for (const auto t : snapshots) counts.add(at(t));
    return sorted(counts);
}

std::vector<Point> counted_by_map(const std::vector<std::int64_t>& snapshots) {
    std::map<std::int64_t, std::int32_t> calls;
    for (const auto t : snapshots) ++calls[t];
    std::vector<Point> points;
    for (const auto& [t, n] : calls) points.push_back({at(t), n});
    return points;
}

// `size` snapshots out of `distinct`, around time 0.
std::vector<std::int64_t> random_snapshots(std::size_t size, int distinct, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_int_distribution<int> any(-distinct / 2, distinct - distinct / 2 - 1);
    std::vector<std::int64_t> snapshots(size);
    for (auto& t : snapshots) t = std::int64_t{any(random)} * 60'000'000;
    return snapshots;
}

TEST(SnapshotCounts, StartsEmpty) {
    SnapshotCounts counts;
    EXPECT_TRUE(counts.sorted().empty());
}

TEST(SnapshotCounts, CountsCallsOfASnapshot) {
    EXPECT_EQ(counted({5, 5, 5}), (std::vector<Point>{{at(5), 3}}));
    EXPECT_EQ(counted({1, 1, 2, 4}), (std::vector<Point>{{at(1), 2}, {at(2), 1}, {at(4), 1}}));
    EXPECT_EQ(counted({4, 1, 4, 2, 1}), (std::vector<Point>{{at(1), 2}, {at(2), 1}, {at(4), 2}}));
}

TEST(SnapshotCounts, AddsManyCallsAtOnce) {
    SnapshotCounts counts;
    counts.add(at(2), 10);
    counts.add(at(1), 5);
    counts.add(at(1), 6);
    counts.add(at(2), 100);
    EXPECT_EQ(sorted(counts), (std::vector<Point>{{at(1), 11}, {at(2), 110}}));
}

TEST(SnapshotCounts, GoesOnAfterItWasAsked) {
    SnapshotCounts counts;
    counts.add(at(2));
    counts.add(at(1));
    EXPECT_EQ(sorted(counts), (std::vector<Point>{{at(1), 1}, {at(2), 1}}));
    counts.add(at(1));
    counts.add(at(3));
    EXPECT_EQ(sorted(counts), (std::vector<Point>{{at(1), 2}, {at(2), 1}, {at(3), 1}}));
}

TEST(SnapshotCounts, ReachesTheLimitsOfTime) {
    constexpr std::int64_t first = -211'813'488'000'000'000; // 4713 BC
    constexpr std::int64_t last = 9'223'371'331'199'999'999; // AD 294276
    EXPECT_EQ(counted({last, first, last}), (std::vector<Point>{{at(first), 1}, {at(last), 2}}));
}

// The sizes are the number after which a merge happens, one less and one more, and many times more,
// with few and with many distinct snapshots.
TEST(SnapshotCounts, AgreesWithAMapInAnyOrder) {
    for (const std::size_t size : {1, 2, 1023, 1024, 1025, 2048, 5000, 100'000}) {
        for (const int distinct : {1, 2, 60, 1023, 1024, 1025, 4000, 1'000'000}) {
            auto snapshots = random_snapshots(size, distinct, 17);
            const auto expected = counted_by_map(snapshots);
            EXPECT_EQ(counted(snapshots), expected) << "random, " << size << " of " << distinct;
            std::ranges::sort(snapshots);
            EXPECT_EQ(counted(snapshots), expected) << "ascending, " << size << " of " << distinct;
            std::ranges::reverse(snapshots);
            EXPECT_EQ(counted(snapshots), expected) << "descending, " << size << " of " << distinct;
            std::rotate(snapshots.begin(), snapshots.begin() + static_cast<long>(size / 3),
                        snapshots.end());
            EXPECT_EQ(counted(snapshots), expected) << "rotated, " << size << " of " << distinct;
        }
    }
}

// A merge leaves the last snapshot last, and that is the next one that comes.
TEST(SnapshotCounts, CountsASnapshotOnceWhereAMergeEndsWithIt) {
    std::vector<std::int64_t> snapshots;
    for (std::int64_t i = 0; i < 5000; ++i) {
        snapshots.push_back(2 - i % 2);
        ASSERT_EQ(counted(snapshots).size(), snapshots.size() == 1 ? 1U : 2U) << i;
    }
}

// Ordered stretches that overlap: what late calls look like.
TEST(SnapshotCounts, AgreesWithAMapForLateCalls) {
    auto snapshots = random_snapshots(60'000, 3000, 29);
    for (std::size_t begin = 0; begin < snapshots.size(); begin += 7000)
        std::sort(snapshots.begin() + static_cast<long>(begin),
                  snapshots.begin() + static_cast<long>(std::min(begin + 7000, snapshots.size())));
    EXPECT_EQ(counted(snapshots), counted_by_map(snapshots));
}

// Knows how much memory was in use at most.
class MeasuredMemory final : public std::pmr::memory_resource {
public:
    std::size_t peak() const { return peak_; }
    std::size_t in_use() const { return in_use_; }

private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
        in_use_ += bytes;
        peak_ = std::max(peak_, in_use_);
        return std::pmr::new_delete_resource()->allocate(bytes, alignment);
    }
    void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override {
        in_use_ -= bytes;
        std::pmr::new_delete_resource()->deallocate(memory, bytes, alignment);
    }
    bool do_is_equal(const memory_resource& other) const noexcept override {
        return this == &other;
    }

    std::size_t in_use_ = 0, peak_ = 0;
};

TEST(SnapshotCounts, NeedsMemoryForSnapshotsNotForCalls) {
    MeasuredMemory memory;
    {
        SnapshotCounts counts(&memory);
        for (int i = 0; i < 1'000'000; ++i) counts.add(at(i % 100));
        EXPECT_EQ(counts.sorted().size(), 100U);
        EXPECT_EQ(counts.sorted().front(), (Point{at(0), 10'000}));
    }
    EXPECT_GT(memory.peak(), 0U);
    EXPECT_LT(memory.peak(), 100'000U);
    EXPECT_EQ(memory.in_use(), 0U);
}

std::string refusal(auto&& add) {
    try {
        add();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::limit_exceeded);
        return error.what() + std::string("; ") + error.hint();
    }
    return "none";
}

TEST(PointLimit, RefusesMoreSnapshots) {
    const std::string refused = "the series has more points than the limit of 3; Each snapshot "
                                "with calls is a point, whatever the step: ask for a shorter "
                                "window, or raise active_calls.max_points.";
    SnapshotCounts ordered(std::pmr::get_default_resource(), limit_of_series(3));
    EXPECT_EQ(refusal([&] {
                  for (const std::int64_t t : {1, 1, 2, 2, 3, 3}) ordered.add(at(t));
              }),
              "none");
    EXPECT_EQ(refusal([&] { ordered.add(at(4)); }), refused);

    SnapshotCounts unordered(std::pmr::get_default_resource(), limit_of_series(3));
    for (int round = 0; round < 10'000; ++round)
        for (const std::int64_t t : {3, 1, 2}) unordered.add(at(t));
    EXPECT_EQ(sorted(unordered),
              (std::vector<Point>{{at(1), 10'000}, {at(2), 10'000}, {at(3), 10'000}}));
    unordered.add(at(0));
    EXPECT_EQ(refusal([&] { unordered.sorted(); }), refused);
}

// Whatever comes beyond it.
TEST(PointLimit, BoundsMemory) {
    constexpr std::size_t limit = 10'000;
    const auto snapshots = random_snapshots(1'000'000, 500'000, 31);
    for (const bool ordered : {true, false}) {
        MeasuredMemory memory;
        std::size_t added = 0;
        EXPECT_NE(refusal([&] {
                      SnapshotCounts counts(&memory, limit_of_series(limit));
                      for (; added < snapshots.size(); ++added)
                          counts.add(
                              at(ordered ? static_cast<std::int64_t>(added) : snapshots[added]));
                  }),
                  "none");
        EXPECT_LE(added, 3 * limit);
        EXPECT_LE(memory.peak(), 6 * limit * sizeof(Point));
        EXPECT_EQ(memory.in_use(), 0U);
    }
}

TEST(CountPoints, CountsWhatIsMerged) {
    std::mt19937 random(11);
    for (int round = 0; round < 2000; ++round) {
        const Grid grid{at(static_cast<std::int64_t>(random() % 100) - 50),
                        microseconds{1 + random() % 5}, random() % 20};
        SnapshotCounts counts;
        for (std::size_t n = random() % 30; n > 0; --n)
            counts.add(at(static_cast<std::int64_t>(random() % 200) - 100));
        std::size_t merged = 0;
        merge_with_grid(counts.sorted(), grid, [&](Point) { ++merged; });
        ASSERT_EQ(count_points(counts.sorted(), grid), merged) << round;
    }
}

} // namespace
} // namespace active_calls
