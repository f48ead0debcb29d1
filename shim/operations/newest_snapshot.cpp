#include "newest_snapshot.h"

#include "database/pg_binary.h"

#include <array>

namespace active_calls::shim {

std::span<const Statement> watch_statements() {
    static const std::array<Statement, 1> all{
        Statement{"newest_snapshot", "SELECT active_calls.newest_snapshot()", {}},
    };
    return all;
}

std::optional<std::chrono::sys_time<std::chrono::microseconds>> newest_snapshot(Pool& pool) {
    using std::chrono::microseconds;
    return pool.run(
        [](PgConnection& connection) -> std::optional<std::chrono::sys_time<microseconds>> {
            const auto result = connection.execute(watch_statements()[0], {});
            if (PQgetisnull(result.get(), 0, 0)) return std::nullopt;
            return time_from_binary(PQgetvalue(result.get(), 0, 0));
        });
}

} // namespace active_calls::shim
