// Which calls count: the filters of origination-active-calls. All of them combine with AND.
#pragma once

#include "call.h"

#include <optional>
#include <string>

namespace active_calls {

// Equality of a value that may be NULL. NULL passes no filter.
template<class Value>
struct EqualityFilter {
    std::optional<Value> eq;

    bool given() const { return eq.has_value(); }
    bool passes(const std::optional<Value>& value) const { return !eq || value == eq; }
};

// `eq`, `gt`, `lt` compare as numbers do; for double that is IEEE 754: NaN passes none of them.
template<class Number>
struct RangeFilter {
    std::optional<Number> eq, gt, lt;

    bool given() const { return eq || gt || lt; }
    bool passes(Number value) const {
        return (!eq || value == *eq) && (!gt || value > *gt) && (!lt || value < *lt);
    }
};

// `eq`, `starts_with` and `ends_with` compare bytes; `contains` ignores the case of ASCII letters
// and of no others. The empty string starts, ends and is contained in everything but NULL.
struct TextFilter {
    std::optional<std::string> eq, starts_with, ends_with, contains;

    bool given() const { return eq || starts_with || ends_with || contains; }
    bool passes(std::optional<std::string_view> value) const;
};

// One filter for each column; a column whose filter is not given passes, and need not be fetched.
struct CallFilter {
    EqualityFilter<std::int32_t> src_country_id;
    EqualityFilter<std::int32_t> dst_country_id;
    TextFilter src_prefix_routing;
    TextFilter dst_prefix_routing;
    RangeFilter<std::int32_t> duration; // seconds
    EqualityFilter<Address> auth_orig_ip;
    RangeFilter<double> customer_price;

    // The columns whose filter is given.
    ColumnSet columns() const;
};

// Whether `needle` occurs in `haystack`, taking A-Z and a-z for the same.
bool contains_ignoring_ascii_case(std::string_view haystack, std::string_view needle);

} // namespace active_calls
