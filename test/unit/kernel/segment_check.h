// A segment as a store would hold it, and what reading it must give: what visiting the calls
// themselves gives.
#pragma once

#include "random_calls.h"

#include "segment/encode/segment_builder.h"
#include "segment/read/count_segment.h"
#include "segment/read/segment_rows.h"

namespace active_calls {

// The bytes of a segment, and which of them were asked for.
class StoredSegment final : public VectorSource {
public:
    explicit StoredSegment(Segment segment)
        : segment_(std::move(segment)) {}

    ByteSpan fetch(Vector vector) override {
        fetched_.push_back(vector);
        return segment_.vectors[static_cast<std::size_t>(vector)];
    }
    OpenSegment open() {
        return open_segment(segment_.header, *this, std::pmr::get_default_resource());
    }

    Segment& segment() { return segment_; }
    const Segment& segment() const { return segment_; }
    Bytes& vector(Vector vector) { return segment_.vectors[static_cast<std::size_t>(vector)]; }
    // Those that were fetched since this was asked last, in that order.
    std::vector<Vector> take_fetched() { return std::exchange(fetched_, {}); }

private:
    Segment segment_;
    std::vector<Vector> fetched_;
};

SegmentBuilder sorted_builder(std::span<const Call> calls);
StoredSegment encoded(std::span<const Call> calls);

CallList decoded(StoredSegment& stored, const Window& window = all_time,
                 ColumnSet columns = ColumnSet::all());
std::vector<Point> counted(StoredSegment& stored, const Window& window, const CallFilter& filter);

// The same from the calls themselves.
bool within(const Window& window, const Call& call);
bool passes(const CallFilter& filter, const Call& call);
CallList calls_within(const Window& window, std::span<const Call> calls);
std::vector<Point> counted(std::span<const Call> calls, const Window& window,
                           const CallFilter& filter);

// Nothing when both are the same; else words on the first point that is not.
std::string difference(std::span<const Point> expected, std::span<const Point> actual);

std::string describe(const Window& window, const CallFilter& filter);

// Encodes random calls, about as many as `rows`, and reads them in every way. Nothing when each
// answer is the one that the calls themselves give; else words on the first that is not.
std::string first_wrong_answer(Choices& choices, std::size_t rows, std::size_t questions);

} // namespace active_calls
