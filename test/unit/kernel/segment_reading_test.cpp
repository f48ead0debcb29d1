// What a reader of segments reads, and what it can tell without reading.
#include "segment_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace active_calls {
namespace {

using std::chrono::minutes;

// Two calls, two minutes: from 2 to 10, and from 2 to no country; two numbers, an address and none.
StoredSegment two_calls() {
    CallList calls;
    for (int minute = 0; minute < 2; ++minute) {
        Call call;
        call.account_id = random_account_id;
        call.snapshot = Instant{minutes{minute}};
        call.src_country_id = 2;
        call.dst_country_id = 10;
        call.src_prefix_routing = "380441234567";
        call.dst_prefix_routing = "anonymous";
        call.duration = 60 * (minute + 1);
        call.auth_orig_ip = Inet::host(*Address::parse("192.0.2.21"));
        call.customer_price = 0.5;
        calls.add(call);
        call.src_country_id = 5;
        call.dst_country_id.reset();
        call.src_prefix_routing = "12025550123";
        call.auth_orig_ip.reset();
        call.duration = 0;
        call.customer_price = std::numeric_limits<double>::quiet_NaN();
        calls.add(call);
    }
    return encoded(calls.calls());
}

template<class Ask>
CallFilter filter_of(Ask&& ask) {
    CallFilter filter;
    ask(filter);
    return filter;
}

// What counting fetches, in the order of Vector.
template<class Ask>
std::vector<Vector> fetched_for(Ask&& ask, const Window& window = all_time) {
    StoredSegment stored = two_calls();
    counted(stored, window, filter_of(ask));
    std::vector<Vector> fetched = stored.take_fetched();
    std::ranges::sort(fetched);
    return fetched;
}

using Vectors = std::vector<Vector>;

TEST(OpenSegment, CountsAllWithoutReadingAny) {
    EXPECT_EQ(fetched_for([](CallFilter&) {}), Vectors{});
}

TEST(OpenSegment, ReadsWhatAFilterIsAbout) {
    EXPECT_EQ(fetched_for([](CallFilter& filter) { filter.src_country_id.eq = 2; }),
              (Vectors{Vector::runs, vector_of(Column::src_country_id)}));
    EXPECT_EQ(fetched_for([](CallFilter& filter) { filter.dst_country_id.eq = 10; }),
              (Vectors{Vector::runs, vector_of(Column::dst_country_id)}));
    EXPECT_EQ(fetched_for([](CallFilter& filter) { filter.src_prefix_routing.contains = "0"; }),
              (Vectors{Vector::runs, vector_of(Column::src_prefix_routing)}));
    EXPECT_EQ(fetched_for([](CallFilter& filter) { filter.dst_prefix_routing.contains = "a"; }),
              (Vectors{Vector::runs, vector_of(Column::dst_prefix_routing)}));
    EXPECT_EQ(fetched_for([](CallFilter& filter) { filter.duration.gt = 60; }),
              (Vectors{Vector::runs, vector_of(Column::duration)}));
    EXPECT_EQ(fetched_for([](CallFilter& filter) {
                  filter.auth_orig_ip.eq = Address::parse("192.0.2.21");
              }),
              (Vectors{Vector::runs, vector_of(Column::auth_orig_ip)}));
    EXPECT_EQ(fetched_for([](CallFilter& filter) { filter.customer_price.lt = 1; }),
              (Vectors{Vector::runs, vector_of(Column::customer_price)}));
    EXPECT_EQ(fetched_for([](CallFilter& filter) {
                  filter.src_country_id.eq = 2;
                  filter.duration.gt = 60;
                  filter.customer_price.lt = 1;
              }),
              (Vectors{Vector::runs, vector_of(Column::src_country_id), vector_of(Column::duration),
                       vector_of(Column::customer_price)}));
}

TEST(OpenSegment, StopsWhereNothingPasses) {
    EXPECT_EQ(fetched_for([](CallFilter& filter) { filter.src_country_id.eq = 3; }),
              Vectors{vector_of(Column::src_country_id)});
    EXPECT_EQ(fetched_for([](CallFilter& filter) { filter.src_prefix_routing.eq = "1"; }),
              Vectors{vector_of(Column::src_prefix_routing)});
    EXPECT_EQ(fetched_for([](CallFilter& filter) {
                  filter.auth_orig_ip.eq = Address::parse("192.0.2.22");
              }),
              Vectors{vector_of(Column::auth_orig_ip)});
    EXPECT_EQ(fetched_for([](CallFilter& filter) {
                  filter.src_country_id.eq = 3;
                  filter.dst_country_id.eq = 10;
                  filter.dst_prefix_routing.starts_with = "a";
                  filter.duration.gt = 60;
                  filter.customer_price.lt = 1;
              }),
              Vectors{vector_of(Column::src_country_id)});
    // Outside the window there is nothing to read about.
    EXPECT_EQ(
        fetched_for([](CallFilter& filter) { filter.duration.gt = 60; }, {Instant{minutes{2}}, {}}),
        Vectors{});
    EXPECT_EQ(fetched_for([](CallFilter& filter) { filter.duration.gt = 60; },
                          {Instant{minutes{1}}, Instant{minutes{0}}}),
              Vectors{});
}

TEST(OpenSegment, DecodesTheColumnsAskedFor) {
    StoredSegment stored = two_calls();
    EXPECT_EQ(decoded(stored, all_time, {}).size(), 4U);
    EXPECT_EQ(stored.take_fetched(), Vectors{Vector::runs});

    ColumnSet columns;
    columns.insert(Column::auth_orig_ip);
    const CallList calls = decoded(stored, all_time, columns);
    Vectors fetched = stored.take_fetched();
    std::ranges::sort(fetched);
    EXPECT_EQ(fetched, (Vectors{Vector::runs, vector_of(Column::auth_orig_ip)}));
    ASSERT_EQ(calls.size(), 4U);
    for (const Call& call : calls.calls()) {
        EXPECT_EQ(call.account_id, random_account_id);
        EXPECT_FALSE(call.src_country_id || call.src_prefix_routing);
    }

    EXPECT_EQ(decoded(stored).size(), 4U);
    fetched = stored.take_fetched();
    std::ranges::sort(fetched);
    EXPECT_EQ(fetched.size(), vector_count); // each once
    EXPECT_EQ(std::ranges::adjacent_find(fetched), fetched.end());
}

TEST(SegmentRows, EndAndStayThere) {
    StoredSegment stored = two_calls();
    const OpenSegment opened = stored.open();
    SegmentRows rows(opened, {Instant{minutes{1}}, {}}, ColumnSet::all());
    for (int i = 0; i < 2; ++i) {
        const Call* const call = rows.next();
        ASSERT_TRUE(call);
        EXPECT_EQ(call->snapshot, Instant{minutes{1}});
    }
    EXPECT_FALSE(rows.next());
    EXPECT_FALSE(rows.next());
    EXPECT_FALSE(SegmentRows(opened, {Instant{minutes{2}}, {}}, ColumnSet::all()).next());
}

TEST(OpenSegment, AddsToWhatIsCounted) {
    StoredSegment stored = two_calls();
    SnapshotCounts counts;
    counts.add(Instant{minutes{1}}, 5);
    count_segment(stored.open(), all_time, {}, counts);
    count_segment(stored.open(), all_time,
                  filter_of([](CallFilter& f) { f.src_country_id.eq = 2; }), counts);
    const std::vector<Point> expected{{Instant{minutes{0}}, 3}, {Instant{minutes{1}}, 8}};
    EXPECT_EQ(difference(expected, counts.sorted()), "");
}

template<class Ask>
bool may_hold(Ask&& ask, const Window& window = all_time) {
    StoredSegment stored = two_calls();
    const bool may = may_hold(stored.open().header, window, filter_of(ask));
    EXPECT_EQ(stored.take_fetched(), Vectors{}); // from the header alone
    return may;
}

TEST(OpenSegment, TellsFromTheHeaderThatItHasNoSuchSnapshot) {
    const auto any = [](CallFilter&) {};
    EXPECT_TRUE(may_hold(any));
    EXPECT_TRUE(may_hold(any, {Instant{minutes{1}}, {}}));
    EXPECT_FALSE(may_hold(any, {Instant{minutes{2}}, {}}));
    EXPECT_TRUE(may_hold(any, {Instant::min(), Instant{minutes{0}}}));
    EXPECT_FALSE(may_hold(any, {Instant::min(), Instant{minutes{-1}}}));
    // Between two snapshots.
    EXPECT_FALSE(
        may_hold(any, {Instant{std::chrono::seconds{1}}, Instant{std::chrono::seconds{59}}}));
}

TEST(OpenSegment, TellsFromTheHeaderThatItHasNoSuchCountry) {
    const auto may_come_from = [](int country) {
        return may_hold([&](CallFilter& filter) { filter.src_country_id.eq = country; });
    };
    EXPECT_FALSE(may_come_from(1));
    EXPECT_TRUE(may_come_from(2));
    EXPECT_TRUE(may_come_from(3)); // which it has not, but between two that it has
    EXPECT_TRUE(may_come_from(5));
    EXPECT_FALSE(may_come_from(6));
    const auto may_go_to = [](int country) {
        return may_hold([&](CallFilter& filter) { filter.dst_country_id.eq = country; });
    };
    EXPECT_FALSE(may_go_to(9));
    EXPECT_TRUE(may_go_to(10));
    EXPECT_FALSE(may_go_to(11));
}

template<class Number>
struct RangeCase {
    Number number;
    bool eq, gt, lt; // whether a call may pass
};

TEST(OpenSegment, TellsFromTheHeaderThatItHasNoSuchDuration) { // 0 to 120
    using Case = RangeCase<std::int32_t>;
    for (const Case& c : {Case{-1, false, true, false}, Case{0, true, true, false},
                          Case{1, true, true, true}, Case{119, true, true, true},
                          Case{120, true, false, true}, Case{121, false, false, true}}) {
        EXPECT_EQ(may_hold([&](CallFilter& f) { f.duration.eq = c.number; }), c.eq) << c.number;
        EXPECT_EQ(may_hold([&](CallFilter& f) { f.duration.gt = c.number; }), c.gt) << c.number;
        EXPECT_EQ(may_hold([&](CallFilter& f) { f.duration.lt = c.number; }), c.lt) << c.number;
    }
}

TEST(OpenSegment, TellsFromTheHeaderThatItHasNoSuchPrice) { // 0.5, and NaN, which passes nothing
    using Case = RangeCase<double>;
    for (const Case& c : {Case{0.4, false, true, false}, Case{0.5, true, false, false},
                          Case{0.6, false, false, true}}) {
        EXPECT_EQ(may_hold([&](CallFilter& f) { f.customer_price.eq = c.number; }), c.eq)
            << c.number;
        EXPECT_EQ(may_hold([&](CallFilter& f) { f.customer_price.gt = c.number; }), c.gt)
            << c.number;
        EXPECT_EQ(may_hold([&](CallFilter& f) { f.customer_price.lt = c.number; }), c.lt)
            << c.number;
    }
    EXPECT_FALSE(may_hold([](CallFilter& filter) {
        filter.customer_price.eq = std::numeric_limits<double>::quiet_NaN();
    }));
}

TEST(OpenSegment, TellsFromTheHeaderThatAColumnHasNoValue) {
    CallList calls;
    Call call;
    call.customer_price = std::numeric_limits<double>::quiet_NaN();
    calls.add(call);
    StoredSegment stored = encoded(calls.calls());
    const auto may = [&](auto&& ask) {
        return may_hold(stored.open().header, all_time, filter_of(ask));
    };
    EXPECT_FALSE(may([](CallFilter& filter) { filter.src_country_id.eq = 0; }));
    EXPECT_FALSE(may([](CallFilter& filter) { filter.dst_country_id.eq = 0; }));
    EXPECT_FALSE(may([](CallFilter& filter) { filter.customer_price.lt = 1; }));
    EXPECT_TRUE(may([](CallFilter& filter) { filter.duration.eq = 0; }));
}

} // namespace
} // namespace active_calls
