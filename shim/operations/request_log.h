// What the log says of every request, to whichever listener it came.
#pragma once

#include "http/message.h"
#include "log.h"

#include <chrono>
#include <string>

namespace active_calls::shim {

/// Method, path, status, how long it took, and whose it was. The path stands without its query,
/// which holds telephone numbers, and may hold a password.
Log::Fields request_fields(const http::Request& request, int status, const std::string& id,
                           std::chrono::nanoseconds duration);

} // namespace active_calls::shim
