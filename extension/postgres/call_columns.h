// A call as the columns of `inbox`, and of `calls`.
#pragma once

#include "boundary.h"

#include "../kernel/call.h"

namespace active_calls::postgres {

// In their order.
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

inline constexpr Oid call_column_types[call_column_count] = {
    TIMESTAMPTZOID, INT4OID, INT4OID, INT4OID, TEXTOID, TEXTOID, INT4OID, INETOID, FLOAT8OID,
};

// One column of a call, allocated in the current memory context where it is of variable length.
// Text is in `encoding`, and checked. Raises: call it in a guarded body.
NullableDatum to_datum(const Call& call, CallColumn column, int encoding);

} // namespace active_calls::postgres
