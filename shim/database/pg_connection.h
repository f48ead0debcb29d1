// One connection to PostgreSQL: opened, prepared, asked, each within a time limit.
#pragma once

#include "statement.h"

#include <libpq-fe.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace active_calls::shim {

struct ConnectionSettings {
    // libpq conninfo or URI; empty = libpq's own environment.
    std::string conninfo;
    // PostgreSQL's own limit for a statement. How long is waited for a server that does not keep
    // it is a little more.
    std::chrono::milliseconds statement_timeout;
    // What is prepared in each session. Must outlive the connections.
    std::span<const Statement> statements = {};
    enum class Access { read_only, read_write } access = Access::read_only;
};

struct ResultDeleter {
    void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ResultDeleter>;

class PgConnection {
public:
    // Connects and prepares the statements. Throws DatabaseAway, StatementFailed, ConnectionLost.
    explicit PgConnection(const ConnectionSettings& settings);

    // Runs a prepared statement, which is a transaction of its own: on return it is committed.
    // The rows come in binary format. Throws StatementFailed, and where no answer tells whether
    // it was committed, ConnectionLost, DatabaseAway.
    ResultPtr execute(const Statement& statement, const ParameterViews& bound);

    // Runs it once for each of what `next` gives, until it gives nothing, all in one transaction:
    // after an error nothing is done, nor when `next` throws. Else as `execute`.
    std::vector<ResultPtr> execute_each(const Statement& statement,
                                        const std::function<std::optional<ParameterViews>()>& next);

    // Asks the server for an answer. Throws as `execute` does.
    void ping();

    // Whether the session can take another statement.
    bool is_usable() const { return usable_; }

    // Whether the server gave no answer in time, and may still be at work for this session.
    bool is_overdue() const { return overdue_; }
    // Tells the server of an overdue connection that nothing more comes. The session ends then.
    void leave();
    // After `leave`: whether the session has ended, or the connection to it has. Does not wait.
    bool has_ended();

private:
    struct ConnectionDeleter {
        void operator()(PGconn* connection) const { PQfinish(connection); }
    };

    void run(const char* commands);
    void prepare(const Statement& statement);
    void send(const Statement& statement, const ParameterViews& bound);
    ResultPtr answer();
    std::vector<ResultPtr>
    execute_uncommitted(const Statement& statement, std::optional<ParameterViews> bound,
                        const std::function<std::optional<ParameterViews>()>& next);
    void flush(std::chrono::steady_clock::time_point deadline);
    ResultPtr next_result(std::chrono::steady_clock::time_point deadline);
    void wait_for_socket(short events, std::chrono::steady_clock::time_point deadline);
    void require(bool succeeded);
    [[noreturn]] void fail(const PGresult* result);

    std::unique_ptr<PGconn, ConnectionDeleter> connection_;
    std::chrono::milliseconds patience_;
    bool usable_ = true;
    bool overdue_ = false;
};

} // namespace active_calls::shim
