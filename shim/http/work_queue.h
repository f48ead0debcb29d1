// Requests on their way to the threads that answer them.
#pragma once

#include "body.h"
#include "message.h"
#include "service.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace active_calls::shim::http {

// Names a connection for as long as the process lives.
using ConnectionId = std::uint64_t;

struct Work {
    ConnectionId connection;
    Request request;
    Flow flow;
    std::function<Response(const Request&)> answer;
    // Keeps alive what `request.body` refers to; null if the request has no body.
    std::shared_ptr<RequestBody> body;
    // Whether the connection is to end with the answer.
    bool closes;
};

// Is fair among flows: each has a line of its own, and the lines take turns. While there are
// several flows, one has at most a quarter of the threads, since its work, here and elsewhere,
// takes processors from the others. One of eight threads is kept for flows that have none busy, so
// that a newcomer finds it even if all requests of others take long.
class WorkQueue {
public:
    // So many requests of one flow may wait.
    static constexpr std::size_t max_waiting_of_flow = 256;

    explicit WorkQueue(std::size_t thread_count)
        : threads_of_flow_(std::max<std::size_t>(thread_count / 4, 1))
        , kept_threads_(thread_count / 8)
        , free_threads_(thread_count) {}

    // Whether one more request of this flow may wait.
    bool has_room(Flow flow) const;
    void add(Work work);

    // Removes the connection's request and returns it; none if a thread has taken it already.
    std::optional<Work> withdraw(ConnectionId connection);

    // Waits for the next request; returns none when the queue is empty after `close`.
    std::optional<Work> next();
    // Says that the thread which took a request of this flow is free again.
    void finish(Flow flow);

    void close();

    std::size_t waiting() const;

private:
    struct Line {
        std::list<Work> waiting = {};
        std::size_t in_work = 0;
        // The place in `turns_`; its end if nothing waits.
        std::list<Flow>::iterator turn;
    };
    struct Place {
        Line* line;
        std::list<Work>::iterator work;
    };

    bool has_several_flows() const;
    Line* next_line();
    Work take(Line& line, std::list<Work>::iterator work);
    void forget_if_idle(Flow flow);

    mutable std::mutex mutex_;
    std::condition_variable has_news_;
    std::unordered_map<Flow, Line> lines_;
    // The flows with waiting requests. The one whose turn is next comes first.
    std::list<Flow> turns_;
    std::unordered_map<ConnectionId, Place> places_;
    const std::size_t threads_of_flow_;
    const std::size_t kept_threads_;
    std::size_t free_threads_;
    // The flow that came last, and when another one came before it.
    std::optional<Flow> last_flow_;
    std::chrono::steady_clock::time_point last_change_;
    bool is_closed_ = false;
};

} // namespace active_calls::shim::http
