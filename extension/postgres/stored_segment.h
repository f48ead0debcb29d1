// A row of table `segment`, as the kernel reads it.
#pragma once

#include "boundary.h"
#include "value.h"

#include "../kernel/segment/read/count_segment.h"
#include "../kernel/segment/read/segment_rows.h"

#include <string>

namespace active_calls::postgres {

// The columns in their order.
enum SegmentColumn {
    segment_id,
    segment_customer_acc_id,
    segment_first_snapshot,
    segment_last_snapshot,
    segment_row_count,
    segment_run_count,
    segment_is_full,
    segment_header,
    segment_first_vector, // all vectors, in the order of Vector
    segment_column_count = segment_first_vector + vector_count,
};

// Those columns but the id, for a list in SQL.
const std::string& segment_columns();

// A segment while its row is at hand. It keeps what it reads in a memory context of the caller's,
// who resets the context when done with the segment. It reads large values only when asked for
// them.
//
// All functions throw Error (corrupted_data), which names the segment, if it is damaged.
class StoredSegment final : private VectorSource {
public:
    // `values` and `nulls` are those of SegmentColumn.
    StoredSegment(const Datum* values, const bool* nulls, MemoryContext memory);
    StoredSegment(const StoredSegment&) = delete;
    StoredSegment& operator=(const StoredSegment&) = delete;

    std::int64_t id() const { return id_; }
    const OpenSegment& open() const { return *open_; }
    const SegmentHeader& header() const { return open_->header; }
    void count(const Window& window, const CallFilter& filter, SnapshotCounts& counts) const {
        named([&] { count_segment(*open_, window, filter, counts); });
    }
    // All rows.
    void for_each_row(const std::function<void(const Call&)>& visit) const {
        named([&] { active_calls::for_each_row(*open_, all_time, ColumnSet::all(), visit); });
    }
    // How many bytes of large values were fetched.
    std::size_t bytes_detoasted() const { return bytes_detoasted_; }

    // Runs `body`, which reads the segment through open(), and names the segment where it is
    // damaged.
    template<class Body>
    std::invoke_result_t<Body> named(Body&& body) const {
        try {
            return body();
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::corrupted_data) throw;
            throw damaged_segment(error.what());
        }
    }

private:
    ByteSpan fetch(Vector vector) override;
    ByteSpan plain_bytes(int column);
    void check_columns() const;
    Error damaged_segment(const std::string& how) const;

    const Datum* values_;
    const bool* nulls_;
    MemoryContext context_;
    MemoryContextResource memory_;
    std::int64_t id_;
    std::int32_t account_id_;
    std::size_t bytes_detoasted_ = 0;
    std::optional<OpenSegment> open_;
};

} // namespace active_calls::postgres
