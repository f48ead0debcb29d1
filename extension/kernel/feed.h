// The switch's feed: JSONEachRow text, one call of one snapshot a line, read into calls.
#pragma once

#include "call.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace active_calls {

enum class Field : std::uint8_t; // of a row, those named below

// Fields of a row that are read; others are as good as absent.
class FieldSet {
public:
    static FieldSet all();
    // A name that no field has, of those below, is ignored.
    void insert(std::string_view name);
    bool contains(Field field) const { return (bits_ & bit_of(field)) != 0; }

    // The same for sets of the same fields.
    std::uint32_t bits() const { return bits_; }

private:
    static std::uint32_t bit_of(Field field) {
        return std::uint32_t{1} << static_cast<unsigned>(field);
    }

    std::uint32_t bits_ = 0;
};

// What a batch is known by when it is sent again: XXH3, 128 bits.
using BatchDigest = std::array<unsigned char, 16>;

// The digest of a text and of the fields of it that are read; none for a text without rows.
std::optional<BatchDigest> digest_of(std::string_view text, const FieldSet& fields);

struct FeedCounts {
    std::size_t accepted = 0;
    std::size_t unowned = 0; // rows without customer_acc_id: calls that no customer owns
};

// Reads UTF-8 text, a JSON object a line, blank lines ignored, and hands every owned call to
// `accept`; its text is borrowed until `accept` returns.
//
// Fields read, when they are among `fields`: snapshot_timestamp, connect_time, end_time
// (`YYYY-MM-DD hh:mm:ss`, UTC), customer_acc_id, src_country_id, dst_country_id,
// src_prefix_routing, dst_prefix_routing, duration, auth_orig_ip, customer_price, destination_fee,
// destination_initial_rate, destination_next_rate, destination_initial_interval,
// destination_next_interval. Numbers may be quoted. Other fields are ignored. A duration or price
// that is absent is computed: a call is connected when it has a connect_time, or a duration above
// 0.
//
// `before_line` is called for every line, owned or not, so that its caller can stop a long batch by
// throwing. Throws Error (malformed_input) that names the field and the line, where the text begins
// with line `first_line`.
FeedCounts read_feed(
    std::string_view text, const FieldSet& fields, const std::function<void(const Call&)>& accept,
    const std::function<void()>& before_line = [] {}, std::size_t first_line = 1);

} // namespace active_calls
