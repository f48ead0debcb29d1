#include "pg_connection.h"

#include "database_error.h"
#include "sqlstates.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace active_calls::shim {

namespace {

// How much longer than the statement timeout a server is waited for.
constexpr std::chrono::milliseconds patience_margin{2000};

// What the conninfo may override, then the conninfo, then what it may not.
PGconn* connect(const std::string& conninfo) {
    constexpr const char* keywords[] = {
        "connect_timeout",     "tcp_user_timeout", "keepalives_idle",
        "keepalives_interval", "keepalives_count", "dbname",
        "application_name",    "client_encoding",  nullptr};
    const char* const values[] = {
        "2", "10000", "30", "10", "3", conninfo.c_str(), "active-calls-shim", "UTF8", nullptr};
    constexpr int expand_dbname = 1;
    return PQconnectdbParams(keywords, values, expand_dbname);
}

// A unix socket holds little, and what it does not hold the server has to wait for. As large as
// the kernel allows; TCP finds out by itself what it needs.
void enlarge_send_buffer(int socket) {
    constexpr int two_pieces_of_feed = 1 << 20;
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) == 0 &&
        address.ss_family == AF_UNIX)
        setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &two_pieces_of_feed, sizeof two_pieces_of_feed);
}

std::string one_line(const char* message) {
    std::string line(message);
    while (!line.empty() && line.back() == '\n') line.pop_back();
    std::ranges::replace_if(
        line, [](char c) { return c == '\n' || c == '\t'; }, ' ');
    return line;
}

std::string field(const PGresult* result, int code) {
    const char* const text = PQresultErrorField(result, code);
    return text ? text : "";
}

bool is_success(const PGresult* result) {
    const auto status = PQresultStatus(result);
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

// Nothing that the operator has set for the role or the database is loosened: who may write, writes
// only where they allow it, and of two time limits, the shorter one holds.
std::string session_settings(const ConnectionSettings& settings) {
    const std::string timeout = std::to_string(settings.statement_timeout.count());
    std::string commands = "SELECT pg_catalog.set_config('statement_timeout', '" + timeout +
                           "', false) FROM pg_catalog.pg_settings WHERE name = 'statement_timeout'"
                           " AND (setting = '0' OR setting::pg_catalog.int8 > " +
                           timeout + ")";
    if (settings.access == ConnectionSettings::Access::read_only)
        commands += "; SET default_transaction_read_only = on";
    return commands;
}

} // namespace

PgConnection::PgConnection(const ConnectionSettings& settings)
    : connection_(connect(settings.conninfo))
    , patience_(settings.statement_timeout + patience_margin) {
    if (!connection_ || PQstatus(connection_.get()) != CONNECTION_OK)
        throw DatabaseAway("could not connect: " + one_line(PQerrorMessage(connection_.get())));
    if (PQsetnonblocking(connection_.get(), 1) != 0)
        throw DatabaseAway(one_line(PQerrorMessage(connection_.get())));
    // Notices would go to the standard error, into the middle of the log.
    PQsetNoticeReceiver(
        connection_.get(), [](void*, const PGresult*) {}, nullptr);
    enlarge_send_buffer(PQsocket(connection_.get()));
    run(session_settings(settings).c_str());
    for (const auto& statement : settings.statements) prepare(statement);
}

void PgConnection::run(const char* commands) {
    require(PQsendQuery(connection_.get(), commands) == 1);
    answer();
}

void PgConnection::prepare(const Statement& statement) {
    require(PQsendPrepare(connection_.get(), statement.name, statement.text.c_str(),
                          static_cast<int>(statement.parameter_types.size()),
                          statement.parameter_types.data()) == 1);
    answer();
}

void PgConnection::ping() { run("SELECT 1"); }

ResultPtr PgConnection::execute(const Statement& statement, const ParameterViews& bound) {
    send(statement, bound);
    return answer();
}

std::vector<ResultPtr>
PgConnection::execute_each(const Statement& statement,
                           const std::function<std::optional<ParameterViews>()>& next) {
    auto first = next();
    require(PQenterPipelineMode(connection_.get()) == 1);
    auto results = execute_uncommitted(statement, std::move(first), next);
    require(PQpipelineSync(connection_.get()) == 1);
    const auto deadline = std::chrono::steady_clock::now() + patience_;
    flush(deadline);
    // The server commits, or says why not, before it answers to the sync. One end of results may
    // come before that; libpq of 2023 and earlier can lose the sync, and then has no other end.
    for (bool was_end = false;;) {
        ResultPtr result = next_result(deadline);
        require(PQstatus(connection_.get()) == CONNECTION_OK && (result || !was_end));
        was_end = !result;
        if (!result) continue;
        if (PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) break;
        results.push_back(std::move(result));
    }
    require(PQexitPipelineMode(connection_.get()) == 1);
    for (const auto& result : results)
        if (!is_success(result.get())) fail(result.get());
    return results;
}

