#include "ingested_batches.h"

#include "own_table.h"
#include "prepared_query.h"
#include "settings.h"

namespace active_calls::postgres {

namespace {

// Batches that were ingested before this are forgotten.
TimestampTz window_start() {
    return GetCurrentTimestamp() - std::chrono::microseconds(retry_window()).count();
}

} // namespace

bool remember_batch(const BatchDigest& digest) {
    if (retry_window() == std::chrono::seconds{0}) return true;
    static PreparedQuery insert(
        "INSERT INTO active_calls.ingested_batch AS batch (digest, ingested_at) VALUES ($1, $2)"
        " ON CONFLICT (digest) DO UPDATE SET ingested_at = excluded.ingested_at"
        " WHERE batch.ingested_at OPERATOR(pg_catalog.<) $3",
        {UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID});
    const OwnTable table("ingested_batch");
    const SPIPlanPtr plan = insert.plan();
    return guarded([&] {
        pg_uuid_t uuid;
        std::memcpy(uuid.data, digest.data(), UUID_LEN);
        return table.execute(plan,
                             {UUIDPGetDatum(&uuid), TimestampTzGetDatum(GetCurrentTimestamp()),
                              TimestampTzGetDatum(window_start())}) == 1;
    });
}

void forget_old_batches() {
    // A row that a feed is at work on can wait.
    static PreparedQuery forget(
        "DELETE FROM active_calls.ingested_batch WHERE ctid OPERATOR(pg_catalog.=) ANY"
        " (ARRAY(SELECT ctid FROM active_calls.ingested_batch"
        " WHERE ingested_at OPERATOR(pg_catalog.<) $1 FOR UPDATE SKIP LOCKED))",
        {TIMESTAMPTZOID});
    const OwnTable table("ingested_batch");
    const SPIPlanPtr plan = forget.plan();
    guarded([&] { table.execute(plan, {TimestampTzGetDatum(window_start())}); });
}

} // namespace active_calls::postgres
