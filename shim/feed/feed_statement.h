// The statements that write the feed.
#pragma once

#include "database/pool.h"
#include "feed_body.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace active_calls::shim {

// For the sessions of the pool that `write_rows` is given.
std::span<const Statement> feed_statements();

// Writes the pieces of `rows`, JSONEachRow, all or none, and commits them; of `columns`, if given,
// only those fields are read. Returns how many were written; nothing for a batch that was written
// before. Throws what taking pieces throws, when none is written, StatementFailed, and where
// nobody knows whether they were committed, DatabaseUnavailable.
std::optional<std::int64_t> write_rows(Pool& pool, FeedBody& rows,
                                       const std::optional<std::vector<std::string>>& columns);

} // namespace active_calls::shim
