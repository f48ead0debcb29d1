#include "metrics.h"

#include "feed_statement.h"
#include "pool.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>

namespace active_calls::shim {

namespace {

const char* label_of(Route route) {
    switch (route) {
    case Route::customer:
        return "customer";
    case Route::openapi:
        return "openapi";
    case Route::feed:
        return "feed";
    case Route::ping:
        break;
    }
    return "ping";
}

prometheus::ClientMetric gauge(double value, std::vector<prometheus::ClientMetric::Label> labels) {
    prometheus::ClientMetric metric;
    metric.gauge.value = value;
    metric.label = std::move(labels);
    return metric;
}

/// The pools' state at the moment of asking.
class PoolCollector : public prometheus::Collectable {
public:
    explicit PoolCollector(std::map<std::string, const Pool*> pools)
        : pools_(std::move(pools)) {}

    std::vector<prometheus::MetricFamily> Collect() const override {
        prometheus::MetricFamily connections{"active_calls_shim_pool_connections",
                                             "Connections to PostgreSQL.",
                                             prometheus::MetricType::Gauge,
                                             {}};
        prometheus::MetricFamily waiting{"active_calls_shim_pool_waiting_requests",
                                         "Requests that wait for a connection.",
                                         prometheus::MetricType::Gauge,
                                         {}};
        for (const auto& [label, pool] : pools_) {
            const PoolState state = pool->state();
            connections.metric.push_back(
                gauge(static_cast<double>(state.idle), {{"pool", label}, {"state", "idle"}}));
            connections.metric.push_back(
                gauge(static_cast<double>(state.in_use), {{"pool", label}, {"state", "in_use"}}));
            waiting.metric.push_back(gauge(static_cast<double>(state.waiting), {{"pool", label}}));
        }
        return {std::move(connections), std::move(waiting)};
    }

private:
    std::map<std::string, const Pool*> pools_;
};

/// Nothing where the database gives no answer, or has no snapshot.
class SnapshotCollector : public prometheus::Collectable {
public:
    explicit SnapshotCollector(Pool& pool)
        : pool_(pool) {}

    std::vector<prometheus::MetricFamily> Collect() const override {
        const auto age = age_of_newest();
        if (!age) return {};
        return {{"active_calls_shim_newest_snapshot_age_seconds",
                 "Time since the newest snapshot in the database.",
                 prometheus::MetricType::Gauge,
                 {gauge(*age, {})}}};
    }

private:
    std::optional<double> age_of_newest() const {
        try {
            const auto newest = newest_snapshot(pool_);
            if (!newest) return std::nullopt;
            const auto age = std::chrono::system_clock::now() - *newest;
            return std::chrono::duration<double>(age).count();
        } catch (const std::exception&) {
            return std::nullopt; // Its absence says so; /ready and the log say why.
        }
    }

    Pool& pool_;
};

} // namespace

Metrics::Metrics(MetricsSources sources) {
    watched_.push_back(std::make_shared<PoolCollector>(std::move(sources.pools)));
    if (sources.snapshots)
        watched_.push_back(std::make_shared<SnapshotCollector>(*sources.snapshots));

    auto& requests = prometheus::BuildCounter()
                         .Name("active_calls_shim_requests_total")
                         .Help("Requests answered, by what they were for and by status.")
                         .Register(registry_);
    auto& errors = prometheus::BuildCounter()
                       .Name("active_calls_shim_database_errors_total")
                       .Help("Requests that the database failed to answer.")
                       .Register(registry_);
    auto& durations = prometheus::BuildHistogram()
                          .Name("active_calls_shim_request_duration_seconds")
                          .Help("Time from a request's arrival to its answer.")
                          .Register(registry_);
    const prometheus::Histogram::BucketBoundaries seconds{
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
    for (const Route route : all_routes) {
        RouteMetrics& metrics = routes_[route];
        const std::string label = label_of(route);
        for (const int status :
             {200, 304, 400, 401, 403, 404, 405, 408, 413, 414, 431, 500, 501, 503, 504})
            metrics.requests_by_status[status] =
                &requests.Add({{"route", label}, {"status", std::to_string(status)}});
        metrics.requests_of_other_status = &requests.Add({{"route", label}, {"status", "other"}});
        metrics.database_errors = {
            {DatabaseErrorKind::away, &errors.Add({{"route", label}, {"kind", "away"}})},
            {DatabaseErrorKind::timeout, &errors.Add({{"route", label}, {"kind", "timeout"}})},
            {DatabaseErrorKind::other, &errors.Add({{"route", label}, {"kind", "other"}})}};
        metrics.duration = &durations.Add({{"route", label}}, seconds);
    }

    auto& rows = prometheus::BuildCounter()
                     .Name("active_calls_shim_feed_rows_total")
                     .Help("Rows of the feed: accepted, or in a batch that was refused.")
                     .Register(registry_);
    feed_rows_accepted_ = &rows.Add({{"outcome", "accepted"}});
    feed_rows_refused_ = &rows.Add({{"outcome", "refused"}});
    feed_bytes_ = &prometheus::BuildCounter()
                       .Name("active_calls_shim_feed_bytes_total")
                       .Help("Bytes of the feed's bodies, as they came.")
                       .Register(registry_)
                       .Add({});
}

void Metrics::count_request(Route route, int status, std::chrono::nanoseconds duration) {
    const RouteMetrics& metrics = routes_.at(route);
    const auto known = metrics.requests_by_status.find(status);
    (known == metrics.requests_by_status.end() ? metrics.requests_of_other_status : known->second)
        ->Increment();
    metrics.duration->Observe(std::chrono::duration<double>(duration).count());
}

void Metrics::count_database_error(Route route, DatabaseErrorKind kind) {
    routes_.at(route).database_errors.at(kind)->Increment();
}

void Metrics::count_feed(std::size_t accepted, std::size_t refused, std::size_t bytes) {
    feed_rows_accepted_->Increment(static_cast<double>(accepted));
    feed_rows_refused_->Increment(static_cast<double>(refused));
    feed_bytes_->Increment(static_cast<double>(bytes));
}

std::string Metrics::text() const {
    auto families = registry_.Collect();
    for (const auto& watched : watched_)
        std::ranges::move(watched->Collect(), std::back_inserter(families));
    return prometheus::TextSerializer().Serialize(families);
}

} // namespace active_calls::shim
