// What operations may ask: is the process alive, can it serve, what does it count.
#pragma once

#include "database/pool.h"
#include "http/service.h"
#include "metrics.h"

#include <functional>

namespace active_calls::shim {

// Safe for use by many threads. What it refers to must outlive it.
class Admin : public http::Service {
public:
    // `ready_pool` is asked by `/ready` alone, so that customers' queries cannot keep it waiting.
    // If PostgreSQL gives `ready_pool` no connection, `/ready` asks for one of `customer_pool`.
    Admin(Pool& ready_pool, Pool& customer_pool, const Metrics& metrics,
          std::function<bool()> is_draining);

    // `/live`: 200. `/ready`: 200 if the database answers, else, and while draining, 503.
    // `/metrics`: Prometheus.
    std::variant<http::Response, http::Task> receive(const http::Request& request) override;
    http::Response refuse(const http::Request& request, int status) override;

private:
    http::Response answer_ready();

    Pool& ready_pool_;
    Pool& customer_pool_;
    const Metrics& metrics_;
    std::function<bool()> is_draining_;
};

} // namespace active_calls::shim
