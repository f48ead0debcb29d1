// One call in one snapshot, and sets of its columns.
#pragma once

#include "address.h"
#include "instant.h"

#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>

namespace active_calls {

// The columns of a call in the order of `inbox`; columns.h says what they are.
enum class Column : std::uint8_t {
    snapshot_timestamp,
    customer_acc_id,
    src_country_id,
    dst_country_id,
    src_prefix_routing,
    dst_prefix_routing,
    duration,
    auth_orig_ip,
    customer_price,
    end, // behind the last one
};
inline constexpr auto column_count = static_cast<std::size_t>(Column::end);

// A set of columns: what a filter needs, what a store has to fetch.
class ColumnSet {
public:
    constexpr ColumnSet() = default;

    static ColumnSet all() {
        ColumnSet columns;
        columns.bits_.set();
        return columns;
    }
    void insert(Column column) { bits_.set(static_cast<std::size_t>(column)); }
    bool contains(Column column) const { return bits_.test(static_cast<std::size_t>(column)); }
    bool empty() const { return bits_.none(); }
    // A number below 2^column_count, distinct for distinct sets.
    std::size_t index() const { return bits_.to_ulong(); }

private:
    std::bitset<column_count> bits_;
};

// A row of `inbox`. An empty optional is SQL NULL. Text is borrowed from whoever made the row.
struct Call {
    Instant snapshot;
    std::int32_t account_id = 0;
    std::optional<std::int32_t> src_country_id;
    std::optional<std::int32_t> dst_country_id;
    std::optional<std::string_view> src_prefix_routing;
    std::optional<std::string_view> dst_prefix_routing;
    std::int32_t duration = 0; // seconds since the call was connected, 0 before
    std::optional<Inet> auth_orig_ip;
    double customer_price = 0;
};

} // namespace active_calls
