// The part of a server that decides what the answers are.
#pragma once

#include "message.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <variant>

namespace active_calls::shim::http {

// The owner of a request. Requests of one flow wait for one another, and flows take turns.
using Flow = std::uint64_t;

// The rest of the work for a request, for one of the threads that may wait for something.
struct Task {
    // None: the request has a flow of its own, so such requests are taken in the order in which
    // they come.
    std::optional<Flow> flow;
    // Called once, and must not throw. All of the request has come by then, except for the rest of
    // a large body.
    std::function<Response(const Request&)> answer;
};

// No function may throw. They are called by the thread that waits for all sockets, so they must
// not wait for anything.
class Service {
public:
    virtual ~Service() = default;

    // Answers a request at once, before its body is read, or says what a thread has to do for it.
    virtual std::variant<Response, Task> receive(const Request& request) = 0;

    // Refuses a request with this status. 400, 414, 431: its head is wrong, and `request` holds
    // what could be read of it. 503: there are too many others of its flow, it has waited too long
    // for a thread, or the server ends.
    virtual Response refuse(const Request& request, int status) = 0;
};

} // namespace active_calls::shim::http
