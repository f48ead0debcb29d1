// Writes calls to `inbox`.
#pragma once

#include "boundary.h"
#include "value.h"

#include "../kernel/call.h"

#include <vector>

namespace active_calls::postgres {

// The columns of `inbox`, and of `calls`, in their order.
enum CallColumn {
    snapshot_timestamp,
    customer_acc_id,
    src_country_id,
    dst_country_id,
    src_prefix_routing,
    dst_prefix_routing,
    duration,
    auth_orig_ip,
    customer_price,
    call_column_count,
};

// One column of a call, allocated in the current memory context where it is of variable length.
// Text is in `encoding`, and checked. Raises: call it in a guarded body.
NullableDatum to_datum(const Call& call, CallColumn column, int encoding);

// Calls that wait for the next INSERT. The caller is connected to SPI. Throws PendingError.
class InboxWriter {
public:
    // Text of calls is in `encoding`.
    InboxWriter(MemoryContext memory, int encoding);

    void add(Call call);
    // To be called last.
    void flush();

private:
    std::optional<std::string_view> keep(std::optional<std::string_view> text);

    int encoding_;
    MemoryContextResource memory_;
    std::pmr::vector<Call> calls_;
    std::pmr::monotonic_buffer_resource text_;
    std::size_t text_bytes_ = 0;
};

} // namespace active_calls::postgres
