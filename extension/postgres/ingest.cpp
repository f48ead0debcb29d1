// The SQL function ingest: the switch's feed into `inbox`.
#include "boundary.h"

#include "plan.h"
#include "value.h"

#include "../kernel/feed.h"

#include <span>
#include <string>
#include <vector>

namespace active_calls::postgres {

namespace {

// How many rows one INSERT takes: bounds the memory, whatever the size of the batch.
constexpr std::size_t rows_per_insert = 10'000;

// The columns of `inbox` in their order, as the arrays that the INSERT unnests.
enum InboxColumn {
    snapshot_timestamp,
    customer_acc_id,
    src_country_id,
    dst_country_id,
    src_prefix_routing,
    dst_prefix_routing,
    duration,
    auth_orig_ip,
    customer_price,
    inbox_column_count,
};

constexpr Oid column_types[inbox_column_count] = {
    TIMESTAMPTZOID, INT4OID, INT4OID, INT4OID, TEXTOID, TEXTOID, INT4OID, INETOID, FLOAT8OID,
};

SPIPlanPtr insert_rows() {
    static Plan plan;
    return plan.get(
        [] {
            return "INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id,"
                   " src_country_id, dst_country_id, src_prefix_routing, dst_prefix_routing,"
                   " duration, auth_orig_ip, customer_price)"
                   " SELECT * FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2),"
                   " pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5),"
                   " pg_catalog.unnest($6), pg_catalog.unnest($7), pg_catalog.unnest($8),"
                   " pg_catalog.unnest($9))";
        },
        {TIMESTAMPTZARRAYOID, INT4ARRAYOID, INT4ARRAYOID, INT4ARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
         INT4ARRAYOID, INETARRAYOID, FLOAT8ARRAYOID});
}

NullableDatum to_datum(std::optional<std::int32_t> value) {
    return value ? not_null(Int32GetDatum(*value)) : null_datum;
}

// Feed text is UTF-8; the database may be of another encoding, and then this can raise.
NullableDatum to_datum(std::optional<std::string_view> value) {
    if (!value) return null_datum;
    char* converted = pg_any_to_server(value->data(), static_cast<int>(value->size()), PG_UTF8);
    if (converted == value->data())
        return not_null(PointerGetDatum(
            cstring_to_text_with_len(value->data(), static_cast<int>(value->size()))));
    return not_null(CStringGetTextDatum(converted));
}

NullableDatum to_datum(const std::optional<Inet>& value) {
    if (!value) return null_datum;
    auto* address = static_cast<inet*>(palloc0(sizeof(inet)));
    const std::span<const std::uint8_t> bytes = value->address.bytes();
    ip_family(address) =
        value->address.family() == Address::Family::v4 ? PGSQL_AF_INET : PGSQL_AF_INET6;
    ip_bits(address) = value->netmask;
    std::memcpy(ip_addr(address), bytes.data(), bytes.size());
    SET_INET_VARSIZE(address);
    return not_null(InetPGetDatum(address));
}

NullableDatum column_of(const Call& call, int column) {
    switch (column) {
    case snapshot_timestamp:
        return not_null(TimestampTzGetDatum(to_timestamptz(call.snapshot)));
    case customer_acc_id:
        return not_null(Int32GetDatum(call.account_id));
    case src_country_id:
        return to_datum(call.src_country_id);
    case dst_country_id:
        return to_datum(call.dst_country_id);
    case src_prefix_routing:
        return to_datum(call.src_prefix_routing);
    case dst_prefix_routing:
        return to_datum(call.dst_prefix_routing);
    case duration:
        return not_null(Int32GetDatum(call.duration));
    case auth_orig_ip:
        return to_datum(call.auth_orig_ip);
    default:
        return not_null(Float8GetDatum(call.customer_price));
    }
}

// One column of the rows as an array. Raises: call it in a guarded body.
Datum array_of(std::span<const Call> calls, int column) {
    auto* values = static_cast<Datum*>(palloc(calls.size() * sizeof(Datum)));
    auto* nulls = static_cast<bool*>(palloc(calls.size() * sizeof(bool)));
    for (std::size_t i = 0; i < calls.size(); ++i) {
        const NullableDatum value = column_of(calls[i], column);
        values[i] = value.value;
        nulls[i] = value.isnull;
    }
    const Oid type = column_types[column];
    std::int16_t length = 0;
    bool by_value = false;
    char alignment = 0;
    get_typlenbyvalalign(type, &length, &by_value, &alignment);
    int size[] = {static_cast<int>(calls.size())};
    int lower_bound[] = {1};
    return PointerGetDatum(
        construct_md_array(values, nulls, 1, size, lower_bound, type, length, by_value, alignment));
}

// Calls that wait for the next INSERT.
class InboxBatch {
public:
    explicit InboxBatch(MemoryContext memory)
        : memory_(memory)
        , calls_(&memory_)
        , text_(&memory_) {
        calls_.reserve(rows_per_insert);
    }

