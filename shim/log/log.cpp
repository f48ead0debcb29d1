#include "log.h"

#include <nlohmann/json.hpp>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>

namespace active_calls::shim {

namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
    case LogLevel::info:
        return spdlog::level::info;
    case LogLevel::warning:
        return spdlog::level::warn;
    case LogLevel::error:
        break;
    }
    return spdlog::level::err;
}

std::string to_json(const Log::Value& value) {
    const nlohmann::json json = std::visit(
        [](const auto& alternative) { return nlohmann::json(alternative); }, value.get());
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// The members of an object, without its opening brace: what precedes them is the pattern's.
std::string json_line(std::string_view event, const Log::Fields& fields) {
    std::string line = "\"event\":\"";
    line.append(event).append("\"");
    for (const auto& [name, value] : fields)
        line.append(",\"").append(name).append("\":").append(to_json(value));
    return line + "}";
}

// A text that reads as one word stands bare, all else is quoted and escaped as in JSON.
std::string text_value(const Log::Value& value) {
    const auto* const text = std::get_if<std::string>(&value.get());
    const auto is_plain = [](char c) { return c > ' ' && c < 127 && c != '"' && c != '\\'; };
    const bool is_word = text && !text->empty() && std::ranges::all_of(*text, is_plain);
    return is_word ? *text : to_json(value);
}

std::string text_line(std::string_view event, const Log::Fields& fields) {
    std::string line(event);
    for (const auto& [name, value] : fields)
        line.append(" ").append(name).append("=").append(text_value(value));
    return line;
}

} // namespace

Log::Log(LogFormat format, LogLevel level)
    : format_(format)
    , logger_(std::make_unique<spdlog::logger>("active-calls-shim",
                                               std::make_shared<spdlog::sinks::stderr_sink_mt>())) {
    const bool is_json = format == LogFormat::json;
    logger_->set_level(to_spdlog(level));
    logger_->set_pattern(is_json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v)"
                                 : "%Y-%m-%d %H:%M:%S.%eZ %-7l %v",
                         spdlog::pattern_time_type::utc);
}

Log::~Log() = default;

void Log::info(std::string_view event, const Fields& fields) {
    write(LogLevel::info, event, fields);
}

void Log::warning(std::string_view event, const Fields& fields) {
    write(LogLevel::warning, event, fields);
}

void Log::error(std::string_view event, const Fields& fields) {
    write(LogLevel::error, event, fields);
}

void Log::write(LogLevel level, std::string_view event, const Fields& fields) {
    if (!logger_->should_log(to_spdlog(level))) return;
    logger_->log(to_spdlog(level),
                 format_ == LogFormat::json ? json_line(event, fields) : text_line(event, fields));
}

} // namespace active_calls::shim
