// And the SQL function latest_snapshot.
#include "boundary.h"

#include "latest_snapshot.h"
#include "settings.h"
#include "value.h"

namespace active_calls::postgres {

std::optional<Instant> latest_snapshot(Instant now) {
    const auto ahead = max_clock_ahead();
    if (!ahead) return std::nullopt;
    return now + *ahead;
}

extern "C" {

PG_FUNCTION_INFO_V1(latest_snapshot_timestamp);

// latest_snapshot() returns timestamptz, as now() for a whole transaction
Datum latest_snapshot_timestamp(PG_FUNCTION_ARGS) {
    return sql_function(fcinfo, 0, [&] {
        const auto latest = latest_snapshot(to_instant(GetCurrentTransactionStartTimestamp()));
        return TimestampTzGetDatum(latest ? to_timestamptz(*latest) : DT_NOEND);
    });
}

} // extern "C"

} // namespace active_calls::postgres
