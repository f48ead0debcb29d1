#include "sqlstates.h"

#include <algorithm>
#include <array>

namespace active_calls::shim {

namespace {

using enum Session;

constexpr const char* own_message = nullptr;

constexpr Told unexplained{500, ""};
constexpr Told unavailable{503, "database is not available"};

// The numbers are explained in feed/clickhouse_error.h.
constexpr Told send_again{210, "the database takes no rows now, send them again"};
constexpr Told see_log{1002, "internal error; the reason is in the shim's log, under the query id"};

/// SQLSTATEs are PostgreSQL's (Appendix A of its manual), but for class AC, which is the
/// extension's.
constexpr std::array meanings{
    // The account is none that may be seen.
    ErrorMeaning{"AC001", sound, {400, "invalid value account-id"}, see_log},
    // The rows are there: that is what a switch wanted, and no error (feed/feed_statement.cpp).
    ErrorMeaning{repeated_batch, sound, unexplained, see_log},
    // The API access is unknown.
    ErrorMeaning{"28000", sound, {401, ""}, see_log},
    // The series would have too many points; a row is too long.
    ErrorMeaning{"54000", sound, {400, own_message}, {36, own_message}},
    // Data does not parse, or does not fit.
    ErrorMeaning{"22", sound, unexplained, {27, own_message}},
    // A constraint or a trigger of the operator's own refuses a row.
    ErrorMeaning{"23", sound, unexplained, {469, own_message}},
    ErrorMeaning{"P0001", doubtful, unexplained, {469, own_message}},
    // The statement ran into its time limit.
    ErrorMeaning{query_canceled,
                 sound,
                 {504, "query took too long"},
                 {159, "writing the rows took too long, none is written"}},
    // The shim's role has no privilege.
    ErrorMeaning{
        "42501",
        doubtful,
        unexplained,
        {497, "the shim's database role may not write calls, which is the operator's to mend"}},
    // The database is a replica by now.
    ErrorMeaning{"25006", doubtful, unexplained, send_again},
    // Rolled back for a deadlock or for a replica's recovery; no disk space, memory, connections; a
    // lock was not to be had in time.
    ErrorMeaning{"40", doubtful, unavailable, send_again},
    ErrorMeaning{"53", doubtful, unavailable, send_again},
    ErrorMeaning{"55P03", doubtful, unavailable, send_again},
    // The connection failed; PostgreSQL shuts down, has crashed, starts up, or drops the database.
    ErrorMeaning{
        "08", ended, unavailable, {210, "the database is not available: send the rows again"}},
    ErrorMeaning{
        "57P", ended, unavailable, {210, "the database is not available: send the rows again"}},
    // Anything else.
    ErrorMeaning{"", doubtful, unexplained, see_log},
};

} // namespace

const ErrorMeaning& meaning_of(std::string_view sqlstate) {
    return *std::ranges::find_if(meanings, [&](const ErrorMeaning& meaning) {
        return sqlstate.starts_with(meaning.sqlstate);
    });
}

} // namespace active_calls::shim
