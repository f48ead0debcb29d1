// Calls of one account that wait to be sealed.
#pragma once

#include "../format/segment.h"
#include "value_pool.h"

namespace active_calls {

// Takes calls in any order, and encodes them. Takes 56 bytes for a call whose numbers are dial
// strings, and touches no other memory when one is added: calls of thousands of accounts wait at
// the same time, each in a builder of its own.
class SegmentBuilder {
public:
    explicit SegmentBuilder(std::int32_t account_id)
        : account_id_(account_id) {}

    // `call.account_id` is not looked at.
    void add(const Call& call);

    std::int32_t account_id() const { return account_id_; }
    std::size_t size() const { return packed_calls_ + rows_.size(); }
    // What the builder has allocated, about; and how much of it packing could make smaller.
    std::size_t memory() const { return packed_bytes_ + unpacked_memory(); }
    std::size_t unpacked_memory() const {
        return rows_.capacity() * sizeof(Row) + values_.memory();
    }

    // Encodes what is not packed yet, to take less memory until it is needed.
    void pack();
    // Puts all calls in the order of time, unpacked. They are then known by their place.
    void sort();
    // Of sorted calls: how many are before `t`.
    std::size_t count_before(Instant t) const;
    // Encodes `count` of the sorted calls, beginning with number `first`, as one segment. `count`
    // is between 1 and full_segment_rows. The segment's bytes are allocated from `memory`.
    Segment encode(std::size_t first, std::size_t count, std::pmr::memory_resource* memory) const;

private:
    // Of a text, how `Row` holds it: null, the length of a dial string, or plain.
    using TextForm = std::uint8_t;

    struct Row {
        Instant snapshot;
        double customer_price;
        std::uint64_t src_prefix_routing; // a dial word, or of a plain text its number in `values_`
        std::uint64_t dst_prefix_routing;
        std::int32_t duration;
        std::int32_t src_country_id;
        std::int32_t dst_country_id;
        ValuePool::Id auth_orig_ip; // in `values_`
        TextForm src_form;
        TextForm dst_form;
        bool has_src_country_id;
        bool has_dst_country_id;
    };

    void keep(const std::optional<std::string_view>& text, std::uint64_t& value, TextForm& form);
    std::optional<std::string_view> text(std::uint64_t value, TextForm form, char* dialled) const;

    void sort_rows();
    void unpack();

    std::int32_t account_id_;
    std::vector<Segment> packed_;
    std::size_t packed_calls_ = 0;
    std::size_t packed_bytes_ = 0;
    std::vector<Row> rows_;
    ValuePool values_; // texts that are no dial strings, and addresses, which are few
};

} // namespace active_calls
