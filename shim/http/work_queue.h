// Requests on their way to the threads that answer them.
#pragma once

#include "body.h"
#include "message.h"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

namespace active_calls::shim::http {

/// Names a connection for as long as the process lives.
using ConnectionId = std::uint64_t;

struct Work {
    ConnectionId connection;
    Request request;
    /// Keeps alive what `request.body` refers to; null if the request has no body.
    std::shared_ptr<RequestBody> body;
    /// Whether the connection is to end with the answer.
    bool closes;
};

class WorkQueue {
public:
    void add(Work work) {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(work));
        has_news_.notify_one();
    }

    /// Removes the connection's request; returns false if a thread has taken it already.
    bool withdraw(ConnectionId connection) {
        const std::lock_guard lock(mutex_);
        return std::erase_if(waiting_,
                             [&](const Work& work) { return work.connection == connection; }) > 0;
    }

    /// Waits for the next request; returns none when the queue is empty after `close`.
    std::optional<Work> next() {
        std::unique_lock lock(mutex_);
        has_news_.wait(lock, [&] { return !waiting_.empty() || is_closed_; });
        if (waiting_.empty()) return std::nullopt;
        std::optional<Work> work(std::move(waiting_.front()));
        waiting_.pop_front();
        return work;
    }

    void close() {
        const std::lock_guard lock(mutex_);
        is_closed_ = true;
        has_news_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable has_news_;
    std::deque<Work> waiting_;
    bool is_closed_ = false;
};

} // namespace active_calls::shim::http
