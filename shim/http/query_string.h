// The query of a URL as names and values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace active_calls::shim {

// One `name=value` of a query, percent-decoded, a `+` being a space. Without `=` the value is
// empty. A side whose percent-encoding is malformed (`%4`, `%zz`) has no value.
struct QueryField {
    std::optional<std::string> name;
    std::optional<std::string> value;
};

// The part of a request's target after its first `?`; empty if there is none.
std::string_view query_of(std::string_view target);

// The fields of a query in their order; empty ones, as in `a=1&&b=2`, are left out.
std::vector<QueryField> split_query(std::string_view query);

// The value of the last field of this name in a target's query; empty if it is malformed, none if
// there is no such field.
std::optional<std::string> last_value(std::string_view target, std::string_view name);

} // namespace active_calls::shim
