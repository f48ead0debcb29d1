// A series in FROM, without the tuplestore in which PostgreSQL collects the rows of a function.
//
// PostgreSQL runs a set-returning function in FROM to its end, copies each row into a tuplestore,
// and reads them back: for a series of a day that is more work than to count it. So where a
// series function stands in FROM alone, a scan of our own takes its place. It calls the function as
// PostgreSQL would, with a PointSink where that would put a ReturnSetInfo, and hands the points to
// the executor as they lie in memory. EXPLAIN shows it as "Custom Scan (Active Calls Series)", and
// EXPLAIN ANALYZE what the series has cost.
//
// Everywhere else, such as in a SELECT list or with ordinality, the functions fill tuplestores.
#pragma once

#include "boundary.h"
#include "count_calls.h"

#include "../kernel/series.h"

#include <span>

namespace active_calls::postgres {

// The place where a scan wants the points of a series and the cost of counting them.
struct PointSink {
    ExtensibleNode node; // first: PostgreSQL's functions hand it on as a Node
    MemoryContext memory;
    Point* points; // in `memory`
    std::size_t size;
    ScanCost cost; // of all series that it has held

    // Throws PendingError.
    void fill(std::span<const Point> counted, const Grid& grid);
};

// The sink in which the caller of a function wants its rows; null if the caller is PostgreSQL
// itself, which wants them in a tuplestore.
PointSink* point_sink(FunctionCallInfo fcinfo);

// Makes the planner use the scan, for functions whose support function is series_support.
void install_series_scan();

} // namespace active_calls::postgres
