// A client, as the event loop knows it.
#pragma once

#include "connection.h"
#include "incoming_body.h"
#include "message.h"
#include "work_queue.h"

#include <sys/epoll.h>

#include <chrono>
#include <optional>
#include <utility>

namespace active_calls::shim::http {

struct Client {
    using Clock = std::chrono::steady_clock;

    enum class Phase {
        head,      // the loop waits for a request
        body,      // the loop reads its body
        place,     // its body is large, and waits for a place to be read on
        answering, // it waits for a thread or is with one; the loop reads the rest of its body
        held_back, // the loop holds its answer back
        sending,
        lingering, // the loop throws away what the client still sends
        closed,
    };

    Client(ConnectionId id, Connection connection, std::size_t requests_left)
        : id(id)
        , connection(std::move(connection))
        , requests_left(requests_left) {}

    const ConnectionId id;
    Connection connection;
    Phase phase = Phase::head;

    // The events that epoll reports of the socket.
    std::uint32_t interest = EPOLLIN;
    // Whether the client has gone while its answer is being made. epoll does not watch it any
    // more.
    bool is_broken = false;
    Clock::time_point deadline = Clock::time_point::max();
    // The part of the loop's `buffered_` that is this client's.
    std::size_t buffered = 0;

    // The loop has searched so many bytes of the input for the end of the head.
    std::size_t searched = 0;
    std::size_t requests_left;

    // The request that is being read, and what its head says.
    Request request = {};
    Framing framing = {};
    bool closes = false;
    // The task of the request, for a thread.
    Task task = {};
    // The flow of its task.
    std::optional<Flow> flow = std::nullopt;
    // Set until the answer is there.
    std::optional<IncomingBody> body = std::nullopt;
    bool has_place = false;

    // When the client began to take its answer, how many bytes were not acknowledged then, and for
    // how long it may take none of them.
    Clock::time_point sending_since = {};
    std::int64_t unacknowledged_then = 0;
    std::chrono::milliseconds grace{0};
    // After that it has to take so many bytes a millisecond.
    std::int64_t pace = 0;
    Clock::time_point linger_until = {};
};

} // namespace active_calls::shim::http
