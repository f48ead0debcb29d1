// What it costs to encode and to read one full segment of simulated calls, without a server. Rates
// are of rows; the counter `runs` is the same in runs.
#include "address.h"
#include "segment/encode/segment_builder.h"
#include "segment/read/count_segment.h"
#include "segment/read/segment_rows.h"

#include "simulation.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <string>

namespace {

using namespace active_calls;

constexpr int account_id = 7; // the largest of the simulator

Call to_call(const feed::Call& call, feed::Instant time) {
    return {.snapshot = from_sys_time(time),
            .account_id = account_id,
            .src_country_id = call.caller->country ? call.caller->country->id : std::nullopt,
            .dst_country_id = call.destination->id,
            .src_prefix_routing = call.caller->number,
            .dst_prefix_routing = call.called_number,
            .duration = call.duration_at(time),
            .auth_orig_ip = Inet::host(Address::parse(*call.address).value()),
            .customer_price = call.price_at(time)};
}

// More than one segment's rows.
const SegmentBuilder& simulated_calls() {
    static const SegmentBuilder calls = [] {
        SegmentBuilder builder(account_id);
        feed::SimulationOptions options;
        options.accounts = 3;
        options.peak_calls = 300;
        options.until = std::chrono::sys_days{std::chrono::year{2025} / 11 / 5};
        feed::simulate(options, [&](const feed::Snapshot& snapshot) {
            for (const feed::Call& call : snapshot.calls)
                if (call.trunk->account.id == account_id) builder.add(to_call(call, snapshot.time));
        });
        builder.sort();
        return builder;
    }();
    return calls;
}

Segment encode_full() {
    const SegmentBuilder& calls = simulated_calls();
    return calls.encode(0, std::min(calls.size(), full_segment_rows),
                        std::pmr::get_default_resource());
}

const Segment& full_segment() {
    static const Segment segment = encode_full();
    return segment;
}

void report(benchmark::State& state, const Segment& segment) {
    const auto iterations = static_cast<std::int64_t>(state.iterations());
    state.SetItemsProcessed(iterations * static_cast<std::int64_t>(segment.row_count));
    state.counters["runs"] = benchmark::Counter(static_cast<double>(segment.run_count),
                                                benchmark::Counter::kIsIterationInvariantRate);
}

void encode(benchmark::State& state) {
    simulated_calls();
    for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(encode_full());
    const Segment& segment = full_segment();
    state.counters["bytes/row"] =
        static_cast<double>(segment.bytes()) / static_cast<double>(segment.row_count);
    report(state, segment);
}
BENCHMARK(encode)->Unit(benchmark::kMicrosecond);

void decode(benchmark::State& state) {
    const Segment& segment = full_segment();
    SegmentBytes bytes(segment);
    for ([[maybe_unused]] auto _ : state) {
        std::int64_t sum = 0;
        for_each_row(open_segment(segment.header, bytes, std::pmr::get_default_resource()),
                     all_time, ColumnSet::all(), [&](const Call& call) { sum += call.duration; });
        benchmark::DoNotOptimize(sum);
    }
    report(state, segment);
}
BENCHMARK(decode)->Unit(benchmark::kMicrosecond);

// The header is read each time, as a query reads it.
void count(benchmark::State& state, const CallFilter& filter) {
    const Segment& segment = full_segment();
    SegmentBytes bytes(segment);
    for ([[maybe_unused]] auto _ : state) {
        SnapshotCounts counts;
        count_segment(open_segment(segment.header, bytes, std::pmr::get_default_resource()),
                      all_time, filter, counts);
        benchmark::DoNotOptimize(counts.sorted());
    }
    report(state, segment);
}

// Names of callers, as a filter on `inbox` finds them, one after the other; and beside it the
// search that looks for the needle at each letter anew, which is the yardstick.
constexpr std::array<std::string_view, 6> names{"380441234567",  "Alice.PBX",
                                                "+49 30 901820", "sip:bob@example",
                                                "anonymous",     "trunk-frankfurt-02"};

template<class IsIn>
void look_for(benchmark::State& state, IsIn&& is_in) {
    for ([[maybe_unused]] auto _ : state)
        for (std::string_view name : names) {
            benchmark::DoNotOptimize(name);
            benchmark::DoNotOptimize(is_in(name));
        }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * names.size()));
}

void register_searches() {
    for (const std::string_view part : {"1", "pbx", "0441", "frankfurt"}) {
        const auto add = [&](const char* name, auto is_in) {
            benchmark::RegisterBenchmark((name + std::string(part)).c_str(),
                                         [=](benchmark::State& state) { look_for(state, is_in); });
        };
        add("contains/",
            [needle = Needle(part)](std::string_view name) { return needle.is_in(name); });
        add("contains/anew/", [part](std::string_view name) {
            const auto same = [](char a, char b) {
                return (a >= 'A' && a <= 'Z' ? a + 32 : a) == (b >= 'A' && b <= 'Z' ? b + 32 : b);
            };
            return std::search(name.begin(), name.end(), part.begin(), part.end(), same) !=
                   name.end();
        });
    }
}

template<class Ask>
CallFilter filter_of(Ask&& ask) {
    CallFilter filter;
    ask(filter);
    return filter;
}

// The first call, whose country, numbers and address the filters ask for.
const Call& some_call() {
    static std::string source, destination;
    static const Call found = [] {
        const Segment& segment = full_segment();
        SegmentBytes bytes(segment);
        Call first;
        for_each_row(open_segment(segment.header, bytes, std::pmr::get_default_resource()),
                     all_time, ColumnSet::all(), [&](const Call& call) {
                         if (!source.empty() || !call.src_country_id || !call.dst_country_id)
                             return;
                         first = call;
                         source = call.src_prefix_routing.value();
                         destination = call.dst_prefix_routing.value();
                     });
        first.src_prefix_routing = source;
        first.dst_prefix_routing = destination;
        return first;
    }();
    return found;
}

void register_counts() {
    const Call& call = some_call();
    const std::string source(*call.src_prefix_routing);
    const std::string destination(*call.dst_prefix_routing);
    const auto add = [](const char* name, auto&& ask) {
        benchmark::RegisterBenchmark((std::string("count/") + name).c_str(), count, filter_of(ask))
            ->Unit(benchmark::kMicrosecond);
    };
    add("unfiltered", [](CallFilter&) {});
    add("country", [&](CallFilter& filter) { filter.dst_country_id.eq = call.dst_country_id; });
    add("src_starts_with",
        [&](CallFilter& filter) { filter.src_prefix_routing.starts_with = source.substr(0, 3); });
    add("src_eq", [&](CallFilter& filter) { filter.src_prefix_routing.eq = source; });
    add("dst_contains", [&](CallFilter& filter) {
        filter.dst_prefix_routing.contains = destination.substr(destination.size() / 2, 3);
    });
    add("duration_gt", [](CallFilter& filter) { filter.duration.gt = 120; });
    add("country_and_duration", [&](CallFilter& filter) {
        filter.dst_country_id.eq = call.dst_country_id;
        filter.duration.gt = 60;
    });
    add("address",
        [&](CallFilter& filter) { filter.auth_orig_ip.eq = call.auth_orig_ip->address; });
    add("price", [](CallFilter& filter) { filter.customer_price.gt = 0.05; });
    add("price_and_address", [&](CallFilter& filter) {
        filter.customer_price.gt = 0.05;
        filter.auth_orig_ip.eq = call.auth_orig_ip->address;
    });
}

} // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return EXIT_FAILURE;
    register_counts();
    register_searches();
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return EXIT_SUCCESS;
}
