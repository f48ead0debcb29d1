// The statements of ClickHouse's SQL that a switch sends: INSERT of rows in JSONEachRow, and SELECT
// 1 to see whether the server is well.
#pragma once

#include "input_settings.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace active_calls::shim {

// The statement must end within so many bytes, as ClickHouse has it (`max_query_size`).
inline constexpr std::size_t max_statement_size = 262144;

struct InsertStatement {
    // The fields that are to be read, no others; none: all.
    std::optional<std::vector<std::string>> columns;
    // What its SETTINGS change of those that were given.
    InputSettings settings;
    // Where in the text the rows begin.
    std::size_t rows_at;
};

// Reads
//
//     INSERT INTO [TABLE] [database.]active_calls [(column, …)] [SETTINGS name = value, …]
//         FORMAT JSONEachRow
//
// and leaves alone what follows: blanks, a newline, and the rows. Keywords may have any case,
// names may stand in backquotes or double quotes, and comments between words. Throws
// ClickHouseError for all else, which is nothing that is done here.
InsertStatement parse_insert(std::string_view text, InputSettings settings = {});

// Whether the text is SELECT 1, in a format that has the answer `1` for it.
bool is_select_one(std::string_view text);

} // namespace active_calls::shim
