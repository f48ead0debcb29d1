// The statements that write the feed, and the one that asks how far it has come.
#pragma once

#include "pool.h"

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

/// Cuts rows into pieces of whole lines, of about 2 MiB each; at least one piece.
std::vector<std::string_view> split_rows(std::string_view rows);

/// The message about a line of a piece, as one about the same line of the batch.
std::string with_line_of_batch(const std::string& message, std::size_t lines_before);

/// Writes rows in JSONEachRow, all or none, and commits them; of `columns`, if given, only those
/// fields are read. Returns how many were written. Throws StatementFailed, and where nobody knows
/// whether they were committed, DatabaseUnavailable.
std::int64_t write_rows(Pool& pool, std::string_view rows,
                        const std::optional<std::vector<std::string>>& columns);

/// The time of the newest snapshot; none if there is no snapshot. Throws StatementFailed,
/// DatabaseUnavailable.
std::optional<std::chrono::sys_time<std::chrono::microseconds>> newest_snapshot(Pool& pool);

} // namespace active_calls::shim
