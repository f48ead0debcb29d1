#include "feed_statement.h"

#include "big_endian.h"

#include <array>

namespace active_calls::shim {

namespace {

// Object ids of PostgreSQL's built-in types (pg_type.dat); they never change.
constexpr Oid text_oid = 25;
constexpr Oid text_array_oid = 1009;

/// PostgreSQL counts microseconds from 2000-01-01 UTC.
constexpr std::chrono::sys_time<std::chrono::microseconds> postgres_epoch =
    std::chrono::sys_days{std::chrono::year{2000} / 1 / 1};

const Statement& ingest() { return feed_statements()[0]; }
const Statement& ingest_fields() { return feed_statements()[1]; }

/// A one-dimensional array: dimensions, has NULLs, element type; size and lower bound of the
/// dimension; each element with its size.
std::string encode(const std::vector<std::string>& texts) {
    std::string bytes;
    append_big_endian(bytes, std::int32_t{1});
    append_big_endian(bytes, std::int32_t{0});
    append_big_endian(bytes, std::int32_t{text_oid});
    append_big_endian(bytes, static_cast<std::int32_t>(texts.size()));
    append_big_endian(bytes, std::int32_t{1});
    for (const auto& text : texts) {
        append_big_endian(bytes, static_cast<std::int32_t>(text.size()));
        bytes += text;
    }
    return bytes;
}

} // namespace

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

std::int64_t write_rows(Pool& pool, std::string_view rows,
                        const std::optional<std::vector<std::string>>& columns) {
    const std::string fields = columns ? encode(*columns) : "";
    ParameterViews bound{rows};
    if (columns) bound.emplace_back(fields);
    return pool.run_once([&](PgConnection& connection) {
        const auto result = connection.execute(columns ? ingest_fields() : ingest(), bound);
        return from_big_endian<std::int64_t>(PQgetvalue(result.get(), 0, 0));
    });
}

std::optional<std::chrono::sys_time<std::chrono::microseconds>> newest_snapshot(Pool& pool) {
    using std::chrono::microseconds;
    return pool.run(
        [](PgConnection& connection) -> std::optional<std::chrono::sys_time<microseconds>> {
            const auto result = connection.execute(watch_statements()[0], {});
            if (PQgetisnull(result.get(), 0, 0)) return std::nullopt;
            const microseconds since_2000{
                from_big_endian<std::int64_t>(PQgetvalue(result.get(), 0, 0))};
            return postgres_epoch + since_2000;
        });
}

} // namespace active_calls::shim
