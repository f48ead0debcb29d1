#include "target.h"

#include <fmt/format.h>

#include <cstdint>

namespace active_calls::hostile {

namespace {

constexpr const char* series_path = "/api/rest/customer/v1/origination-active-calls";
constexpr std::int64_t first_minute = 1767657600; // 2026-01-06T00:00:00Z, as in run.sh
constexpr std::int64_t tenant_minutes = 30;

} // namespace

std::string get(std::string_view path) {
    return fmt::format("GET {} HTTP/1.1\r\nHost: shim\r\n\r\n", path);
}

std::string series_request(const Target& target, int tenant, int account, std::string_view query) {
    return fmt::format("GET {}?account-id=00000000-0000-4000-8000-{:012}&{} HTTP/1.1\r\n"
                       "Host: shim\r\nAuthorization: {}\r\n\r\n",
                       series_path, account, query,
                       target.tokens.at(static_cast<std::size_t>(tenant - 1)));
}

std::string tenant_request(const Target& target, int tenant) {
    return series_request(target, tenant, tenant,
                          fmt::format("from-time={}&to-time={}", first_minute,
                                      first_minute + (tenant_minutes - 1) * 60));
}

std::string tenant_answer(int tenant) {
    std::string times, calls;
    for (std::int64_t minute = 0; minute < tenant_minutes; ++minute) {
        const char* const comma = minute > 0 ? "," : "";
        times += fmt::format("{}{}", comma, first_minute + minute * 60);
        calls += fmt::format("{}{}", comma, tenant + minute % 5 + 1);
    }
    return fmt::format(R"({{"data":{{"t":[{}],"calls":[{}]}},"rows":{}}})", times, calls,
                       tenant_minutes);
}

std::string large_request(const Target& target) {
    constexpr int two_weeks = 14 * 24 * 60 * 60;
    return series_request(
        target, hostile_tenant, hostile_tenant,
        fmt::format("from-time={}&to-time={}", first_minute, first_minute + two_weeks));
}

std::string batch_head(std::string_view password, std::size_t body_size) {
    return fmt::format("POST / HTTP/1.1\r\nHost: shim\r\nX-ClickHouse-User: default\r\n"
                       "X-ClickHouse-Key: {}\r\nContent-Length: {}\r\n\r\n",
                       password, body_size);
}

std::string batch_request(std::string_view password, int rows) {
    // An account that nobody asks about.
    std::string body = "INSERT INTO active_calls FORMAT JSONEachRow\n";
    for (int row = 0; row < rows; ++row)
        body += R"({"snapshot_timestamp":"2026-02-01 00:00:00","customer_acc_id":2000,)"
                R"("dst_prefix_routing":"380710022617","duration":60})"
                "\n";
    return batch_head(password, body.size()) + body;
}

} // namespace active_calls::hostile
