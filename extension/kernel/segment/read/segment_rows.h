// From the runs of a segment back to rows.
#pragma once

#include "open_segment.h"

#include <functional>
#include <memory>

namespace active_calls {

// The rows of a segment within a window, one after the other, in no order that is promised. Columns
// that are not asked for are left empty, and their vectors unread.
class SegmentRows {
public:
    // `segment` must outlive the rows.
    SegmentRows(const OpenSegment& segment, const Window& window, ColumnSet columns);
    ~SegmentRows();

    // The next row, null behind the last one. It stays until the next one is asked for; its text,
    // as long as this.
    const Call* next();

private:
    class Walk;
    std::unique_ptr<Walk> walk_;
};

// Calls `visit` for each of them.
void for_each_row(const OpenSegment& segment, const Window& window, ColumnSet columns,
                  const std::function<void(const Call&)>& visit);

} // namespace active_calls
