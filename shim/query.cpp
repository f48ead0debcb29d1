#include "query.h"

#include "statement.h"

namespace active_calls::shim {

Series fetch_series(Pool& pool, const Scope& scope, const SeriesRequest& request) {
    const Statement& statement = statement_for(scope);
    const BoundParameters bound = bind_parameters(scope, request);
    const ParameterViews views(bound.begin(), bound.end());
    return pool.run([&](PgConnection& connection) {
        return series_of(connection.execute(statement, views).get());
    });
}

} // namespace active_calls::shim
