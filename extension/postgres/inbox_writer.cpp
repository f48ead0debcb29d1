#include "inbox_writer.h"

#include "plan.h"

#include <algorithm>
#include <span>

namespace active_calls::postgres {

namespace {

// How many rows, and about how many bytes of text, one INSERT takes: bounds the memory, whatever
// the number of calls and the length of their numbers.
constexpr std::size_t rows_per_insert = 10'000;
constexpr std::size_t text_per_insert = std::size_t{8} << 20;

// As the arrays that the INSERT unnests.
constexpr Oid column_types[call_column_count] = {
    TIMESTAMPTZOID, INT4OID, INT4OID, INT4OID, TEXTOID, TEXTOID, INT4OID, INETOID, FLOAT8OID,
};

// Arrays of the same length are unnested side by side in a list of targets; in FROM, each would
// become a table of its own first.
SPIPlanPtr insert_rows() {
    static Plan plan;
    return plan.get(
        [] {
            return "INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id,"
                   " src_country_id, dst_country_id, src_prefix_routing, dst_prefix_routing,"
                   " duration, auth_orig_ip, customer_price)"
                   " SELECT pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3),"
                   " pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6),"
                   " pg_catalog.unnest($7), pg_catalog.unnest($8), pg_catalog.unnest($9)";
        },
        {TIMESTAMPTZARRAYOID, INT4ARRAYOID, INT4ARRAYOID, INT4ARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
         INT4ARRAYOID, INETARRAYOID, FLOAT8ARRAYOID});
}

NullableDatum to_datum(std::optional<std::int32_t> value) {
    return value ? not_null(Int32GetDatum(*value)) : null_datum;
}

NullableDatum to_datum(std::optional<std::string_view> value, int encoding) {
    if (!value) return null_datum;
    char* converted = pg_any_to_server(value->data(), static_cast<int>(value->size()), encoding);
    if (converted == value->data())
        return not_null(PointerGetDatum(
            cstring_to_text_with_len(value->data(), static_cast<int>(value->size()))));
    return not_null(CStringGetTextDatum(converted));
}

NullableDatum to_datum(const std::optional<Inet>& value) {
    if (!value) return null_datum;
    auto* stored = static_cast<inet*>(palloc0(sizeof(inet)));
    const std::span<const std::uint8_t> bytes = value->address.bytes();
    ip_family(stored) =
        value->address.family() == Address::Family::v4 ? PGSQL_AF_INET : PGSQL_AF_INET6;
    ip_bits(stored) = value->netmask;
    std::memcpy(ip_addr(stored), bytes.data(), bytes.size());
    SET_INET_VARSIZE(stored);
    return not_null(InetPGetDatum(stored));
}

// One column of the rows as an array. Raises: call it in a guarded body.
Datum array_of(std::span<const Call> calls, CallColumn column, int encoding) {
    auto* values = static_cast<Datum*>(palloc(calls.size() * sizeof(Datum)));
    auto* nulls = static_cast<bool*>(palloc(calls.size() * sizeof(bool)));
    for (std::size_t i = 0; i < calls.size(); ++i) {
        const NullableDatum value = to_datum(calls[i], column, encoding);
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

void insert(SPIPlanPtr plan, std::span<const Call> calls, int encoding) {
    CHECK_FOR_INTERRUPTS();
    const MemoryContext arrays =
        AllocSetContextCreate(CurrentMemoryContext, "active_calls rows", ALLOCSET_DEFAULT_SIZES);
    const MemoryContext caller_context = MemoryContextSwitchTo(arrays);
    Datum values[call_column_count];
    for (int column = 0; column < call_column_count; ++column)
        values[column] = array_of(calls, static_cast<CallColumn>(column), encoding);
    MemoryContextSwitchTo(caller_context);
    const int result = SPI_execute_plan(plan, values, nullptr, false, 0);
    if (result != SPI_OK_INSERT)
        elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));
    MemoryContextDelete(arrays);
}

} // namespace

NullableDatum to_datum(const Call& call, CallColumn column, int encoding) {
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
        return to_datum(call.src_prefix_routing, encoding);
    case dst_prefix_routing:
        return to_datum(call.dst_prefix_routing, encoding);
    case duration:
        return not_null(Int32GetDatum(call.duration));
    case auth_orig_ip:
        return to_datum(call.auth_orig_ip);
    default:
        return not_null(Float8GetDatum(call.customer_price));
    }
}

InboxWriter::InboxWriter(MemoryContext memory, int encoding)
    : encoding_(encoding)
    , memory_(memory)
    , calls_(&memory_)
    , text_(&memory_) {
    calls_.reserve(rows_per_insert);
}

void InboxWriter::add(Call call) {
    call.src_prefix_routing = keep(call.src_prefix_routing);
    call.dst_prefix_routing = keep(call.dst_prefix_routing);
    calls_.push_back(call);
    if (calls_.size() == rows_per_insert || text_bytes_ >= text_per_insert) flush();
}

void InboxWriter::flush() {
    if (calls_.empty()) return;
    const SPIPlanPtr plan = insert_rows();
    // So that neighbours go to the same page of the index, and an account's calls lie together.
    std::ranges::stable_sort(calls_, {}, &Call::account_id);
    const std::span<const Call> calls = calls_;
    guarded([&, encoding = encoding_] { insert(plan, calls, encoding); });
    calls_.clear();
    text_.release();
    text_bytes_ = 0;
}

std::optional<std::string_view> InboxWriter::keep(std::optional<std::string_view> text) {
    if (!text) return text;
    auto* kept = static_cast<char*>(text_.allocate(text->size(), 1));
    std::memcpy(kept, text->data(), text->size());
    text_bytes_ += text->size();
    return std::string_view(kept, text->size());
}

} // namespace active_calls::postgres
