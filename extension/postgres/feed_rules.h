// What the settings of the session say of the rows of the feed.
#pragma once

#include "../kernel/feed/row.h"

#include <optional>
#include <string_view>

namespace active_calls::postgres {

// Times of rows are those of `zone`, or else of active_calls.feed_time_zone. Throws Error
// (unknown_zone), PendingError.
RowRules feed_rules(std::optional<std::string_view> zone);

} // namespace active_calls::postgres
