// The SQL functions ingest and ingest_fields: the switch's feed into `inbox`.
#include "boundary.h"

#include "inbox_writer.h"
#include "ingested_rows.h"
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

void notice_skipped(const FeedCounts& counts) {
    if (counts.unowned > 0)
        ereport(NOTICE, errmsg_plural("skipped %zu row without customer_acc_id",
                                      "skipped %zu rows without customer_acc_id", counts.unowned,
                                      counts.unowned));
    if (counts.repeated > 0)
        ereport(NOTICE, errmsg_plural("skipped %zu row that was ingested before",
                                      "skipped %zu rows that were ingested before", counts.repeated,
                                      counts.repeated));
}

// Returns how many rows were written, which those that are skipped are not.
std::int64_t write_rows(std::string_view rows, const FieldSet& fields) {
    const MemoryContext memory = CurrentMemoryContext;
    FeedCounts counts;
    std::uint64_t written = 0;
    with_spi([&] {
        InboxWriter inbox(memory, PG_UTF8);
        IngestedRows ingested(memory);
        counts = read_feed(
            rows, fields,
            [&](const Call& call, const std::optional<RowKey>& key) {
                if (key && !ingested.add(call.snapshot, *key)) return false;
                inbox.add(call);
                return true;
            },
            [] { guarded([] { CHECK_FOR_INTERRUPTS(); }); });
        written = inbox.finish();
        ingested.remember();
    });
    guarded([&] { notice_skipped(counts); });
    return static_cast<std::int64_t>(written);
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

// ingest(rows text) returns bigint, strict
Datum ingest(PG_FUNCTION_ARGS) {
    return sql_function(fcinfo, 1, [&] {
        const std::string_view rows = guarded([&] { return utf8_of(PG_GETARG_TEXT_PP(0)); });
        return Int64GetDatum(write_rows(rows, FieldSet::all()));
    });
}

// ingest_fields(rows text, fields text[]) returns bigint, strict
Datum ingest_fields(PG_FUNCTION_ARGS) {
    return sql_function(fcinfo, 2, [&] {
        const std::string_view rows = guarded([&] { return utf8_of(PG_GETARG_TEXT_PP(0)); });
        ArrayType* const fields = guarded([&] { return PG_GETARG_ARRAYTYPE_P(1); });
        return Int64GetDatum(write_rows(rows, fields_of(fields)));
    });
}

} // extern "C"

} // namespace active_calls::postgres