    void add(Call call) {
        call.src_prefix_routing = keep(call.src_prefix_routing);
        call.dst_prefix_routing = keep(call.dst_prefix_routing);
        calls_.push_back(call);
        if (calls_.size() == rows_per_insert) flush();
    }

    void flush() {
        if (calls_.empty()) return;
        const SPIPlanPtr plan = insert_rows();
        const std::span<const Call> calls = calls_;
        guarded([&] { insert(plan, calls); });
        calls_.clear();
        text_.release();
    }

private:
    static void insert(SPIPlanPtr plan, std::span<const Call> calls) {
        CHECK_FOR_INTERRUPTS();
        const MemoryContext arrays = AllocSetContextCreate(
            CurrentMemoryContext, "active_calls feed rows", ALLOCSET_DEFAULT_SIZES);
        const MemoryContext caller_context = MemoryContextSwitchTo(arrays);
        Datum values[inbox_column_count];
        for (int column = 0; column < inbox_column_count; ++column)
            values[column] = array_of(calls, column);
        MemoryContextSwitchTo(caller_context);
        const int result = SPI_execute_plan(plan, values, nullptr, false, 0);
        if (result != SPI_OK_INSERT)
            elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));
        MemoryContextDelete(arrays);
    }

    std::optional<std::string_view> keep(std::optional<std::string_view> text) {
        if (!text) return text;
        auto* kept = static_cast<char*>(text_.allocate(text->size(), 1));
        std::memcpy(kept, text->data(), text->size());
        return std::string_view(kept, text->size());
    }

    MemoryContextResource memory_;
    std::pmr::vector<Call> calls_;
    std::pmr::monotonic_buffer_resource text_;
};

} // namespace

extern "C" {

PG_FUNCTION_INFO_V1(ingest);

// ingest(rows text) returns bigint, strict
Datum ingest(PG_FUNCTION_ARGS) {
    return boundary([&] {
        const std::string_view rows = guarded([&] {
            const text* given = PG_GETARG_TEXT_PP(0);
            const auto size = static_cast<int>(VARSIZE_ANY_EXHDR(given));
            const char* utf8 = pg_server_to_any(VARDATA_ANY(given), size, PG_UTF8);
            return utf8 == VARDATA_ANY(given) ? to_string_view(given) : std::string_view(utf8);
        });
        const MemoryContext memory = CurrentMemoryContext;
        FeedCounts counts;
        with_spi([&] {
            InboxBatch batch(memory);
            counts = read_feed(
                rows, [&](const Call& call) { batch.add(call); },
                [] { guarded([] { CHECK_FOR_INTERRUPTS(); }); });
            batch.flush();
        });
        guarded([&] {
            if (counts.unowned > 0)
                ereport(NOTICE, errmsg_plural("skipped %zu row without customer_acc_id",
                                              "skipped %zu rows without customer_acc_id",
                                              counts.unowned, counts.unowned));
        });
        return Int64GetDatum(static_cast<std::int64_t>(counts.accepted));
    });
}

} // extern "C"

} // namespace active_calls::postgres
