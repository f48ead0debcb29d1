// Where calls lie, and the one place that counts them.
#pragma once

#include "../kernel/call_filter.h"
#include "../kernel/series.h"

#include <cstdint>

namespace active_calls::postgres {

// Adds to `counts` every stored call of the account within the window that passes the filter.
//
// Reads through SPI with the rights, the row security and the snapshot of the current query; the
// caller has connected to SPI. Raises what PostgreSQL raises, as PendingError.
void count_calls(std::int32_t account_id, const Window& window, const CallFilter& filter,
                 SnapshotCounts& counts);

} // namespace active_calls::postgres
