// The SQL function drop_before: retention.
#include "boundary.h"

#include "prepared_query.h"
#include "write_segments.h"

namespace active_calls::postgres {

namespace {

std::int64_t drop_segments(TimestampTz end) {
    static PreparedQuery statement(
        "DELETE FROM active_calls.segment"
        " WHERE last_snapshot OPERATOR(pg_catalog.<) $1 RETURNING row_count",
        {TIMESTAMPTZOID});
    std::int64_t rows = 0;
    statement.for_each_row({not_null(TimestampTzGetDatum(end))},
                           [&](const TupleTableSlot& slot, MemoryContext) {
                               rows += DatumGetInt32(slot.tts_values[0]);
                           });
    return rows;
}

std::int64_t drop_inbox_rows(TimestampTz end) {
    static PreparedQuery statement("DELETE FROM active_calls.inbox"
                                   " WHERE snapshot_timestamp OPERATOR(pg_catalog.<) $1",
                                   {TIMESTAMPTZOID});
    return static_cast<std::int64_t>(statement.run({not_null(TimestampTzGetDatum(end))}));
}

} // namespace

extern "C" {

PG_FUNCTION_INFO_V1(drop_before);

// drop_before(t timestamptz) returns bigint, strict
Datum drop_before(PG_FUNCTION_ARGS) {
    return sql_function(fcinfo, 1, [&] {
        std::int64_t dropped = 0;
        with_spi([&] {
            lock_segments("drop_before()");
            const TimestampTz end = PG_GETARG_TIMESTAMPTZ(0);
            dropped = drop_segments(end) + drop_inbox_rows(end);
        });
        return Int64GetDatum(dropped);
    });
}

} // extern "C"

} // namespace active_calls::postgres
