#include "segment_check.h"

#include <algorithm>
#include <map>
#include <sstream>

namespace active_calls {

SegmentBuilder sorted_builder(std::span<const Call> calls) {
    SegmentBuilder builder(calls.front().account_id);
    for (const Call& call : calls) builder.add(call);
    builder.sort();
    return builder;
}

StoredSegment encoded(std::span<const Call> calls) {
    return StoredSegment(
        sorted_builder(calls).encode(0, calls.size(), std::pmr::get_default_resource()));
}

CallList decoded(StoredSegment& stored, const Window& window, ColumnSet columns) {
    CallList calls;
    for_each_row(stored.open(), window, columns, [&](const Call& call) { calls.add(call); });
    return calls;
}

std::vector<Point> counted(StoredSegment& stored, const Window& window, const CallFilter& filter) {
    SnapshotCounts counts;
    count_segment(stored.open(), window, filter, counts);
    const auto points = counts.sorted();
    return {points.begin(), points.end()};
}

bool within(const Window& window, const Call& call) {
    return window.from <= call.snapshot && (!window.to || call.snapshot <= *window.to);
}

bool passes(const CallFilter& filter, const Call& call) {
    return filter.src_country_id.passes(call.src_country_id) &&
           filter.dst_country_id.passes(call.dst_country_id) &&
           filter.src_prefix_routing.passes(call.src_prefix_routing) &&
           filter.dst_prefix_routing.passes(call.dst_prefix_routing) &&
           filter.duration.passes(call.duration) && filter.auth_orig_ip.passes(call.auth_orig_ip) &&
           filter.customer_price.passes(call.customer_price);
}

CallList calls_within(const Window& window, std::span<const Call> calls) {
    CallList list;
    for (const Call& call : calls)
        if (within(window, call)) list.add(call);
    return list;
}

std::vector<Point> counted(std::span<const Call> calls, const Window& window,
                           const CallFilter& filter) {
    std::map<Instant, std::int32_t> counts;
    for (const Call& call : calls)
        if (within(window, call) && passes(filter, call)) ++counts[call.snapshot];
    std::vector<Point> points;
    points.reserve(counts.size());
    for (const auto& [t, count] : counts) points.push_back({t, count});
    return points;
}

std::string difference(std::span<const Point> expected, std::span<const Point> actual) {
    const auto [e, a] = std::ranges::mismatch(expected, actual);
    if (e == expected.end() && a == actual.end()) return {};
    std::ostringstream out;
    const auto put = [&](const char* what, auto point, auto end) {
        out << what;
        if (point == end)
            out << "no more points";
        else
            out << point->calls << " calls at " << point->t.time_since_epoch().count();
    };
    put("expected ", e, expected.end());
    put(", got ", a, actual.end());
    return out.str();
}

std::string describe(const Window& window, const CallFilter& filter) {
    std::ostringstream out;
    const auto put = [&](const char* name, const char* kind, const auto& value) {
        if (value) out << ", " << name << ' ' << kind << ' ' << *value;
    };
    const auto put_range = [&](const char* name, const auto& range) {
        put(name, "eq", range.eq);
        put(name, "gt", range.gt);
        put(name, "lt", range.lt);
    };
    const auto put_text = [&](const char* name, const TextFilter& text) {
        put(name, "eq", text.eq);
        put(name, "starts_with", text.starts_with);
        put(name, "ends_with", text.ends_with);
        if (text.contains) put(name, "contains", std::optional(text.contains->lower()));
    };
    out << "from " << window.from.time_since_epoch().count();
    if (window.to) out << " to " << window.to->time_since_epoch().count();
    put("src_country_id", "eq", filter.src_country_id.eq);
    put("dst_country_id", "eq", filter.dst_country_id.eq);
    put_text("src_prefix_routing", filter.src_prefix_routing);
    put_text("dst_prefix_routing", filter.dst_prefix_routing);
    put_range("duration", filter.duration);
    put_range("customer_price", filter.customer_price);
    if (filter.auth_orig_ip.eq) {
        out << ", auth_orig_ip";
        for (const unsigned byte : filter.auth_orig_ip.eq->bytes()) out << ' ' << byte;
    }
    return out.str();
}

namespace {

ColumnSet random_columns(Choices& choices) {
    ColumnSet columns;
    for (std::size_t i = 0; i < column_count; ++i)
        if (choices.one_in(2)) columns.insert(static_cast<Column>(i));
    return columns;
}

// What decoding some columns alone leaves of calls.
CallList with_columns(std::span<const Call> calls, ColumnSet columns) {
    CallList list;
    for (const Call& call : calls) {
        Call left{.snapshot = call.snapshot,
                  .account_id = call.account_id,
                  .src_country_id = {},
                  .dst_country_id = {},
                  .src_prefix_routing = {},
                  .dst_prefix_routing = {},
                  .duration = 0,
                  .auth_orig_ip = {},
                  .customer_price = 0};
        const auto keep = [&](Column column, auto Call::*value) {
            if (columns.contains(column)) left.*value = call.*value;
        };
        keep(Column::src_country_id, &Call::src_country_id);
        keep(Column::dst_country_id, &Call::dst_country_id);
        keep(Column::duration, &Call::duration);
        keep(Column::customer_price, &Call::customer_price);
        keep(Column::auth_orig_ip, &Call::auth_orig_ip);
        keep(Column::src_prefix_routing, &Call::src_prefix_routing);
        keep(Column::dst_prefix_routing, &Call::dst_prefix_routing);
        list.add(left);
    }
    return list;
}

std::string wrong_answer(Choices& choices, StoredSegment& stored, std::span<const Call> calls) {
    const Window window = random_window(choices, calls);
    if (choices.one_in(4)) {
        const ColumnSet columns = random_columns(choices);
        const CallList asked = calls_within(window, calls);
        const std::string wrong = difference(with_columns(asked.calls(), columns).calls(),
                                             decoded(stored, window, columns).calls());
        return wrong.empty() ? wrong : "decoding " + describe(window, {}) + ": " + wrong;
    }
    const CallFilter filter = random_filter(choices, calls);
    const std::vector<Point> expected = counted(calls, window, filter);
    if (!expected.empty() && !may_hold(stored.open().header, window, filter))
        return "may_hold " + describe(window, filter) + ": it says no";
    const std::string wrong = difference(expected, counted(stored, window, filter));
    return wrong.empty() ? wrong : "counting " + describe(window, filter) + ": " + wrong;
}

} // namespace

std::string first_wrong_answer(Choices& choices, std::size_t rows, std::size_t questions) {
    const CallList calls = random_calls(choices, rows);
    StoredSegment stored = encoded(calls.calls());
    if (stored.segment().row_count != calls.size()) return "row_count is wrong";
    std::string wrong = difference(calls.calls(), decoded(stored).calls());
    if (!wrong.empty()) return "decoding all: " + wrong;
    for (; questions > 0 && wrong.empty(); --questions)
        wrong = wrong_answer(choices, stored, calls.calls());
    return wrong;
}

} // namespace active_calls
