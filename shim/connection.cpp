#include "connection.h"

#include "text.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace active_calls::shim {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view head_end = "\r\n\r\n";

/// Request line and all header fields; httplib itself limits each line to 8 KiB.
constexpr std::size_t max_head_size = 65536;

/// What a silent connection is given when it is in the way: of clients that wait for a thread, or
/// of the end of the process. A client that is about to send gets its answer all the same. It has
/// this time in turns, so that many who are silent do not keep long from a thread one who is not.
constexpr milliseconds hurried_patience{500};
constexpr milliseconds turn{20};
constexpr milliseconds hurry_check_interval{100};

/// For a client that may be in the middle of a body to send the rest: as long as it is sending it
/// does not read its answer. One that is silent has noticed the end.
constexpr milliseconds finish_timeout{2'000};
constexpr milliseconds finish_silence{250};

/// For all of an answer to be taken by the client; and at what pace at least, in bytes a
/// millisecond, while the connection is in the way.
constexpr milliseconds send_timeout{30'000};
constexpr std::int64_t hurried_pace = 16;

milliseconds since(Clock::time_point start) {
    return std::chrono::floor<milliseconds>(Clock::now() - start);
}

/// Waits until the socket is ready for this, or has failed. False also where a signal came.
bool is_ready(socket_t socket, short events, milliseconds patience) {
    pollfd entry{socket, events, 0};
    return poll(&entry, 1, static_cast<int>(std::max(patience, milliseconds{0}).count())) > 0;
}

/// What the kernel has taken and the client has not: the kernel takes no more for a long time while
/// a client is reading slowly.
std::int64_t unacknowledged(socket_t socket) {
    int size = 0;
    return ioctl(socket, SIOCOUTQ, &size) == 0 ? size : 0;
}

/// What httplib takes for malformed.
constexpr std::string_view no_request_line = "\r\n";

/// RFC 9110, 5.6.2.
bool is_name_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Whether everybody reads the line alike. httplib would pass over `Content-Length : 5`, a line
/// that goes on with the one before, or one with a bare line feed in it. A proxy before us may have
/// taken it for the length of the body, which then would be the next request (RFC 9112, 5
/// and 11.2).
bool is_sound_field(std::string_view line) {
    constexpr std::string_view breaking("\r\n\0", 3);
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    if (colon == 0 || colon == std::string_view::npos) return false;
    const auto value = line.substr(colon + 1);
    const bool is_of_framing = equal_ignoring_case(name, "Content-Length") ||
                               equal_ignoring_case(name, "Transfer-Encoding");
    return std::ranges::all_of(name, is_name_character) &&
           value.find_first_of(breaking) == std::string_view::npos &&
           !(is_of_framing && trimmed(value).empty()); // which httplib passes over, too
}

void append_without_decoding(std::string& fit, std::string_view line) {
    for (const char c : line) fit.append(c == '%' ? "%25" : std::string_view(&c, 1));
}

} // namespace

std::string fit_for_httplib(std::string_view head) {
    std::string fit;
    fit.reserve(head.size());
    const auto request_line = head.substr(0, head.find(line_end));
    bool in_query = false;
    for (const char c : request_line) {
        fit.append(c == '?' && in_query ? "%3F" : std::string_view(&c, 1));
        in_query |= c == '?';
    }
    head.remove_prefix(request_line.size());
    while (!head.empty()) {
        const auto end = head.find(line_end, line_end.size());
        const auto line = head.substr(0, end);
        const auto field = line.substr(line_end.size());
        const bool is_cut_off = end == std::string_view::npos;
        if (!field.empty() && !is_cut_off && !is_sound_field(field))
            return std::string(no_request_line);
        if (!equal_ignoring_case(field.substr(0, field.find(':')), "range"))
            append_without_decoding(fit, line);
        head.remove_prefix(line.size());
    }
    return fit;
}

Connection::Connection(socket_t socket, std::function<bool()> is_hurried)
    : socket_(socket)
    , is_hurried_(std::move(is_hurried))
    , waiting_since_(Clock::now()) {
    const timeval interval{0, std::chrono::microseconds(hurry_check_interval).count()};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &interval, sizeof interval);
    note_remote_address();
}

