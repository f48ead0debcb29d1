// The customer's resources: from a request to its answer, station by station.
#pragma once

#include "cors.h"
#include "database/pool.h"
#include "http/service.h"
#include "operations/exchange.h"
#include "refusal.h"
#include "series_request.h"
#include "token.h"

#include <chrono>
#include <memory>
#include <optional>
#include <variant>

namespace active_calls::shim {

struct CustomerSettings {
    // How long a token lives on that came in the cookie, from each answer on; none: it is not
    // renewed.
    std::optional<std::chrono::seconds> cookie_time_to_live;
    Cors cors;
};

// The customer that a request comes from, as its token says.
struct Caller {
    std::shared_ptr<const Grant> grant;
    bool has_cookie;
};

// Safe for use by many threads. What it refers to must outlive it.
class CustomerApi : public http::Service {
public:
    CustomerApi(CustomerSettings settings, const TokenVerifier& verifier, Pool& pool,
                Metrics& metrics, Log& log);

    // Answers what needs no database. Requests of one API access, or of one customer whose tokens
    // carry their own scope, are a flow.
    std::variant<http::Response, http::Task> receive(const http::Request& request) override;
    http::Response refuse(const http::Request& request, int status) override;

private:
    Caller authenticate(const http::Request& request) const;
    void renew_cookie(const Caller& caller, http::Response& response) const;
    http::Response answer(const http::Request& request, const Caller& caller,
                          const SeriesRequest& series_request);
    http::Response finish(Exchange& exchange, const std::optional<Refusal>& refusal,
                          const std::optional<Caller>& caller = std::nullopt,
                          std::size_t point_count = 0);

    const CustomerSettings settings_;
    const TokenVerifier& verifier_;
    Pool& pool_;
    Bookkeeper bookkeeper_;
};

} // namespace active_calls::shim
