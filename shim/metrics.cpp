#include "metrics.h"

#include "pool.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>

namespace active_calls::shim {

namespace {

/// The pool's state at the moment of asking.
class PoolCollector : public prometheus::Collectable {
public:
    explicit PoolCollector(const Pool& pool)
        : pool_(pool) {}

    std::vector<prometheus::MetricFamily> Collect() const override {
        const PoolState state = pool_.state();
        return {{"active_calls_shim_pool_connections",
                 "Connections to PostgreSQL.",
                 prometheus::MetricType::Gauge,
                 {gauge(state.idle, "idle"), gauge(state.in_use, "in_use")}},
                {"active_calls_shim_pool_waiting_requests",
                 "Requests that wait for a connection.",
                 prometheus::MetricType::Gauge,
                 {gauge(state.waiting)}}};
    }

private:
    static prometheus::ClientMetric gauge(std::size_t value, const std::string& state = {}) {
        prometheus::ClientMetric metric;
        metric.gauge.value = static_cast<double>(value);
        if (!state.empty()) metric.label.push_back({"state", state});
        return metric;
    }

    const Pool& pool_;
};

} // namespace

Metrics::Metrics(const Pool& pool)
    : pool_state_(std::make_shared<PoolCollector>(pool)) {
    auto& requests = prometheus::BuildCounter()
                         .Name("active_calls_shim_requests_total")
                         .Help("Requests answered, by status.")
                         .Register(registry_);
    for (const int status : {200, 304, 400, 401, 404, 405, 414, 431, 500, 503, 504})
        requests_by_status_[status] = &requests.Add({{"status", std::to_string(status)}});
    requests_of_other_status_ = &requests.Add({{"status", "other"}});

    auto& errors = prometheus::BuildCounter()
                       .Name("active_calls_shim_database_errors_total")
                       .Help("Requests that the database failed to answer.")
                       .Register(registry_);
    database_errors_ = {{DatabaseErrorKind::away, &errors.Add({{"kind", "away"}})},
                        {DatabaseErrorKind::timeout, &errors.Add({{"kind", "timeout"}})},
                        {DatabaseErrorKind::other, &errors.Add({{"kind", "other"}})}};

    const prometheus::Histogram::BucketBoundaries seconds{
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
    duration_ = &prometheus::BuildHistogram()
                     .Name("active_calls_shim_request_duration_seconds")
                     .Help("Time from a request's arrival to its answer.")
                     .Register(registry_)
                     .Add({}, seconds);
}

void Metrics::count_request(int status, std::chrono::nanoseconds duration) {
    const auto known = requests_by_status_.find(status);
    (known == requests_by_status_.end() ? requests_of_other_status_ : known->second)->Increment();
    duration_->Observe(std::chrono::duration<double>(duration).count());
}

void Metrics::count_database_error(DatabaseErrorKind kind) {
    database_errors_.at(kind)->Increment();
}

std::string Metrics::text() const {
    auto families = registry_.Collect();
    std::ranges::move(pool_state_->Collect(), std::back_inserter(families));
    return prometheus::TextSerializer().Serialize(families);
}

} // namespace active_calls::shim
