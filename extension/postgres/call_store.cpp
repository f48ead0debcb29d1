#include "boundary.h"

#include "call_store.h"
#include "plan.h"
#include "stored_segment.h"
#include "value.h"

#include <array>
#include <string>

namespace active_calls::postgres {

namespace {

// The parameters of a scan.
struct Scope {
    std::int32_t account_id;
    TimestampTz from;
    TimestampTz to;
};

SPIPlanPtr segment_scan() {
    static Plan plan;
    return plan.get(
        [] {
            return std::string("SELECT ")
                .append(segment_columns)
                .append(" FROM active_calls.segment"
                        " WHERE customer_acc_id OPERATOR(pg_catalog.=) $1"
                        " AND last_snapshot OPERATOR(pg_catalog.>=) $2"
                        " AND first_snapshot OPERATOR(pg_catalog.<=) $3"
                        " ORDER BY last_snapshot");
        },
        {INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID});
}

// In the order of Column.
constexpr std::array<std::string_view, column_count> column_names{
    "src_country_id", "dst_country_id",     "duration",           "customer_price",
    "auth_orig_ip",   "src_prefix_routing", "dst_prefix_routing",
};

// A scan fetches the time and what the filter looks at, in the order of Column. Without a filter
// the index alone answers.
SPIPlanPtr inbox_scan(ColumnSet columns) {
    static std::array<Plan, std::size_t{1} << column_count> plans;
    return plans[columns.index()].get(
        [&] {
            std::string query = "SELECT snapshot_timestamp";
            columns.for_each([&](Column column) {
                query.append(", ").append(column_names[static_cast<std::size_t>(column)]);
            });
            query += " FROM active_calls.inbox"
                     " WHERE customer_acc_id OPERATOR(pg_catalog.=) $1"
                     " AND snapshot_timestamp OPERATOR(pg_catalog.>=) $2"
                     " AND snapshot_timestamp OPERATOR(pg_catalog.<=) $3";
            return query;
        },
        {INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID});
}

// Runs a scan and hands each of its rows to `take_row`, with a memory context for what it reads of
// that row.
template<class TakeRow>
void scan(SPIPlanPtr plan, const Scope& scope, TakeRow&& take_row) {
    guarded([&] {
        const MemoryContext row_context =
            AllocSetContextCreate(CurrentMemoryContext, "active_calls row", ALLOCSET_SMALL_SIZES);
        const auto take = [&](const TupleTableSlot& slot) {
            take_row(slot, row_context);
            if (!MemoryContextIsEmpty(row_context)) MemoryContextReset(row_context);
        };
        RowReceiver receiver(take);
        execute_query(plan,
                      {not_null(Int32GetDatum(scope.account_id)),
                       not_null(TimestampTzGetDatum(scope.from)),
                       not_null(TimestampTzGetDatum(scope.to))},
                      receiver.get());
        MemoryContextDelete(row_context);
    });
}

// Looks at rows of an inbox scan.
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
    const Scope scope{account_id, to_timestamptz(window.from),
                      window.to ? to_timestamptz(*window.to) : DT_NOEND};
    ScanCost cost;

    scan(segment_scan(), scope, [&](const TupleTableSlot& slot, MemoryContext memory) {
        guarded([] { CHECK_FOR_INTERRUPTS(); });
        StoredSegment segment(slot.tts_values, slot.tts_isnull, memory);
        ++cost.segments;
        if (segment.may_hold(window, filter))
            segment.count(window, filter, counts);
        else
            ++cost.segments_skipped;
        cost.bytes_detoasted += segment.bytes_detoasted();
    });

    const ColumnSet columns = filter.columns();
    const RowFilter row_filter(filter, columns);
    scan(inbox_scan(columns), scope, [&](const TupleTableSlot& slot, MemoryContext memory) {
        ++cost.inbox_rows;
        if (row_filter.passes(slot, memory))
            counts.add(to_instant(DatumGetTimestampTz(slot.tts_values[0])));
    });
    return cost;
}

} // namespace active_calls::postgres
