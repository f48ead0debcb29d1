#include "listener.h"

#include "text.h"
#include "workers.h"

#include <linux/filter.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>

namespace active_calls::shim {

namespace {

constexpr std::size_t max_requests_per_connection = 10'000;

/// How long no connection has to come, while draining, until the last one has been accepted.
constexpr std::chrono::milliseconds accept_pause{100};

/// How long connections are accepted while draining, however many come.
constexpr std::chrono::milliseconds accept_limit{500};

/// httplib hands no context of ours to a handler; but a thread serves one request at a time.
thread_local RequestBody* body_of_this_thread = nullptr;

/// Two processes must not share a port unnoticed, as httplib's own option would let them.
void allow_quick_restart(socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

/// Makes the kernel drop the first packet of every new connection to a listening socket, so that
/// its queue can be emptied without new ones coming in. Such a client tries again a second later,
/// and then finds the next process, or none. Where the kernel allows this to root alone, a
/// connection that comes after the signal, in the moment in which the socket is closed, is reset.
void refuse_new_connections(socket_t listening_socket) {
    constexpr std::uint32_t offset_of_tcp_flags = 13;
    constexpr std::uint32_t syn_flag = 0x02;
    std::array<sock_filter, 4> drop_syn{{
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offset_of_tcp_flags),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, syn_flag, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    }};
    const sock_fprog program{drop_syn.size(), drop_syn.data()};
    setsockopt(listening_socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

bool connection_header_has(const httplib::Request& request, std::string_view option) {
    const auto value = request.get_header_value("Connection");
    return std::ranges::any_of(split_list(value, ','), [&](std::string_view given) {
        return equal_ignoring_case(given, option);
    });
}

bool has_body(const httplib::Request& request) {
    const auto [begin, end] = request.headers.equal_range("Content-Length");
    return request.has_header("Transfer-Encoding") ||
           std::any_of(begin, end, [](const auto& length) { return length.second != "0"; });
}

bool client_keeps_alive(const httplib::Request& request) {
    if (connection_header_has(request, "close")) return false;
    return request.version != "HTTP/1.0" || connection_header_has(request, "keep-alive");
}

/// httplib does not tell a host that it cannot find from a port that is taken.
void require_host(const std::string& host) {
    addrinfo* found = nullptr;
    const int error = getaddrinfo(host.c_str(), nullptr, nullptr, &found);
    if (error != 0) throw std::runtime_error(gai_strerror(error));
    freeaddrinfo(found);
}

/// Sets right what httplib writes of the connection, and takes back its offer of ranges.
void tidy_headers(const httplib::Request& request, httplib::Response& response) {
    response.headers.erase("Accept-Ranges");
    // httplib notes the client's address when it has read the head; otherwise the end follows, as
    // it does where the bytes after the head are no request.
    const bool is_unreadable = request.remote_addr.empty();
    const bool is_unread = body_of_this_thread && !body_of_this_thread->is_at_end();
    if ((is_unreadable || is_unread) && !response.has_header("Connection"))
        response.set_header("Connection", "close");
    if (response.has_header("Connection"))
        response.headers.erase("Keep-Alive");
    else if (request.version == "HTTP/1.0")
        response.set_header("Connection", "keep-alive");
}

} // namespace

std::string to_string(const Address& address) {
    const bool is_ipv6 = address.host.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

/// What a client's connection goes through from one turn to the next.
struct Listener::Visit {
    Visit(Listener& listener, socket_t socket)
        : connection(socket, [&listener] { return listener.is_hurried(); })
        , patience(listener.settings_.read_timeout)
        , requests_left(listener.keep_alive_max_count_) {}

    Connection connection;
    std::chrono::milliseconds patience;
    std::size_t requests_left;
};

Listener::Listener(ListenerSettings settings)
    : settings_(std::move(settings)) {
    new_task_queue = [this] {
        const auto on_pause = [this] {
            if (draining_) stop_accepting();
        };
        const auto on_end = [this] { has_accepted_all_ = true; };
        workers_ =
            std::make_unique<Workers>(settings_.thread_count, connection_count_, on_pause, on_end)
                .release();
        return workers_;
    };
    set_idle_interval(accept_pause);
    set_keep_alive_max_count(max_requests_per_connection);
    set_keep_alive_timeout(
        std::chrono::ceil<std::chrono::seconds>(settings_.keep_alive_timeout).count());
    set_tcp_nodelay(true);
    set_post_routing_handler(tidy_headers);
    set_socket_options(allow_quick_restart);

    auto& [host, port] = settings_.address;
    require_host(host);
    if (port == 0)
        port = bind_to_any_port(host);
    else if (!bind_to_port(host, port))
        port = -1;
    // httplib's own queue of five is too short for a hundred clients at once.
    if (port < 0 || ::listen(svr_sock_, SOMAXCONN) != 0)
        throw std::runtime_error(std::strerror(errno));
}

Listener::~Listener() {
    drain();
    while (serving_.valid() && !wait_until_stopped(accept_pause)) {
    }
}

void Listener::start() {
    serving_ = std::async(std::launch::async, [this] { listen_after_bind(); });
}

void Listener::drain() {
    if (draining_) return;
    accept_until_ = std::chrono::steady_clock::now() + accept_limit;
    draining_ = true;
    const socket_t listening_socket = svr_sock_;
    if (listening_socket != INVALID_SOCKET && !has_accepted_all_)
        refuse_new_connections(listening_socket);
}

/// A listening socket that failed has been closed, and its number may be another's by now.
void Listener::stop_accepting() {
    if (!has_accepted_all_) stop();
}

bool Listener::wait_until_stopped(std::chrono::milliseconds patience) {
    if (draining_ && std::chrono::steady_clock::now() >= accept_until_) stop_accepting();
    return serving_.wait_for(patience) == std::future_status::ready;
}

bool Listener::process_and_close_socket(socket_t socket) {
    std::shared_ptr<Visit> visit;
    try {
        visit = std::make_shared<Visit>(*this, socket);
    } catch (const std::exception&) {
        close(socket);
        return false;
    }
    serve(visit);
    return true;
}

/// Until the connection ends; or until its client is silent while others wait for a thread: then
/// it is their turn.
void Listener::serve(const std::shared_ptr<Visit>& visit) {
    try {
        while (visit->requests_left > 0) {
            const auto head = visit->connection.receive_head(visit->patience);
            if (head == Connection::Head::pending)
                return workers_->enqueue([this, visit] { serve(visit); });
            if (head == Connection::Head::none) return;
            if (!serve_next(visit->connection, --visit->requests_left == 0)) return;
            visit->patience = settings_.keep_alive_timeout;
        }
    } catch (const std::exception&) {
        // Out of memory, say: it costs this client its connection, not the process.
    }
}

RequestBody& Listener::body() { return *body_of_this_thread; }

/// Answers the request whose head has come; false if the connection has ended with that.
bool Listener::serve_next(Connection& connection, bool is_last) {
    const bool must_close = is_last || is_hurried();
    bool closes = true; // Also where httplib refuses the head: who knows what follows it.
    bool httplib_would_close = false;
    std::optional<RequestBody> body;
    body_of_this_thread = nullptr;
    process_request(connection, must_close, httplib_would_close, [&](httplib::Request& request) {
        closes = must_close || !client_keeps_alive(request);
        if (settings_.bodies) {
            body_of_this_thread = &body.emplace(connection, request, *settings_.bodies);
            request.headers.erase("Expect"); // The body says when to go on.
        } else {
            closes |= has_body(request);
        }
        request.headers.erase("Connection");
        if (closes) request.set_header("Connection", "close");
    });
    if (!connection.flush()) return false;
    closes |= body && !body->is_at_end();
    if (closes) connection.finish();
    return !closes;
}

} // namespace active_calls::shim
