#include "boundary.h"

#include "call_store.h"
#include "plan.h"
#include "value.h"

#include <array>
#include <string>

namespace active_calls::postgres {

namespace {

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

// Takes the rows of an inbox scan as the executor yields them, one at a time and uncopied: a
// million rows cost no memory. Laid out as a DestReceiver, which PostgreSQL calls back.
struct InboxReceiver {
    DestReceiver receiver; // first: PostgreSQL knows this part alone
    const CallFilter* filter;
    SnapshotCounts* counts;
    std::array<Column, column_count> columns; // of the slot, after the time
    int columns_size;
    MemoryContext row_context; // for values that have to be detoasted; reset after each such row
};

// A text value, detoasted into the row's context where it is compressed or stored out of line.
std::string_view plain_text(const InboxReceiver& inbox, Datum value) {
    auto* stored = reinterpret_cast<text*>(DatumGetPointer(value));
    if (VARATT_IS_COMPRESSED(stored) || VARATT_IS_EXTERNAL(stored)) {
        stored = guarded([&] {
            const MemoryContext caller_context = MemoryContextSwitchTo(inbox.row_context);
            text* plain = pg_detoast_datum_packed(stored);
            MemoryContextSwitchTo(caller_context);
            return plain;
        });
    }
    return to_string_view(stored);
}

bool value_passes(const InboxReceiver& inbox, Column column, Datum value, bool is_null) {
    const auto or_null = [is_null](auto convert) {
        return is_null ? std::nullopt : std::optional(convert());
    };
    const auto integer = [&] { return DatumGetInt32(value); };
    const auto text = [&] { return plain_text(inbox, value); };
    const auto address = [&] {
        return to_address(reinterpret_cast<inet*>(DatumGetPointer(value)));
    };
    const CallFilter& filter = *inbox.filter;
    switch (column) {
    case Column::src_country_id:
        return filter.src_country_id.passes(or_null(integer));
    case Column::dst_country_id:
        return filter.dst_country_id.passes(or_null(integer));
    case Column::duration:
        return filter.duration.passes(integer());
    case Column::customer_price:
        return filter.customer_price.passes(DatumGetFloat8(value));
    case Column::auth_orig_ip:
        return filter.auth_orig_ip.passes(or_null(address));
    case Column::src_prefix_routing:
        return filter.src_prefix_routing.passes(or_null(text));
    case Column::dst_prefix_routing:
        return filter.dst_prefix_routing.passes(or_null(text));
    }
    return false;
}

bool row_passes(const InboxReceiver& inbox, const TupleTableSlot& slot) {
    for (int i = 0; i < inbox.columns_size; ++i)
        if (!value_passes(inbox, inbox.columns[i], slot.tts_values[i + 1], slot.tts_isnull[i + 1]))
            return false;
    return true;
}

bool receive_row(TupleTableSlot* slot, DestReceiver* self) {
    const auto& inbox = *reinterpret_cast<InboxReceiver*>(self);
    slot_getallattrs(slot);
    boundary([&] {
        if (row_passes(inbox, *slot))
            inbox.counts->add(to_instant(DatumGetTimestampTz(slot->tts_values[0])));
    });
    if (!MemoryContextIsEmpty(inbox.row_context)) MemoryContextReset(inbox.row_context);
    return true;
}

void start_rows(DestReceiver*, int, TupleDesc) {}
void end_rows(DestReceiver*) {}

} // namespace

void count_calls(std::int32_t account_id, const Window& window, const CallFilter& filter,
                 SnapshotCounts& counts) {
    const ColumnSet columns = filter.columns();
    const SPIPlanPtr scan = inbox_scan(columns);
    const TimestampTz from = to_timestamptz(window.from);
    const TimestampTz to = window.to ? to_timestamptz(*window.to) : DT_NOEND;

    guarded([&] {
        InboxReceiver inbox{};
        inbox.receiver.receiveSlot = receive_row;
        inbox.receiver.rStartup = start_rows;
        inbox.receiver.rShutdown = end_rows;
        inbox.receiver.rDestroy = end_rows;
        inbox.receiver.mydest = DestTuplestore; // SPI wants a kind; DestNone would discard rows
        inbox.filter = &filter;
        inbox.counts = &counts;
        columns.for_each([&](Column column) { inbox.columns[inbox.columns_size++] = column; });
        inbox.row_context =
            AllocSetContextCreate(CurrentMemoryContext, "active_calls row", ALLOCSET_SMALL_SIZES);
        execute_query(scan,
                      {not_null(Int32GetDatum(account_id)), not_null(TimestampTzGetDatum(from)),
                       not_null(TimestampTzGetDatum(to))},
                      &inbox.receiver);
        MemoryContextDelete(inbox.row_context);
    });
}

} // namespace active_calls::postgres
