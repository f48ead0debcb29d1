// The switch's feed, by that part of ClickHouse's HTTP interface which a switch uses: from a
// request to its answer, station by station.
#pragma once

#include "clickhouse_error.h"
#include "database/pool.h"
#include "feed_body.h"
#include "feed_credentials.h"
#include "http/service.h"
#include "operations/log.h"
#include "operations/metrics.h"

#include <chrono>
#include <optional>
#include <string>
#include <variant>

namespace active_calls::shim {

struct FeedSettings {
    /// Who may send rows; none: everybody who can reach the port.
    std::optional<FeedUser> user;
    /// In bytes, of a body as it comes and decompressed.
    std::size_t max_body;
};

/// Safe for use by many threads. What it refers to must outlive it.
class FeedApi : public http::Service {
public:
    FeedApi(FeedSettings settings, Pool& pool, Metrics& metrics, Log& log);

    /// Answers requests that bring no rows, or come from a stranger, without a look at their body.
    std::variant<http::Response, http::Task> receive(const http::Request& request) override;
    http::Response refuse(const http::Request& request, int status) override;

private:
    /// One request on its way.
    struct Exchange {
        const http::Request& request;
        /// Of the query, in the answer and in the log.
        std::string id;
        http::Response response = {};
        Route route = Route::feed;
        /// Of the rows that came, and those of them that were written; known as far as it came.
        std::size_t line_count = 0;
        std::size_t byte_count = 0;
        std::int64_t row_count = 0;
        std::optional<ClickHouseCode> code = std::nullopt;
        /// Why rows were refused, or what went wrong on our side, for the log only.
        Log::Fields failure = {};
    };

    http::Response answer(const http::Request& request);
    bool answer_without_rows(Exchange& exchange) const;
    void take_rows(Exchange& exchange);
    void write(Exchange& exchange, FeedBody& body);
    static void fail(Exchange& exchange, const ClickHouseError& error);
    http::Response finish(Exchange& exchange);
    void log_request(const Exchange& exchange, std::chrono::nanoseconds duration);

    const FeedSettings settings_;
    Pool& pool_;
    Metrics& metrics_;
    Log& log_;
};

} // namespace active_calls::shim
