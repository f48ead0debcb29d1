// THE table of the API's parameters. Parsing, the SQL statement and the order of errors follow from
// it: a new parameter is a new line here, and its description in openapi.json.
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
    bool required = false;
};

/// In the API's order, which is the order in which errors are looked for.
inline constexpr std::array parameters{
    Parameter{"account-id", "account_id", ValueType::uuid, true},
    Parameter{"from-time", "from_time", ValueType::time, true},
    Parameter{"to-time", "to_time", ValueType::time},
    Parameter{"src-country-id", "src_country_id", ValueType::country_id},
    Parameter{"dst-country-id", "dst_country_id", ValueType::country_id},
    Parameter{"src-prefix-routing-eq", "src_prefix_routing_eq", ValueType::string},
    Parameter{"src-prefix-routing-starts-with", "src_prefix_routing_starts_with",
              ValueType::string},
    Parameter{"src-prefix-routing-ends-with", "src_prefix_routing_ends_with", ValueType::string},
    Parameter{"src-prefix-routing-contains", "src_prefix_routing_contains", ValueType::string},
    Parameter{"dst-prefix-routing-eq", "dst_prefix_routing_eq", ValueType::string},
    Parameter{"dst-prefix-routing-starts-with", "dst_prefix_routing_starts_with",
              ValueType::string},
    Parameter{"dst-prefix-routing-ends-with", "dst_prefix_routing_ends_with", ValueType::string},
    Parameter{"dst-prefix-routing-contains", "dst_prefix_routing_contains", ValueType::string},
    Parameter{"duration-eq", "duration_eq", ValueType::int32},
    Parameter{"duration-gt", "duration_gt", ValueType::int32},
    Parameter{"duration-lt", "duration_lt", ValueType::int32},
    Parameter{"auth-orig-ip", "auth_orig_ip", ValueType::inet_address},
    Parameter{"customer-price-eq", "customer_price_eq", ValueType::finite_double},
    Parameter{"customer-price-gt", "customer_price_gt", ValueType::finite_double},
    Parameter{"customer-price-lt", "customer_price_lt", ValueType::finite_double},
};

/// Position of a parameter in the table; a name that is not in it does not compile.
consteval std::size_t parameter_index(std::string_view http_name) {
    std::size_t index = 0;
    while (parameters.at(index).http_name != http_name) ++index;
    return index;
}

} // namespace active_calls::shim
