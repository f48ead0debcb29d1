// Which rows were ingested before: so that a batch which is sent again counts no call twice.
#pragma once

#include "own_table.h"

#include "../kernel/feed.h"
#include "../kernel/instant.h"

#include <memory_resource>
#include <set>
#include <unordered_set>
#include <vector>

namespace active_calls::postgres {

// The keys of a batch's rows, and of the rows of its snapshots that were ingested within
// active_calls.retry_window. They are kept in table `ingested`, 16 bytes each, a row for each
// snapshot of a batch; a row or an index entry for each call would cost more than the call.
//
// Batches whose rows have keys are ingested by one transaction at a time, from the first such row
// to the end of the transaction (an advisory lock of this database, on the table's oid and 0): a
// retry waits for the attempt that it repeats. The caller has connected to SPI.
class IngestedRows {
public:
    // `text_size`: of the batch, in bytes, for a guess at the number of its rows.
    IngestedRows(MemoryContext memory, std::size_t text_size);

    // Whether the row is new. Takes a hash table's look-up; for the first row of a snapshot also a
    // query. Throws PendingError.
    bool add(Instant snapshot, const RowKey& key);

    // To be called last: keeps what was added, and forgets what is older than the window. Throws
    // PendingError.
    void remember();

private:
    struct Added {
        Instant snapshot;
        RowKey key;
    };
    struct Hash {
        std::size_t operator()(const RowKey& key) const noexcept { return key[0]; }
    };

    void recall(Instant snapshot);

    std::size_t expected_rows_;
    MemoryContextResource memory_;
    std::pmr::monotonic_buffer_resource nodes_;
    std::optional<OwnTable> table_; // nothing: no row is remembered, and every row is new
    std::pmr::set<Instant> snapshots_;
    std::optional<Instant> last_snapshot_;
    std::pmr::unordered_set<RowKey, Hash> known_;
    std::pmr::vector<Added> added_;
};

} // namespace active_calls::postgres
