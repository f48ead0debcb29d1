#include "feed_statement.h"

#include "database/pg_binary.h"
#include "database/sqlstates.h"

#include <array>
#include <bit>

namespace active_calls::shim {

namespace {

WrittenBatch batch_of(const PGresult* result) {
    const auto count = [&](int column) {
        return from_big_endian<std::int64_t>(PQgetvalue(result, 0, column));
    };
    return {.read = count(0),
            .written = count(1),
            .unowned = count(2),
            .lost = count(3),
            .doubtful = count(4),
            .first_error = {PQgetvalue(result, 0, 5),
                            static_cast<std::size_t>(PQgetlength(result, 0, 5))}};
}

} // namespace

std::span<const Statement> feed_statements() {
    static const std::array<Statement, 1> all{
        Statement{"ingest_piece",
                  "SELECT rows_read, rows_written, rows_unowned, rows_lost, rows_doubtful,"
                  " first_error FROM active_calls.ingest_piece($1, $2, $3, $4, $5, $6)",
                  {bytea_oid, text_array_oid, text_oid, int8_oid, float8_oid, bool_oid}},
    };
    return all;
}

// Which batch it was, the database knows with the last piece. If it is there, or another
// transaction that is at work writes it, that piece fails, and those before it are rolled back.
std::optional<WrittenBatch> write_rows(Pool& pool, FeedBody& rows, const InsertStatement& insert) {
    const InputSettings& settings = insert.settings;
    const std::string fields = insert.columns ? array_to_binary(*insert.columns) : "";
    const std::string allowed_errors = to_big_endian(settings.allowed_errors);
    const std::string allowed_ratio =
        to_big_endian(std::bit_cast<std::int64_t>(settings.allowed_error_ratio));
    const auto next = [&]() -> std::optional<ParameterViews> {
        const auto piece = rows.next_piece();
        if (!piece) return std::nullopt;
        using namespace std::string_view_literals;
        ParameterViews bound{piece->text,    std::nullopt,  std::nullopt,
                             allowed_errors, allowed_ratio, piece->is_last ? "\1"sv : "\0"sv};
        if (insert.columns) bound[1] = fields;
        if (!settings.time_zone.empty()) bound[2] = settings.time_zone;
        return bound;
    };
    try {
        return pool.run_once([&](PgConnection& connection) {
            return batch_of(connection.execute_each(feed_statements()[0], next).back().get());
        });
    } catch (const StatementFailed& error) {
        if (error.sqlstate == repeated_batch) return std::nullopt;
        throw;
    }
}

} // namespace active_calls::shim
