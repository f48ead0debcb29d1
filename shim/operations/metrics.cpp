#include "metrics.h"

#include "database/pool.h"
#include "newest_snapshot.h"

#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
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

// What waits, and the pools' state, at the moment of asking.
class StateCollector : public prometheus::Collectable {
public:
    StateCollector(std::map<std::string, const Pool*> pools,
                   std::function<std::size_t()> waiting_requests)
        : pools_(std::move(pools))
        , waiting_requests_(std::move(waiting_requests)) {}

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
        prometheus::MetricFamily requests{"active_calls_shim_waiting_requests",
                                          "Requests of customers that wait for their turn.",
                                          prometheus::MetricType::Gauge,
                                          {gauge(static_cast<double>(waiting_requests_()), {})}};
        return {std::move(connections), std::move(waiting), std::move(requests)};
    }

private:
    std::map<std::string, const Pool*> pools_;
    std::function<std::size_t()> waiting_requests_;
};

// Nothing where the database gives no answer, or has no snapshot.
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
            // Clocks may differ by some minutes.
            return std::max(0.0, std::chrono::duration<double>(age).count());
        } catch (const std::exception&) {
            return std::nullopt; // Its absence says so; /ready and the log say why.
        }
    }

    Pool& pool_;
};

} // namespace

struct Metrics::Registered {
    struct OfRoute {
        std::map<int, prometheus::Counter*> requests_by_status;
        prometheus::Counter* requests_of_other_status;
        std::map<DatabaseErrorKind, prometheus::Counter*> database_errors;
        prometheus::Histogram* duration;
    };

    explicit Registered(MetricsSources sources);

    prometheus::Registry registry;
    // What is looked at when it is asked for.
    std::vector<std::shared_ptr<const prometheus::Collectable>> watched;
    std::map<Route, OfRoute> routes;
    std::vector<std::pair<std::int64_t FeedRows::*, prometheus::Counter*>> feed_rows;
    prometheus::Counter* feed_bytes;
};

Metrics::Registered::Registered(MetricsSources sources) {
    watched.push_back(std::make_shared<StateCollector>(std::move(sources.pools),
                                                       std::move(sources.waiting_requests)));
    if (sources.snapshots)
        watched.push_back(std::make_shared<SnapshotCollector>(*sources.snapshots));

    auto& requests = prometheus::BuildCounter()
                         .Name("active_calls_shim_requests_total")
                         .Help("Requests answered, by what they were for and by status.")
                         .Register(registry);
    auto& errors = prometheus::BuildCounter()
                       .Name("active_calls_shim_database_errors_total")
                       .Help("Requests that the database failed to answer.")
                       .Register(registry);
    auto& durations = prometheus::BuildHistogram()
                          .Name("active_calls_shim_request_duration_seconds")
                          .Help("Time from a request's arrival to its answer.")
                          .Register(registry);
    const prometheus::Histogram::BucketBoundaries seconds{
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
    for (const Route route : all_routes) {
        OfRoute& metrics = routes[route];
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

    auto& rows =
        prometheus::BuildCounter()
            .Name("active_calls_shim_feed_rows_total")
            .Help("Rows of the feed: written; unowned, that no customer owns; lost, that did "
                  "not fit; repeated, of a batch that was written before; refused, of one "
                  "that was refused.")
            .Register(registry);
    for (const auto& [count, outcome] : {std::pair{&FeedRows::written, "written"},
                                         {&FeedRows::unowned, "unowned"},
                                         {&FeedRows::lost, "lost"},
                                         {&FeedRows::repeated, "repeated"},
                                         {&FeedRows::refused, "refused"}})
        feed_rows.emplace_back(count, &rows.Add({{"outcome", outcome}}));
    feed_bytes = &prometheus::BuildCounter()
                      .Name("active_calls_shim_feed_bytes_total")
                      .Help("Bytes of the feed's bodies, as they came.")
                      .Register(registry)
                      .Add({});
}

Metrics::Metrics(MetricsSources sources)
    : registered_(std::make_unique<Registered>(std::move(sources))) {}

Metrics::~Metrics() = default;

void Metrics::count_request(Route route, int status, std::chrono::nanoseconds duration) {
    const Registered::OfRoute& metrics = registered_->routes.at(route);
    const auto known = metrics.requests_by_status.find(status);
    (known == metrics.requests_by_status.end() ? metrics.requests_of_other_status : known->second)
        ->Increment();
    metrics.duration->Observe(std::chrono::duration<double>(duration).count());
}

void Metrics::count_database_error(Route route, DatabaseErrorKind kind) {
    registered_->routes.at(route).database_errors.at(kind)->Increment();
}

void Metrics::count_feed(const FeedRows& rows, std::size_t bytes) {
    for (const auto& [count, counter] : registered_->feed_rows)
        counter->Increment(static_cast<double>(rows.*count));
    registered_->feed_bytes->Increment(static_cast<double>(bytes));
}

std::string Metrics::text() const {
    auto families = registered_->registry.Collect();
    for (const auto& watched : registered_->watched)
        std::ranges::move(watched->Collect(), std::back_inserter(families));
    return prometheus::TextSerializer().Serialize(families);
}

} // namespace active_calls::shim
