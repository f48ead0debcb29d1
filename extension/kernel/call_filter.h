// Which calls count: the filters of origination-active-calls. All of them combine with AND.
#pragma once

#include "call.h"

#include <concepts>
#include <optional>
#include <string>
#include <vector>

namespace active_calls {

// Equality of a value that may be NULL. NULL passes no filter.
template<class Value>
struct EqualityFilter {
    std::optional<Value> eq;

    bool given() const { return eq.has_value(); }
    bool passes(const std::optional<Value>& value) const { return !eq || value == eq; }
};

// Addresses are compared, and netmasks are not.
struct AddressFilter {
    std::optional<Address> eq;

    bool given() const { return eq.has_value(); }
    bool passes(const std::optional<Inet>& value) const {
        return !eq || (value && value->address == *eq);
    }
};

// `eq`, `gt`, `lt` compare as numbers do; for double that is IEEE 754: NaN passes none of them.
template<class Number>
struct RangeFilter {
    std::optional<Number> eq{}, gt{}, lt{};

    bool given() const { return eq || gt || lt; }
    bool passes(Number value) const {
        return (!eq || value == *eq) && (!gt || value > *gt) && (!lt || value < *lt);
    }
};

// A text that others may contain, made ready to be looked for in many of them. Takes A-Z and a-z
// for the same.
//
// By Knuth, Morris and Pratt: a byte of a text is looked at once, and compared twice at most on
// average, whatever text and needle are. A needle that repeats itself, looked for in a text that
// does too, would otherwise take the product of their lengths.
class Needle {
public:
    template<std::convertible_to<std::string_view> Text>
    Needle(const Text& text) // as a std::string is made
        : Needle(std::string_view(text), 0) {}

    bool is_in(std::string_view text) const;
    std::string_view lower() const { return lower_; }

private:
    Needle(std::string_view text, int);

    std::string lower_;
    // The failure function of Knuth, Morris and Pratt: element i is the length of the longest
    // proper prefix of the needle's first i letters that is also their suffix.
    std::vector<std::uint32_t> shorter_;
};

// `eq`, `starts_with` and `ends_with` compare bytes; `contains` ignores the case of ASCII letters
// and of no others. The empty string starts, ends and is contained in everything but NULL.
struct TextFilter {
    std::optional<std::string> eq{}, starts_with{}, ends_with{};
    std::optional<Needle> contains{};

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
    AddressFilter auth_orig_ip;
    RangeFilter<double> customer_price;

    // The columns whose filter is given.
    ColumnSet columns() const;
};

} // namespace active_calls
