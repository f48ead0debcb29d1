// The old table of calls: asked over ClickHouse's HTTP interface, in Yeti's column names.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace active_calls::shim {

using std::chrono::sys_seconds;

// From `begin` on, before `end`.
struct Window {
    sys_seconds begin;
    sys_seconds end;
};

// How many calls there are in each slot of time that has any, by the slot's begin,
// the newest first.
using Counts = std::map<sys_seconds, std::int64_t, std::greater<>>;

struct ClickhouseSettings {
    // http://host[:port] or https://host[:port]
    std::string server;
    std::string user = "default";
    std::optional<std::string> password;
    std::string database = "default";
    // An identifier.
    std::string table = "active_calls";
};

// Functions throw std::runtime_error, with ClickHouse's own words, when it does not answer as
// expected.
class Clickhouse {
public:
    // Looks which columns the table has. Throws if those are absent that no call can be without.
    explicit Clickhouse(ClickhouseSettings settings);

    // The fields of the feed that the table has, in the feed's order.
    std::vector<std::string> fields() const;

    // Counts the calls that a customer owns, in slots of `step` since 1970.
    Counts count(const Window& window, std::chrono::seconds step) const;

    // Gives those calls of `slots` that are in the window to `take`, as the switch posts them
    // (JSONEachRow, cut anywhere), until it returns false.
    void read(const Window& window, std::chrono::seconds step,
              const std::vector<sys_seconds>& slots,
              const std::function<bool(std::string_view)>& take) const;

private:
    std::string ask(const std::string& query) const;
    void ask(const std::string& query, const std::function<bool(std::string_view)>& take) const;
    std::string condition(const Window& window) const;

    ClickhouseSettings settings_;
    // Fields that the table has, and the SQL that reads each of them.
    std::vector<std::pair<std::string, std::string>> fields_;
};

} // namespace active_calls::shim
