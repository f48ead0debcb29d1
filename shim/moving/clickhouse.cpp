#include "clickhouse.h"

#include "http/fetch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <stdexcept>

namespace active_calls::shim {

namespace {

constexpr int http_ok = 200;

// What ClickHouse makes of a column, so that it is what the feed takes. ClickHouse writes times in
// its own zone. Where a column is not nullable, an absent time is 1970, and an absent address
// empty.
constexpr const char* as_is = "{}";
constexpr const char* time = "toString(toDateTime({}), 'UTC')";
constexpr const char* time_or_null = "toString(nullIf(toDateTime({}), toDateTime(0)), 'UTC')";
constexpr const char* address = "nullIf(toString({}), '')";

struct Field {
    const char* name;
    const char* expression;
};
// The fields of the feed (shim/feed/README.md).
constexpr std::array fields_of_feed{
    Field{"snapshot_timestamp", time},
    Field{"customer_acc_id", as_is},
    Field{"src_country_id", as_is},
    Field{"dst_country_id", as_is},
    Field{"src_prefix_routing", as_is},
    Field{"dst_prefix_routing", as_is},
    Field{"auth_orig_ip", address},
    Field{"connect_time", time_or_null},
    Field{"end_time", time_or_null},
    Field{"duration", as_is},
    Field{"customer_price", as_is},
    Field{"destination_fee", as_is},
    Field{"destination_initial_rate", as_is},
    Field{"destination_next_rate", as_is},
    Field{"destination_initial_interval", as_is},
    Field{"destination_next_interval", as_is},
};
constexpr std::size_t required_fields = 2;

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const auto end = std::min(text.find(separator), text.size());
        parts.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

std::int64_t to_number(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size())
        throw std::runtime_error("ClickHouse answered with something else than a number");
    return number;
}

// The SQL is ours, but for the name of the table, which is an identifier.
std::string quoted_name(const std::string& identifier) { return "`" + identifier + "`"; }

std::string slot_of(std::chrono::seconds step) {
    return fmt::format("intDiv(toUnixTimestamp(snapshot_timestamp), {0}) * {0}", step.count());
}

} // namespace

Clickhouse::Clickhouse(ClickhouseSettings settings)
    : settings_(std::move(settings)) {
    // The name is the first of several values in a line.
    std::set<std::string, std::less<>> columns;
    const std::string description = ask("DESCRIBE TABLE " + quoted_name(settings_.table));
    for (const auto line : split(description, '\n')) columns.emplace(split(line, '\t').front());
    for (const auto& [name, expression] : fields_of_feed) {
        if (!columns.contains(name)) {
            if (fields_.size() < required_fields)
                throw std::runtime_error(fmt::format("{}: table {}.{} has no column {}",
                                                     settings_.server, settings_.database,
                                                     settings_.table, name));
            continue;
        }
        fields_.emplace_back(name, expression);
    }
}

std::vector<std::string> Clickhouse::fields() const {
    std::vector<std::string> names;
    for (const auto& [name, expression] : fields_) names.push_back(name);
    return names;
}

Counts Clickhouse::count(const Window& window, std::chrono::seconds step) const {
    const std::string answer =
        ask(fmt::format("SELECT {} AS slot, count() FROM {} WHERE {} GROUP BY slot", slot_of(step),
                        quoted_name(settings_.table), condition(window)));
    Counts counts;
    for (const auto line : split(answer, '\n')) {
        const auto values = split(line, '\t');
        if (values.size() != 2) throw std::runtime_error("ClickHouse: " + answer);
        counts[sys_seconds{std::chrono::seconds{to_number(values[0])}}] = to_number(values[1]);
    }
    return counts;
}

// The inner SELECT knows the table's columns by their own names, the outer one gives these to what
// it makes of them.
void Clickhouse::read(const Window& window, std::chrono::seconds step,
                      const std::vector<sys_seconds>& slots,
                      const std::function<bool(std::string_view)>& take) const {
    std::vector<std::string> outer;
    std::vector<std::string> inner;
    for (const auto& [name, expression] : fields_) {
        const std::string column = fmt::format("c{}", inner.size());
        const std::string value = fmt::format(fmt::runtime(expression), column);
        outer.push_back(fmt::format("{} AS {}", value, name));
        inner.push_back(fmt::format("{} AS {}", name, column));
    }
    std::vector<std::int64_t> numbers;
    numbers.reserve(slots.size());
    for (const auto slot : slots) numbers.push_back(slot.time_since_epoch().count());
    ask(fmt::format("SELECT {} FROM (SELECT {} FROM {} WHERE {} AND {} IN ({})) FORMAT JSONEachRow",
                    fmt::join(outer, ", "), fmt::join(inner, ", "), quoted_name(settings_.table),
                    condition(window), slot_of(step), fmt::join(numbers, ", ")),
        take);
}

// Whatever the type of the column, calls that no customer owns have 0 or NULL there.
std::string Clickhouse::condition(const Window& window) const {
    return fmt::format("snapshot_timestamp >= toDateTime({}) AND snapshot_timestamp < "
                       "toDateTime({}) AND customer_acc_id != 0",
                       window.begin.time_since_epoch().count(),
                       window.end.time_since_epoch().count());
}

std::string Clickhouse::ask(const std::string& query) const {
    std::string answer;
    ask(query, [&](std::string_view piece) {
        answer += piece;
        return true;
    });
    return answer;
}

void Clickhouse::ask(const std::string& query,
                     const std::function<bool(std::string_view)>& take) const {
    http::FetchRequest request{
        .server = settings_.server,
        .method = "POST",
        .target = "/?database=" + http::percent_encode(settings_.database),
        .headers = {{"X-ClickHouse-User", settings_.user},
                    {"X-ClickHouse-Key", settings_.password.value_or("")}},
        .body = query,
    };
    std::string complaint;
    const int status = http::fetch(request, [&](int status, std::string_view piece) {
        if (status == http_ok) return take(piece);
        constexpr std::size_t enough = 1000;
        complaint += piece.substr(0, enough);
        return complaint.size() < enough;
    });
    if (status != http_ok)
        throw std::runtime_error(fmt::format("{}: HTTP {}: {}", settings_.server, status,
                                             complaint.substr(0, complaint.find('\n'))));
}

} // namespace active_calls::shim
