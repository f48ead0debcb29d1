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

    // One of the counts is to be increased before the next call: a key without any is not kept.
    Counts& operator[](const RowKey& key);

private:
    struct Slot {
        RowKey key;
        Counts counts;
        bool is_free() const { return counts.earlier == 0 && counts.here == 0; }
    };

    Slot& find(const RowKey& key);
    void grow();

    std::pmr::vector<Slot> slots_; // a power of two of them, at least a third free
    std::size_t used_ = 0;
};

// The keys of the rows that the current transaction has ingested, and of those of the same
// snapshots that were ingested before. It lives from the first such row to the end of the
// transaction, or until rows that it knows are rolled back. (Then it is forgotten, too, which rows
// were skipped so far, and what a call of `ingest` that is at work has not remembered yet. Only a
// row whose id the same transaction has sent once already is the worse for it: it may be skipped,
// where without the ROLLBACK TO SAVEPOINT it would have been taken.)
class SeenKeys {
public:
    // Made where there is none. Throws PendingError. What it returns may be gone as soon as
    // PostgreSQL has run anything.
    static SeenKeys& of_transaction();

    // For of_transaction() alone.
    explicit SeenKeys(MemoryContext memory);
    SeenKeys(const SeenKeys&) = delete;
    ~SeenKeys();

    // Whether the rows of a snapshot that were ingested before are among them.
    bool knows(Instant snapshot);
    bool knows_nothing() const { return snapshots_.empty(); }
    void set_known(Instant snapshot);
    // As of KeyCounts.
    KeyCounts::Counts& operator[](const RowKey& key);

private:
    static void subtransaction_ends(SubXactEvent event, SubTransactionId ended, SubTransactionId,
                                    void*);

    static SeenKeys* current;

    MemoryContext context_;
    MemoryContextResource memory_;
    std::pmr::set<Instant> snapshots_;
    std::optional<Instant> last_snapshot_; // one of them
    KeyCounts counts_;
    SubTransactionId changed_in_ = InvalidSubTransactionId;
};

// The keys of a batch's rows, and of the rows of its snapshots that were ingested within
// active_calls.retry_window. They are kept in table `ingested`, 16 bytes each, a row for each
// snapshot of a call of `ingest`; a row or an index entry for each of the feed's rows would cost
// more than that row itself.
//
// All that one transaction ingests is one batch, in however many calls, whose rows are all taken,
// also those of the same key: a client that knows only doubles rounds ids. Of a key that earlier
// batches had n times, the first n rows are repeated.
//
// Batches whose rows have keys are ingested by one transaction at a time, from the first such row
// to the end of the transaction (work_lock.h, on the table): a retry waits for the attempt that it
// repeats. The caller has connected to SPI.
class IngestedRows {
public:
    explicit IngestedRows(MemoryContext memory);

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

    MemoryContextResource memory_;
    std::optional<OwnTable> table_; // nothing: no row is remembered, and every row is new
    std::pmr::vector<Added> added_;
};

} // namespace active_calls::postgres
