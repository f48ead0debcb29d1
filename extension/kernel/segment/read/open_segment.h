// A segment that is being read: what its header says, and where its vectors come from.
#pragma once

#include "../format/segment.h"

#include "../../call_filter.h"

namespace active_calls {

// Where the bytes of a segment's vectors come from, one at a time and only when they are needed.
class VectorSource {
public:
    // The bytes stay valid as long as the source.
    virtual ByteSpan fetch(Vector vector) = 0;

protected:
    ~VectorSource() = default;
};

// A segment in memory.
class SegmentBytes final : public VectorSource {
public:
    explicit SegmentBytes(const Segment& segment)
        : segment_(segment) {}
    ByteSpan fetch(Vector vector) override {
        return segment_.vectors[static_cast<std::size_t>(vector)];
    }

private:
    const Segment& segment_;
};

struct OpenSegment {
    SegmentHeader header;
    VectorSource& source;
    std::pmr::memory_resource* memory; // of what is read
};

// `header` and `source` must outlive the segment. Everything that reads it throws Error
// (corrupted_data) where the bytes are not those of a segment; this, also (newer_data) where they
// are those of a later version.
OpenSegment open_segment(ByteSpan header, VectorSource& source, std::pmr::memory_resource* memory);

// From one snapshot up to, and without, another, by their numbers.
struct SnapshotRange {
    std::size_t begin;
    std::size_t end;
    bool empty() const { return begin >= end; }
    bool overlaps(const SnapshotRange& other) const {
        return begin < other.end && other.begin < end;
    }
};

SnapshotRange range_of(const SegmentHeader& header, const Window& window);

// False when the header alone tells that no call of the segment is asked for.
bool may_hold(const SegmentHeader& header, const Window& window, const CallFilter& filter);

} // namespace active_calls
