// The clock of the server, beyond which no snapshot can be.
#pragma once

#include "../kernel/instant.h"

#include <optional>

namespace active_calls::postgres {

// Snapshots after it are ahead of a clock that shows `now` by more than
// active_calls.max_clock_ahead. None where that allows everything.
std::optional<Instant> latest_snapshot(Instant now);

} // namespace active_calls::postgres
