// From the runs of a segment to counts.
#pragma once

#include "open_segment.h"

#include "../../series.h"

namespace active_calls {

// Adds to `counts` the calls within the window that pass the filter. Reads the vectors that the
// filter is about, and, where one passes nothing, not those after it. Visits runs, not rows: a
// filter on a price alone looks at rows, of the runs that pass the others and whose prices are
// listed.
void count_segment(const OpenSegment& segment, const Window& window, const CallFilter& filter,
                   SnapshotCounts& counts);

} // namespace active_calls
