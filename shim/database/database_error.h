// What can go wrong between the shim and PostgreSQL, by what may be done about it.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace active_calls::shim {

// PostgreSQL answered a statement with an error.
class StatementFailed : public std::runtime_error {
public:
    StatementFailed(std::string sqlstate, const std::string& message)
        : std::runtime_error(message)
        , sqlstate(std::move(sqlstate)) {}

    std::string sqlstate;
};

// PostgreSQL gave no answer. `what()` is for the log.
class DatabaseUnavailable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// The connection broke under a statement; on another one the statement may succeed.
class ConnectionLost : public DatabaseUnavailable {
public:
    using DatabaseUnavailable::DatabaseUnavailable;
};

// There is no connection to be had: PostgreSQL is away, refuses, hangs, or all connections stayed
// busy.
class DatabaseAway : public DatabaseUnavailable {
public:
    using DatabaseUnavailable::DatabaseUnavailable;
};

} // namespace active_calls::shim
