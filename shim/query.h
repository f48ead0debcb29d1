// The question to the database and its answer.
#pragma once

#include "pool.h"
#include "series.h"
#include "series_request.h"
#include "token.h"

namespace active_calls::shim {

/// Asks for the calls that the scope may see. The connection is free again on return. Throws
/// StatementFailed, DatabaseUnavailable.
Series fetch_series(Pool& pool, const Scope& scope, const SeriesRequest& request);

} // namespace active_calls::shim
