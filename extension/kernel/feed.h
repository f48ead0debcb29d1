// The switch's feed: JSONEachRow text, one call of one snapshot a line, read into calls.
#pragma once

#include "call.h"

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace active_calls {

// Which row of the feed a row is: rows of the same id and snapshot have the same key. A hash
// (XXH3, 128 bits) of the id's text, seeded with the snapshot.
using RowKey = std::array<std::uint64_t, 2>;

// Fields of a row that are read; others are as good as absent.
class FieldSet {
public:
    static FieldSet all() {
        FieldSet fields;
        fields.bits_.set();
        return fields;
    }
    // A name that no field has, of those below, is ignored.
    void insert(std::string_view name);
    bool contains(std::size_t field) const { return bits_.test(field); }

private:
    std::bitset<17> bits_; // in the order of the names in feed.cpp
};

struct FeedCounts {
    std::size_t accepted = 0;
    std::size_t unowned = 0;  // rows without customer_acc_id: calls that no customer owns
    std::size_t repeated = 0; // rows that `accept` has had before
};

// Reads UTF-8 text, a JSON object a line, blank lines ignored, and hands every owned call to
// `accept`, with its key when it has an id; its text is borrowed until `accept` returns, which is
// false for a row that it has had before.
//
// Fields read, when they are among `fields`: snapshot_timestamp, connect_time, end_time
// (`YYYY-MM-DD hh:mm:ss`, UTC), customer_acc_id, src_country_id, dst_country_id,
// src_prefix_routing, dst_prefix_routing, duration, auth_orig_ip, customer_price, destination_fee,
// destination_initial_rate, destination_next_rate, destination_initial_interval,
// destination_next_interval, id. Numbers may be quoted. Other fields are ignored. A duration or
// price that is absent is computed: a call is connected when it has a connect_time, or a duration
// above 0. An id is a 64-bit integer or any text; an empty one is none.
//
// `before_line` is called for every line, owned or not, so that its caller can stop a long batch by
// throwing. Throws Error (malformed_input) that names the line, counted from 1, and the field.
FeedCounts read_feed(
    std::string_view text, const FieldSet& fields,
    const std::function<bool(const Call&, const std::optional<RowKey>&)>& accept,
    const std::function<void()>& before_line = [] {});

} // namespace active_calls
