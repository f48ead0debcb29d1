// A listening HTTP server on one address: httplib's, with our own care for time limits, overload
// and the end.
#pragma once

#include "connection.h"
#include "request_body.h"

#include <httplib.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>

namespace active_calls::shim {

struct Address {
    /// Name or number; IPv6 without brackets.
    std::string host;
    /// 0 = any free one.
    int port = 0;
};

/// `host:port`, an IPv6 host in brackets.
std::string to_string(const Address& address);

struct ListenerSettings {
    Address address;
    std::size_t thread_count;
    /// For the next request on a connection that has had one.
    std::chrono::milliseconds keep_alive_timeout;
    /// For the whole head of the first request.
    std::chrono::milliseconds read_timeout;
    /// None: no request has a body that anybody reads.
    std::optional<BodyLimits> bodies = std::nullopt;
};

/// Routes and handlers are set with httplib::Server's own functions, before `start`. A handler
/// that wants a body asks `body`; httplib's own would be empty. A connection whose body was not
/// read to its end is closed after the answer.
class Listener : public httplib::Server {
public:
    /// Binds and listens. Throws std::runtime_error with the reason.
    explicit Listener(ListenerSettings settings);
    /// Drains without a time limit if still running.
    ~Listener() override;

    /// The address with the port that was really bound.
    const Address& address() const { return settings_.address; }

    /// Serves in a thread of its own.
    void start();

    /// The body of the request that the calling thread is to answer; only for a listener whose
    /// settings have `bodies`, in its handlers.
    static RequestBody& body();

    /// Ends accepting: connections that the kernel has accepted by now are still served, kept-alive
    /// ones get one more answer if they ask soon. Returns at once; whoever drains then calls
    /// `wait_until_stopped` until it is true.
    void drain();
    bool is_draining() const { return draining_; }

    /// Waits for the end of serving, `patience` at most; false if it still goes on. It ends after
    /// `drain`, or when the listening socket fails.
    bool wait_until_stopped(std::chrono::milliseconds patience);

private:
    struct Visit;

    bool process_and_close_socket(socket_t socket) override;
    void serve(const std::shared_ptr<Visit>& visit);
    bool serve_next(Connection& connection, bool is_last);
    void stop_accepting();
    /// Whether idle connections are in the way: of the end, or of others that have no thread.
    bool is_hurried() const {
        return draining_ || has_accepted_all_ || connection_count_ > settings_.thread_count;
    }

    ListenerSettings settings_;
    httplib::TaskQueue* workers_ = nullptr; // httplib's own
    std::atomic<bool> draining_ = false;
    std::atomic<bool> has_accepted_all_ = false;
    std::chrono::steady_clock::time_point accept_until_; // set before draining_
    std::atomic<std::size_t> connection_count_ = 0;
    std::future<void> serving_;
};

} // namespace active_calls::shim
