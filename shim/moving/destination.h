// The database that calls are imported into.
#pragma once

#include "clickhouse.h"
#include "database/pg_connection.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace active_calls::shim {

// Rows that do not fit (shim/feed/README.md) are lost.
struct Written {
    std::int64_t lost;
    // What is wrong with the first of them.
    std::string first_error;
};

// Functions throw what a PgConnection throws.
class Destination {
public:
    // Connects. `conninfo` is libpq's.
    explicit Destination(const std::string& conninfo);

    // Keeps other imports away, to the end of the session. Returns false if one is at work, or the
    // session of one that was killed.
    bool try_lock();
    // The same, but waits for it.
    void lock();

    // What active_calls.snapshot_period rounds snapshots to; a second if it is not set.
    std::chrono::seconds snapshot_period();

    // Counts calls, in slots of `step` since 1970.
    Counts count(const Window& window, std::chrono::seconds step);

    // Writes the rows of the text that `next` gives piece by piece, JSONEachRow with times in UTC;
    // or none where `next` throws. All is one transaction.
    Written write(const std::function<std::optional<std::string>()>& next);

    void seal();

private:
    PgConnection connection_;
};

} // namespace active_calls::shim
