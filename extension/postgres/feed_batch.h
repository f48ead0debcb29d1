// A batch of the feed that comes in pieces, one call of ingest_piece for each.
#pragma once

#include "boundary.h"

#include "../kernel/feed/feed_reader.h"

namespace active_calls::postgres {

// The session has one at most, for as long as its transaction: a rollback forgets it, and a COMMIT
// before its last piece fails. Pieces come outside of savepoints, since what one of these takes
// back would not be taken back here.
class FeedBatch {
public:
    // Null where none is under way.
    static FeedBatch* current();
    // Throws Error (invalid_argument) inside a savepoint.
    static FeedBatch& begin(const FieldSet& fields, RowRules rules, AllowedErrors allowed);
    static void end();

    FeedBatch(const FieldSet& fields, RowRules rules, AllowedErrors allowed)
        : reader(fields, std::move(rules), allowed) {}

    // Writes the rows that the piece completes. With the last one it is known which batch it was:
    // throws Error (repeated_batch) if that was written before. The caller has connected to SPI.
    void add(std::string_view piece, bool is_last, MemoryContext memory);

    FeedReader reader;
    std::uint64_t written = 0; // rows
};

} // namespace active_calls::postgres
