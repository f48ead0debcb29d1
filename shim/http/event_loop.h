// The thread that waits for all sockets of a listener.
#pragma once

#include "client.h"
#include "listening_socket.h"
#include "responder.h"
#include "service.h"
#include "work_queue.h"

#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace active_calls::shim::http {

/// Owns everything that a client can be slow at: heads, bodies until enough has come, answers that
/// are not sent yet, connections that are idle or about to end. Each of these has its time limit
/// and none has a thread. Whoever answers requests sees those that are there.
class EventLoop {
public:
    struct Settings {
        /// For the next request on a connection that has had one.
        std::chrono::milliseconds keep_alive_timeout;
        /// For the whole head of the first request.
        std::chrono::milliseconds read_timeout;
        /// None: no request has a body that anybody reads.
        std::optional<BodyLimits> bodies;
        /// How many bodies are read at the same time; other clients wait with theirs.
        std::size_t max_bodies;
        std::size_t max_connections;
    };

    /// On one connection.
    static constexpr std::size_t max_requests = 10'000;

    /// What it is given must outlive it.
    EventLoop(Settings settings, ListeningSocket& listening, Service& service, WorkQueue& queue);

    /// Serves until it has drained, or the listening socket has failed, and the last connection has
    /// ended.
    void run();

    // For other threads.

    /// The answer to a request that was taken off the queue.
    void finish(ConnectionId connection, WireResponse response);
    void drain();
    bool is_draining() const { return is_draining_; }

private:
    using Clock = Client::Clock;
    using Phase = Client::Phase;

    struct News {
        ConnectionId connection;
        /// None: its body has room again.
        std::optional<WireResponse> response;
    };

    bool watch(int descriptor, ConnectionId name);
    std::chrono::milliseconds time_to_next_deadline() const;
    void set_deadline(Client& client, Clock::time_point deadline);
    void set_interest(Client& client, std::uint32_t events);
    void wake();

    void handle(ConnectionId connection, std::uint32_t events);
    void handle_news();
    void handle_deadlines();
    /// Calls `action` with the client, if it is still there, and goes on with what has come of it.
    template<class Action>
    void with_client(ConnectionId connection, Action action);

    void accept_all();
    void add_client(ListeningSocket::Accepted accepted);
    void set_accepting(bool accepting);
    void begin_drain();
    void stop_accepting();

    void on_input(Client& client);
    void on_broken(Client& client);
    void on_deadline(Client& client);

    bool take_request(Client& client);
    void begin_request(Client& client);
    void begin_body(Client& client);
    void give_place_away();
    void read_body(Client& client);
    void hand_over(Client& client);
    void answer_here(Client& client, bool closes, const Responder::Handler& handler);
    void send(Client& client, WireResponse response);
    void go_on_sending(Client& client);
    void after_answer(Client& client);

    const Settings settings_;
    ListeningSocket& listening_;
    Service& service_;
    WorkQueue& queue_;
    Responder responder_;

    Descriptor epoll_;
    Descriptor wakeup_;
    std::unordered_map<ConnectionId, Client> clients_;
    ConnectionId last_connection_;
    std::set<std::pair<Clock::time_point, ConnectionId>> deadlines_;
    std::deque<ConnectionId> waiting_for_place_;
    std::size_t bodies_ = 0;

    bool is_accepting_ = false;
    /// When to accept again; while draining, when to stop.
    Clock::time_point accept_at_ = Clock::time_point::max();
    Clock::time_point accept_until_ = Clock::time_point::max();
    /// Whether idle connections are in the way of the end.
    bool is_ending_ = false;

    std::atomic<bool> is_draining_ = false;
    std::mutex mutex_;
    std::vector<News> news_;
};

} // namespace active_calls::shim::http
