// Snapshots as text: what the switch posts, and what PostgreSQL's COPY reads.
#pragma once

#include "call.h"

#include <fmt/format.h>

namespace active_calls::feed {

// One JSON object a line, with all the fields of the switch under its names and in its order.
void append_jsoneachrow(fmt::memory_buffer& output, const Snapshot& snapshot);

// One line per call in COPY's text format: the nine columns of active_calls.inbox in their order,
// duration and price as the consumer of the other format would compute them.
void append_copy(fmt::memory_buffer& output, const Snapshot& snapshot);

} // namespace active_calls::feed
