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
    // How many of the sorted calls are before `t`.
    std::size_t count_before(Instant t) const;
    // Encodes `count` of the sorted calls, beginning with number `first`, as one segment. `count`
    // is between 1 and full_segment_rows. The segment's bytes are allocated from `memory`.
    Segment encode(std::size_t first, std::size_t count, std::pmr::memory_resource* memory) const;

private:
    static constexpr std::size_t text_count = [] {
        std::size_t count = 0;
        for_each_attribute([&](const auto& column, std::size_t) {
            if (is_text<typename std::decay_t<decltype(column)>::Value>) ++count;
        });
        return count;
    }();

    // How a number holds an attribute's value: the value is null, a dial string of that length, in
    // `values_` under that number, or the number itself.
    using Form = std::uint8_t;

    struct Row {
        Instant snapshot;
        double customer_price;
        std::array<std::uint64_t, text_count> texts; // of the attributes that are texts
        std::array<std::uint32_t, attribute_count - text_count> others; // of the other ones
        std::int32_t duration;
        std::array<Form, attribute_count> forms;
    };

    // Calls `visit(column, number, form)` for each attribute of a row.
    template<class AnyRow, class Visit>
    static void for_each_number(AnyRow& row, Visit&& visit) {
        std::size_t text = 0;
        std::size_t other = 0;
        for_each_attribute([&](const auto& column, std::size_t i) {
            if constexpr (is_text<typename std::decay_t<decltype(column)>::Value>)
                visit(column, row.texts[text++], row.forms[i]);
            else
                visit(column, row.others[other++], row.forms[i]);
        });
    }

    // Sets the number that holds a value, and returns its form.
    Form keep(std::string_view text, std::uint64_t& number);
    Form keep(std::int32_t value, std::uint32_t& number);
    Form keep(const Inet& inet, std::uint32_t& number);

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
