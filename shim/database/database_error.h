// What can go wrong between the shim and PostgreSQL, by what may be done about it.
#pragma once

#include "customer/refusal.h"

#include <stdexcept>
#include <string>
#include <string_view>

namespace active_calls::shim {

/// PostgreSQL answered a statement with an error.
class StatementFailed : public std::runtime_error {
public:
    StatementFailed(std::string sqlstate, const std::string& message, std::size_t ordinal = 0);

    std::string sqlstate;
    /// Which one failed, from 0, where a statement is executed several times.
    std::size_t ordinal;
};

/// PostgreSQL gave no answer. `what()` is for the log.
class DatabaseUnavailable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The connection broke under a statement; on another one the statement may succeed.
class ConnectionLost : public DatabaseUnavailable {
public:
    using DatabaseUnavailable::DatabaseUnavailable;
};

/// There is no connection to be had: PostgreSQL is away, refuses, hangs, or all connections stayed
/// busy.
class DatabaseAway : public DatabaseUnavailable {
public:
    using DatabaseUnavailable::DatabaseUnavailable;
};

/// The server says that it is this session that ends, not the statement that failed.
bool ends_session(std::string_view sqlstate);

/// The error is about what was asked, so the session is as good as before. After any other one a
/// fresh session is the safer one: it prepares anew, and on the server that is the right one now.
bool leaves_session_sound(std::string_view sqlstate);

/// What was asked is all right, and may succeed when it is asked again.
bool is_passing(std::string_view sqlstate);

/// The answer to a customer whose statement failed; status 500 for what is not the client's doing.
Refusal refusal_for(const StatementFailed& error);

} // namespace active_calls::shim
