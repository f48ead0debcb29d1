// PostgreSQL's values as the kernel's, and back.
#pragma once

#include "boundary.h"

#include "../kernel/address.h"
#include "../kernel/instant.h"

#include <string_view>

namespace active_calls::postgres {

inline Instant to_instant(TimestampTz t) { return Instant{std::chrono::microseconds{t}}; }

inline TimestampTz to_timestamptz(Instant t) { return t.time_since_epoch().count(); }

// `text` must not be toasted.
inline std::string_view to_string_view(const text* text) {
    return {VARDATA_ANY(text), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(text))};
}

// A value of variable length as it was stored, detoasted into `context` where it is compressed or
// out of line. Throws PendingError.
inline varlena* plain_varlena(Datum value, MemoryContext context) {
    auto* stored = reinterpret_cast<varlena*>(DatumGetPointer(value));
    if (!VARATT_IS_COMPRESSED(stored) && !VARATT_IS_EXTERNAL(stored)) return stored;
    return guarded([&] {
        const MemoryContext caller_context = MemoryContextSwitchTo(context);
        varlena* plain = pg_detoast_datum_packed(stored);
        MemoryContextSwitchTo(caller_context);
        return plain;
    });
}

inline std::string_view plain_text(Datum value, MemoryContext context) {
    return to_string_view(plain_varlena(value, context));
}

// The address of an inet, whatever its netmask. `address` must not be toasted, which an inet is
// not.
inline Address to_address(const inet* address) {
    const auto family =
        ip_family(address) == PGSQL_AF_INET ? Address::Family::v4 : Address::Family::v6;
    return {family, {ip_addr(address), Address::size(family)}};
}

inline Inet to_inet(const inet* stored) { return {to_address(stored), ip_bits(stored)}; }

inline bool has_netmask(const inet* address) { return ip_bits(address) != ip_maxbits(address); }

} // namespace active_calls::postgres
