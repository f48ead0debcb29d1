#include "feed_statement.h"

#include "batch_digest.h"
#include "database/pg_binary.h"
#include "database/sqlstates.h"

#include <array>

namespace active_calls::shim {

std::span<const Statement> feed_statements() {
    static const std::array<Statement, 1> all{
        Statement{"ingest_piece",
                  "SELECT active_calls.ingest_piece($1, $2, $3, $4)",
                  {text_oid, text_array_oid, int8_oid, uuid_oid}},
    };
    return all;
}

// The database gets the digest of the batch with its last piece. If the batch is there, or another
// transaction that is at work writes it, that piece fails, and those before it are rolled back.
std::optional<std::int64_t> write_rows(Pool& pool, FeedBody& rows,
                                       const std::optional<std::vector<std::string>>& columns) {
    const std::string fields = columns ? array_to_binary(*columns) : "";
    BatchDigest digest(fields);
    std::string first_line;
    std::optional<std::string> batch;
    const auto next = [&]() -> std::optional<ParameterViews> {
        const auto piece = rows.next_piece();
        if (!piece) return std::nullopt;
        digest.add(piece->text);
        if (piece->is_last) batch = digest.value();
        first_line = to_big_endian(static_cast<std::int64_t>(piece->first_line));
        ParameterViews bound{piece->text, std::nullopt, first_line, batch};
        if (columns) bound[1] = fields;
        return bound;
    };
    try {
        return pool.run_once([&](PgConnection& connection) {
            std::int64_t count = 0;
            for (const auto& result : connection.execute_each(feed_statements()[0], next))
                count += from_big_endian<std::int64_t>(PQgetvalue(result.get(), 0, 0));
            return count;
        });
    } catch (const StatementFailed& error) {
        if (error.sqlstate == repeated_batch) return std::nullopt;
        throw;
    }
}

} // namespace active_calls::shim
