// The customer's resources: from a request to its answer, station by station.
#pragma once

#include "database/pool.h"
#include "http/service.h"
#include "operations/exchange.h"
#include "refusal.h"
#include "series_request.h"
#include "token.h"

#include <optional>
#include <variant>

namespace active_calls::shim {

// Safe for use by many threads. What it refers to must outlive it.
class CustomerApi : public http::Service {
public:
    CustomerApi(const TokenVerifier& verifier, Pool& pool, Metrics& metrics, Log& log);

    // Answers what needs no database. Requests of one API access, or of one customer whose tokens
    // carry their own scope, are a flow.
    std::variant<http::Response, http::Task> receive(const http::Request& request) override;
    http::Response refuse(const http::Request& request, int status) override;

private:
    Scope authenticate(const http::Request& request) const;
    http::Response answer(const http::Request& request, const Scope& scope,
                          const SeriesRequest& series_request);
    http::Response finish(Exchange& exchange, const std::optional<Refusal>& refusal,
                          std::size_t point_count = 0);

    const TokenVerifier& verifier_;
    Pool& pool_;
    Bookkeeper bookkeeper_;
};

} // namespace active_calls::shim
