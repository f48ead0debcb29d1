// The log: one line per event on standard error, JSON for machines or text for people.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace spdlog {
class logger;
}

namespace active_calls::shim {

enum class LogFormat { json, text };
enum class LogLevel { info, warning, error };

// Safe for use by many threads.
class Log {
public:
    class Value {
    public:
        Value(std::string text)
            : value_(std::move(text)) {}
        Value(std::string_view text)
            : value_(std::string(text)) {}
        Value(const char* text)
            : value_(std::string(text)) {}
        Value(std::integral auto number)
            : value_(static_cast<std::int64_t>(number)) {}
        Value(double number)
            : value_(number) {}

        const auto& get() const { return value_; }

    private:
        std::variant<std::string, std::int64_t, double> value_;
    };

    // The details of an event; the log shows them in this order. An event's own name is a plain
    // word or two.
    class Fields {
    public:
        using Field = std::pair<std::string, Value>;

        Fields() = default;
        Fields(std::initializer_list<Field> fields)
            : fields_(fields) {}

        void add(std::string name, Value value) {
            fields_.emplace_back(std::move(name), std::move(value));
        }
        void add(const Fields& others) {
            fields_.insert(fields_.end(), others.fields_.begin(), others.fields_.end());
        }

        bool empty() const { return fields_.empty(); }
        auto begin() const { return fields_.begin(); }
        auto end() const { return fields_.end(); }

    private:
        std::vector<Field> fields_;
    };

    // The log leaves out events that are less severe than `level`.
    Log(LogFormat format, LogLevel level);
    ~Log();

    void info(std::string_view event, const Fields& fields = {});
    void warning(std::string_view event, const Fields& fields = {});
    void error(std::string_view event, const Fields& fields = {});
    void write(LogLevel level, std::string_view event, const Fields& fields);

private:
    LogFormat format_;
    std::unique_ptr<spdlog::logger> logger_;
};

} // namespace active_calls::shim