// Sends the part of a pipeline that stands before its sync. The server commits nothing before the
// sync, so an execution that takes too long has certainly done nothing. The server's own time
// limit is for one execution; ours is for all of them, without the time that `next` takes. Returns
// one result for each execution, up to the first error, which is the last result.
std::vector<ResultPtr>
PgConnection::execute_uncommitted(const Statement& statement, std::optional<ParameterViews> bound,
                                  const std::function<std::optional<ParameterViews>()>& next) {
    using Clock = std::chrono::steady_clock;
    auto deadline = Clock::now() + patience_;
    std::vector<ResultPtr> results;
    try {
        std::size_t count = 0;
        for (; bound; ++count) {
            send(statement, *bound);
            // Before the next is put into libpq's buffer: what is left there is moved to its front
            // whenever the socket has taken a part.
            flush(deadline);
            const auto started = Clock::now();
            bound = next();
            deadline += Clock::now() - started;
        }
        require(PQsendFlushRequest(connection_.get()) == 1);
        flush(deadline);
        while (count > 0) {
            ResultPtr result = next_result(deadline);
            require(PQstatus(connection_.get()) == CONNECTION_OK);
            if (!result) // the end of one execution's results
                --count;
            else if (PQresultStatus(result.get()) != PGRES_PIPELINE_ABORTED)
                results.push_back(std::move(result));
        }
    } catch (const DatabaseAway& error) {
        throw StatementFailed(query_canceled, error.what());
    } catch (...) {
        usable_ = false; // The server rolls back when the session ends before the sync.
        throw;
    }
    return results;
}

void PgConnection::send(const Statement& statement, const ParameterViews& bound) {
    std::vector<const char*> values;
    std::vector<int> lengths;
    for (const auto& value : bound) {
        values.push_back(value ? value->data() : nullptr);
        lengths.push_back(value ? static_cast<int>(value->size()) : 0);
    }
    constexpr int binary = 1;
    const std::vector<int> formats(bound.size(), binary);
    require(PQsendQueryPrepared(connection_.get(), statement.name, static_cast<int>(bound.size()),
                                values.data(), lengths.data(), formats.data(), binary) == 1);
}

// Takes everything the server answers to what was sent, so that the session is free for the next
// statement. Nothing follows an error, so the last result is the one that counts.
ResultPtr PgConnection::answer() {
    const auto deadline = std::chrono::steady_clock::now() + patience_;
    flush(deadline);
    ResultPtr last;
    while (ResultPtr result = next_result(deadline)) last = std::move(result);
    require(last != nullptr);
    if (!is_success(last.get())) fail(last.get());
    return last;
}

void PgConnection::flush(std::chrono::steady_clock::time_point deadline) {
    int unsent = 0;
    while ((unsent = PQflush(connection_.get())) == 1) {
        wait_for_socket(POLLIN | POLLOUT, deadline);
        require(PQconsumeInput(connection_.get()) == 1);
    }
    require(unsent == 0);
}

ResultPtr PgConnection::next_result(std::chrono::steady_clock::time_point deadline) {
    while (PQisBusy(connection_.get())) {
        wait_for_socket(POLLIN, deadline);
        require(PQconsumeInput(connection_.get()) == 1);
    }
    return ResultPtr(PQgetResult(connection_.get()));
}

void PgConnection::wait_for_socket(short events, std::chrono::steady_clock::time_point deadline) {
    pollfd socket{PQsocket(connection_.get()), events, 0};
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        const int ready = left.count() > 0 ? poll(&socket, 1, static_cast<int>(left.count())) : 0;
        if (ready > 0) return;
        if (ready < 0 && errno == EINTR) continue;
        usable_ = false;
        overdue_ = true;
        throw DatabaseAway("no answer within " + std::to_string(patience_.count()) + " ms");
    }
}

// On the socket itself, as libpq knows no half-closed connection. Where the host has gone, the
// packet that nobody acknowledges makes the connection fail after tcp_user_timeout.
void PgConnection::leave() { shutdown(PQsocket(connection_.get()), SHUT_WR); }

bool PgConnection::has_ended() {
    std::array<char, 4096> answer_of_no_use;
    for (;;) {
        const auto size = recv(PQsocket(connection_.get()), answer_of_no_use.data(),
                               answer_of_no_use.size(), MSG_DONTWAIT);
        if (size == 0) return true;
        if (size < 0 && errno != EINTR) return errno != EAGAIN;
    }
}

void PgConnection::require(bool succeeded) {
    if (succeeded) return;
    usable_ = false;
    throw ConnectionLost(one_line(PQerrorMessage(connection_.get())));
}

void PgConnection::fail(const PGresult* result) {
    const std::string sqlstate = field(result, PG_DIAG_SQLSTATE);
    const std::string message = field(result, PG_DIAG_MESSAGE_PRIMARY);
    const Session session = meaning_of(sqlstate).session;
    if (sqlstate.empty() || session == Session::ended) {
        usable_ = false;
        throw ConnectionLost(message.empty() ? one_line(PQresultErrorMessage(result)) : message);
    }
    usable_ = session == Session::sound;
    throw StatementFailed(sqlstate, message);
}

} // namespace active_calls::shim
