// The SQL functions ingest, ingest_fields and ingest_piece: the switch's feed into `inbox`.
#include "boundary.h"

#include "inbox_writer.h"
#include "ingested_batches.h"
#include "prepared_query.h"
#include "value.h"

#include "../kernel/feed.h"

namespace active_calls::postgres {

namespace {

// The text as UTF-8. Raises: call it in a guarded body.
std::string_view utf8_of(const text* given) {
    const auto size = static_cast<int>(VARSIZE_ANY_EXHDR(given));
    const char* utf8 = pg_server_to_any(VARDATA_ANY(given), size, PG_UTF8);
    return utf8 == VARDATA_ANY(given) ? to_string_view(given) : std::string_view(utf8);
}

// Returns how many rows were written, which those that are skipped are not. The caller has
// connected to SPI.
std::int64_t write_rows(std::string_view rows, const FieldSet& fields, std::size_t first_line,
                        MemoryContext memory) {
    InboxWriter inbox(memory, PG_UTF8);
    const FeedCounts counts = read_feed(
        rows, fields, [&](const Call& call) { inbox.add(call); },
        [] { guarded([] { CHECK_FOR_INTERRUPTS(); }); }, first_line);
    const std::uint64_t written = inbox.finish();
    if (counts.unowned > 0)
        guarded([&] {
            ereport(NOTICE, errmsg_plural("skipped %zu row without customer_acc_id",
                                          "skipped %zu rows without customer_acc_id",
                                          counts.unowned, counts.unowned));
        });
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
            written = write_rows(rows, fields, 1, memory);
        else
            guarded([] { ereport(NOTICE, errmsg("skipped a batch that was ingested before")); });
    });
    return written;
}

// `batch` comes with the last piece alone. The pieces before it are in the same transaction, which
// an error rolls back.
std::int64_t write_piece(std::string_view rows, const FieldSet& fields, std::size_t first_line,
                         const std::optional<BatchDigest>& batch) {
    const MemoryContext memory = CurrentMemoryContext;
    std::int64_t written = 0;
    with_spi([&] {
        if (batch && !remember_batch(*batch))
            throw Error(ErrorKind::repeated_batch, "the batch was ingested before");
        written = write_rows(rows, fields, first_line, memory);
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

// ingest_piece(rows text, fields text[], first_line bigint, batch uuid) returns bigint
Datum ingest_piece(PG_FUNCTION_ARGS) {
    return sql_function(fcinfo, 4, [&] {
        if (PG_ARGISNULL(0)) throw Error(ErrorKind::missing_argument, "rows must not be null");
        if (PG_ARGISNULL(2))
            throw Error(ErrorKind::missing_argument, "first_line must not be null");
        const std::string_view rows = guarded([&] { return utf8_of(PG_GETARG_TEXT_PP(0)); });
        const FieldSet fields = PG_ARGISNULL(1)
                                    ? FieldSet::all()
                                    : fields_of(guarded([&] { return PG_GETARG_ARRAYTYPE_P(1); }));
        if (PG_GETARG_INT64(2) < 1)
            throw Error(ErrorKind::invalid_argument, "first_line must be at least 1");
        const auto first_line = static_cast<std::size_t>(PG_GETARG_INT64(2));
        std::optional<BatchDigest> batch;
        if (!PG_ARGISNULL(3)) batch = std::to_array(PG_GETARG_UUID_P(3)->data);
        return Int64GetDatum(write_piece(rows, fields, first_line, batch));
    });
}

} // extern "C"

} // namespace active_calls::postgres
