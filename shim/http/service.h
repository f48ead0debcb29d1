// What a listener's requests are answered by.
#pragma once

#include "message.h"

#include <optional>

namespace active_calls::shim::http {

/// No function may throw. `refuse` and `admit` are called by the thread that waits for all sockets,
/// so they must not wait for anything; `answer` by many threads at the same time.
class Service {
public:
    virtual ~Service() = default;

    /// The answer to a request that is there as a whole, but for the rest of a large body.
    virtual Response answer(const Request& request) = 0;

    /// The answer to what could not be read as a request, which is there as far as it could: to be
    /// refused with this status, which is 400, 414 or 431.
    virtual Response refuse(const Request& request, int status) = 0;

    /// On a listener that reads bodies: the answer to a request whose body is not worth reading, or
    /// none.
    virtual std::optional<Response> admit(const Request& /*request*/) { return std::nullopt; }
};

} // namespace active_calls::shim::http
