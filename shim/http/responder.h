// What the rest of this folder has of cpp-httplib, which nothing else knows.
#pragma once

#include "message.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace active_calls::shim::http {

/// An answer as it is sent.
struct WireResponse {
    std::string bytes;
    /// Whether it tells the client that the connection ends with it.
    bool closes = true;
};

/// Runs a request through httplib: it dispatches the request to the handler and writes what that
/// returns as HTTP. For one thread.
class Responder {
public:
    using Handler = std::function<Response(const Request&)>;

    /// What clients are told of the time for their next request, and of how many there may be.
    Responder(std::chrono::seconds keep_alive_timeout, std::size_t max_requests);
    ~Responder();

    /// `handler`, which must not throw, is called once. The connection ends with the answer if
    /// `closes`, or if the body has not come to its end by then.
    WireResponse respond(const Request& request, bool closes, const Handler& handler);

private:
    class Server;
    std::unique_ptr<Server> server_;
};

} // namespace active_calls::shim::http
