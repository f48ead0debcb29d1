// The customer's resources: from a request to its answer, station by station.
#pragma once

#include "http/service.h"
#include "log.h"
#include "metrics.h"
#include "pool.h"
#include "refusal.h"
#include "token.h"

#include <chrono>
#include <string>

namespace active_calls::shim {

/// Safe for use by many threads. What it refers to must outlive it.
class CustomerApi : public http::Service {
public:
    CustomerApi(const TokenVerifier& verifier, Pool& pool, Metrics& metrics, Log& log);

    http::Response answer(const http::Request& request) override;
    http::Response refuse(const http::Request& request, int status) override;

private:
    /// One request on its way.
    struct Exchange {
        const http::Request& request;
        http::Response response = {};
        std::size_t point_count = 0;
        /// What went wrong on our side, for the log only.
        Log::Fields failure = {};
    };

    void answer_resource(Exchange& exchange);
    void answer_with_series(Exchange& exchange);
    Scope authenticate(const http::Request& request) const;
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
