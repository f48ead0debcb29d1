#include "log.h"

#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>

namespace active_calls::shim {

namespace {

constexpr auto replace_bad_utf8 = nlohmann::ordered_json::error_handler_t::replace;

std::string to_json(const nlohmann::ordered_json& value) {
    return value.dump(-1, ' ', false, replace_bad_utf8);
}

/// The members of an object, without its opening brace: what precedes them is the pattern's.
std::string json_line(std::string_view event, const Log::Fields& fields) {
    std::string line = "\"event\":\"";
    line.append(event).append("\"");
    return fields.empty() ? line + "}" : line + "," + to_json(fields).substr(1);
}

/// A text that reads as one word stands bare, all else is quoted and escaped as in JSON.
std::string text_value(const nlohmann::ordered_json& value) {
    if (!value.is_string()) return to_json(value);
    const auto& text = value.get_ref<const std::string&>();
    const auto is_plain = [](char c) { return c > ' ' && c < 127 && c != '"' && c != '\\'; };
    return !text.empty() && std::ranges::all_of(text, is_plain) ? text : to_json(value);
}

std::string text_line(std::string_view event, const Log::Fields& fields) {
    std::string line(event);
    for (const auto& [name, value] : fields.items())
        line.append(" ").append(name).append("=").append(text_value(value));
    return line;
}

} // namespace

Log::Log(LogFormat format, spdlog::level::level_enum level)
    : format_(format)
    , logger_("active-calls-shim", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    const bool is_json = format == LogFormat::json;
    logger_.set_level(level);
    logger_.set_pattern(is_json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v)"
                                : "%Y-%m-%d %H:%M:%S.%eZ %-7l %v",
                        spdlog::pattern_time_type::utc);
}

void Log::info(std::string_view event, const Fields& fields) {
    write(spdlog::level::info, event, fields);
}

void Log::warning(std::string_view event, const Fields& fields) {
    write(spdlog::level::warn, event, fields);
}

void Log::error(std::string_view event, const Fields& fields) {
    write(spdlog::level::err, event, fields);
}

void Log::write(spdlog::level::level_enum level, std::string_view event, const Fields& fields) {
    if (!logger_.should_log(level)) return;
    logger_.log(level,
                format_ == LogFormat::json ? json_line(event, fields) : text_line(event, fields));
}

} // namespace active_calls::shim
