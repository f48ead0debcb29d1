// The statements that answer customers, and the binding of a request to them.
#pragma once

#include "database/pool.h"
#include "database/statement.h"
#include "series.h"
#include "series_request.h"
#include "token.h"

#include <array>
#include <string>
#include <variant>
#include <vector>

namespace active_calls::shim {

// One per alternative of Scope, in that order, made of the table of parameters; for the sessions
// of the pool that `fetch_series` is given.
const std::array<Statement, std::variant_size_v<Scope>>& series_statements();

// The statement that answers for this kind of scope.
const Statement& statement_for(const Scope& scope);

// The first arguments of `statement_for(scope)`, in PostgreSQL's binary format. Those that the
// request holds follow.
std::vector<std::string> scope_arguments(const Scope& scope);

// Asks for the calls that the scope may see. The connection is free again on return. Throws
// StatementFailed, DatabaseUnavailable.
Series fetch_series(Pool& pool, const Scope& scope, const SeriesRequest& request);

} // namespace active_calls::shim
