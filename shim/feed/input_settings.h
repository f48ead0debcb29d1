// Those of ClickHouse's settings that say how rows are read, and mean the same here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace active_calls::shim {

struct InputSettings {
    // input_format_allow_errors_num and input_format_allow_errors_ratio: how many rows may not fit,
    // in all and of all (0 to 1). One of both suffices.
    std::int64_t allowed_errors = 0;
    double allowed_error_ratio = 0;
    // session_timezone: that of the times in rows; empty: the database's setting
    // active_calls.feed_time_zone.
    std::string time_zone;

    // Whether a setting has this name.
    static bool knows(std::string_view name);
    // Ignores settings of any other name. Throws ClickHouseError for a value that cannot be.
    void set(std::string_view name, const std::string& value);
};

} // namespace active_calls::shim
