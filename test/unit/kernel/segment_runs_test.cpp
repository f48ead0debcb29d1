// Which rows make one run, and that so a segment is small.
#include "segment_check.h"

#include <gtest/gtest.h>

#include <cmath>

namespace active_calls {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// One call as it is seen at a time and, if it is up, with which duration.
struct Seen {
    std::chrono::microseconds at;
    std::int32_t duration;
};

Call a_call() {
    Call call;
    call.account_id = random_account_id;
    call.src_country_id = 222;
    call.dst_country_id = 1;
    call.src_prefix_routing = "380441234567";
    call.dst_prefix_routing = "12025550123";
    call.auth_orig_ip = Inet::host(*Address::parse("192.0.2.21"));
    call.customer_price = 0.05;
    return call;
}

CallList calls_of(const std::vector<Seen>& seen) {
    CallList calls;
    Call call = a_call();
    for (const Seen& s : seen) {
        call.snapshot = Instant{s.at};
        call.duration = s.duration;
        calls.add(call);
    }
    return calls;
}

// How many runs the calls are, which are the same again when they are decoded.
std::size_t runs_of(const CallList& calls) {
    StoredSegment stored = encoded(calls.calls());
    EXPECT_EQ(difference(calls.calls(), decoded(stored).calls()), "");
    EXPECT_EQ(stored.open().header.run_count, stored.segment().run_count);
    return stored.segment().run_count;
}
std::size_t runs_of(const std::vector<Seen>& seen) { return runs_of(calls_of(seen)); }

// A day of an account: calls to two countries, from a hundred callers, by a tariff of minutes. Most
// are up in three or four snapshots.
CallList a_day_of_calls() {
    CallList calls;
    RandomChoices choices(1);
    for (int start = 0; start < 24 * 3600; start += static_cast<int>(choices.below(9))) {
        // A few had been up for long before anybody told.
        const int connect = choices.one_in(1000)
                                ? start - 20'000 - static_cast<int>(choices.below(20'000))
                                : start + static_cast<int>(choices.below(30));
        const int end = start + static_cast<int>(choices.below(400));
        Call call = a_call();
        const std::string source = "38044" + std::to_string(1'000'000 + 7919 * choices.below(100));
        const std::string destination = (choices.one_in(3) ? "1202555" : "4930123") +
                                        std::to_string(10'000 + choices.below(90'000));
        call.src_prefix_routing = source;
        call.dst_prefix_routing = destination;
        call.dst_country_id = destination[0] == '1' ? 1 : 49;
        for (int t = (start + 59) / 60 * 60; t < end; t += 60) {
            call.snapshot = Instant{seconds{t}};
            call.duration = std::max(0, t - connect);
            const int begun_minutes = (call.duration + 59) / 60;
            call.customer_price = begun_minutes * 0.01;
            calls.add(call);
        }
    }
    return calls;
}

constexpr auto minute = [](int n) { return std::chrono::microseconds{minutes{n}}; };

TEST(Run, IsACallWhoseDurationFollowsTheClock) {
    EXPECT_EQ(runs_of({{minute(0), 12}}), 1U);
    EXPECT_EQ(runs_of({{minute(0), 12}, {minute(1), 72}, {minute(2), 132}}), 1U);
    EXPECT_EQ(runs_of({{minute(0), 12}, {minute(1), 73}}), 2U);
    EXPECT_EQ(runs_of({{minute(0), 12}, {minute(1), 12}}), 2U);
    EXPECT_EQ(runs_of({{minute(0), 72}, {minute(1), 12}}), 2U);
    EXPECT_EQ(runs_of({{minute(0), 12}, {minute(1), 72}, {minute(2), 0}}), 2U);
    EXPECT_EQ(runs_of({{minute(0), 12}, {minute(1), 72}, {minute(2), 133}, {minute(3), 193}}), 2U);
}

TEST(Run, GoesOnWhenACallIsConnected) {
    EXPECT_EQ(runs_of({{minute(0), 0}, {minute(1), 0}, {minute(2), 0}}), 1U);
    EXPECT_EQ(runs_of({{minute(0), 0}, {minute(1), 0}, {minute(2), 35}, {minute(3), 95}}), 1U);
    // Connected the moment that it was first seen, and a second before, when it was not.
    EXPECT_EQ(runs_of({{minute(0), 0}, {minute(1), 60}}), 1U);
    EXPECT_EQ(runs_of({{minute(0), 0}, {minute(1), 61}}), 2U);
    EXPECT_EQ(runs_of({{minute(0), 0}, {minute(1), 0}, {minute(2), 61}}), 2U);
    EXPECT_EQ(runs_of({{minute(0), 0}, {minute(1), 35}, {minute(2), 0}}), 2U);
}

TEST(Run, EndsAtASnapshotWithoutTheCall) {
    // No snapshot at minute 1, and then one of which only another call is part.
    CallList calls = calls_of({{minute(0), 12}, {minute(2), 132}});
    EXPECT_EQ(runs_of(calls), 1U);
    Call other = a_call();
    other.snapshot = Instant{minutes{1}};
    other.src_prefix_routing = "380449999999";
    calls.add(other);
    EXPECT_EQ(runs_of(calls), 3U);
}

