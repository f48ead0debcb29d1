#include "clickhouse.h"

#include <fmt/core.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace active_calls::bench {

namespace {

std::string literal(std::string_view text) { return "'" + escaped(text, "'\\", '\\') + "'"; }

// The rows are a DateTime, 4 bytes, and a UInt64, one after the other, little-endian.
Series decode(std::string_view rows) {
    static_assert(std::endian::native == std::endian::little);
    constexpr std::size_t row_size = sizeof(std::uint32_t) + sizeof(std::uint64_t);
    if (rows.size() % row_size != 0) throw std::runtime_error("answered with half a row");
    Series series;
    for (; !rows.empty(); rows.remove_prefix(row_size)) {
        std::uint32_t t = 0;
        std::uint64_t calls = 0;
        std::memcpy(&t, rows.data(), sizeof t);
        std::memcpy(&calls, rows.data() + sizeof t, sizeof calls);
        series.push_back({t, static_cast<std::int64_t>(calls)});
    }
    return series;
}

} // namespace

ClickHouse::ClickHouse(const std::string& address)
    : client_("http://" + address) {
    client_.set_keep_alive(true);
    client_.set_tcp_nodelay(true);
}

void ClickHouse::prepare(const Question& question) {
    const Filters& filters = question.filters;
    query_ = fmt::format("SELECT snapshot_timestamp, count() FROM calls WHERE customer_acc_id = {}"
                         " AND snapshot_timestamp BETWEEN toDateTime({}) AND toDateTime({})",
                         question.account.id, question.window.from, question.window.to);
    if (filters.duration_gt) query_ += fmt::format(" AND duration > {}", *filters.duration_gt);
    if (filters.dst_country_id)
        query_ += fmt::format(" AND dst_country_id = {}", *filters.dst_country_id);
    if (filters.src_starts_with)
        query_ += fmt::format(" AND startsWith(src_prefix_routing, {})",
                              literal(*filters.src_starts_with));
    if (filters.dst_contains)
        query_ +=
            fmt::format(" AND {}(dst_prefix_routing, {}) > 0",
                        has_letters(*filters.dst_contains) ? "positionCaseInsensitive" : "position",
                        literal(*filters.dst_contains));
    if (filters.price_gt) query_ += fmt::format(" AND customer_price > {}", *filters.price_gt);
    if (filters.address) query_ += fmt::format(" AND auth_orig_ip = {}", literal(*filters.address));
    query_ += " GROUP BY snapshot_timestamp ORDER BY snapshot_timestamp FORMAT RowBinary";
}

Answer ClickHouse::ask() {
    const auto start = std::chrono::steady_clock::now();
    const httplib::Result result = client_.Post("/", query_, "text/plain");
    const Milliseconds took = std::chrono::steady_clock::now() - start;
    if (!result)
        throw std::runtime_error("no answer: " + httplib::to_string(result.error()) + " error");
    if (result->status != 200) throw std::runtime_error(result->body);
    return {took, decode(result->body)};
}

} // namespace active_calls::bench
