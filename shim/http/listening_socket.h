// The socket on which a listener's connections come in.
#pragma once

#include "descriptor.h"

#include <string>

namespace active_calls::shim::http {

struct ListenAddress {
    // Name or number; IPv6 without brackets.
    std::string host;
    // 0 = any free one.
    int port = 0;
};

// `host:port`, an IPv6 host in brackets.
std::string to_string(const ListenAddress& address);

class ListeningSocket {
public:
    // Binds and listens. Throws std::runtime_error with the reason.
    explicit ListeningSocket(const ListenAddress& address);

    // The port that was really bound.
    int port() const;

    struct Accepted {
        Descriptor socket;
        std::string remote_address;
    };
    enum class Failure {
        none,    // no connection waits
        passing, // no room for one; try again in a moment
        lasting, // the socket is of no use any more
    };
    // Takes the next connection, whose socket does not block. If there is none, it returns a
    // closed socket and sets `failure` to the reason.
    Accepted accept(Failure& failure);

    // Makes the kernel drop the first packet of every new connection, so that the queue can be
    // emptied without new ones coming in. Such a client tries again a second later, and then finds
    // the next process, or none. If the kernel allows this to root alone, it resets a connection
    // that comes at the moment when the socket is closed.
    void refuse_new_connections();

    void close() { socket_.close(); }
    bool is_open() const { return socket_.is_open(); }
    int number() const { return socket_.number(); }

private:
    Descriptor socket_;
};

} // namespace active_calls::shim::http
