// The SQL function interval_price.
#include "boundary.h"

#include "../kernel/price.h"

namespace active_calls::postgres {

extern "C" {

PG_FUNCTION_INFO_V1(interval_price);

// interval_price(duration, fee, initial_rate, next_rate, initial_interval, next_interval), strict
Datum interval_price(PG_FUNCTION_ARGS) {
    return sql_function(fcinfo, 6, [&] {
        const Tariff tariff{.fee = PG_GETARG_FLOAT8(1),
                            .initial_rate = PG_GETARG_FLOAT8(2),
                            .next_rate = PG_GETARG_FLOAT8(3),
                            .initial_interval = PG_GETARG_INT32(4),
                            .next_interval = PG_GETARG_INT32(5)};
        return Float8GetDatum(active_calls::interval_price(PG_GETARG_INT32(0), tariff));
    });
}

} // extern "C"

} // namespace active_calls::postgres
