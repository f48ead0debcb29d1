// The SQL functions ingest, ingest_fields and ingest_piece: the switch's feed into `inbox`.
#include "boundary.h"

#include "feed_batch.h"
#include "feed_rules.h"
#include "inbox_writer.h"
#include "ingested_batches.h"
#include "prepared_query.h"
#include "value.h"

#include "../kernel/feed/feed_reader.h"

namespace active_calls::postgres {

namespace {

// The text as UTF-8. Raises: call it in a guarded body.
std::string_view utf8_of(const text* given) {
    const auto size = static_cast<int>(VARSIZE_ANY_EXHDR(given));
    const char* utf8 = pg_server_to_any(VARDATA_ANY(given), size, PG_UTF8);
    return utf8 == VARDATA_ANY(given) ? to_string_view(given) : std::string_view(utf8);
}

void tell_what_was_skipped(const FeedCounts& counts) {
    const auto unowned = static_cast<unsigned long>(counts.unowned);
    const auto doubtful = static_cast<unsigned long>(counts.doubtful);
    guarded([&] {
        if (unowned > 0)
            ereport(NOTICE,
                    errmsg_plural("skipped %lu row without customer_acc_id",
                                  "skipped %lu rows without customer_acc_id", unowned, unowned));
        if (doubtful > 0)
            ereport(NOTICE,
                    errmsg_plural("%lu row has a time that clocks have shown twice",
                                  "%lu rows have a time that clocks have shown twice", doubtful,
                                  doubtful),
                    errdetail("It was taken for the second time, or the first where the second "
                              "cannot be."));
    });
}

// Returns how many rows were written, which those that are skipped are not. The caller has
// connected to SPI.
std::int64_t write_rows(std::string_view rows, const FieldSet& fields, MemoryContext memory) {
    InboxWriter inbox(memory, PG_UTF8);
    const auto accept = [&](const Call& call) { inbox.add(call); };
    FeedReader reader(fields, feed_rules(std::nullopt), {});
    reader.add(rows, accept);
    reader.finish(accept);
    const std::uint64_t written = inbox.finish();
    tell_what_was_skipped(reader.counts());
    return static_cast<std::int64_t>(written);
}

// The batch is remembered before its rows are read: where it comes twice at a time, the second
// waits, and does nothing in vain.
std::int64_t write_batch(std::string_view rows, const FieldSet& fields) {
    const MemoryContext memory = CurrentMemoryContext;
    std::int64_t written = 0;
    with_spi([&] {
        const auto digest = digest_of(rows, fields);
        if (!digest || remember_batch(*digest))
            written = write_rows(rows, fields, memory);
        else
            guarded([] { ereport(NOTICE, errmsg("skipped a batch that was ingested before")); });
    });
    return written;
}

// The fields that a text[] names, in UTF-8.
FieldSet fields_of(ArrayType* names) {
    Datum* elements = nullptr;
    bool* nulls = nullptr;
    int count = 0;
    guarded([&] {
        deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
    });
    FieldSet fields;
    for (int i = 0; i < count; ++i) {
        if (nulls[i]) throw Error(ErrorKind::missing_argument, "fields must not contain nulls");
        fields.insert(guarded([&] { return utf8_of(DatumGetTextPP(elements[i])); }));
    }
    return fields;
}

void require_argument(FunctionCallInfo fcinfo, int index, const char* name) {
    if (PG_ARGISNULL(index))
        throw Error(ErrorKind::missing_argument, std::string(name) + " must not be null");
}

// What a batch's first piece says of all of it.
FeedBatch& begin_feed_batch(FunctionCallInfo fcinfo) {
    const FieldSet fields = PG_ARGISNULL(1)
                                ? FieldSet::all()
                                : fields_of(guarded([&] { return PG_GETARG_ARRAYTYPE_P(1); }));
    std::optional<std::string_view> zone;
    if (!PG_ARGISNULL(2)) zone = guarded([&] { return to_string_view(PG_GETARG_TEXT_PP(2)); });
    if (PG_GETARG_INT64(3) < 0)
        throw Error(ErrorKind::invalid_argument, "max_errors must not be negative");
    if (!(PG_GETARG_FLOAT8(4) >= 0 && PG_GETARG_FLOAT8(4) <= 1))
        throw Error(ErrorKind::invalid_argument, "max_error_ratio must be from 0 to 1");
    const AllowedErrors allowed{static_cast<std::uint64_t>(PG_GETARG_INT64(3)),
                                PG_GETARG_FLOAT8(4)};
    return FeedBatch::begin(fields, feed_rules(zone), allowed);
}

// (rows_read, rows_written, rows_unowned, rows_lost, rows_doubtful, first_error)
Datum to_record(FunctionCallInfo fcinfo, const FeedBatch& batch) {
    const FeedCounts& counts = batch.reader.counts();
    const char* const first_error = counts.first_error.c_str();
    const std::uint64_t written = batch.written;
    return guarded([&] {
        TupleDesc columns = nullptr;
        if (get_call_result_type(fcinfo, nullptr, &columns) != TYPEFUNC_COMPOSITE ||
            columns->natts != 6)
            elog(ERROR, "ingest_piece must return a record of six columns");
        const bool nulls[6]{false, false, false, false, false, counts.first_error.empty()};
        const auto count = [](std::uint64_t n) {
            return Int64GetDatum(static_cast<std::int64_t>(n));
        };
        Datum values[6]{count(counts.read),     count(written),
                        count(counts.unowned),  count(counts.lost),
                        count(counts.doubtful), nulls[5] ? 0 : CStringGetTextDatum(first_error)};
        return HeapTupleGetDatum(
            heap_form_tuple(BlessTupleDesc(columns), values, const_cast<bool*>(nulls)));
    });
}

} // namespace

extern "C" {

PG_FUNCTION_INFO_V1(ingest);
PG_FUNCTION_INFO_V1(ingest_fields);
PG_FUNCTION_INFO_V1(ingest_piece);

// ingest(rows text) returns bigint, strict
Datum ingest(PG_FUNCTION_ARGS) {
    return sql_function(fcinfo, 1, [&] {
        const std::string_view rows = guarded([&] { return utf8_of(PG_GETARG_TEXT_PP(0)); });
        return Int64GetDatum(write_batch(rows, FieldSet::all()));
    });
}

// ingest_fields(rows text, fields text[]) returns bigint, strict
Datum ingest_fields(PG_FUNCTION_ARGS) {
    return sql_function(fcinfo, 2, [&] {
        const std::string_view rows = guarded([&] { return utf8_of(PG_GETARG_TEXT_PP(0)); });
        ArrayType* const fields = guarded([&] { return PG_GETARG_ARRAYTYPE_P(1); });
        return Int64GetDatum(write_batch(rows, fields_of(fields)));
    });
}

// ingest_piece(piece bytea, fields text[], time_zone text, max_errors bigint,
//              max_error_ratio double precision, is_last boolean) returns record
Datum ingest_piece(PG_FUNCTION_ARGS) {
    return sql_function(fcinfo, 6, [&] {
        require_argument(fcinfo, 0, "piece");
        require_argument(fcinfo, 3, "max_errors");
        require_argument(fcinfo, 4, "max_error_ratio");
        require_argument(fcinfo, 5, "is_last");
        FeedBatch* const under_way = FeedBatch::current();
        FeedBatch& batch = under_way ? *under_way : begin_feed_batch(fcinfo);
        const std::string_view piece =
            guarded([&] { return to_string_view(PG_GETARG_BYTEA_PP(0)); });
        const bool is_last = PG_GETARG_BOOL(5);
        const MemoryContext memory = CurrentMemoryContext;
        with_spi([&] { batch.add(piece, is_last, memory); });
        const Datum record = to_record(fcinfo, batch);
        if (is_last) FeedBatch::end();
        return record;
    });
}

} // extern "C"

} // namespace active_calls::postgres
