// The log: one line per event on standard error, JSON for machines or text for people.
#pragma once

#include <nlohmann/json.hpp>
#include <spdlog/logger.h>

#include <string_view>

namespace active_calls::shim {

enum class LogFormat { json, text };

/// Safe for use by many threads.
class Log {
public:
    /// What an event tells, in this order. (An event's own name is a plain word or two.)
    using Fields = nlohmann::ordered_json;

    Log(LogFormat format, spdlog::level::level_enum level);

    void info(std::string_view event, const Fields& fields = {});
    void warning(std::string_view event, const Fields& fields = {});
    void error(std::string_view event, const Fields& fields = {});

private:
    void write(spdlog::level::level_enum level, std::string_view event, const Fields& fields);

    LogFormat format_;
    spdlog::logger logger_;
};

} // namespace active_calls::shim
