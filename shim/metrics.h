// What Prometheus may learn of the shim. Every label has a fixed set of values.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace active_calls::shim {

class Pool;

/// What a request was for.
enum class Route {
    customer, // all that comes to the customers' listener, but for
    openapi,  // the description of their API
    feed,     // all that comes to the feed's, but for
    ping,     // who asks it whether it is there
};
inline constexpr std::array all_routes{Route::customer, Route::openapi, Route::feed, Route::ping};

/// Why a request had no answer from the database.
enum class DatabaseErrorKind { away, timeout, other };

/// What the metrics ask at the moment at which they are asked for; it must outlive them.
struct MetricsSources {
    /// By label.
    std::map<std::string, const Pool*> pools;
    /// Whose connection is asked for the newest snapshot; null: its age is no metric.
    Pool* snapshots = nullptr;
};

/// Safe for use by many threads.
class Metrics {
public:
    explicit Metrics(MetricsSources sources);

    void count_request(Route route, int status, std::chrono::nanoseconds duration);
    void count_database_error(Route route, DatabaseErrorKind kind);
    /// Rows written, rows that came in batches which were refused, and bytes of bodies as they
    /// came.
    void count_feed(std::size_t accepted, std::size_t refused, std::size_t bytes);

    /// All metrics in Prometheus' text format.
    std::string text() const;

private:
    struct RouteMetrics {
        std::map<int, prometheus::Counter*> requests_by_status;
        prometheus::Counter* requests_of_other_status;
        std::map<DatabaseErrorKind, prometheus::Counter*> database_errors;
        prometheus::Histogram* duration;
    };

    prometheus::Registry registry_;
    std::vector<std::shared_ptr<const prometheus::Collectable>> watched_;
    std::map<Route, RouteMetrics> routes_;
    prometheus::Counter* feed_rows_accepted_;
    prometheus::Counter* feed_rows_refused_;
    prometheus::Counter* feed_bytes_;
};

} // namespace active_calls::shim
