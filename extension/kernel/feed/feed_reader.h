// The switch's feed: JSONEachRow, a call of a snapshot in each row, read into calls.
#pragma once

#include "fields.h"
#include "row.h"

#include "../call.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace active_calls {

// What a batch is known by when it is sent again: XXH3, 128 bits.
using BatchDigest = std::array<unsigned char, 16>;

// The digest of a text and of the fields of it that are read; none for a text without rows.
std::optional<BatchDigest> digest_of(std::string_view text, const FieldSet& fields);

// How many rows of a batch may not fit before it is refused. It is taken if one of both allows it,
// as ClickHouse has it with its settings of these names.
struct AllowedErrors {
    std::uint64_t input_format_allow_errors_num = 0;
    double input_format_allow_errors_ratio = 0; // of all rows, 0 to 1
};

struct FeedCounts {
    std::uint64_t read = 0;     // rows, of which
    std::uint64_t accepted = 0; // were handed on,
    std::uint64_t unowned = 0;  // have no customer_acc_id: calls that no customer owns,
    std::uint64_t lost = 0;     // did not fit
    std::uint64_t doubtful = 0; // accepted ones with a time that the clock has shown twice
    // What was wrong with the first lost row, and its line. It is empty if no row was lost.
    std::string first_error;
};

// Reads a batch, in pieces that may be cut anywhere.
//
// Rows are JSON objects, one behind another: each on a line, several on one, or on more than one;
// with commas between them or without, in one array or in none; behind a byte order mark or not.
//
// Fields read, when they are among `fields`: snapshot_timestamp, connect_time, end_time
// (`YYYY-MM-DD hh:mm:ss`, as the clock of the rules shows), customer_acc_id, src_country_id,
// dst_country_id, src_prefix_routing, dst_prefix_routing, duration, auth_orig_ip, customer_price,
// destination_fee, destination_initial_rate, destination_next_rate, destination_initial_interval,
// destination_next_interval. Numbers may be quoted. A duration or price that is absent is computed:
// a call is connected when it has a connect_time, or a duration above 0.
//
// What is not read is looked at for its JSON structure alone: other fields, and all but the owner
// in a row that has none. In texts that are read, U+FFFD stands for what is not well formed. A row
// that still does not fit is lost, and with it its line, if errors are allowed; else the functions
// throw Error (malformed_input) that names the field and the line. Lines count from 1.
class FeedReader {
public:
    // Gets every owned call; its text is borrowed until it returns.
    using Accept = std::function<void(const Call&)>;

    FeedReader(const FieldSet& fields, RowRules rules, AllowedErrors allowed_errors);
    FeedReader(const FeedReader&) = delete;
    ~FeedReader();

    void add(std::string_view piece, const Accept& accept);
    // To be called last.
    void finish(const Accept& accept);

    const FeedCounts& counts() const;
    // Identifies the text that the caller has added so far. A batch without rows has no digest.
    std::optional<BatchDigest> digest() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace active_calls
