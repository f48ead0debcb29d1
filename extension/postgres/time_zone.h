// A time zone as PostgreSQL knows it.
#pragma once

#include "pg_headers.h"

#include "../kernel/peaks.h"

namespace active_calls::postgres {

class TimeZone final : public LocalDays {
public:
    // PostgreSQL keeps a zone for as long as the session lasts.
    explicit TimeZone(pg_tz* zone)
        : zone_(zone) {}

    std::int64_t day_of(Instant t) const override;
    Instant begin_of(std::int64_t day) const override;

private:
    pg_tz* zone_;
};

// The zone that `SET timezone` would set, or null if there is none. Raises: call it in a guarded
// body.
pg_tz* find_time_zone(const char* name);

// The same. Throws Error (invalid_argument) if there is none.
TimeZone time_zone_of(const std::string& name);

} // namespace active_calls::postgres
