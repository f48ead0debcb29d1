#include "sqlstates.h"

#include <algorithm>

namespace active_calls::shim {

namespace {

using enum Session;

constexpr const char* own_message = nullptr;

// What customers are told: statuses of HTTP.
constexpr Told unknown_account{400, "invalid value account-id"};
constexpr Told too_many_points{400, own_message};
constexpr Told unknown_access{401, ""};
constexpr Told unexplained{500, ""};
constexpr Told unavailable{503, "database is not available"};
constexpr Told too_slow{504, "query took too long"};

// What a switch is told: numbers of ClickHouse's, which feed/clickhouse_error.h names.
constexpr Told wrong_row{27, own_message};
constexpr Told too_large{36, own_message};
constexpr Told no_such_column{16, own_message};
constexpr Told no_such_zone{36, "unknown time zone"};
constexpr Told not_in_time{159, "writing the rows took too long, none is written"};
constexpr Told send_again{210, "the database takes no rows now, send them again"};
constexpr Told send_later{210, "the database is not available: send the rows again"};
constexpr Told refused_row{469, own_message};
constexpr Told no_privilege{
    497, "the shim's database role may not write calls, which is the operator's to mend"};
constexpr Told see_log{1002, "internal error; the reason is in the shim's log, under the query id"};

// SQLSTATEs are PostgreSQL's (Appendix A of its manual), but for class AC, which is the
// extension's.
constexpr ErrorMeaning meanings[] = {
    {"AC001", sound, unknown_account, see_log},           // no such account, or it may not be seen
    {repeated_batch, sound, unexplained, see_log},        // no error, says feed/feed_statement.cpp
    {unknown_zone, sound, unexplained, no_such_zone},     // of the times in the rows
    {unknown_column, sound, unexplained, no_such_column}, // of the INSERT
    {"28000", sound, unknown_access, see_log},            // no such API access
    {"54000", sound, too_many_points, too_large},         // a series or a row is over a limit
    {"22", sound, unexplained, wrong_row},          // data that does not parse, or does not fit
    {"23", sound, unexplained, refused_row},        // by a constraint
    {"P0001", doubtful, unexplained, refused_row},  // by a trigger of the operator's own
    {query_canceled, sound, too_slow, not_in_time}, // the statement ran into its time limit
    {"42501", doubtful, unexplained, no_privilege}, // the shim's role has no privilege
    {"25006", doubtful, unexplained, send_again},   // the database is a replica by now
    {"40", doubtful, unavailable, send_again},      // rolled back: a deadlock, a replica's recovery
    {"53", doubtful, unavailable, send_again},      // no disk space, memory or connections
    {"55P03", doubtful, unavailable, send_again},   // a lock was not to be had in time
    {"08", ended, unavailable, send_later},         // the connection failed
    {"57P", ended, unavailable, send_later},        // PostgreSQL shuts down, starts up, has crashed
    {"", doubtful, unexplained, see_log},           // anything else
};

} // namespace

const ErrorMeaning& meaning_of(std::string_view sqlstate) {
    return *std::ranges::find_if(meanings, [&](const ErrorMeaning& meaning) {
        return sqlstate.starts_with(meaning.sqlstate);
    });
}

} // namespace active_calls::shim
