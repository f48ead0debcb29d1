// The name of a request, in its answer and in the log.
#pragma once

#include <string>
#include <string_view>

namespace active_calls::shim {

// The client's own id if it is 1 to 128 letters, digits, `.`, `_` or `-`; else a new random UUID
// (version 4).
std::string request_id(std::string_view from_client);

} // namespace active_calls::shim
