// Which rows were ingested before: so that a batch which is sent again counts no call twice.
#pragma once

#include "own_table.h"

#include "../kernel/feed.h"
#include "../kernel/instant.h"

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <set>
#include <vector>

namespace active_calls::postgres {

// How often each key occurs. A table of nodes would take a tenth of what ingesting takes.
class KeyCounts {
public:
    struct Counts {
        std::uint32_t earlier = 0; // in batches before
        std::uint32_t here = 0;    // in this one
    };

    explicit KeyCounts(std::pmr::memory_resource* memory)
        : slots_(memory) {}

    void reserve(std::size_t keys);
    // One of the counts is to be increased before the next call: a key without any is not kept.
    Counts& operator[](const RowKey& key);

private:
    struct Slot {
        RowKey key;
        Counts counts;
        bool is_free() const { return counts.earlier == 0 && counts.here == 0; }
    };

    Slot& find(const RowKey& key);
    void resize(std::size_t slots);

    std::pmr::vector<Slot> slots_; // a power of two of them, at least a third free
    std::size_t used_ = 0;
};

// The keys of a batch's rows, and of the rows of its snapshots that were ingested within
// active_calls.retry_window. They are kept in table `ingested`, 16 bytes each, a row for each
// snapshot of a batch; a row or an index entry for each call would cost more than the call.
//
// All that one transaction ingests is one batch, whose rows are all taken, also those of the same
// key: a client that knows only doubles rounds ids. Of a key that earlier batches had n times, the
// first n rows are repeated.
//
// Batches whose rows have keys are ingested by one transaction at a time, from the first such row
// to the end of the transaction (an advisory lock of this database, on the table's oid and 0): a
// retry waits for the attempt that it repeats. The caller has connected to SPI.
class IngestedRows {
public:
    // `text_size`: of the batch, in bytes, for a guess at the number of its rows.
    IngestedRows(MemoryContext memory, std::size_t text_size);

    // Whether the row is new. For the first row of a snapshot also a query. Throws PendingError.
    bool add(Instant snapshot, const RowKey& key);

    // To be called last: keeps what was added, and forgets what is older than the window. Throws
    // PendingError.
    void remember();

private:
    struct Added {
        Instant snapshot;
        RowKey key;
    };

    void recall(Instant snapshot);

    std::size_t expected_rows_;
    MemoryContextResource memory_;
    std::pmr::monotonic_buffer_resource nodes_;
    std::optional<OwnTable> table_; // nothing: no row is remembered, and every row is new
    std::pmr::set<Instant> snapshots_;
    std::optional<Instant> last_snapshot_;
    KeyCounts counts_;
    std::pmr::vector<Added> added_;
};

} // namespace active_calls::postgres
