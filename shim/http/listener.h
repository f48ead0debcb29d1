// An HTTP server on one address.
#pragma once

#include "event_loop.h"

#include <chrono>
#include <future>
#include <limits>
#include <optional>
#include <thread>
#include <vector>

namespace active_calls::shim::http {

struct ListenerSettings {
    ListenAddress address;
    // How many threads answer requests. As many large bodies are read at the same time.
    std::size_t thread_count;
    // How long a connection that has had a request may wait for the next one.
    std::chrono::milliseconds keep_alive_timeout;
    // How long the head of a connection's first request may take.
    std::chrono::milliseconds read_timeout;
    // How long a request may wait for a thread; none: as long as it takes.
    std::optional<std::chrono::milliseconds> wait_timeout = std::nullopt;
    // None if the service reads no bodies.
    std::optional<BodyLimits> bodies = std::nullopt;
    // Beyond so many, connections wait in the kernel until another one ends.
    std::size_t max_connections = std::numeric_limits<std::size_t>::max();
    // What these say of who their clients are is believed.
    TrustedProxies proxies = {};
};

// One thread waits for all sockets; others answer what has come, and hand their answers back to
// it.
class Listener {
public:
    // Binds and listens; nothing is answered before `start`. Throws std::runtime_error with the
    // reason. The service must outlive it.
    Listener(const ListenerSettings& settings, Service& service);
    // Drains without a time limit if still running.
    ~Listener();

    // The address with the port that was really bound.
    const ListenAddress& address() const { return address_; }

    // Serves in threads of its own.
    void start();

    // Ends accepting: connections that the kernel has accepted by now are still served, kept-alive
    // ones get one more answer if they ask soon. Returns at once.
    void drain() { loop_.drain(); }
    bool is_draining() const { return loop_.is_draining(); }

    // How many requests wait for a thread.
    std::size_t waiting() const { return queue_.waiting(); }

    // Waits for the end of serving, `patience` at most; false if it still goes on. It ends after
    // `drain`, or when the listening socket fails.
    bool wait_until_stopped(std::chrono::milliseconds patience) const;

private:
    void answer_requests();

    const std::size_t thread_count_;
    const std::chrono::milliseconds keep_alive_timeout_;
    ListeningSocket listening_;
    const ListenAddress address_;
    WorkQueue queue_;
    EventLoop loop_;
    std::vector<std::jthread> threads_;
    std::future<void> serving_;
};

} // namespace active_calls::shim::http
