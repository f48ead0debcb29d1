// The service as a whole: its parts put together, run, and ended in order.
#pragma once

#include "options.h"

namespace active_calls::shim {

// Serves until SIGTERM or SIGINT. Returns the process' exit code: 0 if no request was cut off.
int serve(const ServeOptions& options);

} // namespace active_calls::shim
