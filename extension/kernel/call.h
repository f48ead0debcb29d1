// One call in one snapshot, and the names of its columns.
#pragma once

#include "address.h"
#include "instant.h"

#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>

namespace active_calls {

// The columns a filter can look at, those that are cheap to test first.
enum class Column : std::uint8_t {
    src_country_id,
    dst_country_id,
    duration,
    customer_price,
    auth_orig_ip,
    src_prefix_routing,
    dst_prefix_routing,
};
inline constexpr std::size_t column_count = 7;

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
    // Calls `visit(Column)` for each, in the order of Column.
    template<class Visit>
    void for_each(Visit&& visit) const {
        for (std::size_t i = 0; i < column_count; ++i)
            if (bits_.test(i)) visit(static_cast<Column>(i));
    }
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
