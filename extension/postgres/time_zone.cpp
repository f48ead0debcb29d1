#include "time_zone.h"

#include "value.h"

#include "../kernel/error.h"

namespace active_calls::postgres {

namespace {

constexpr int epoch_day = UNIX_EPOCH_JDATE;

struct LocalTime {
    std::int64_t day;
    std::chrono::microseconds since_midnight;
};

LocalTime local_time(Instant t, pg_tz* zone) {
    int offset = 0;
    pg_tm time{};
    fsec_t fraction = 0;
    if (timestamp2tm(to_timestamptz(t), &offset, &time, &fraction, nullptr, zone) != 0)
        throw Error(ErrorKind::limit_exceeded, "timestamp out of range");
    return {date2j(time.tm_year, time.tm_mon, time.tm_mday) - epoch_day,
            std::chrono::hours{time.tm_hour} + std::chrono::minutes{time.tm_min} +
                std::chrono::seconds{time.tm_sec} + std::chrono::microseconds{fraction}};
}

} // namespace

std::int64_t TimeZone::day_of(Instant t) const { return local_time(t, zone_).day; }

// Where clocks are put forward at midnight, the day begins later. Where they are put back to
// midnight, PostgreSQL takes the second midnight, but the day begins at the first.
Instant TimeZone::begin_of(std::int64_t day) const {
    pg_tm midnight{};
    j2date(static_cast<int>(day) + epoch_day, &midnight.tm_year, &midnight.tm_mon,
           &midnight.tm_mday);
    const std::chrono::seconds offset{DetermineTimeZoneOffset(&midnight, zone_)};
    const Instant begin = unix_epoch + std::chrono::days{day} + offset;
    constexpr std::chrono::microseconds moment{1};
    const LocalTime before = local_time(begin - moment, zone_);
    return before.day == day ? begin - before.since_midnight - moment : begin;
}

pg_tz* find_time_zone(const char* name) {
    pg_tz* const zone = pg_tzset(name);
    return zone != nullptr && pg_tz_acceptable(zone) ? zone : nullptr;
}

TimeZone time_zone_of(const std::string& name) {
    pg_tz* const zone = guarded([&] { return find_time_zone(name.c_str()); });
    if (zone == nullptr)
        throw Error(ErrorKind::invalid_argument, "invalid value time_zone",
                    "It is a name of the view pg_timezone_names, such as Europe/Kyiv.");
    return TimeZone(zone);
}

} // namespace active_calls::postgres
