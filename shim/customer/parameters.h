// THE table of the API's parameters. Parsing, the SQL statement, the order of errors and the API's
// description follow from it: a new parameter is a new line.
#pragma once

#include "values.h"

#include <array>
#include <string_view>

namespace active_calls::shim {

struct Parameter {
    std::string_view http_name;
    /// Name of the SQL functions' argument.
    std::string_view sql_name;
    ValueType type;
    /// A value as it stands in a query, before percent-encoding.
    std::string_view example;
    /// For the API's description, in Markdown: which calls count when it is given.
    std::string_view description;
    bool required = false;
};

/// In the API's order, which is the order in which errors are looked for.
inline constexpr std::array parameters{
    Parameter{"account-id", "account_id", ValueType::uuid, "069b073a-e7d9-11f0-932e-0a63caf27539",
              "The account whose calls are counted.", true},
    Parameter{"from-time", "from_time", ValueType::time, "2026-01-01T12:46:15Z",
              "Only snapshots that are not before this time.", true},
    Parameter{"to-time", "to_time", ValueType::time, "2026-01-01T12:52:00Z",
              "Only snapshots that are not after this time; without it there is no upper bound."},
    Parameter{"src-country-id", "src_country_id", ValueType::country_id, "1",
              "Only calls whose source country is this one."},
    Parameter{"dst-country-id", "dst_country_id", ValueType::country_id, "1",
              "Only calls whose destination country is this one."},
    Parameter{"src-prefix-routing-eq", "src_prefix_routing_eq", ValueType::string, "380145685835",
              "Only calls whose source number is this one, byte for byte."},
    Parameter{"src-prefix-routing-starts-with", "src_prefix_routing_starts_with", ValueType::string,
              "380", "Only calls whose source number starts with this, byte for byte."},
    Parameter{"src-prefix-routing-ends-with", "src_prefix_routing_ends_with", ValueType::string,
              "835", "Only calls whose source number ends with this, byte for byte."},
    Parameter{"src-prefix-routing-contains", "src_prefix_routing_contains", ValueType::string,
              "4568",
              "Only calls whose source number contains this; ASCII letters match in either case."},
    Parameter{"dst-prefix-routing-eq", "dst_prefix_routing_eq", ValueType::string, "380710022617",
              "Only calls whose destination number is this one, byte for byte."},
    Parameter{"dst-prefix-routing-starts-with", "dst_prefix_routing_starts_with", ValueType::string,
              "380", "Only calls whose destination number starts with this, byte for byte."},
    Parameter{"dst-prefix-routing-ends-with", "dst_prefix_routing_ends_with", ValueType::string,
              "617", "Only calls whose destination number ends with this, byte for byte."},
    Parameter{
        "dst-prefix-routing-contains", "dst_prefix_routing_contains", ValueType::string, "1002",
        "Only calls whose destination number contains this; ASCII letters match in either case."},
    Parameter{"duration-eq", "duration_eq", ValueType::int32, "120",
              "Only calls that have been connected for exactly so many seconds."},
    Parameter{"duration-gt", "duration_gt", ValueType::int32, "120",
              "Only calls that have been connected for more than so many seconds."},
    Parameter{"duration-lt", "duration_lt", ValueType::int32, "120",
              "Only calls that have been connected for less than so many seconds."},
    Parameter{"auth-orig-ip", "auth_orig_ip", ValueType::inet_address, "10.7.0.11",
              "Only calls that came from this address, however it is spelled."},
    Parameter{"customer-price-eq", "customer_price_eq", ValueType::finite_double, "0.25",
              "Only calls whose price so far is this one."},
    Parameter{"customer-price-gt", "customer_price_gt", ValueType::finite_double, "0.25",
              "Only calls whose price so far is above this one."},
    Parameter{"customer-price-lt", "customer_price_lt", ValueType::finite_double, "0.25",
              "Only calls whose price so far is below this one."},
};

/// Position of a parameter in the table; a name that is not in it does not compile.
consteval std::size_t parameter_index(std::string_view http_name) {
    std::size_t index = 0;
    while (parameters.at(index).http_name != http_name) ++index;
    return index;
}

} // namespace active_calls::shim
