// `active-calls-shim import`: brings the history out of Yeti's ClickHouse.
#pragma once

#include "clickhouse.h"

#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace active_calls::shim {

struct ImportOptions {
    ClickhouseSettings clickhouse;
    // libpq conninfo
    std::string database;
    Window window;
    bool only_compare = false;
    // What is allowed and yet unwise, for the standard error.
    std::vector<std::string> warnings;
};

// Writes the snapshots of the window that the database has no call of, an hour in a transaction,
// the newest day first; then `out` gets a table that compares the days. Returns whether both sides
// have the same number of calls in each snapshot. Throws std::runtime_error when one side fails:
// what is written by then stays, and another run goes on from there.
bool import_history(const ImportOptions& options, std::ostream& out);

} // namespace active_calls::shim
