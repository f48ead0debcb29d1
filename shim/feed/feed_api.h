// The switch's feed, by that part of ClickHouse's HTTP interface which a switch uses: from a
// request to its answer, station by station.
#pragma once

#include "clickhouse_error.h"
#include "database/pool.h"
#include "feed_body.h"
#include "feed_credentials.h"
#include "http/service.h"
#include "operations/exchange.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace active_calls::shim {

struct FeedSettings {
    // The user who may send rows. Without one, everybody may who can reach the port.
    std::optional<FeedUser> user;
    // The largest body, in bytes, as it comes and decompressed.
    std::size_t max_body;
};

// What a request has brought.
struct Amount {
    std::int64_t rows_written = 0;
    bool is_repeated = false; // the batch was written before, so none of its rows was now
    std::size_t lines_refused = 0;
    // The bytes of the body as it came.
    std::size_t bytes = 0;
};

// Safe for use by many threads. What it refers to must outlive it.
class FeedApi : public http::Service {
public:
    FeedApi(FeedSettings settings, Pool& pool, Metrics& metrics, Log& log);

    // Answers requests that bring no rows, or come from a stranger, without a look at their body.
    std::variant<http::Response, http::Task> receive(const http::Request& request) override;
    http::Response refuse(const http::Request& request, int status) override;

private:
    bool answer_without_rows(const http::Request& request, http::Response& response) const;
    http::Response answer(const http::Request& request);
    void take_rows(Exchange& exchange, Amount& amount);
    http::Response finish(Exchange& exchange, const std::optional<ClickHouseError>& error,
                          const Amount& amount = {});

    const FeedSettings settings_;
    Pool& pool_;
    Metrics& metrics_;
    Bookkeeper bookkeeper_;
};

} // namespace active_calls::shim
