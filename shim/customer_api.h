// The customer's resources: from a request to its answer, station by station.
#pragma once

#include "log.h"
#include "metrics.h"
#include "pool.h"
#include "refusal.h"
#include "token.h"

#include <httplib.h>

#include <chrono>
#include <string>

namespace active_calls::shim {

/// Safe for use by many threads. What it refers to must outlive it.
class CustomerApi {
public:
    CustomerApi(const TokenVerifier& verifier, Pool& pool, Metrics& metrics, Log& log);

    /// Answers all that comes to `server`, which must not outlive this object.
    void serve_on(httplib::Server& server);

private:
    /// One request on its way.
    struct Exchange {
        const httplib::Request& request;
        httplib::Response& response;
        std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
        std::size_t point_count = 0;
        /// What went wrong on our side, for the log only.
        Log::Fields failure = {};
    };

    void answer(Exchange& exchange);
    void answer_resource(Exchange& exchange);
    void answer_with_series(Exchange& exchange);
    Scope authenticate(const httplib::Request& request) const;
    void finish(Exchange& exchange);
    void log_request(const Exchange& exchange, const std::string& id,
                     std::chrono::nanoseconds duration);

    const TokenVerifier& verifier_;
    Pool& pool_;
    Metrics& metrics_;
    Log& log_;
    std::string description_;
};

} // namespace active_calls::shim
