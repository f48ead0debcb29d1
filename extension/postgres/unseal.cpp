// The SQL functions unseal, from `segment` back to `inbox`, and drop_before, for retention.
#include "boundary.h"

#include "inbox_writer.h"
#include "plan.h"
#include "segment_store.h"
#include "value.h"

namespace active_calls::postgres {

namespace {

SPIPlanPtr delete_segments() {
    static Plan plan;
    return plan.get(
        [] {
            return std::string("DELETE FROM active_calls.segment"
                               " WHERE last_snapshot OPERATOR(pg_catalog.>=) $1"
                               " AND first_snapshot OPERATOR(pg_catalog.<=) $2 RETURNING ") +
                   segment_columns;
        },
        {TIMESTAMPTZOID, TIMESTAMPTZOID});
}

// Moves the rows of the window to `inbox`; what else the segment holds becomes a segment again.
std::int64_t unseal_segment(const TupleTableSlot& slot, MemoryContext memory, const Window& window,
                            InboxWriter& inbox) {
    StoredSegment segment(slot.tts_values, slot.tts_isnull, memory);
    std::int64_t moved = 0;
    SegmentBuilder rest(segment.header().account_id);
    segment.decode(all_time, ColumnSet::all(), [&](const Call& call) {
        if (call.snapshot < window.from || call.snapshot > *window.to) {
            rest.add(call);
        } else {
            inbox.add(call);
            ++moved;
        }
    });
    rest.sort();
    store_segments(rest, 0, rest.size());
    return moved;
}

std::int64_t unseal_window(TimestampTz from, TimestampTz to) {
    const SPIPlanPtr plan = delete_segments();
    const Window window{to_instant(from), to_instant(to)};
    InboxWriter inbox(CurrentMemoryContext, GetDatabaseEncoding());
    std::int64_t moved = 0;
    guarded([&] {
        const MemoryContext memory = AllocSetContextCreate(
            CurrentMemoryContext, "active_calls segment", ALLOCSET_DEFAULT_SIZES);
        const auto take = [&](const TupleTableSlot& slot) {
            // SPI of its own: a statement's rows are being taken.
            with_spi([&] { moved += unseal_segment(slot, memory, window, inbox); });
            guarded([&] { MemoryContextReset(memory); });
        };
        RowReceiver receiver(take);
        execute_command(plan,
                        {not_null(TimestampTzGetDatum(from)), not_null(TimestampTzGetDatum(to))},
                        receiver.get());
        MemoryContextDelete(memory);
    });
    inbox.flush();
    return moved;
}

std::int64_t drop_segments(TimestampTz end) {
    static Plan plan;
    const SPIPlanPtr statement = plan.get(
        [] {
            return "DELETE FROM active_calls.segment"
                   " WHERE last_snapshot OPERATOR(pg_catalog.<) $1 RETURNING row_count";
        },
        {TIMESTAMPTZOID});
    std::int64_t rows = 0;
    guarded([&] {
        const auto take = [&](const TupleTableSlot& slot) {
            rows += DatumGetInt32(slot.tts_values[0]);
        };
        RowReceiver receiver(take);
        execute_command(statement, {not_null(TimestampTzGetDatum(end))}, receiver.get());
    });
    return rows;
}

std::int64_t drop_inbox_rows(TimestampTz end) {
    static Plan plan;
    const SPIPlanPtr statement = plan.get(
        [] {
            return "DELETE FROM active_calls.inbox"
                   " WHERE snapshot_timestamp OPERATOR(pg_catalog.<) $1";
        },
        {TIMESTAMPTZOID});
    return static_cast<std::int64_t>(
        guarded([&] { return execute_command(statement, {not_null(TimestampTzGetDatum(end))}); }));
}

} // namespace

extern "C" {

PG_FUNCTION_INFO_V1(unseal);
PG_FUNCTION_INFO_V1(drop_before);

// unseal(from_time timestamptz, to_time timestamptz) returns bigint, strict
Datum unseal(PG_FUNCTION_ARGS) {
    return boundary([&] {
        std::int64_t moved = 0;
        with_spi([&] {
            lock_segments();
            moved = unseal_window(PG_GETARG_TIMESTAMPTZ(0), PG_GETARG_TIMESTAMPTZ(1));
        });
        return Int64GetDatum(moved);
    });
}

// drop_before(t timestamptz) returns bigint, strict
Datum drop_before(PG_FUNCTION_ARGS) {
    return boundary([&] {
        std::int64_t dropped = 0;
        with_spi([&] {
            lock_segments();
            const TimestampTz end = PG_GETARG_TIMESTAMPTZ(0);
            dropped = drop_segments(end) + drop_inbox_rows(end);
        });
        return Int64GetDatum(dropped);
    });
}

} // extern "C"

} // namespace active_calls::postgres
