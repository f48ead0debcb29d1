// What a customer asks for: the query string, checked.
#pragma once

#include "parameters.h"
#include "times.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace active_calls::shim {

struct SeriesRequest {
    // By position in the table of parameters, in PostgreSQL's binary format; empty where the
    // parameter was not given.
    std::array<std::optional<std::string>, parameters.size()> values;

    Timestamp from_time() const {
        return time_from_binary(values[parameter_index("from-time")].value().data());
    }
};

// Reads a raw query. Unknown parameters are ignored, of a repeated one the last counts. Throws
// Refusal 400: first for all absent required parameters, then for the first wrong one in the
// table's order, which is one that came as an array (`name[]`, `name[k]`) or with a bad value.
SeriesRequest parse_series_request(std::string_view query);

} // namespace active_calls::shim