TEST(Run, HoldsOneValueOfEachAttribute) {
    const auto runs_with = [](auto&& change) {
        CallList calls = calls_of({{minute(0), 12}});
        Call next = a_call();
        next.snapshot = Instant{minutes{1}};
        next.duration = 72;
        change(next);
        calls.add(next);
        return runs_of(calls);
    };
    EXPECT_EQ(runs_with([](Call&) {}), 1U);
    EXPECT_EQ(runs_with([](Call& call) { call.customer_price = NAN; }), 1U);
    EXPECT_EQ(runs_with([](Call& call) { call.src_country_id = 1; }), 2U);
    EXPECT_EQ(runs_with([](Call& call) { call.dst_country_id.reset(); }), 2U);
    EXPECT_EQ(runs_with([](Call& call) { call.src_prefix_routing = ""; }), 2U);
    EXPECT_EQ(runs_with([](Call& call) { call.dst_prefix_routing = "012025550123"; }), 2U);
    EXPECT_EQ(runs_with([](Call& call) { call.auth_orig_ip->netmask = 24; }), 2U);
    EXPECT_EQ(runs_with([](Call& call) { call.auth_orig_ip.reset(); }), 2U);
}

TEST(Run, MayHaveNegativeDurations) {
    EXPECT_EQ(runs_of({{minute(0), -90}, {minute(1), -30}, {minute(2), 30}}), 1U);
    EXPECT_EQ(runs_of({{minute(0), -60}, {minute(1), 0}, {minute(2), 60}}), 2U);
    EXPECT_EQ(runs_of({{minute(0), 30}, {minute(1), -30}}), 2U);
}

TEST(Run, CountsWholeSeconds) {
    EXPECT_EQ(runs_of({{milliseconds{100}, 5}, {milliseconds{900}, 5}, {milliseconds{1000}, 6}}),
              1U);
    EXPECT_EQ(runs_of({{milliseconds{-100}, 5}, {milliseconds{100}, 6}}), 1U);
    EXPECT_EQ(runs_of({{milliseconds{100}, 5}, {milliseconds{900}, 6}}), 2U);
}

// Callers without a number, a load test: which of them is which, nobody can tell.
TEST(Run, IsOneOfManyThatLookTheSame) {
    constexpr std::size_t same = 2000;
    CallList calls;
    for (int m = 0; m < 3; ++m)
        for (std::size_t i = 0; i < same; ++i) {
            Call call = a_call();
            call.snapshot = Instant{minutes{m}};
            call.duration = 12 + 60 * m;
            calls.add(call);
            call.duration = m == 0 ? 0 : 60 * m - 25;
            calls.add(call);
            call.duration = static_cast<std::int32_t>(10'000 + i) + 60 * m;
            calls.add(call);
        }
    EXPECT_EQ(runs_of(calls), 3 * same);
}

// That lets a question pass over most blocks: see segment.h.
TEST(Run, StandsAmongOthersOfItsLength) {
    StoredSegment stored = encoded(a_day_of_calls().calls());
    ByteReader reader(stored.vector(Vector::runs));
    const auto order_of = [](std::int64_t row_count, std::int64_t first_snapshot) {
        return std::pair(row_count, first_snapshot);
    };
    auto last = order_of(0, 0);
    for (std::size_t run = 0; run < stored.segment().run_count; run += runs_per_block) {
        const std::size_t size = std::min(runs_per_block, stored.segment().run_count - run);
        const auto begin = static_cast<std::int64_t>(reader.varint());
        const auto end = static_cast<std::int64_t>(reader.varint());
        reader.varint(); // rows
        const PackedIntegers first_snapshots = PackedIntegers::read(reader, size);
        const PackedIntegers row_counts = PackedIntegers::read(reader, size);
        std::int64_t first_begin = end;
        std::int64_t last_end = begin;
        for (std::size_t i = 0; i < size; ++i) {
            ASSERT_LE(last, order_of(row_counts[i], first_snapshots[i]));
            last = order_of(row_counts[i], first_snapshots[i]);
            first_begin = std::min(first_begin, first_snapshots[i]);
            last_end = std::max(last_end, first_snapshots[i] + row_counts[i]);
        }
        EXPECT_EQ(begin, first_begin); // no wider than its runs
        EXPECT_EQ(end, last_end);
    }
}

TEST(Segment, SaysWhatItHolds) {
    const CallList calls = calls_of({{minute(3), 12}, {minute(1), 5}, {minute(1), 5}});
    const StoredSegment stored = encoded(calls.calls());
    const Segment& segment = stored.segment();
    EXPECT_EQ(segment.account_id, random_account_id);
    EXPECT_EQ(segment.first_snapshot, Instant{minutes{1}});
    EXPECT_EQ(segment.last_snapshot, Instant{minutes{3}});
    EXPECT_EQ(segment.row_count, 3U);
    EXPECT_EQ(segment.run_count, 3U);
}

TEST(SegmentBuilder, KnowsHowManyRowsAreBefore) {
    const CallList calls =
        calls_of({{minute(3), 1}, {minute(1), 1}, {minute(1), 2}, {minute(2), 1}});
    const SegmentBuilder builder = sorted_builder(calls.calls());
    EXPECT_EQ(builder.size(), 4U);
    EXPECT_EQ(builder.account_id(), random_account_id);
    EXPECT_EQ(builder.count_before(Instant{minutes{0}}), 0U);
    EXPECT_EQ(builder.count_before(Instant{minutes{1}}), 0U);
    EXPECT_EQ(builder.count_before(Instant{minutes{2}}), 2U);
    EXPECT_EQ(builder.count_before(Instant{minutes{3}}), 3U);
    EXPECT_EQ(builder.count_before(Instant{minutes{4}}), 4U);
    EXPECT_GE(builder.memory(), 4 * 40U);
}

TEST(SegmentBuilder, PacksCallsThatWait) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        RandomChoices choices(seed);
        const CallList calls = random_calls(choices, 300);
        SegmentBuilder builder(random_account_id);
        for (const Call& call : calls.calls()) {
            builder.add(call);
            if (choices.one_in(100)) {
                builder.pack();
                ASSERT_EQ(builder.unpacked_memory(),
                          SegmentBuilder(random_account_id).unpacked_memory());
            }
        }
        ASSERT_EQ(builder.size(), calls.size());
        builder.sort();
        ASSERT_EQ(builder.size(), calls.size());
        StoredSegment stored(builder.encode(0, calls.size(), std::pmr::get_default_resource()));
        ASSERT_EQ(difference(calls.calls(), decoded(stored).calls()), "") << "seed " << seed;
    }
}

