// What Prometheus may learn of the shim. Every label has a fixed set of values.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace active_calls::shim {

class Pool;

// What a request was for.
enum class Route {
    customer, // all that comes to the customers' listener, but for
    openapi,  // the description of their API
    feed,     // all that comes to the feed's, but for
    ping,     // the question whether it is there
};
inline constexpr std::array all_routes{Route::customer, Route::openapi, Route::feed, Route::ping};

// Why a request had no answer from the database.
enum class DatabaseErrorKind { away, timeout, other };

// What the metrics ask at the moment at which they are asked for; it must outlive them.
struct MetricsSources {
    // By label.
    std::map<std::string, const Pool*> pools;
    // How many requests of customers wait for their turn.
    std::function<std::size_t()> waiting_requests;
    // The pool that is asked for the newest snapshot; null: its age is no metric.
    Pool* snapshots = nullptr;
};

// What became of the rows of a request of the feed.
struct FeedRows {
    std::int64_t written = 0;
    std::int64_t unowned = 0;  // that no customer owns
    std::int64_t lost = 0;     // that did not fit, while others were written
    std::int64_t repeated = 0; // of a batch that was written before
    std::int64_t refused = 0;  // of a batch that was refused
};

// Safe for use by many threads.
class Metrics {
public:
    explicit Metrics(MetricsSources sources);
    ~Metrics();

    void count_request(Route route, int status, std::chrono::nanoseconds duration);
    void count_database_error(Route route, DatabaseErrorKind kind);
    void count_feed(const FeedRows& rows, std::size_t bytes);

    // All metrics in Prometheus' text format.
    std::string text() const;

private:
    struct Registered;

    const std::unique_ptr<Registered> registered_;
};

} // namespace active_calls::shim
