// From rows in the order of time to a segment.
#pragma once

#include "../format/segment.h"
#include "value_pool.h"

namespace active_calls {

class SegmentEncoder {
public:
    SegmentEncoder(std::int32_t account_id, std::size_t expected_calls)
        : account_id_(account_id) {
        rows_.reserve(expected_calls);
    }

    // Calls come in the order of time, at most full_segment_rows. `call.account_id` is not looked
    // at.
    void add(const Call& call);
    // What was added, at least one call, as a segment whose bytes are allocated from `memory`.
    Segment encode(std::pmr::memory_resource* memory) const;

private:
    // A value's number in the pool of its attribute. There are fewer rows than numbers.
    using Id = ValuePool::Id;
    static constexpr Id null = ~Id{0};

    // What makes calls one call: each attribute's value. Their number is even, so that all bytes of
    // a RunFinder::Key are its value.
    using Attributes = std::array<Id, attribute_count + attribute_count % 2>;

    struct Row {
        Instant snapshot;
        std::int32_t duration;
        Id price;
        Attributes attributes;
    };

    // See segment.h.
    struct Run {
        std::uint32_t first_snapshot;
        std::uint32_t row_count;
        std::int64_t clock; // the second at which its durations are 0; RunFinder::unconnected
        bool cut_at_zero;
        Attributes attributes;
    };

    class RunFinder;
    struct Runs;

    Runs find_runs() const;
    static Bytes encode_runs(const Runs& found, std::pmr::memory_resource* memory);
    static Bytes encode_durations(const Runs& found, std::pmr::memory_resource* memory);
    template<class Value>
    static void write_codes(ByteWriter& writer, const ValuePool& pool, std::span<const Id> ids);
    Bytes encode_prices(const Runs& found, std::pmr::memory_resource* memory) const;

    std::int32_t account_id_;
    std::vector<Row> rows_;
    std::array<ValuePool, attribute_count> pools_;
    ValuePool prices_;
    SegmentBounds bounds_;
};

} // namespace active_calls
