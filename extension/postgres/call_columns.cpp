#include "call_columns.h"

#include "prepared_query.h"
#include "value.h"

#include <algorithm>
#include <cstring>
#include <span>

namespace active_calls::postgres {

namespace {

NullableDatum to_datum(std::optional<std::int32_t> value) {
    return value ? not_null(Int32GetDatum(*value)) : null_datum;
}

NullableDatum to_datum(std::optional<std::string_view> value, int encoding) {
    if (!value) return null_datum;
    // Most texts are numbers, which need neither conversion nor a check.
    const auto is_ascii = [](char c) { return c != '\0' && static_cast<unsigned char>(c) < 0x80; };
    const auto size = static_cast<int>(value->size());
    const char* const stored = std::ranges::all_of(*value, is_ascii)
                                   ? value->data()
                                   : pg_any_to_server(value->data(), size, encoding);
    return not_null(stored == value->data()
                        ? PointerGetDatum(cstring_to_text_with_len(stored, size))
                        : CStringGetTextDatum(stored));
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

} // namespace active_calls::postgres
