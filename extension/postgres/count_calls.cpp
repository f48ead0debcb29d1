#include "boundary.h"

#include "count_calls.h"
#include "prepared_query.h"
#include "stored_segment.h"
#include "value.h"

#include <array>
#include <string>

namespace active_calls::postgres {

namespace {

PreparedQuery& segment_scan() {
    static PreparedQuery query({"SELECT ", segment_columns,
                                " FROM active_calls.segment"
                                " WHERE customer_acc_id OPERATOR(pg_catalog.=) $1"
                                " AND last_snapshot OPERATOR(pg_catalog.>=) $2"
                                " AND first_snapshot OPERATOR(pg_catalog.<=) $3"
                                " ORDER BY last_snapshot"},
                               {INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID});
    return query;
}

// In the order of Column.
constexpr std::array<std::string_view, column_count> column_names{
    "src_country_id", "dst_country_id",     "duration",           "customer_price",
    "auth_orig_ip",   "src_prefix_routing", "dst_prefix_routing",
};

// A scan fetches the time and what the filter looks at, in the order of Column. Without a filter
// the index alone answers.
PreparedQuery& inbox_scan(ColumnSet columns) {
    static std::array<std::optional<PreparedQuery>, std::size_t{1} << column_count> queries;
    std::optional<PreparedQuery>& query = queries[columns.index()];
    if (!query) {
        std::string text = "SELECT snapshot_timestamp";
        columns.for_each([&](Column column) {
            text.append(", ").append(column_names[static_cast<std::size_t>(column)]);
        });
        text += " FROM active_calls.inbox"
                " WHERE customer_acc_id OPERATOR(pg_catalog.=) $1"
                " AND snapshot_timestamp OPERATOR(pg_catalog.>=) $2"
                " AND snapshot_timestamp OPERATOR(pg_catalog.<=) $3";
        query.emplace(std::initializer_list<std::string_view>{text},
                      std::initializer_list<Oid>{INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID});
    }
    return *query;
}

// Counts the rows of an inbox scan that pass.
class RowFilter {
public:
    RowFilter(const CallFilter& filter, ColumnSet columns)
        : filter_(filter) {
        columns.for_each([&](Column column) { columns_[columns_size_++] = column; });
    }

    bool passes(const TupleTableSlot& slot, MemoryContext row_context) const {
        for (std::size_t i = 0; i < columns_size_; ++i)
            if (!value_passes(columns_[i], slot.tts_values[i + 1], slot.tts_isnull[i + 1],
                              row_context))
                return false;
        return true;
    }

private:
    bool value_passes(Column column, Datum value, bool is_null, MemoryContext row_context) const {
        const auto or_null = [is_null](auto convert) {
            return is_null ? std::nullopt : std::optional(convert());
        };
        const auto integer = [&] { return DatumGetInt32(value); };
        const auto text = [&] { return plain_text(value, row_context); };
        const auto address = [&] {
            return to_address(reinterpret_cast<inet*>(DatumGetPointer(value)));
        };
        switch (column) {
        case Column::src_country_id:
            return filter_.src_country_id.passes(or_null(integer));
        case Column::dst_country_id:
            return filter_.dst_country_id.passes(or_null(integer));
        case Column::duration:
            return filter_.duration.passes(integer());
        case Column::customer_price:
            return filter_.customer_price.passes(DatumGetFloat8(value));
        case Column::auth_orig_ip:
            return filter_.auth_orig_ip.passes(or_null(address));
        case Column::src_prefix_routing:
            return filter_.src_prefix_routing.passes(or_null(text));
        case Column::dst_prefix_routing:
            return filter_.dst_prefix_routing.passes(or_null(text));
        }
        return false;
    }

    const CallFilter& filter_;
    std::array<Column, column_count> columns_{}; // of the slot, after the time
    std::size_t columns_size_ = 0;
};

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
    const RowFilter row_filter(filter, columns);
    inbox_scan(columns).for_each_row(scope, [&](const TupleTableSlot& slot, MemoryContext memory) {
        ++cost.inbox_rows;
        if (row_filter.passes(slot, memory))
            counts.add(to_instant(DatumGetTimestampTz(slot.tts_values[0])));
    });
    return cost;
}

} // namespace active_calls::postgres
