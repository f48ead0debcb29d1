// THE table of the API's parameters. Parsing, the SQL statement and the order of errors follow from
// it: a new parameter is a new line here, and its description in openapi.json.
#pragma once

#include "parameter_types.h"

#include <array>
#include <string_view>

namespace active_calls::shim {

struct Parameter {
    // With `_` for `-`, it is the name of the SQL functions' argument.
    std::string_view name;
    ParameterType type;
    bool required = false;
};

// In the API's order, which is the order in which errors are looked for.
inline constexpr std::array parameters{
    Parameter{"account-id", types::uuid, true},
    Parameter{"from-time", types::time, true},
    Parameter{"to-time", types::time},
    Parameter{"src-country-id", types::country_id},
    Parameter{"dst-country-id", types::country_id},
    Parameter{"src-prefix-routing-eq", types::string},
    Parameter{"src-prefix-routing-starts-with", types::string},
    Parameter{"src-prefix-routing-ends-with", types::string},
    Parameter{"src-prefix-routing-contains", types::string},
    Parameter{"dst-prefix-routing-eq", types::string},
    Parameter{"dst-prefix-routing-starts-with", types::string},
    Parameter{"dst-prefix-routing-ends-with", types::string},
    Parameter{"dst-prefix-routing-contains", types::string},
    Parameter{"duration-eq", types::int32},
    Parameter{"duration-gt", types::int32},
    Parameter{"duration-lt", types::int32},
    Parameter{"auth-orig-ip", types::address},
    Parameter{"customer-price-eq", types::finite_double},
    Parameter{"customer-price-gt", types::finite_double},
    Parameter{"customer-price-lt", types::finite_double},
};

// Position of a parameter in the table; a name that is not in it does not compile.
consteval std::size_t parameter_index(std::string_view name) {
    std::size_t index = 0;
    while (parameters.at(index).name != name) ++index;
    return index;
}

} // namespace active_calls::shim
