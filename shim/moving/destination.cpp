#include "destination.h"

#include "database/pg_binary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace active_calls::shim {

namespace {

// A day of a large carrier takes minutes, and its seal, too.
constexpr std::chrono::hours statement_timeout{24};

enum StatementName { try_lock, lock, snapshot_period, count, ingest_piece, seal };

std::span<const Statement> statements() {
    static const std::array<Statement, 6> all{
        // Two imports at a time would both find an hour absent.
        Statement{
            "try_lock", "SELECT pg_try_advisory_lock(hashtext('active-calls-shim import'))", {}},
        Statement{"lock", "SELECT pg_advisory_lock(hashtext('active-calls-shim import'))", {}},
        Statement{"snapshot_period",
                  "SELECT extract(epoch FROM nullif(current_setting("
                  "'active_calls.snapshot_period', true), '')::interval)::bigint",
                  {}},
        // Grouped by the plain column first, as that is what segments hold.
        Statement{"count",
                  "SELECT (floor(extract(epoch FROM t) / $3) * $3)::bigint, sum(n)::bigint "
                  "FROM (SELECT snapshot_timestamp AS t, count(*) AS n FROM active_calls.calls "
                  "WHERE snapshot_timestamp >= $1 AND snapshot_timestamp < $2 GROUP BY 1) AS s "
                  "GROUP BY 1",
                  {timestamptz_oid, timestamptz_oid, int8_oid}},
        // Any number of errors is allowed: a call that does not fit shall not cost all others.
        Statement{"ingest_piece",
                  "SELECT rows_lost, first_error "
                  "FROM active_calls.ingest_piece($1, NULL, 'UTC', 0, 1, $2)",
                  {bytea_oid, bool_oid}},
        Statement{"seal", "SELECT active_calls.seal()", {}},
    };
    return all;
}

const Statement& statement(StatementName name) { return statements()[name]; }

std::string to_binary(sys_seconds time) {
    const std::chrono::microseconds since = time - postgres_epoch;
    return to_big_endian(static_cast<std::int64_t>(since.count()));
}

} // namespace

Destination::Destination(const std::string& conninfo)
    : connection_({.conninfo = conninfo,
                   .statement_timeout = statement_timeout,
                   .statements = statements(),
                   .access = ConnectionSettings::Access::read_write}) {}

bool Destination::try_lock() {
    const auto result = connection_.execute(statement(StatementName::try_lock), {});
    return *PQgetvalue(result.get(), 0, 0) != 0;
}

void Destination::lock() { connection_.execute(statement(StatementName::lock), {}); }

std::chrono::seconds Destination::snapshot_period() {
    const auto result = connection_.execute(statement(StatementName::snapshot_period), {});
    if (PQgetisnull(result.get(), 0, 0)) return std::chrono::seconds{1};
    const std::chrono::seconds period{
        from_big_endian<std::int64_t>(PQgetvalue(result.get(), 0, 0))};
    return std::max(period, std::chrono::seconds{1});
}

Counts Destination::count(const Window& window, std::chrono::seconds step) {
    const std::string begin = to_binary(window.begin);
    const std::string end = to_binary(window.end);
    const std::string size = to_big_endian(static_cast<std::int64_t>(step.count()));
    const auto result = connection_.execute(statement(StatementName::count), {begin, end, size});
    Counts counts;
    for (int row = 0; row < PQntuples(result.get()); ++row) {
        const auto number = [&](int column) {
            return from_big_endian<std::int64_t>(PQgetvalue(result.get(), row, column));
        };
        counts[sys_seconds{std::chrono::seconds{number(0)}}] = number(1);
    }
    return counts;
}

// The last piece has a row of its own, which no customer owns, so that the text is another batch
// each time: an hour that somebody has removed may be imported anew. What keeps rows from being
// written twice is that the import looks for them first.
Written Destination::write(const std::function<std::optional<std::string>()>& next) {
    using namespace std::string_view_literals;
    const auto now = std::chrono::system_clock::now().time_since_epoch().count();
    const std::string last_row = fmt::format(R"({{"id":"import {}"}})", now);
    std::string piece;
    bool is_last = false;
    const auto results =
        connection_.execute_each(statement(ingest_piece), [&]() -> std::optional<ParameterViews> {
            if (is_last) return std::nullopt;
            auto taken = next();
            is_last = !taken;
            piece = std::move(taken).value_or(last_row);
            return ParameterViews{piece, is_last ? "\1"sv : "\0"sv};
        });
    const PGresult* const last = results.back().get();
    return {from_big_endian<std::int64_t>(PQgetvalue(last, 0, 0)), PQgetvalue(last, 0, 1)};
}

void Destination::seal() { connection_.execute(statement(StatementName::seal), {}); }

} // namespace active_calls::shim
