// How far the feed has come: the newest snapshot in the database.
#pragma once

#include "database/pool.h"

#include <chrono>
#include <optional>
#include <span>

namespace active_calls::shim {

// For the sessions of the pool that `newest_snapshot` is given.
std::span<const Statement> watch_statements();

// The time of the newest snapshot; none if there is no snapshot. Throws StatementFailed,
// DatabaseUnavailable.
std::optional<std::chrono::sys_time<std::chrono::microseconds>> newest_snapshot(Pool& pool);

} // namespace active_calls::shim
