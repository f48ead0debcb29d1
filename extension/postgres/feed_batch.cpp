#include "feed_batch.h"

#include "inbox_writer.h"
#include "ingested_batches.h"

#include <optional>

namespace active_calls::postgres {

namespace {

std::optional<FeedBatch> under_way;

// With the transaction goes what was read in it.
void end_with_transaction(XactEvent event, void*) {
    if (!under_way) return;
    switch (event) {
    case XACT_EVENT_PRE_COMMIT:
    case XACT_EVENT_PRE_PREPARE:
        ereport(ERROR, errcode(ERRCODE_INVALID_TRANSACTION_STATE),
                errmsg("a batch of the feed has not come to its last piece"));
        break;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PREPARE:
        under_way.reset();
        break;
    default: // of parallel workers, which write nothing
        break;
    }
}

void require_no_savepoint() {
    if (GetCurrentTransactionNestLevel() > 1)
        throw Error(ErrorKind::invalid_argument,
                    "ingest_piece must not be called inside a savepoint or a block that handles "
                    "exceptions");
}

} // namespace

FeedBatch* FeedBatch::current() {
    if (!under_way) return nullptr;
    require_no_savepoint();
    return &*under_way;
}

FeedBatch& FeedBatch::begin(const FieldSet& fields, RowRules rules, AllowedErrors allowed) {
    static bool is_registered = false;
    require_no_savepoint();
    if (!is_registered) guarded([] { RegisterXactCallback(end_with_transaction, nullptr); });
    is_registered = true;
    return under_way.emplace(fields, std::move(rules), allowed);
}

void FeedBatch::end() { under_way.reset(); }

void FeedBatch::add(std::string_view piece, bool is_last, MemoryContext memory) {
    InboxWriter inbox(memory, PG_UTF8);
    const auto accept = [&](const Call& call) { inbox.add(call); };
    reader.add(piece, accept);
    if (is_last) {
        reader.finish(accept);
        const auto digest = reader.digest();
        if (digest && !remember_batch(*digest))
            throw Error(ErrorKind::repeated_batch, "the batch was ingested before");
    }
    written += inbox.finish();
}

} // namespace active_calls::postgres
