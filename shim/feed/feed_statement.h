// The statement that writes the feed.
#pragma once

#include "database/pool.h"
#include "feed_body.h"
#include "insert_statement.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace active_calls::shim {

// For the sessions of the pool that `write_rows` is given.
std::span<const Statement> feed_statements();

// What became of the rows of a batch: all that were read are in one of the three others, unless a
// trigger or a rule of the operator's took some away.
struct WrittenBatch {
    std::int64_t read = 0;
    std::int64_t written = 0;
    std::int64_t unowned = 0; // calls that no customer owns
    std::int64_t lost = 0;    // that do not fit, as far as the settings allow it
    // How many of the written rows have a time that their clock has shown twice.
    std::int64_t doubtful = 0;
    // What was wrong with the first lost row. It is empty if no row was lost.
    std::string first_error;
};

// Writes the pieces of `rows`, JSONEachRow, all or none, and commits them, as the statement says.
// Nothing is returned for a batch that was written before. Throws what taking pieces throws, when
// none is written, StatementFailed, and where nobody knows whether they were committed,
// DatabaseUnavailable.
std::optional<WrittenBatch> write_rows(Pool& pool, FeedBody& rows, const InsertStatement& insert);

} // namespace active_calls::shim