TEST(SegmentBuilder, TakesLessMemoryForPackedCalls) {
    SegmentBuilder builder(random_account_id);
    const CallList calls = a_day_of_calls();
    for (const Call& call : calls.calls()) builder.add(call);
    EXPECT_GT(builder.memory(), calls.size() * 40);
    builder.pack();
    EXPECT_LT(builder.memory(), calls.size() * 4);
    EXPECT_GT(builder.memory(), calls.size());
    builder.pack(); // nothing more
    EXPECT_EQ(builder.size(), calls.size());
    builder.sort();
    EXPECT_GT(builder.memory(), calls.size() * 40);
    EXPECT_EQ(builder.memory(), builder.unpacked_memory());
}

// Rows in several segments are the same rows, each once, and each segment is of a time of its own.
TEST(SegmentBuilder, EncodesPartsOfItsRows) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        RandomChoices choices(seed);
        const CallList calls = random_calls(choices, 200);
        const SegmentBuilder builder = sorted_builder(calls.calls());
        ASSERT_EQ(builder.size(), calls.size());

        CallList all;
        Instant last = first_instant;
        for (std::size_t first = 0; first < calls.size();) {
            const std::size_t count = 1 + choices.below(calls.size() - first);
            StoredSegment stored(builder.encode(first, count, std::pmr::get_default_resource()));
            ASSERT_EQ(stored.segment().row_count, count);
            ASSERT_GE(stored.segment().first_snapshot, last);
            last = stored.segment().last_snapshot;
            const CallList part = decoded(stored);
            ASSERT_EQ(part.size(), count);
            for (const Call& call : part.calls()) all.add(call);

            const CallFilter filter = random_filter(choices, part.calls());
            ASSERT_EQ(difference(counted(part.calls(), all_time, filter),
                                 counted(stored, all_time, filter)),
                      "");
            first += count;
        }
        ASSERT_EQ(difference(calls.calls(), all.calls()), "") << "seed " << seed;
    }
}

// The bounds are what it takes when this is written and a twentieth more, so that whoever loses an
// optimisation is told.
TEST(Segment, IsSmall) {
    const CallList calls = a_day_of_calls();
    StoredSegment stored = encoded(calls.calls());
    const std::size_t runs = stored.segment().run_count;
    EXPECT_GT(calls.size(), runs * 3);
    const auto bits_per_run = [&](Vector vector) {
        return 8.0 * static_cast<double>(stored.vector(vector).size()) / static_cast<double>(runs);
    };
    EXPECT_LT(bits_per_run(Vector::runs), 9.4);
    EXPECT_LT(bits_per_run(vector_of(Column::duration)), 7.5);
    EXPECT_LT(bits_per_run(vector_of(Column::src_country_id)), 0.01); // one country
    EXPECT_LT(bits_per_run(vector_of(Column::dst_country_id)), 1.06); // two of them
    EXPECT_LT(bits_per_run(vector_of(Column::src_prefix_routing)), 7.6);
    EXPECT_LT(bits_per_run(vector_of(Column::dst_prefix_routing)), 25.9);
    EXPECT_LT(bits_per_run(vector_of(Column::auth_orig_ip)), 0.01);
    EXPECT_LT(bits_per_run(vector_of(Column::customer_price)), 22.9); // of all its rows
    EXPECT_LT(stored.segment().header.size(), 1330U);
}

} // namespace
} // namespace active_calls
