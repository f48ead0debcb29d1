#include "input_settings.h"

#include "clickhouse_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace active_calls::shim {

namespace {

constexpr std::string_view errors_name = "input_format_allow_errors_num";
constexpr std::string_view ratio_name = "input_format_allow_errors_ratio";
constexpr std::string_view zone_name = "session_timezone";

[[noreturn]] void refuse(std::string_view name, std::string_view expected) {
    throw ClickHouseError(ClickHouseCode::bad_arguments,
                          fmt::format("setting {} must be {}", name, expected));
}

template<typename Number>
bool parse(const std::string& text, Number& number) {
    const char* const end = text.data() + text.size();
    const auto [stopped_at, error] = std::from_chars(text.data(), end, number);
    return error == std::errc{} && stopped_at == end;
}

} // namespace

bool InputSettings::knows(std::string_view name) {
    return name == errors_name || name == ratio_name || name == zone_name;
}

void InputSettings::set(std::string_view name, const std::string& value) {
    if (name == errors_name) {
        std::uint64_t number = 0;
        if (!parse(value, number)) refuse(name, "a whole number from 0");
        constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
        allowed_errors = static_cast<std::int64_t>(std::min(number, most));
    } else if (name == ratio_name) {
        double ratio = 0;
        if (!parse(value, ratio) || !(ratio >= 0)) refuse(name, "a number from 0 to 1");
        allowed_error_ratio = std::min(ratio, 1.0);
    } else if (name == zone_name) {
        time_zone = value;
    }
}

} // namespace active_calls::shim
