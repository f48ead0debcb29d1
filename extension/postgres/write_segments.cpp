#include "write_segments.h"

#include <vector>

namespace active_calls::postgres {

namespace {

// Takes a heavyweight lock on table `segment` as an object, until the end of the transaction.
// It conflicts with nothing that reads or writes the table. It is not an advisory lock, because any
// role could take one and keep others waiting. In pg_locks it is an `object`, of class pg_class,
// with the table's oid. Returns false where another transaction has it and `waits` is false.
bool lock_segment_table(const char* command, bool waits) {
    return guarded([&] {
        PreventCommandDuringRecovery(command);
        const Oid table = RangeVarGetRelid(
            makeRangeVar(pstrdup("active_calls"), pstrdup("segment"), -1), NoLock, false);
        LOCKTAG tag;
        SET_LOCKTAG_OBJECT(tag, MyDatabaseId, RelationRelationId, table, 0);
        return LockAcquire(&tag, ExclusiveLock, false, !waits) != LOCKACQUIRE_NOT_AVAIL;
    });
}

// Raises: call it in a guarded body.
NullableDatum bytea_datum(const Bytes& bytes, MemoryContext memory) {
    auto* datum = static_cast<bytea*>(MemoryContextAlloc(memory, VARHDRSZ + bytes.size()));
    SET_VARSIZE(datum, VARHDRSZ + bytes.size());
    if (!bytes.empty()) std::memcpy(VARDATA(datum), bytes.data(), bytes.size());
    return not_null(PointerGetDatum(datum));
}

PreparedQuery insert_segment() {
    std::vector<Oid> types{INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT4OID, INT4OID, BOOLOID};
    types.resize(types.size() + 1 + vector_count, BYTEAOID); // the header and the vectors
    std::string parameters = "$1";
    for (std::size_t i = 2; i <= types.size(); ++i) parameters += ", $" + std::to_string(i);
    return {
        {"INSERT INTO active_calls.segment (", segment_columns(), ") VALUES (", parameters, ")"},
        types};
}

void store(const Segment& segment, bool is_full) {
    static PreparedQuery insert = insert_segment();
    std::vector<NullableDatum> values;
    values.reserve(segment_column_count);
    const MemoryContext copies = guarded([] {
        return AllocSetContextCreate(CurrentMemoryContext, "active_calls segment",
                                     ALLOCSET_DEFAULT_SIZES);
    });
    const auto add_bytes = [&](const Bytes& bytes) {
        values.push_back(guarded([&] { return bytea_datum(bytes, copies); }));
    };
    values.push_back(not_null(Int32GetDatum(segment.account_id)));
    values.push_back(not_null(TimestampTzGetDatum(to_timestamptz(segment.first_snapshot))));
    values.push_back(not_null(TimestampTzGetDatum(to_timestamptz(segment.last_snapshot))));
    values.push_back(not_null(Int32GetDatum(static_cast<std::int32_t>(segment.row_count))));
    values.push_back(not_null(Int32GetDatum(static_cast<std::int32_t>(segment.run_count))));
    values.push_back(not_null(BoolGetDatum(is_full)));
    add_bytes(segment.header);
    for (const Bytes& vector : segment.vectors) add_bytes(vector);
    insert.run(values);
    guarded([&] { MemoryContextDelete(copies); });
}

// The end of the account's last full segment. What is before it is late.
std::optional<Instant> end_of_full_segments(std::int32_t account_id) {
    static PreparedQuery query("SELECT last_snapshot FROM active_calls.segment"
                               " WHERE customer_acc_id OPERATOR(pg_catalog.=) $1 AND is_full"
                               " ORDER BY last_snapshot DESC LIMIT 1",
                               {INT4OID});
    std::optional<Instant> end;
    query.for_each_row({not_null(Int32GetDatum(account_id))},
                       [&](const TupleTableSlot& slot, MemoryContext) {
                           end = to_instant(DatumGetTimestampTz(slot.tts_values[0]));
                       });
    return end;
}

struct GrowingSegment {
    std::int64_t id;
    std::size_t row_count;
    Instant last_snapshot;
};

// The account's segments that are not full, the newest first.
std::vector<GrowingSegment> growing_segments(std::int32_t account_id) {
    static PreparedQuery query("SELECT id, row_count, last_snapshot FROM active_calls.segment"
                               " WHERE customer_acc_id OPERATOR(pg_catalog.=) $1 AND NOT is_full"
                               " ORDER BY last_snapshot DESC, id DESC",
                               {INT4OID});
    std::vector<GrowingSegment> segments;
    query.for_each_row(
        {not_null(Int32GetDatum(account_id))}, [&](const TupleTableSlot& slot, MemoryContext) {
            segments.push_back({DatumGetInt64(slot.tts_values[0]),
                                static_cast<std::size_t>(DatumGetInt32(slot.tts_values[1])),
                                to_instant(DatumGetTimestampTz(slot.tts_values[2]))});
        });
    return segments;
}

// Moves the rows of a segment to the builder; none if somebody has deleted the segment.
void take_in(std::int64_t id, AccountBuilder& builder) {
    static PreparedQuery statement({"DELETE FROM active_calls.segment"
                                    " WHERE id OPERATOR(pg_catalog.=) $1 RETURNING id, ",
                                    segment_columns()},
                                   {INT8OID});
    statement.for_each_row({not_null(Int64GetDatum(id))},
                           [&](const TupleTableSlot& slot, MemoryContext memory) {
                               StoredSegment segment(slot.tts_values, slot.tts_isnull, memory);
                               segment.for_each_row([&](const Call& call) { builder.add(call); });
                           });
}

} // namespace

bool try_lock_segments() { return lock_segment_table("seal()", false); }

void lock_segments(const char* command) { lock_segment_table(command, true); }

void store_segments(const AccountBuilder& builder, std::size_t first, std::size_t count) {
    for (const std::size_t end = first + count; first < end; first += full_segment_rows) {
        guarded([] { CHECK_FOR_INTERRUPTS(); });
        const std::size_t rows = std::min(full_segment_rows, end - first);
        store(builder.encode(first, rows, std::pmr::get_default_resource()),
              rows == full_segment_rows || builder.has_much_text());
    }
}

void grow_segments(AccountBuilder& builder) {
    const std::vector<GrowingSegment> growing = growing_segments(builder.account_id());
    const std::optional<Instant> late_before = end_of_full_segments(builder.account_id());
    const auto is_late = [&](Instant t) { return late_before && t < *late_before; };

    builder.sort();
    const std::size_t late_rows = late_before ? builder.count_before(*late_before) : 0;
    for (const bool late : {true, false}) {
        std::size_t rows = late ? late_rows : builder.size() - late_rows;
        if (rows == 0) continue;
        for (const GrowingSegment& segment : growing) {
            if (is_late(segment.last_snapshot) != late) continue;
            if (segment.row_count > 2 * rows || builder.has_much_text()) break;
            take_in(segment.id, builder);
            rows += segment.row_count;
        }
    }
    builder.sort();
    const std::size_t late_end = late_before ? builder.count_before(*late_before) : 0;
    store_segments(builder, 0, late_end);
    store_segments(builder, late_end, builder.size() - late_end);
}

} // namespace active_calls::postgres
