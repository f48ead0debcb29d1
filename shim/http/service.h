// The part of a server that decides what the answers are.
#pragma once

#include "message.h"

#include <optional>

namespace active_calls::shim::http {

/// No function may throw. `refuse` and `admit` are called by the thread that waits for all sockets,
/// so they must not wait for anything; `answer` by many threads at the same time.
class Service {
public:
    virtual ~Service() = default;

    /// Answers a request. All of it has come, except for the rest of a large body.
    virtual Response answer(const Request& request) = 0;

    /// Refuses a request whose head is wrong, with this status: 400, 414 or 431. `request` holds
    /// what could be read of it.
    virtual Response refuse(const Request& request, int status) = 0;

    /// Answers a request before its body is read, if the body is not worth reading; else returns
    /// none. Only a listener that reads bodies calls it.
    virtual std::optional<Response> admit(const Request& /*request*/) { return std::nullopt; }
};

} // namespace active_calls::shim::http
