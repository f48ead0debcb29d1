#include "ingested_rows.h"

#include "prepared_query.h"
#include "settings.h"
#include "value.h"
#include "work_lock.h"

#include <algorithm>
#include <span>

namespace active_calls::postgres {

namespace {

SPIPlanPtr select_keys() {
    static PreparedQuery query("SELECT ids, xmin FROM active_calls.ingested"
                               " WHERE snapshot_timestamp OPERATOR(pg_catalog.=) $1"
                               " AND ingested_at OPERATOR(pg_catalog.>=) $2",
                               {TIMESTAMPTZOID, TIMESTAMPTZOID});
    return query.plan();
}

SPIPlanPtr insert_keys() {
    static PreparedQuery query(
        "INSERT INTO active_calls.ingested (snapshot_timestamp, ids) VALUES ($1, $2)",
        {TIMESTAMPTZOID, BYTEAOID});
    return query.plan();
}

SPIPlanPtr delete_old_keys() {
    static PreparedQuery query(
        "DELETE FROM active_calls.ingested WHERE ctid OPERATOR(pg_catalog.=) ANY"
        " (ARRAY(SELECT ctid FROM active_calls.ingested"
        " WHERE ingested_at OPERATOR(pg_catalog.<) $1 ORDER BY ingested_at LIMIT $2))",
        {TIMESTAMPTZOID, INT8OID});
    return query.plan();
}

// Rows that were ingested before this are forgotten.
TimestampTz window_start() {
    return GetCurrentTimestamp() - std::chrono::microseconds(retry_window()).count();
}

// The keys of a snapshot as one value. Raises: call it in a guarded body.
template<class Added>
Datum bytea_of(std::span<const Added> rows) {
    const std::size_t size = VARHDRSZ + rows.size() * sizeof(RowKey);
    auto* keys = static_cast<bytea*>(palloc(size));
    SET_VARSIZE(keys, size);
    char* end = VARDATA(keys);
    for (const Added& row : rows) {
        std::memcpy(end, row.key.data(), sizeof(RowKey));
        end += sizeof(RowKey);
    }
    return PointerGetDatum(keys);
}

} // namespace

KeyCounts::Counts& KeyCounts::operator[](const RowKey& key) {
    if (3 * (used_ + 1) > 2 * slots_.size()) grow();
    Slot& slot = find(key);
    if (slot.is_free()) {
        slot.key = key;
        ++used_;
    }
    return slot.counts;
}

// Keys are hashes, whose bits are as good as any other hash's.
KeyCounts::Slot& KeyCounts::find(const RowKey& key) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = key[0] & mask;
    while (!slots_[at].is_free() && slots_[at].key != key) at = (at + 1) & mask;
    return slots_[at];
}

void KeyCounts::grow() {
    constexpr std::size_t fewest = 1024;
    std::pmr::vector<Slot> old(std::max(fewest, 2 * slots_.size()), slots_.get_allocator());
    old.swap(slots_);
    for (const Slot& slot : old)
        if (!slot.is_free()) find(slot.key) = slot;
}

SeenKeys* SeenKeys::current = nullptr;

SeenKeys& SeenKeys::of_transaction() {
    if (current != nullptr) return *current;
    const MemoryContext memory = guarded([] {
        static bool is_registered = false;
        if (!is_registered) RegisterSubXactCallback(subtransaction_ends, nullptr);
        is_registered = true;
        return AllocSetContextCreate(TopTransactionContext, "active_calls seen keys",
                                     ALLOCSET_DEFAULT_SIZES);
    });
    current = &make_in_context<SeenKeys>(memory, memory);
    return *current;
}

SeenKeys::SeenKeys(MemoryContext memory)
    : context_(memory)
    , memory_(memory)
    , snapshots_(&memory_)
    , counts_(&memory_) {}

// At the end of the transaction, too, which resets the memory.
SeenKeys::~SeenKeys() { current = nullptr; }

bool SeenKeys::knows(Instant snapshot) {
    if (snapshot == last_snapshot_) return true;
    if (!snapshots_.contains(snapshot)) return false;
    last_snapshot_ = snapshot;
    return true;
}

