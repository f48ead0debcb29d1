#include "event_loop.h"

#include "text.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <system_error>

namespace active_calls::shim::http {

namespace {

using std::chrono::milliseconds;

constexpr ConnectionId listening_socket_name = 0;
constexpr ConnectionId wakeup_name = 1;

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view head_end = "\r\n\r\n";
constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

constexpr std::size_t max_accepted_at_once = 32;

// How long the loop waits when the system has no room for another connection.
constexpr milliseconds accept_retry{100};

// While it drains, the loop accepts until no connection has come for accept_pause, and no longer
// than accept_limit.
constexpr milliseconds accept_pause{100};
constexpr milliseconds accept_limit{500};

// While it drains, the loop waits so long for a silent client, so that one which is about to send
// gets its answer.
constexpr milliseconds ending_patience{300};

// A client has to take its answer at this pace, in bytes a millisecond, but for a grace in which
// it may take none of it.
constexpr std::int64_t sending_pace = 16;
constexpr milliseconds sending_grace{30'000};

// While it drains, the loop waits less: ending_patience is the grace, and the rest of a body must
// come in this time.
constexpr std::int64_t ending_pace = 64;
constexpr milliseconds ending_body_timeout{1'000};

// The loop reads so much of a body without a place, which is all of a small one. So a body that
// stops at its beginning keeps no place.
constexpr std::uint64_t max_size_without_place = 65536;

// The loop itself answers so many requests of one client before others have a turn.
constexpr int max_requests_at_once = 8;

// The loop keeps so many bytes for all clients together. Beyond that it drops the greediest, which
// do not take their answers or never end their heads.
constexpr std::size_t max_buffered = std::size_t{32} << 20;

// A client that may be in the middle of a body has linger_timeout to send the rest, since it does
// not read its answer while it sends. One that is silent for linger_silence has noticed the end.
constexpr milliseconds linger_timeout{2'000};
constexpr milliseconds linger_silence{250};

[[noreturn]] void throw_errno(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

} // namespace

EventLoop::EventLoop(Settings settings, ListeningSocket& listening, Service& service,
                     WorkQueue& queue)
    : settings_(std::move(settings))
    , listening_(listening)
    , service_(service)
    , queue_(queue)
    , responder_(std::chrono::ceil<std::chrono::seconds>(settings_.keep_alive_timeout),
                 max_requests)
    , epoll_(epoll_create1(EPOLL_CLOEXEC))
    , wakeup_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC))
    , last_connection_(wakeup_name) {
    if (!epoll_.is_open()) throw_errno("epoll_create1");
    if (!wakeup_.is_open()) throw_errno("eventfd");
    if (!watch(wakeup_.number(), wakeup_name)) throw_errno("epoll_ctl");
    set_accepting(true);
}

void EventLoop::run() {
    std::array<epoll_event, 256> events;
    while (listening_.is_open() || !clients_.empty()) {
        const int count = epoll_wait(epoll_.number(), events.data(), events.size(),
                                     static_cast<int>(time_to_next_deadline().count()));
        for (int i = 0; i < count; ++i) handle(events[i].data.u64, events[i].events);
        handle_deadlines();
        handle_postponed();
        if (buffered_ > max_buffered) drop_greediest();
    }
}

void EventLoop::finish(ConnectionId connection, WireResponse response) {
    const std::lock_guard lock(mutex_);
    news_.push_back({connection, std::move(response)});
    wake();
}

void EventLoop::drain() {
    is_draining_ = true;
    wake();
}

void EventLoop::wake() {
    const std::uint64_t one = 1;
    // It fails only if the counter is at its limit, and then the thread is about to wake up anyhow.
    [[maybe_unused]] const auto written = write(wakeup_.number(), &one, sizeof one);
}

// Waiting.

bool EventLoop::watch(int descriptor, ConnectionId name) {
    epoll_event event{EPOLLIN, {.u64 = name}};
    return epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void EventLoop::set_interest(Client& client, std::uint32_t events) {
    if (client.interest == events || client.is_broken) return;
    client.interest = events;
    epoll_event event{events, {.u64 = client.id}};
    epoll_ctl(epoll_.number(), EPOLL_CTL_MOD, client.connection.socket(), &event);
}

void EventLoop::set_deadline(Client& client, Clock::time_point deadline) {
    if (client.deadline == deadline) return;
    deadlines_.erase({client.deadline, client.id});
    client.deadline = deadline;
    if (deadline != Clock::time_point::max()) deadlines_.emplace(deadline, client.id);
}

// Returns -1 if there is no deadline.
milliseconds EventLoop::time_to_next_deadline() const {
    if (!postponed_.empty()) return milliseconds{0};
    auto next = accept_at_;
    if (!deadlines_.empty()) next = std::min(next, deadlines_.begin()->first);
    if (next == Clock::time_point::max()) return milliseconds{-1};
    return std::max(std::chrono::ceil<milliseconds>(next - Clock::now()), milliseconds{0});
}

void EventLoop::handle(ConnectionId name, std::uint32_t events) {
    if (name == listening_socket_name) return accept_all();
    if (name == wakeup_name) return handle_news();
    with_client(name, [&](Client& client) {
        // When the server has ended its side, the end of a client that closes is a hang-up, too.
        if ((events & EPOLLERR) || ((events & EPOLLHUP) && client.phase != Phase::lingering))
            on_broken(client);
        else if (client.phase == Phase::sending && (events & EPOLLOUT))
            go_on_sending(client);
        else
            on_input(client);
    });
}

void EventLoop::handle_news() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto size = read(wakeup_.number(), &count, sizeof count);
    if (is_draining_ && !is_ending_) begin_drain();
    std::vector<News> news;
    {
        const std::lock_guard lock(mutex_);
        news.swap(news_);
    }
    for (auto& [connection, response] : news)
        with_client(connection, [&, &response = response](Client& client) {
            if (response)
                send(client, std::move(*response));
            else if (client.body)
                read_body(client);
        });
}

void EventLoop::handle_deadlines() {
    const auto now = Clock::now();
    if (accept_at_ <= now) {
        accept_at_ = Clock::time_point::max();
        if (!is_ending_) {
            set_accepting(true);
        } else {
            accept_all();
            stop_accepting();
        }
    }
    while (!deadlines_.empty() && deadlines_.begin()->first <= now)
        with_client(deadlines_.begin()->second, [&](Client& client) { on_deadline(client); });
}

void EventLoop::handle_postponed() {
    for (const auto connection : std::exchange(postponed_, {}))
        with_client(connection, [](Client&) {});
}

// Drops clients of the flow for which the loop keeps most, those with most of it first, but leaves
// the flow one client. All clients without a flow together count as one.
void EventLoop::drop_greediest() {
    std::map<std::optional<Flow>, std::size_t> of_flows;
    for (const auto& [id, client] : clients_) of_flows[client.flow] += client.buffered;
    const auto flow = std::ranges::max_element(of_flows, {}, [](const auto& of_flow) {
                          return of_flow.second;
                      })->first;
    std::vector<std::pair<std::size_t, ConnectionId>> greedy;
    for (const auto& [id, client] : clients_)
        if (client.flow == flow) greedy.emplace_back(client.buffered, id);
    std::ranges::sort(greedy);
    // It drops somewhat more than needed, since it looks at all clients each time.
    while (greedy.size() > 1 && buffered_ > max_buffered / 4 * 3) {
        with_client(greedy.back().second, [](Client& client) { client.phase = Phase::closed; });
        greedy.pop_back();
    }
}

template<class Action>
void EventLoop::with_client(ConnectionId connection, Action action) {
    const auto found = clients_.find(connection);
    if (found == clients_.end()) return;
    Client& client = found->second;
    try {
        action(client);
        take_requests(client);
    } catch (const std::exception&) {
        // For example, a lack of memory ends this client's connection, but not the process.
        client.phase = Phase::closed;
    }
    const std::size_t buffered = client.phase == Phase::closed ? 0 : client.connection.buffered();
    buffered_ += buffered - client.buffered;
    client.buffered = buffered;
    if (client.phase != Phase::closed) return;
    set_deadline(client, Clock::time_point::max());
    const bool had_place = client.has_place;
    clients_.erase(found);
    if (had_place) give_place_away();
    if (!is_accepting_ && !is_ending_ && accept_at_ == Clock::time_point::max())
        set_accepting(true); // there was no room
}

// Connections come, ...

void EventLoop::set_accepting(bool accepting) {
    if (accepting == is_accepting_ || !listening_.is_open()) return;
    is_accepting_ = accepting;
    if (!accepting) {
        epoll_ctl(epoll_.number(), EPOLL_CTL_DEL, listening_.number(), nullptr);
    } else if (!watch(listening_.number(), listening_socket_name)) {
        is_accepting_ = false;
        accept_at_ = std::min(accept_at_, Clock::now() + accept_retry);
    }
}

void EventLoop::accept_all() {
    using Failure = ListeningSocket::Failure;
    if (!listening_.is_open()) return;
    auto failure = Failure::none;
    // While it drains, the loop accepts all that wait: the kernel lets no new ones in.
    for (std::size_t count = 0; is_ending_ || count < max_accepted_at_once; ++count) {
        if (clients_.size() >= settings_.max_connections && !is_ending_)
            return set_accepting(false);
        auto accepted = listening_.accept(failure);
        if (!accepted.socket.is_open()) break;
        if (is_ending_) accept_at_ = std::min(Clock::now() + accept_pause, accept_until_);
        add_client(std::move(accepted));
    }
    if (failure == Failure::lasting) {
        is_ending_ = true;
        stop_accepting();
    } else if (failure == Failure::passing && !is_ending_) {
        set_accepting(false);
        accept_at_ = Clock::now() + accept_retry;
    }
}

void EventLoop::add_client(ListeningSocket::Accepted accepted) {
    const int socket = accepted.socket.number();
    const auto id = ++last_connection_;
    clients_.try_emplace(id, id,
                         Connection(std::move(accepted.socket), std::move(accepted.remote_address)),
                         max_requests);
    with_client(id, [&](Client& client) {
        if (!watch(socket, id)) client.phase = Phase::closed;
        set_deadline(client,
                     Clock::now() + (is_ending_ ? ending_patience : settings_.read_timeout));
    });
}

void EventLoop::stop_accepting() {
    set_accepting(false);
    listening_.close();
}

void EventLoop::begin_drain() {
    is_ending_ = true;
    const auto now = Clock::now();
    if (listening_.is_open()) {
        listening_.refuse_new_connections();
        accept_until_ = now + accept_limit;
        accept_at_ = now + accept_pause;
        set_accepting(true);
    }
    std::vector<ConnectionId> all;
    for (const auto& [id, client] : clients_) all.push_back(id);
    for (const auto id : all) with_client(id, [&](Client& client) { hurry(client); });
}

void EventLoop::hurry(Client& client) {
    const auto soon = Clock::now() + ending_patience;
    switch (client.phase) {
    case Phase::place:
        // The switch sends its rows again, to another process; the loop cannot wait for all.
        return refuse_overload(client);
    case Phase::body:
    case Phase::answering:
        if (!client.body || client.body->has_ended()) return;
        client.body->hurry(ending_body_timeout);
        return read_body(client);
    case Phase::held_back:
    case Phase::sending:
        return begin_sending(client);
    default:
        client.linger_until = std::min(client.linger_until, soon);
        return set_deadline(client, std::min(client.deadline, soon));
    }
}

// ... have something to say, ...

void EventLoop::on_input(Client& client) {
    switch (client.phase) {
    case Phase::head:
        if (client.connection.receive() == Connection::Transfer::ended)
            client.phase = Phase::closed;
        return;
    case Phase::body:
    case Phase::answering:
        if (!client.body || !client.body->wants_input()) break;
        if (client.connection.receive() == Connection::Transfer::ended)
            client.body->break_off(BodyFault::cut_off);
        return read_body(client);
    case Phase::lingering:
        if (client.connection.discard() == Connection::Transfer::ended)
            client.phase = Phase::closed;
        return set_deadline(client, std::min(Clock::now() + linger_silence, client.linger_until));
    default:
        break;
    }
    set_interest(client, 0); // until its turn comes
}

// The client has gone, and nobody would read an answer. But while a thread makes an answer or
// reads the body, the client stays; a body that is still being read ends here.
void EventLoop::on_broken(Client& client) {
    const bool is_with_thread = client.phase == Phase::answering && !queue_.withdraw(client.id);
    if (client.phase == Phase::body || is_with_thread) {
        epoll_ctl(epoll_.number(), EPOLL_CTL_DEL, client.connection.socket(), nullptr);
        client.is_broken = true;
        set_deadline(client, Clock::time_point::max());
        if (!client.body || client.body->has_ended()) return;
        client.body->break_off(BodyFault::cut_off);
        read_body(client);
    } else {
        client.phase = Phase::closed;
    }
}

void EventLoop::on_deadline(Client& client) {
    switch (client.phase) {
    case Phase::body:
    case Phase::answering:
        if (client.body) {
            client.body->break_off(BodyFault::too_slow);
            return read_body(client);
        }
        set_deadline(client, Clock::time_point::max());
        if (auto work = queue_.withdraw(client.id)) {
            client.request = std::move(work->request);
            refuse_overload(client);
        }
        return;
    case Phase::held_back:
        return begin_sending(client);
    case Phase::sending: {
        const auto taken = client.unacknowledged_then - client.connection.unacknowledged();
        const auto until = client.sending_since + client.grace + milliseconds(taken / client.pace);
        if (until > Clock::now()) return set_deadline(client, until);
        break;
    }
    default:
        break;
    }
    client.phase = Phase::closed;
}

// ... which may be a request.

// A client that sends many requests ahead gets a few answers before others have a turn.
void EventLoop::take_requests(Client& client) {
    for (int count = 0; client.phase == Phase::head; ++count) {
        if (count == max_requests_at_once) {
            postponed_.push_back(client.id);
            return set_interest(client, 0);
        }
        if (!take_request(client)) return;
    }
}

// Returns false if no whole request has come yet.
bool EventLoop::take_request(Client& client) {
    Connection& connection = client.connection;
    // Some clients send an empty line too many after a body (RFC 9112, 2.2).
    while (connection.input().starts_with(line_end)) connection.take(line_end.size());
    const auto input = connection.input();
    const auto end = input.find(head_end, std::min(client.searched, input.size()));
    if (end == std::string_view::npos && input.size() < max_head_size) {
        client.searched = input.size() - std::min(input.size(), head_end.size() - 1);
        set_interest(client, EPOLLIN);
        return false;
    }
    client.searched = 0;
    client.request = {};
    const auto size = std::min(end, max_head_size - head_end.size()) + head_end.size();
    const auto refusal = parse_head(input.substr(0, size), client.request);
    connection.take(size);
    client.request.remote_address =
        settings_.proxies.client_of(connection.remote_address(), client.request.fields);
    if (refusal)
        answer_here(client, true,
                    [&](const Request& request) { return service_.refuse(request, *refusal); });
    else
        begin_request(client);
    return true;
}

void EventLoop::begin_request(Client& client) {
    --client.requests_left;
    client.framing = framing_of(client.request);
    client.closes = client.requests_left == 0 || is_ending_ || !keeps_alive(client.request);
    const bool has_unread_body = client.framing.has_body();
    auto received = service_.receive(client.request);
    if (auto* response = std::get_if<Response>(&received))
        return answer_here(client, client.closes || has_unread_body,
                           [&](const Request&) { return std::move(*response); });
    client.task = std::move(std::get<Task>(received));
    client.flow = client.task.flow;
    if (!settings_.bodies) {
        client.closes |= has_unread_body;
        return hand_over(client);
    }
    begin_body(client);
}

void EventLoop::begin_body(Client& client) {
    client.body.emplace(client.framing, *settings_.bodies, [this, id = client.id] {
        const std::lock_guard lock(mutex_);
        news_.push_back({id, std::nullopt});
        wake();
    });
    client.phase = Phase::body;
    const bool waits = client.request.version != "HTTP/1.0" &&
                       equal_ignoring_case(client.request.fields.get("Expect"), "100-continue");
    if (waits && !client.body->has_ended() && client.connection.input().empty()) {
        client.connection.add_output(std::string(go_on));
        client.connection.send();
    }
    read_body(client);
}

// Takes one of the places for large bodies; returns false, and has the client wait for one, if
// there is none.
bool EventLoop::take_place(Client& client) {
    if (bodies_ < settings_.max_bodies) {
        ++bodies_;
        client.phase = Phase::body;
        client.has_place = true;
        return true;
    }
    client.phase = Phase::place;
    set_interest(client, 0);
    set_deadline(client, Clock::time_point::max());
    waiting_for_place_.push_back(client.id);
    return false;
}

// Ends one body's reading, and goes on with that of the client that has waited longest.
void EventLoop::give_place_away() {
    --bodies_;
    while (!waiting_for_place_.empty() && bodies_ < settings_.max_bodies) {
        const auto next = waiting_for_place_.front();
        waiting_for_place_.pop_front();
        with_client(next, [&](Client& client) {
            if (client.phase == Phase::place && take_place(client)) read_body(client);
        });
    }
}

// Takes what has come of the body, and hands the request over as soon as there is enough of it.
void EventLoop::read_body(Client& client) {
    IncomingBody& body = *client.body;
    body.stop_waiting();
    client.connection.take(body.take(client.connection.input()));
    if (client.phase == Phase::body && body.is_enough()) {
        body.begin_answer();
        hand_over(client);
        if (!client.body) return; // It was refused.
    } else if (client.phase == Phase::body && !client.has_place &&
               body.received_size() > max_size_without_place && !take_place(client)) {
        return;
    }
    if (body.wants_input()) {
        body.start_waiting();
        set_interest(client, EPOLLIN);
        set_deadline(client, body.deadline());
    } else {
        set_deadline(client, Clock::time_point::max());
    }
}

void EventLoop::hand_over(Client& client) {
    const Flow flow = client.flow.value_or(client.id);
    if (!queue_.has_room(flow)) return refuse_overload(client);
    client.phase = Phase::answering;
    set_deadline(client, settings_.wait_timeout ? Clock::now() + *settings_.wait_timeout
                                                : Clock::time_point::max());
    Work work{client.id,    std::move(client.request), flow, std::move(client.task.answer), nullptr,
              client.closes};
    if (client.body) work.body = client.body->body();
    work.request.body = work.body.get();
    queue_.add(std::move(work));
}

void EventLoop::refuse_overload(Client& client) {
    const bool has_unread_body = client.phase == Phase::place;
    answer_here(client, client.closes || has_unread_body,
                [&](const Request& request) { return service_.refuse(request, 503); });
}

void EventLoop::answer_here(Client& client, bool closes, const Responder::Handler& handler) {
    send(client, responder_.respond(client.request, closes, handler));
}

void EventLoop::send(Client& client, WireResponse response) {
    client.body.reset();
    if (std::exchange(client.has_place, false)) give_place_away();
    if (client.is_broken || response.bytes.empty()) {
        client.phase = Phase::closed;
        return;
    }
    client.closes = response.closes;
    client.connection.add_output(std::move(response.bytes));
    if (response.delay == milliseconds{0} || is_ending_) return begin_sending(client);
    client.phase = Phase::held_back;
    set_interest(client, 0);
    set_deadline(client, Clock::now() + response.delay);
}

void EventLoop::begin_sending(Client& client) {
    client.phase = Phase::sending;
    client.sending_since = Clock::time_point::max();
    go_on_sending(client);
}

void EventLoop::go_on_sending(Client& client) {
    switch (client.connection.send()) {
    case Connection::Transfer::some:
        return after_answer(client);
    case Connection::Transfer::ended:
        client.phase = Phase::closed;
        return;
    case Connection::Transfer::none:
        set_interest(client, EPOLLOUT);
        if (client.sending_since != Clock::time_point::max()) return;
        client.sending_since = Clock::now();
        client.unacknowledged_then = client.connection.unacknowledged();
        client.grace = is_ending_ ? ending_patience : sending_grace;
        client.pace = is_ending_ ? ending_pace : sending_pace;
        set_deadline(client, client.sending_since + client.grace);
    }
}

// A socket closed with unread bytes is reset, and a reset can overtake the answer. So the client
// is told that there is no more, and what it still sends is thrown away for a moment.
void EventLoop::after_answer(Client& client) {
    const auto now = Clock::now();
    if (!client.closes) {
        client.phase = Phase::head;
        client.flow.reset();
        return set_deadline(client,
                            now + (is_ending_ ? ending_patience : settings_.keep_alive_timeout));
    }
    client.connection.finish_sending();
    client.connection.take(client.connection.input().size());
    client.phase = Phase::lingering;
    client.linger_until = now + (is_ending_ ? linger_silence : linger_timeout);
    set_interest(client, EPOLLIN);
    set_deadline(client, now + linger_silence);
}

} // namespace active_calls::shim::http
