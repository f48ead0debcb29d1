// The SQL function unseal: from `segment` back to `inbox`, for corrections and erasure.
#include "boundary.h"

#include "inbox_writer.h"
#include "prepared_query.h"
#include "value.h"
#include "write_segments.h"

namespace active_calls::postgres {

namespace {

// Moves the rows of the window to `inbox`. The other rows of the segment become a segment again.
void unseal_segment(const TupleTableSlot& slot, MemoryContext memory, const Window& window,
                    InboxWriter& inbox) {
    StoredSegment segment(slot.tts_values, slot.tts_isnull, memory);
    AccountBuilder rest(segment.header().account_id);
    segment.for_each_row([&](const Call& call) {
        if (call.snapshot < window.from || call.snapshot > *window.to)
            rest.add(call);
        else
            inbox.add(call);
    });
    rest.sort();
    store_segments(rest, 0, rest.size());
}

std::int64_t unseal_window(TimestampTz from, TimestampTz to) {
    static PreparedQuery delete_segments(
        {"DELETE FROM active_calls.segment"
         " WHERE last_snapshot OPERATOR(pg_catalog.>=) $1"
         " AND first_snapshot OPERATOR(pg_catalog.<=) $2 RETURNING id, ",
         segment_columns()},
        {TIMESTAMPTZOID, TIMESTAMPTZOID});
    const Window window{to_instant(from), to_instant(to)};
    InboxWriter inbox(CurrentMemoryContext, GetDatabaseEncoding());
    delete_segments.for_each_row(
        {not_null(TimestampTzGetDatum(from)), not_null(TimestampTzGetDatum(to))},
        [&](const TupleTableSlot& slot, MemoryContext memory) {
            with_spi([&] { unseal_segment(slot, memory, window, inbox); });
        });
    return static_cast<std::int64_t>(inbox.finish());
}

} // namespace

extern "C" {

PG_FUNCTION_INFO_V1(unseal);

// unseal(from_time timestamptz, to_time timestamptz) returns bigint, strict
Datum unseal(PG_FUNCTION_ARGS) {
    return sql_function(fcinfo, 2, [&] {
        std::int64_t moved = 0;
        with_spi([&] {
            lock_segments("unseal()");
            moved = unseal_window(PG_GETARG_TIMESTAMPTZ(0), PG_GETARG_TIMESTAMPTZ(1));
        });
        return Int64GetDatum(moved);
    });
}

} // extern "C"

} // namespace active_calls::postgres
