#include "ingested_rows.h"

#include "plan.h"
#include "settings.h"
#include "value.h"

#include <algorithm>
#include <bit>
#include <span>

namespace active_calls::postgres {

namespace {

SPIPlanPtr select_keys() {
    static Plan plan;
    return plan.get(
        [] {
            return "SELECT ids, xmin FROM active_calls.ingested"
                   " WHERE snapshot_timestamp OPERATOR(pg_catalog.=) $1"
                   " AND ingested_at OPERATOR(pg_catalog.>=) $2";
        },
        {TIMESTAMPTZOID, TIMESTAMPTZOID});
}

SPIPlanPtr insert_keys() {
    static Plan plan;
    return plan.get(
        [] {
            return "INSERT INTO active_calls.ingested (snapshot_timestamp, ids) VALUES ($1, $2)";
        },
        {TIMESTAMPTZOID, BYTEAOID});
}

SPIPlanPtr delete_old_keys() {
    static Plan plan;
    return plan.get(
        [] {
            return "DELETE FROM active_calls.ingested WHERE ctid OPERATOR(pg_catalog.=) ANY"
                   " (ARRAY(SELECT ctid FROM active_calls.ingested"
                   " WHERE ingested_at OPERATOR(pg_catalog.<) $1 ORDER BY ingested_at LIMIT $2))";
        },
        {TIMESTAMPTZOID, INT8OID});
}

// Of the feed's text, with hardly more than the fields that are kept.
constexpr std::size_t bytes_per_row = 200;

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

void KeyCounts::reserve(std::size_t keys) {
    const std::size_t slots = std::bit_ceil(keys + keys / 2 + 1);
    if (slots > slots_.size()) resize(slots);
}

KeyCounts::Counts& KeyCounts::operator[](const RowKey& key) {
    reserve(used_ + 1);
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

void KeyCounts::resize(std::size_t slots) {
    std::pmr::vector<Slot> old(slots, slots_.get_allocator());
    old.swap(slots_);
    for (const Slot& slot : old)
        if (!slot.is_free()) find(slot.key) = slot;
}

IngestedRows::IngestedRows(MemoryContext memory, std::size_t text_size)
    : expected_rows_(text_size / bytes_per_row)
    , memory_(memory)
    , nodes_(&memory_)
    , snapshots_(&nodes_)
    , counts_(&memory_)
    , added_(&memory_) {
    if (retry_window() > std::chrono::seconds{0}) table_ = OwnTable::find("ingested");
}

bool IngestedRows::add(Instant snapshot, const RowKey& key) {
    if (!table_) return true;
    if (snapshot != last_snapshot_) {
        if (!snapshots_.contains(snapshot)) recall(snapshot);
        last_snapshot_ = snapshot;
    }
    KeyCounts::Counts& counts = counts_[key];
    if (++counts.here <= counts.earlier) return false;
    added_.push_back({snapshot, key});
    return true;
}

void IngestedRows::recall(Instant snapshot) {
    const SPIPlanPtr plan = select_keys();
    const bool is_first = snapshots_.empty();
    const std::uint64_t batches = guarded([&] {
        if (is_first)
            DirectFunctionCall2(pg_advisory_xact_lock_int4,
                                Int32GetDatum(static_cast<std::int32_t>(table_->oid())),
                                Int32GetDatum(0));
        return table_->execute(plan, {TimestampTzGetDatum(to_timestamptz(snapshot)),
                                      TimestampTzGetDatum(window_start())});
    });
    if (is_first) {
        counts_.reserve(expected_rows_);
        added_.reserve(expected_rows_);
    }
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
            ++(counts_[key].*count);
        }
    }
    SPI_freetuptable(rows);
    snapshots_.insert(snapshot);
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