void SeenKeys::set_known(Instant snapshot) {
    changed_in_ = std::max(changed_in_, GetCurrentSubTransactionId());
    snapshots_.insert(snapshot);
}

KeyCounts::Counts& SeenKeys::operator[](const RowKey& key) {
    changed_in_ = std::max(changed_in_, GetCurrentSubTransactionId());
    return counts_[key];
}

// Of what is rolled back nobody knows here which rows it had, so all are forgotten, to be recalled
// from the table. A subtransaction's number is greater than those of all that began before it.
void SeenKeys::subtransaction_ends(SubXactEvent event, SubTransactionId ended, SubTransactionId,
                                   void*) {
    if (event == SUBXACT_EVENT_ABORT_SUB && current != nullptr && current->changed_in_ >= ended)
        MemoryContextDelete(current->context_);
}

IngestedRows::IngestedRows(MemoryContext memory)
    : memory_(memory)
    , added_(&memory_) {
    if (retry_window() > std::chrono::seconds{0}) table_.emplace("ingested");
}

bool IngestedRows::add(Instant snapshot, const RowKey& key) {
    if (!table_) return true;
    if (!SeenKeys::of_transaction().knows(snapshot)) recall(snapshot);
    KeyCounts::Counts& counts = SeenKeys::of_transaction()[key];
    if (++counts.here <= counts.earlier) return false;
    added_.push_back({snapshot, key});
    return true;
}

void IngestedRows::recall(Instant snapshot) {
    const SPIPlanPtr plan = select_keys();
    const bool is_first = SeenKeys::of_transaction().knows_nothing();
    const std::uint64_t batches = guarded([&] {
        if (is_first) lock_work(table_->oid(), "ingest()");
        return table_->execute(plan, {TimestampTzGetDatum(to_timestamptz(snapshot)),
                                      TimestampTzGetDatum(window_start())});
    });
    SeenKeys& seen = SeenKeys::of_transaction();
    SPITupleTable* const rows = SPI_tuptable;
    for (std::uint64_t i = 0; i < batches; ++i) {
        bool is_null = false;
        const Datum ids = SPI_getbinval(rows->vals[i], rows->tupdesc, 1, &is_null);
        const Datum writer = SPI_getbinval(rows->vals[i], rows->tupdesc, 2, &is_null);
        const auto count = TransactionIdIsCurrentTransactionId(DatumGetTransactionId(writer))
                               ? &KeyCounts::Counts::here
                               : &KeyCounts::Counts::earlier;
        const std::string_view keys = plain_text(ids, CurrentMemoryContext);
        for (std::size_t at = 0; at + sizeof(RowKey) <= keys.size(); at += sizeof(RowKey)) {
            RowKey key;
            std::memcpy(key.data(), keys.data() + at, sizeof(RowKey));
            ++(seen[key].*count);
        }
    }
    SPI_freetuptable(rows);
    seen.set_known(snapshot);
}

void IngestedRows::remember() {
    if (added_.empty()) return;
    if (!std::ranges::is_sorted(added_, {}, &Added::snapshot)) // mostly they are of one snapshot
        std::ranges::sort(added_, {}, &Added::snapshot);

    const SPIPlanPtr insert = insert_keys();
    std::int64_t written = 0;
    for (auto first = added_.begin(); first != added_.end(); ++written) {
        const auto last =
            std::ranges::upper_bound(first, added_.end(), first->snapshot, {}, &Added::snapshot);
        const std::span<const Added> rows(first, last);
        guarded([&] {
            CHECK_FOR_INTERRUPTS();
            const Datum keys = bytea_of(rows);
            table_->execute(insert,
                            {TimestampTzGetDatum(to_timestamptz(rows.front().snapshot)), keys});
            pfree(DatumGetPointer(keys));
        });
        first = last;
    }

    // More than was written, so that it becomes less however much there is, and not all at once.
    const SPIPlanPtr forget = delete_old_keys();
    guarded([&] {
        table_->execute(forget,
                        {TimestampTzGetDatum(window_start()), Int64GetDatum(2 * written + 10)});
    });
}

} // namespace active_calls::postgres
