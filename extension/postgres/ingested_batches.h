// Which batches were ingested before: so that one which is sent again counts no call twice.
#pragma once

#include "../kernel/feed/feed_reader.h"

namespace active_calls::postgres {

// A batch is known by its digest, in table `ingested_batch`, whose unique index makes a
// transaction wait for another one that has the same digest, and for no other. What is rolled back
// is not remembered. The callers have connected to SPI. These throw PendingError.

// Remembers the batch. Returns false where it was ingested within active_calls.retry_window, or
// earlier in this transaction. A transaction that sees no more than its first snapshot fails to
// serialize where it had to wait for the same batch to be committed.
bool remember_batch(const BatchDigest& digest);

// Forgets the batches that are older than the window.
void forget_old_batches();

} // namespace active_calls::postgres