Connection::~Connection() { close(socket_); }

Connection::Head Connection::receive_head(milliseconds patience) {
    for (bool had_turn = false, is_late = false; !take_head(); had_turn = true) {
        const bool is_hurried = is_hurried_();
        const auto left =
            (is_hurried ? std::min(patience, hurried_patience) : patience) - since(waiting_since_);
        // What has come by then counts, as it may be the connection that had to wait.
        if (is_late && left.count() <= 0) return Head::none;
        if (is_hurried && had_turn) return Head::pending;
        is_late = left.count() <= 0;
        if (is_ready(socket_, POLLIN, std::min(left, is_hurried ? turn : hurry_check_interval)) &&
            !receive())
            return Head::none;
    }
    return Head::complete;
}

bool Connection::take_head() {
    received_.erase(0, std::exchange(taken_, 0));
    const auto end = received_.find(head_end, searched_);
    if (end == std::string::npos && received_.size() <= max_head_size) {
        searched_ = received_.size() < head_end.size() ? 0 : received_.size() - head_end.size() + 1;
        return false;
    }
    const auto size = std::min(end, max_head_size) + head_end.size();
    head_ = fit_for_httplib(std::string_view(received_).substr(0, size));
    head_read_ = 0;
    received_.erase(0, size);
    searched_ = 0;
    return true;
}

bool Connection::receive() {
    received_.erase(0, std::exchange(taken_, 0));
    std::array<char, 65536> buffer;
    const auto count = recv(socket_, buffer.data(), buffer.size(), 0);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    received_.append(buffer.data(), static_cast<std::size_t>(count));
    return count > 0;
}

bool Connection::flush() {
    const auto started = Clock::now();
    auto hurried_since = Clock::time_point::max();
    std::int64_t unsent_then = 0;
    std::string_view left = to_send_;
    while (!left.empty()) {
        const auto count = send(socket_, left.data(), left.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count >= 0) {
            left.remove_prefix(static_cast<std::size_t>(count));
            continue;
        }
        if (errno != EINTR && errno != EAGAIN) return false;
        if (since(started) >= send_timeout) return false;
        const auto unsent = static_cast<std::int64_t>(left.size()) + unacknowledged(socket_);
        if (!is_hurried_()) {
            hurried_since = Clock::time_point::max();
        } else if (hurried_since == Clock::time_point::max()) {
            hurried_since = Clock::now();
            unsent_then = unsent;
        } else {
            const milliseconds pace((unsent_then - unsent) / hurried_pace);
            if (since(hurried_since) >= hurried_patience + pace) return false;
        }
        is_ready(socket_, POLLOUT, hurry_check_interval);
    }
    to_send_.clear();
    waiting_since_ = Clock::now();
    return true;
}

/// A socket closed with unread bytes is reset, and a reset can overtake the answer. So the client
/// is told that there is no more, and what it still sends is thrown away for a moment.
void Connection::finish() {
    shutdown(socket_, SHUT_WR);
    const auto started = Clock::now();
    auto heard = started;
    while (since(heard) < finish_silence &&
           since(started) < (is_hurried_() ? hurried_patience : finish_timeout)) {
        if (!receive()) return;
        if (received().empty()) continue;
        take(received().size());
        heard = Clock::now();
    }
}

ssize_t Connection::read(char* data, std::size_t size) {
    const auto count = head_.copy(data, size, head_read_);
    head_read_ += count;
    return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* data, std::size_t size) {
    to_send_.append(data, size);
    return static_cast<ssize_t>(size);
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
    ip = remote_host_;
    port = remote_port_;
}

/// Numbers do not change while a connection lasts, so they are asked for once.
void Connection::note_remote_address() {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    auto* const address = reinterpret_cast<sockaddr*>(&storage);
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> service{};
    if (getpeername(socket_, address, &length) != 0 ||
        getnameinfo(address, length, host.data(), host.size(), service.data(), service.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    remote_host_ = host.data();
    remote_port_ = std::stoi(service.data());
}

} // namespace active_calls::shim
