// The thread that waits for all sockets of a listener.
#pragma once

#include "client.h"
#include "listening_socket.h"
#include "proxies.h"
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

// The loop has everything that a client can be slow at: heads, bodies until enough has come,
// answers that are not sent yet, connections that are idle or about to end. Each of these has its
// time limit, and none has a thread. The threads that answer get only requests that have come.
class EventLoop {
public:
    struct Settings {
        // How long a connection that has had a request may wait for the next one.
        std::chrono::milliseconds keep_alive_timeout;
        // How long the head of a connection's first request may take.
        std::chrono::milliseconds read_timeout;
        // How long a request may wait for a thread; none: as long as it takes.
        std::optional<std::chrono::milliseconds> wait_timeout;
        // None if the service reads no bodies.
        std::optional<BodyLimits> bodies;
        // How many large bodies are read at the same time; other clients wait with theirs.
        std::size_t max_bodies;
        std::size_t max_connections;
        TrustedProxies proxies;
    };

    // A connection ends after so many requests.
    static constexpr std::size_t max_requests = 10'000;

    // The listening socket, the service and the queue must outlive the loop.
    EventLoop(Settings settings, ListeningSocket& listening, Service& service, WorkQueue& queue);

    // Serves until the last connection has ended, after `drain` or a failure of the listening
    // socket.
    void run();

    // Other threads call these.

    // Sends the answer to a request that was taken off the queue.
    void finish(ConnectionId connection, WireResponse response);
    void drain();
    bool is_draining() const { return is_draining_; }

private:
    using Clock = Client::Clock;
    using Phase = Client::Phase;

    struct News {
        ConnectionId connection;
        // None if the news is that the client's body has room again.
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
    void handle_postponed();
    void drop_greediest();
    // Calls `action` with the client, if it is still there, and takes the requests that have come.
    template<class Action>
    void with_client(ConnectionId connection, Action action);

    void accept_all();
    void add_client(ListeningSocket::Accepted accepted);
    void set_accepting(bool accepting);
    void begin_drain();
    void hurry(Client& client);
    void stop_accepting();

    void on_input(Client& client);
    void on_broken(Client& client);
    void on_deadline(Client& client);

    void take_requests(Client& client);
    bool take_request(Client& client);
    void begin_request(Client& client);
    void begin_body(Client& client);
    bool take_place(Client& client);
    void give_place_away();
    void read_body(Client& client);
    void hand_over(Client& client);
    void answer_here(Client& client, bool closes, const Responder::Handler& handler);
    void refuse_overload(Client& client);
    void send(Client& client, WireResponse response);
    void begin_sending(Client& client);
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
    // Clients that may have sent more requests already, but have to let others have a turn first.
    std::vector<ConnectionId> postponed_;
    // How many bytes this process keeps for all clients: input that waits, and answers.
    std::size_t buffered_ = 0;
    std::size_t bodies_ = 0;

    bool is_accepting_ = false;
    // When the loop accepts again or, while it drains, when it stops to accept.
    Clock::time_point accept_at_ = Clock::time_point::max();
    Clock::time_point accept_until_ = Clock::time_point::max();
    // Whether the loop ends as soon as its clients have their answers.
    bool is_ending_ = false;

    std::atomic<bool> is_draining_ = false;
    std::mutex mutex_;
    std::vector<News> news_;
};

} // namespace active_calls::shim::http
