#include "database_error.h"

#include <string_view>
#include <utility>

namespace active_calls::shim {

// SQLSTATEs are PostgreSQL's, Appendix A of its manual.

StatementFailed::StatementFailed(std::string sqlstate, const std::string& message,
                                 std::size_t ordinal)
    : std::runtime_error(message)
    , sqlstate(std::move(sqlstate))
    , ordinal(ordinal) {}

bool ends_session(std::string_view sqlstate) {
    // Class 08: connection; 57P01 to 57P05: shutdown, crash, starting up, database dropped, idle.
    return sqlstate.starts_with("08") || sqlstate.starts_with("57P");
}

bool leaves_session_sound(std::string_view sqlstate) {
    // Classes 22, 23: data that does not fit, or breaks a constraint; limits; access; timeout.
    return sqlstate.starts_with("22") || sqlstate.starts_with("23") || sqlstate == "54000" ||
           sqlstate == "28000" || sqlstate == "57014";
}

bool is_passing(std::string_view sqlstate) {
    // Classes 40: rolled back, for a deadlock or a replica's recovery; 53: no disk space, memory,
    // connections. 55P03: a lock was not to be had in time.
    return sqlstate.starts_with("40") || sqlstate.starts_with("53") || sqlstate == "55P03";
}

Refusal refusal_for(const StatementFailed& error) {
    const std::string message = error.what();
    if (error.sqlstate == "22023" && message == "invalid value account-id")
        return Refusal(400, message);
    if (error.sqlstate == "54000") return Refusal(400, message);
    if (error.sqlstate == "28000") return Refusal(401);
    if (error.sqlstate == "57014") return Refusal(504, "query took too long");
    if (is_passing(error.sqlstate)) return Refusal(503, "database is not available");
    return Refusal(500);
}

} // namespace active_calls::shim
