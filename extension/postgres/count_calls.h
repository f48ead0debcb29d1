// Counts calls where they lie: in segments, and in `inbox` until they are sealed.
#pragma once

#include "../kernel/call_filter.h"
#include "../kernel/series.h"

#include <cstdint>

namespace active_calls::postgres {

// The cost of a count, for active_calls.log_scan and EXPLAIN.
struct ScanCost {
    std::uint64_t segments = 0;         // of the account, in the window
    std::uint64_t segments_skipped = 0; // unread, since their bounds tell that nothing passes
    std::uint64_t bytes_detoasted = 0;
    std::uint64_t inbox_rows = 0;

    ScanCost& operator+=(const ScanCost& other) {
        segments += other.segments;
        segments_skipped += other.segments_skipped;
        bytes_detoasted += other.bytes_detoasted;
        inbox_rows += other.inbox_rows;
        return *this;
    }
};

// Adds to `counts` every stored call of the account within the window that passes the filter.
//
// Reads through SPI with the rights, the row security and the snapshot of the current query; the
// caller has connected to SPI. Throws Error (corrupted_data), or what PostgreSQL raises, as
// PendingError.
ScanCost count_calls(std::int32_t account_id, const Window& window, const CallFilter& filter,
                     SnapshotCounts& counts);

} // namespace active_calls::postgres
