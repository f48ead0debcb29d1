// The statements that write the feed, and the one that asks how far it has come.
#pragma once

#include "database/pool.h"
#include "feed_body.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace active_calls::shim {

/// For the sessions of the pool that `write_rows` is given.
std::span<const Statement> feed_statements();

/// For the sessions of the pool that `newest_snapshot` is given. Apart from the others, since an
/// extension of an older version does not have it.
std::span<const Statement> watch_statements();

/// Writes the pieces of `rows`, JSONEachRow, all or none, and commits them; of `columns`, if given,
/// only those fields are read. Returns how many were written, none of a batch that was written
/// before. Throws what taking pieces throws, when none is written, StatementFailed, and where
/// nobody knows whether they were committed, DatabaseUnavailable.
std::int64_t write_rows(Pool& pool, FeedBody& rows,
                        const std::optional<std::vector<std::string>>& columns);

/// The time of the newest snapshot; none if there is no snapshot. Throws StatementFailed,
/// DatabaseUnavailable.
std::optional<std::chrono::sys_time<std::chrono::microseconds>> newest_snapshot(Pool& pool);

} // namespace active_calls::shim
