// The text that a feed request carries: read off the connection, decompressed, never beyond a
// limit.
#pragma once

#include "request_body.h"

#include <httplib.h>

#include <string>

namespace active_calls::shim {

/// The statement that the URL holds, if any, on a line of its own; then the body, read to its end
/// and decompressed. `max_size` is that of the body, as it came and decompressed. Throws
/// ClickHouseError.
std::string read_feed_text(RequestBody& body, const httplib::Request& request,
                           std::size_t max_size);

} // namespace active_calls::shim
