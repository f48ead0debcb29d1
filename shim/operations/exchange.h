// One request on its way to its answer: what all services have in common.
#pragma once

#include "database/database_error.h"
#include "database/sqlstates.h"
#include "http/message.h"
#include "log/log.h"
#include "metrics.h"

#include <chrono>
#include <optional>
#include <string>

namespace active_calls::shim {

// Seconds after which a client may try again, with a 503.
inline constexpr const char* retry_after = "1";

struct Exchange {
    const http::Request& request;
    http::Response response = {};
    // What went wrong, for the log only.
    Log::Fields failure = {};
    std::optional<DatabaseErrorKind> database_error = std::nullopt;

    std::chrono::nanoseconds duration() const {
        return std::chrono::steady_clock::now() - request.received_at;
    }

    // Calls `work` and returns what it threw, in terms of the client: an `Error` as it is, an
    // error of the database as `Error::of` its meaning, anything else as an unexplained error.
    template<typename Error, typename Work>
    std::optional<Error> attempt(const Work& work) {
        try {
            work();
            return std::nullopt;
        } catch (const Error& error) {
            return error;
        } catch (const StatementFailed& error) {
            failure = {{"sqlstate", error.sqlstate}, {"error", error.what()}};
            database_error = error.sqlstate == query_canceled ? DatabaseErrorKind::timeout
                                                              : DatabaseErrorKind::other;
            return Error::of(meaning_of(error.sqlstate), error.what());
        } catch (const DatabaseUnavailable& error) {
            failure = {{"error", error.what()}};
            database_error = DatabaseErrorKind::away;
            return Error::of(meaning_of(connection_failure), error.what());
        } catch (const std::exception& error) {
            failure = {{"error", error.what()}};
            return Error::of(meaning_of(""), error.what());
        }
    }
};

// What the log says of an exchange, beside what it says of every request.
struct LogLine {
    LogLevel level;
    std::string event;
    Log::Fields fields;
};

// Counts and logs what was answered. Safe for use by many threads. What it refers to must outlive
// it.
class Bookkeeper {
public:
    Bookkeeper(Metrics& metrics, Log& log)
        : metrics_(metrics)
        , log_(log) {}

    // Returns the answer, complete.
    http::Response close(Exchange& exchange, Route route, const std::string& id,
                         const LogLine& line);

private:
    Metrics& metrics_;
    Log& log_;
};

} // namespace active_calls::shim
