#include "call_columns.h"

#include "prepared_query.h"

#include <algorithm>
#include <cstring>
#include <span>

namespace active_calls::postgres {

namespace {

Datum to_datum(Instant value, int) { return TimestampTzGetDatum(to_timestamptz(value)); }
Datum to_datum(std::int32_t value, int) { return Int32GetDatum(value); }
Datum to_datum(double value, int) { return Float8GetDatum(value); }

Datum to_datum(std::string_view value, int encoding) {
    // Most texts are numbers, which need neither conversion nor a check.
    const auto is_ascii = [](char c) { return c != '\0' && static_cast<unsigned char>(c) < 0x80; };
    const auto size = static_cast<int>(value.size());
    const char* const stored = std::ranges::all_of(value, is_ascii)
                                   ? value.data()
                                   : pg_any_to_server(value.data(), size, encoding);
    return stored == value.data() ? PointerGetDatum(cstring_to_text_with_len(stored, size))
                                  : CStringGetTextDatum(stored);
}

Datum to_datum(const Inet& value, int) {
    auto* stored = static_cast<inet*>(palloc0(sizeof(inet)));
    const std::span<const std::uint8_t> bytes = value.address.bytes();
    ip_family(stored) =
        value.address.family() == Address::Family::v4 ? PGSQL_AF_INET : PGSQL_AF_INET6;
    ip_bits(stored) = value.netmask;
    std::memcpy(ip_addr(stored), bytes.data(), bytes.size());
    SET_INET_VARSIZE(stored);
    return InetPGetDatum(stored);
}

template<class Value>
NullableDatum to_nullable(const Value& value, int encoding) {
    return not_null(to_datum(value, encoding));
}
template<class Value>
NullableDatum to_nullable(const std::optional<Value>& value, int encoding) {
    return value ? not_null(to_datum(*value, encoding)) : null_datum;
}

} // namespace

const std::string& call_column_list() {
    static const std::string list = [] {
        std::string names;
        for_each_column([&](const auto& column) {
            names.append(names.empty() ? "" : ", ").append(column.name);
        });
        return names;
    }();
    return list;
}

Call to_call(const TupleTableSlot& slot, MemoryContext memory) {
    Call call;
    for_each_column([&](const auto& column) {
        using Member = typename std::decay_t<decltype(column)>::Member;
        call.*column.member = member_of<Member>(slot, static_cast<std::size_t>(column.id), memory);
    });
    return call;
}

NullableDatum to_datum(const Call& call, Column column, int encoding) {
    NullableDatum datum = null_datum;
    for_each_column([&](const auto& one) {
        if (one.id == column) datum = to_nullable(call.*one.member, encoding);
    });
    return datum;
}

void store(const Call& call, ColumnSet columns, int encoding, TupleTableSlot* slot) {
    ExecClearTuple(slot);
    for_each_column([&](const auto& column) {
        const auto i = static_cast<std::size_t>(column.id);
        const NullableDatum value =
            columns.contains(column.id) ? to_nullable(call.*column.member, encoding) : null_datum;
        slot->tts_values[i] = value.value;
        slot->tts_isnull[i] = value.isnull;
    });
    ExecStoreVirtualTuple(slot);
}

} // namespace active_calls::postgres
