// The answer of the database: calls over time.
#pragma once

#include "database/pg_connection.h"

#include <cstdint>
#include <string>
#include <vector>

namespace active_calls::shim {

// Point i: `calls[i]` calls were up at `times[i]`, in seconds since 1970.
struct Series {
    std::vector<std::int64_t> times;
    std::vector<std::int32_t> calls;
};

// Reads rows (timestamptz, int4) in binary format.
Series series_of(const PGresult* rows);

// `{"data":{"t":[…],"calls":[…]},"rows":N}`, the keys in this order.
std::string to_json(const Series& series);

} // namespace active_calls::shim
