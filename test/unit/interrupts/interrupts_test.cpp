// Whatever the kernel is asked, and whatever a segment holds: it can be stopped soon.
#include "work.h"

#include "interrupts.h"
#include "peaks.h"
#include "segment/encode/segment_builder.h"
#include "segment/read/count_segment.h"
#include "segment/read/segment_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace active_calls {
namespace {

using std::chrono::seconds;

// A few milliseconds of work.
constexpr std::uint64_t max_work_between_looks = 2'000'000;

struct Stopped {};

// The looks at interrupts while work is done.
class Looks {
public:
    Looks() {
        current = this;
        detail::steps_done = 0; // so that the same work has the same looks
        check_for_interrupts = [] { current->look(); };
        last_ = work_done();
    }
    ~Looks() {
        check_for_interrupts = [] {};
    }
    Looks(const Looks&) = delete;
    Looks& operator=(const Looks&) = delete;

    std::size_t count() const { return count_; }
    // The most work that was done without a look, up to now.
    std::uint64_t longest() const { return std::max(longest_, work_done() - last_); }
    void stop_at(std::size_t look) { stop_at_ = look; }

private:
    void look() {
        longest_ = longest();
        last_ = work_done();
        if (++count_ == stop_at_) throw Stopped{};
    }

    static inline Looks* current = nullptr;
    std::size_t count_ = 0;
    std::size_t stop_at_ = 0;
    std::uint64_t last_ = 0;
    std::uint64_t longest_ = 0;
};

// Does the work, and does it again to be stopped at its first look, in its midst and at its last.
void expect_stoppable(const std::string& what, const std::function<void()>& work) {
    std::size_t looks = 0;
    {
        const Looks all;
        work();
        looks = all.count();
        EXPECT_LT(all.longest(), max_work_between_looks) << what;
    }
    for (const std::size_t look : {std::size_t{1}, (looks + 1) / 2, looks}) {
        if (look == 0 || look > looks) continue;
        Looks some;
        some.stop_at(look);
        EXPECT_THROW(work(), Stopped) << what << ", look " << look << " of " << looks;
    }
}

std::uint64_t work_of(const std::function<void()>& work) {
    const std::uint64_t before = work_done();
    work();
    return work_done() - before;
}

TEST(Looks, SeeWhatRunsForLong) {
    volatile int sum = 0;
    const auto endless = [&] {
        for (std::uint64_t i = 0; i < max_work_between_looks; ++i) sum = sum + 1;
    };
    const Looks looks;
    endless();
    EXPECT_GE(looks.longest(), max_work_between_looks);
    EXPECT_EQ(looks.count(), 0U);
}

// Calls, of which each has texts that somebody else keeps.
using MakeCall = std::function<void(std::size_t, Call&)>;

struct Worst {
    const char* name;
    std::size_t rows;
    MakeCall make;
};

std::string repeated(std::size_t size, char last) {
    std::string text(size, 'a');
    text.back() = last;
    return text;
}

// The segments that are most work to read, each in its own way.
std::vector<Worst> worst_segments() {
    static const std::string long_name = repeated(60'000, 'b');
    static const std::string longest_name = repeated(std::size_t{1} << 20, 'b');
    static std::string text;
    static std::mt19937_64 random(5);
    const auto irregular = [](std::size_t i) {
        return Instant{std::chrono::microseconds{i * 61'000'000 + i * i % 997}};
    };
    const auto distinct = [](std::size_t i, Call& call) {
        text = "name-" + std::to_string(i * 2654435761U);
        call.src_prefix_routing = text;
        call.dst_prefix_routing = std::string_view(text).substr(5);
        call.src_country_id = static_cast<std::int32_t>(i);
        call.dst_country_id = -static_cast<std::int32_t>(i);
        call.duration = static_cast<std::int32_t>(random() % 5'000'000);
        call.customer_price = static_cast<double>(random() % 1'000'000'007) / 3;
        std::array<std::uint8_t, 16> address{};
        std::memcpy(address.data(), &i, sizeof i);
        call.auth_orig_ip = Inet::host(Address(Address::Family::v6, address));
    };
    const auto name_of = [](std::size_t i, const std::string& base) {
        text = base;
        text.replace(text.size() / 2, 8, std::to_string(10'000'000 + i));
        return std::string_view(text);
    };
    return {
        {"rows that share nothing, in snapshots at odd times", full_segment_rows,
         [=](std::size_t i, Call& call) {
             call.snapshot = irregular(i);
             distinct(i, call);
         }},
        {"rows that share nothing, in one snapshot", full_segment_rows, distinct},
        {"one row in each of many regular snapshots", full_segment_rows,
         [](std::size_t i, Call& call) { call.snapshot = Instant{seconds{i}}; }},
        {"calls that go on and on", full_segment_rows,
         [](std::size_t i, Call& call) {
             call.snapshot = Instant{std::chrono::minutes{i / 32}};
             call.src_country_id = static_cast<std::int32_t>(i % 32);
             call.duration = static_cast<std::int32_t>(i / 32 * 60);
             call.customer_price = call.duration * 0.01;
         }},
        {"prices that nearly follow very many tariffs", full_segment_rows,
         [](std::size_t i, Call& call) {
             const std::size_t number = i % 8192;
             call.snapshot = Instant{std::chrono::minutes{i / 8192}};
             call.src_country_id = static_cast<std::int32_t>(number);
             call.duration = static_cast<std::int32_t>(1 + i / 8192 * 60);
             call.customer_price = call.duration * (0.01 + 0.001 * static_cast<double>(number / 4));
             if (i / 8192 == 5) call.customer_price += 1e-3;
         }},
        {"names that are as long as a few pages", 60,
         [=](std::size_t i, Call& call) { call.dst_prefix_routing = name_of(i, long_name); }},
        {"names that are as long as a feed may be", 8,
         [=](std::size_t i, Call& call) { call.dst_prefix_routing = name_of(i, longest_name); }},
        {"one name that is very long", 1,
         [](std::size_t, Call& call) {
             static const std::string huge(std::size_t{4} << 20, 'a');
             call.dst_prefix_routing = huge;
         }},
    };
}

SegmentBuilder builder_of(const Worst& worst) {
    SegmentBuilder builder(7);
    for (std::size_t i = 0; i < worst.rows; ++i) {
        Call call;
        worst.make(i, call);
        builder.add(call);
    }
    return builder;
}

struct Asked {
    std::string name;
    CallFilter filter;
};

std::vector<Asked> questions() {
    std::vector<Asked> questions;
    const auto add = [&](const char* name, const auto& ask) {
        questions.push_back({name, {}});
        ask(questions.back().filter);
    };
    add("all", [](CallFilter&) {});
    add("src_country_id", [](CallFilter& filter) { filter.src_country_id.eq = 1; });
    add("dst_country_id", [](CallFilter& filter) { filter.dst_country_id.eq = -1; });
    add("auth_orig_ip", [](CallFilter& filter) { filter.auth_orig_ip.eq = Address::parse("::1"); });
    add("duration_eq", [](CallFilter& filter) { filter.duration.eq = 3'000'000; });
    add("duration_gt", [](CallFilter& filter) { filter.duration.gt = 3'000'000; });
    add("duration_lt", [](CallFilter& filter) { filter.duration.lt = 3'000'000; });
    add("customer_price_eq", [](CallFilter& filter) { filter.customer_price.eq = 1; });
    add("customer_price_gt", [](CallFilter& filter) { filter.customer_price.gt = 1; });
    add("customer_price_lt", [](CallFilter& filter) { filter.customer_price.lt = 100; });
    for (const std::string& part : {std::string("1"), repeated(7000, 'c'), repeated(7000, 'b'),
                                    std::string(std::size_t{1} << 20, 'a')}) {
        const std::string size = " " + std::to_string(part.size());
        const auto add_text = [&](const char* kind, const auto& ask) {
            add(("src" + (kind + size)).c_str(),
                [&](CallFilter& filter) { ask(filter.src_prefix_routing); });
            add(("dst" + (kind + size)).c_str(),
                [&](CallFilter& filter) { ask(filter.dst_prefix_routing); });
        };
        add_text("_eq", [&](TextFilter& filter) { filter.eq = part; });
        add_text("_starts_with", [&](TextFilter& filter) { filter.starts_with = part; });
        add_text("_ends_with", [&](TextFilter& filter) { filter.ends_with = part; });
        add_text("_contains", [&](TextFilter& filter) { filter.contains = part; });
    }
    add("everything at once", [](CallFilter& filter) {
        filter.src_prefix_routing.contains = "";
        filter.dst_prefix_routing.contains = "";
        filter.duration.gt = -1;
        filter.customer_price.lt = 1e300;
    });
    return questions;
}

TEST(Interrupts, StopWhateverASegmentIsAsked) {
    const std::vector<Asked> asked = questions();
    for (const Worst& worst : worst_segments()) {
        const Segment segment =
            builder_of(worst).encode(0, worst.rows, std::pmr::get_default_resource());
        SegmentBytes bytes(segment);
        const auto read = [&](const auto& use) {
            use(open_segment(segment.header, bytes, std::pmr::get_default_resource()));
        };
        for (const Asked& question : asked)
            expect_stoppable(std::string(worst.name) + ": " + question.name, [&] {
                read([&](const OpenSegment& opened) {
                    SnapshotCounts counts;
                    count_segment(opened, all_time, question.filter, counts);
                });
            });
        expect_stoppable(std::string(worst.name) + ": its rows", [&] {
            read([](const OpenSegment& opened) {
                SegmentRows rows(opened, all_time, ColumnSet::all());
                while (rows.next() != nullptr) {
                }
            });
        });
    }
}

TEST(Interrupts, StopSealing) {
    for (const Worst& worst : worst_segments()) {
        const SegmentBuilder builder = builder_of(worst);
        expect_stoppable(std::string(worst.name) + ": encoded",
                         [&] { builder.encode(0, worst.rows, std::pmr::get_default_resource()); });
        expect_stoppable(std::string(worst.name) + ": packed and sorted", [&] {
            SegmentBuilder copy = builder;
            copy.pack();
            copy.sort();
        });
    }
}

TEST(Interrupts, StopSortingOfRowsInNoOrder) {
    std::mt19937 random(7);
    SegmentBuilder builder(7);
    Call call;
    for (int i = 0; i < 500'000; ++i) {
        call.snapshot = Instant{seconds{random()}};
        builder.add(call);
    }
    expect_stoppable("sorted", [&] { SegmentBuilder(builder).sort(); });
}

TEST(Interrupts, StopASeriesOfManySnapshots) {
    std::mt19937 random(7);
    std::vector<Instant> snapshots(1'000'000);
    for (Instant& t : snapshots) t = Instant{seconds{random() % 100'000'000}};
    SnapshotCounts counts;
    // The caller bounds how much it adds. The kernel bounds the sorting.
    for (const Instant t : snapshots) counts.add(t);
    expect_stoppable("sorted", [&] { SnapshotCounts(counts).sorted(); });

    const auto counted = counts.sorted();
    const Grid grid{unix_epoch, seconds{1}, 5'000'000};
    std::size_t emitted = 0;
    expect_stoppable("counted", [&] { count_points(counted, grid); });
    expect_stoppable("merged", [&] { merge_with_grid(counted, grid, [&](Point) { ++emitted; }); });
    expect_stoppable("peaks", [&] {
        for_each_peak(counted, grid, Buckets(std::chrono::days{366}),
                      [&](const Peak&) { ++emitted; });
    });
    EXPECT_GT(emitted, 0U);
}

// However often the needle nearly is in it.
TEST(Needle, CostsWhatTextAndNeedleAreLong) {
    constexpr std::size_t text_size = 1'000'000;
    const auto work = [&](const std::string& text, const std::string& part) {
        return work_of([&] { Needle(part).is_in(text); });
    };
    const std::string all_a(text_size, 'a');
    std::string a_and_b;
    while (a_and_b.size() < text_size) a_and_b += "aaaaaaab";
    for (const std::size_t size : {1, 3, 100, 7000, 500'000}) {
        const std::uint64_t most = 12 * (text_size + size);
        EXPECT_LT(work(all_a, repeated(size, 'b')), most) << size;
        EXPECT_LT(work(all_a, "b" + std::string(size, 'a')), most) << size;
        EXPECT_LT(work(a_and_b, a_and_b.substr(0, size) + "aa"), most) << size;
        EXPECT_LT(work(a_and_b, std::string(size, 'a') + "b"), most) << size;
    }
}

} // namespace
} // namespace active_calls
