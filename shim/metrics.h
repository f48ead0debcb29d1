// What Prometheus may learn of the shim. Every label has a fixed set of values.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>

namespace active_calls::shim {

class Pool;

/// Why a request had no answer from the database.
enum class DatabaseErrorKind { away, timeout, other };

/// Safe for use by many threads. The pool must outlive it.
class Metrics {
public:
    explicit Metrics(const Pool& pool);

    void count_request(int status, std::chrono::nanoseconds duration);
    void count_database_error(DatabaseErrorKind kind);

    /// All metrics in Prometheus' text format.
    std::string text() const;

private:
    prometheus::Registry registry_;
    std::shared_ptr<const prometheus::Collectable> pool_state_;
    std::map<int, prometheus::Counter*> requests_by_status_;
    prometheus::Counter* requests_of_other_status_;
    std::map<DatabaseErrorKind, prometheus::Counter*> database_errors_;
    prometheus::Histogram* duration_;
};

} // namespace active_calls::shim
