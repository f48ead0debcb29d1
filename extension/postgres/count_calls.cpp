#include "boundary.h"

#include "call_columns.h"
#include "count_calls.h"
#include "prepared_query.h"
#include "stored_segment.h"
#include "value.h"

#include <map>
#include <string>

namespace active_calls::postgres {

namespace {

PreparedQuery& segment_scan() {
    static PreparedQuery query({"SELECT id, ", segment_columns(),
                                " FROM active_calls.segment"
                                " WHERE customer_acc_id OPERATOR(pg_catalog.=) $1"
                                " AND last_snapshot OPERATOR(pg_catalog.>=) $2"
                                " AND first_snapshot OPERATOR(pg_catalog.<=) $3"
                                " ORDER BY last_snapshot"},
                               {INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID});
    return query;
}

// A scan fetches the time and the columns that the filter looks at. Without a filter the index
// alone answers.
PreparedQuery& inbox_scan(ColumnSet columns) {
    static std::map<std::size_t, PreparedQuery> queries; // by ColumnSet::index()
    const auto found = queries.find(columns.index());
    if (found != queries.end()) return found->second;
    std::string fetched;
    for_each_filtered_column([&](const auto& column) {
        if (columns.contains(column.id)) fetched.append(", ").append(column.name);
    });
    PreparedQuery query({"SELECT snapshot_timestamp", fetched,
                         " FROM active_calls.inbox"
                         " WHERE customer_acc_id OPERATOR(pg_catalog.=) $1"
                         " AND snapshot_timestamp OPERATOR(pg_catalog.>=) $2"
                         " AND snapshot_timestamp OPERATOR(pg_catalog.<=) $3"},
                        {INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID});
    return queries.emplace(columns.index(), std::move(query)).first->second;
}

// Whether a row of that scan passes. Texts, which take longest, are looked at last.
bool passes(const CallFilter& filter, const TupleTableSlot& slot, MemoryContext memory) {
    const auto those_pass = [&](bool texts) {
        bool pass = true;
        std::size_t i = 0; // the time is in place 0
        for_each_filtered_column([&](const auto& column) {
            using Column = std::decay_t<decltype(column)>;
            const auto& column_filter = filter.*column.filter;
            if (!column_filter.given()) return;
            ++i;
            if (pass && is_text<typename Column::Value> == texts)
                pass = column_filter.passes(member_of<typename Column::Member>(slot, i, memory));
        });
        return pass;
    };
    return those_pass(false) && those_pass(true);
}

} // namespace

ScanCost count_calls(std::int32_t account_id, const Window& window, const CallFilter& filter,
                     SnapshotCounts& counts) {
    const NullableDatum scope[] = {
        not_null(Int32GetDatum(account_id)),
        not_null(TimestampTzGetDatum(to_timestamptz(window.from))),
        not_null(TimestampTzGetDatum(window.to ? to_timestamptz(*window.to) : DT_NOEND)),
    };
    ScanCost cost;

    segment_scan().for_each_row(scope, [&](const TupleTableSlot& slot, MemoryContext memory) {
        guarded([] { CHECK_FOR_INTERRUPTS(); });
        StoredSegment segment(slot.tts_values, slot.tts_isnull, memory);
        ++cost.segments;
        if (may_hold(segment.header(), window, filter))
            segment.count(window, filter, counts);
        else
            ++cost.segments_skipped;
        cost.bytes_detoasted += segment.bytes_detoasted();
    });

    const ColumnSet columns = filter.columns();
    const bool has_filter = columns.index() != 0;
    inbox_scan(columns).for_each_row(scope, [&](const TupleTableSlot& slot, MemoryContext memory) {
        ++cost.inbox_rows;
        if (!has_filter || passes(filter, slot, memory))
            counts.add(to_instant(DatumGetTimestampTz(slot.tts_values[0])));
    });
    return cost;
}

} // namespace active_calls::postgres
