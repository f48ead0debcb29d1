#include "feed_statement.h"

#include "database/pg_binary.h"

#include <array>
#include <charconv>

namespace active_calls::shim {

namespace {

const Statement& ingest() { return feed_statements()[0]; }
const Statement& ingest_fields() { return feed_statements()[1]; }

} // namespace

std::string with_line_of_batch(const std::string& message, std::size_t lines_before) {
    constexpr std::string_view prefix = "line ";
    std::size_t line = 0;
    if (!message.starts_with(prefix)) return message;
    const char* const digits = message.data() + prefix.size();
    const auto [end, error] = std::from_chars(digits, message.data() + message.size(), line);
    if (error != std::errc{} || *end != ':') return message;
    return std::string(prefix) + std::to_string(lines_before + line) + end;
}

std::span<const Statement> feed_statements() {
    static const std::array<Statement, 2> all{
        Statement{"ingest", "SELECT active_calls.ingest($1)", {text_oid}},
        Statement{"ingest_fields",
                  "SELECT active_calls.ingest_fields($1, $2)",
                  {text_oid, text_array_oid}},
    };
    return all;
}

std::span<const Statement> watch_statements() {
    static const std::array<Statement, 1> all{
        Statement{"newest_snapshot", "SELECT active_calls.newest_snapshot()", {}},
    };
    return all;
}

std::int64_t write_rows(Pool& pool, FeedBody& rows,
                        const std::optional<std::vector<std::string>>& columns) {
    const Statement& statement = columns ? ingest_fields() : ingest();
    const std::string fields = columns ? array_to_binary(*columns) : "";
    std::vector<std::size_t> lines_before; // of each piece
    const auto next = [&]() -> std::optional<ParameterViews> {
        const auto piece = rows.next_piece();
        if (!piece) return std::nullopt;
        lines_before.push_back(piece->lines_before);
        ParameterViews bound(1, piece->text);
        if (columns) bound.emplace_back(fields);
        return bound;
    };
    try {
        return pool.run_once([&](PgConnection& connection) {
            std::int64_t count = 0;
            for (const auto& result : connection.execute_each(statement, next))
                count += from_big_endian<std::int64_t>(PQgetvalue(result.get(), 0, 0));
            return count;
        });
    } catch (const StatementFailed& error) {
        if (error.ordinal >= lines_before.size()) throw; // before the first
        throw StatementFailed(error.sqlstate,
                              with_line_of_batch(error.what(), lines_before[error.ordinal]),
                              error.ordinal);
    }
}

std::optional<std::chrono::sys_time<std::chrono::microseconds>> newest_snapshot(Pool& pool) {
    using std::chrono::microseconds;
    return pool.run(
        [](PgConnection& connection) -> std::optional<std::chrono::sys_time<microseconds>> {
            const auto result = connection.execute(watch_statements()[0], {});
            if (PQgetisnull(result.get(), 0, 0)) return std::nullopt;
            return time_from_binary(PQgetvalue(result.get(), 0, 0));
        });
}

} // namespace active_calls::shim
