// PostgreSQL's values as the kernel's, and back. Nothing here raises or allocates.
#pragma once

#include "server.h"

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

// The address of an inet, whatever its netmask. `address` must not be toasted, which an inet is
// not.
inline Address to_address(const inet* address) {
    const auto family =
        ip_family(address) == PGSQL_AF_INET ? Address::Family::v4 : Address::Family::v6;
    return {family, {ip_addr(address), Address::size(family)}};
}

inline bool has_netmask(const inet* address) { return ip_bits(address) != ip_maxbits(address); }

} // namespace active_calls::postgres
