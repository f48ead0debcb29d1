// The switch's feed, by that part of ClickHouse's HTTP interface which a switch uses: from a
// request to its answer, station by station.
#pragma once

#include "clickhouse_error.h"
#include "database/pool.h"
#include "feed_body.h"
#include "feed_credentials.h"
#include "http/service.h"
#include "input_settings.h"
#include "operations/exchange.h"
#include "operations/metrics.h"

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
    // For requests that say nothing else: what --feed-allow-errors-ratio and --feed-time-zone say.
    InputSettings input;
};

// What a request has brought.
struct FeedAmount {
    FeedRows rows;
    // The bytes of the body as it came.
    std::size_t bytes = 0;
    // What the log says beside that.
    std::int64_t doubtful_rows = 0;
    std::string first_error;
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
    void take_rows(Exchange& exchange, FeedAmount& amount);
    InputSettings settings_of(const http::Request& request) const;
    void require_zone_of_client(const std::exception& error, const InputSettings& settings) const;
    http::Response finish(Exchange& exchange, const std::optional<ClickHouseError>& error,
                          const FeedAmount& amount = {});

    const FeedSettings settings_;
    Pool& pool_;
    Metrics& metrics_;
    Bookkeeper bookkeeper_;
};

} // namespace active_calls::shim
