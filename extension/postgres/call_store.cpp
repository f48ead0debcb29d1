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
    "src_country_id", "dst_country_id", "src_prefix_routing", "dst_prefix_routing",
    "duration",       "auth_orig_ip",   "customer_price",
};

// A scan fetches only what the filter looks at: without a filter the index alone answers.
SPIPlanPtr inbox_scan(ColumnSet columns) {
    static std::array<Plan, std::size_t{1} << column_count> plans;
    return plans[columns.index()].get([&] {
        std::string query = "SELECT snapshot_timestamp";
        for (std::size_t i = 0; i < column_count; ++i)
            if (columns.contains(static_cast<Column>(i))) query.append(", ").append(column_names[i]);
        query += " FROM active_calls.inbox"
                 " WHERE customer_acc_id OPERATOR(pg_catalog.=) $1"
                 " AND snapshot_timestamp OPERATOR(pg_catalog.>=) $2"
                 " AND snapshot_timestamp OPERATOR(pg_catalog.<=) $3";
        return query;
    }, {INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID});
}

// Takes the rows of an inbox scan as the executor yields them, one at a time and uncopied: a million
// rows cost no memory. Laid out as a DestReceiver, which PostgreSQL calls back.
struct InboxReceiver {
    DestReceiver receiver; // first: PostgreSQL knows this part alone
    const CallFilter* filter;
    SnapshotCounts* counts;
    ColumnSet columns;
    MemoryContext row_context; // for values that have to be detoasted; reset after each such row
};

// The text of a row, detoasted into the row's context where it is compressed or stored out of line.
std::string_view row_text(const InboxReceiver& inbox, Datum value) {
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

// The columns stand in the slot in the order of Column, after the snapshot's time.
Call row_of(const InboxReceiver& inbox, const TupleTableSlot& slot) {
    Call call;
    call.snapshot = to_instant(DatumGetTimestampTz(slot.tts_values[0]));
    int attribute = 0;
    const auto read = [&](Column column, auto&& set) {
        if (!inbox.columns.contains(column)) return;
        ++attribute;
        if (!slot.tts_isnull[attribute]) set(slot.tts_values[attribute]);
    };
    read(Column::src_country_id, [&](Datum v) { call.src_country_id = DatumGetInt32(v); });
    read(Column::dst_country_id, [&](Datum v) { call.dst_country_id = DatumGetInt32(v); });
    read(Column::src_prefix_routing,
         [&](Datum v) { call.src_prefix_routing = row_text(inbox, v); });
    read(Column::dst_prefix_routing,
         [&](Datum v) { call.dst_prefix_routing = row_text(inbox, v); });
    read(Column::duration, [&](Datum v) { call.duration = DatumGetInt32(v); });
    read(Column::auth_orig_ip, [&](Datum v) {
        call.auth_orig_ip = to_address(reinterpret_cast<inet*>(DatumGetPointer(v)));
    });
    read(Column::customer_price, [&](Datum v) { call.customer_price = DatumGetFloat8(v); });
    return call;
}

bool receive_row(TupleTableSlot* slot, DestReceiver* self) {
    const auto& inbox = *reinterpret_cast<InboxReceiver*>(self);
    slot_getallattrs(slot);
    boundary([&] {
        const Call call = row_of(inbox, *slot);
        if (inbox.filter->passes(call)) inbox.counts->add(call.snapshot);
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
        inbox.columns = columns;
        inbox.row_context = AllocSetContextCreate(CurrentMemoryContext, "active_calls row",
                                                  ALLOCSET_SMALL_SIZES);
        execute_query(scan, {not_null(Int32GetDatum(account_id)), not_null(TimestampTzGetDatum(from)),
                            not_null(TimestampTzGetDatum(to))},
                     &inbox.receiver);
        MemoryContextDelete(inbox.row_context);
    });
}

} // namespace active_calls::postgres
