#include "boundary.h"

#include "feed_rules.h"
#include "latest_snapshot.h"
#include "settings.h"
#include "time_zone.h"
#include "value.h"

#include <string>

namespace active_calls::postgres {

namespace {

LocalClock clock_of(const std::string& zone) {
    pg_tz* const known = guarded([&] { return find_time_zone(zone.c_str()); });
    if (known == nullptr)
        throw Error(ErrorKind::unknown_zone, "unknown time zone",
                    "The view pg_timezone_names has those that are known.");
    if (zone == "UTC") return {};
    return {zone, [known](Instant moment) {
                const auto since_1970 =
                    std::chrono::floor<std::chrono::seconds>(moment - unix_epoch);
                const pg_time_t time = since_1970.count();
                const pg_tm* const local = pg_localtime(&time, known);
                return std::chrono::seconds{local ? local->tm_gmtoff : 0};
            }};
}

} // namespace

RowRules feed_rules(std::optional<std::string_view> zone) {
    RowRules rules;
    rules.clock = clock_of(std::string(zone.value_or(feed_time_zone())));
    // By the clock, not by the transaction, which may be long.
    rules.latest = latest_snapshot(to_instant(GetCurrentTimestamp())).value_or(Instant::max());
    rules.snapshot_period = snapshot_period();
    return rules;
}

} // namespace active_calls::postgres
