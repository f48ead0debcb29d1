// The one place of the server that knows cpp-httplib.
#pragma once

#include "message.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace active_calls::shim::http {

// An answer as it is sent.
struct WireResponse {
    std::string bytes;
    // Whether the answer tells the client that the connection ends.
    bool closes = true;
    // The delay of the Response.
    std::chrono::milliseconds delay{0};
};

// Has httplib write the answer that a handler returns. One thread may use it.
class Responder {
public:
    using Handler = std::function<Response(const Request&)>;

    // `Keep-Alive` tells clients both: the time for their next request, and how many there may be.
    Responder(std::chrono::seconds keep_alive_timeout, std::size_t max_requests);
    ~Responder();

    // Calls `handler`, which must not throw, once. The connection ends with the answer if `closes`
    // is set, or if the body has not come to its end by then.
    WireResponse respond(const Request& request, bool closes, const Handler& handler);

private:
    class Server;
    std::unique_ptr<Server> server_;
};

} // namespace active_calls::shim::http
