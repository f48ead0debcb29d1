// From rows to segments.
#pragma once

#include "segment.h"
#include "value_pool.h"

namespace active_calls {

// Takes calls of one account, in any order, and encodes them. Memory: about 48 bytes a call, and
// each distinct value once.
class SegmentBuilder {
public:
    explicit SegmentBuilder(std::int32_t account_id)
        : account_id_(account_id) {}

    // `call.account_id` is not looked at.
    void add(const Call& call);

    std::int32_t account_id() const { return account_id_; }
    std::size_t size() const { return rows_.size(); }
    // What the builder has allocated, about.
    std::size_t memory() const;

    // Puts the rows in the order of time. Rows are then known by their place.
    void sort();
    // Of sorted rows: how many are before `t`.
    std::size_t count_before(Instant t) const;
    // Of sorted rows, `count` from `first` on, at least one and at most max_segment_rows, as a
    // segment. It takes no memory for its bytes but from `memory`.
    Segment encode(std::size_t first, std::size_t count, std::pmr::memory_resource* memory) const;

private:
    // A value's number in the pool of its attribute. There are fewer rows than numbers.
    using Id = ValuePool::Id;
    static constexpr Id null = ~Id{0};

    // What makes calls one call: each attribute's value.
    enum Attribute : std::uint8_t {
        src_country_id,
        dst_country_id,
        src_prefix_routing,
        dst_prefix_routing,
        auth_orig_ip,
        attribute_count,
    };
    using Attributes = std::array<Id, attribute_count>;

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

    static Runs find_runs(std::span<const Row> rows);
    static Bytes encode_runs(const Runs& found, std::pmr::memory_resource* memory);
    static Bytes encode_durations(const Runs& found, std::pmr::memory_resource* memory);
    template<class Dictionary, class ToValue>
    static Bytes encode_codes(const ValuePool& pool, std::span<const Id> ids,
                              std::pmr::memory_resource* memory, ToValue&& to_value);
    SegmentBounds bounds_of(std::span<const Row> rows) const;

    std::int32_t account_id_;
    std::vector<Row> rows_;
    std::array<ValuePool, attribute_count> pools_;
    ValuePool prices_;
};

} // namespace active_calls
