#include "connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace active_calls::shim::http {

Connection::Connection(Descriptor socket, std::string remote_address)
    : socket_(std::move(socket))
    , remote_address_(std::move(remote_address)) {}

Connection::Transfer Connection::receive() {
    input_.erase(0, std::exchange(taken_, 0));
    std::array<char, 65536> buffer;
    const auto count = recv(socket(), buffer.data(), buffer.size(), 0);
    if (count < 0) return errno == EAGAIN || errno == EINTR ? Transfer::none : Transfer::ended;
    input_.append(buffer.data(), static_cast<std::size_t>(count));
    return count > 0 ? Transfer::some : Transfer::ended;
}

Connection::Transfer Connection::discard() {
    constexpr std::size_t most = std::size_t{1} << 20;
    const auto count = recv(socket(), nullptr, most, MSG_TRUNC); // The kernel copies nothing.
    if (count < 0) return errno == EAGAIN || errno == EINTR ? Transfer::none : Transfer::ended;
    return count > 0 ? Transfer::some : Transfer::ended;
}

void Connection::take(std::size_t size) {
    taken_ += size;
    // Memory is not kept by all those that have nothing to say any more.
    constexpr std::size_t usual_request = 2048;
    if (taken_ == input_.size() && input_.capacity() > usual_request) {
        input_ = {};
        taken_ = 0;
    }
}

Connection::Transfer Connection::send() {
    while (sent_ < output_.size()) {
        const auto count =
            ::send(socket(), output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
        if (count >= 0)
            sent_ += static_cast<std::size_t>(count);
        else if (errno == EAGAIN)
            return Transfer::none;
        else if (errno != EINTR)
            return Transfer::ended;
    }
    output_ = {}; // a large answer's memory is not kept
    sent_ = 0;
    return Transfer::some;
}

void Connection::add_output(std::string bytes) {
    if (output_.empty())
        output_ = std::move(bytes);
    else
        output_.append(bytes);
}

std::int64_t Connection::unacknowledged() const {
    int with_kernel = 0;
    if (ioctl(socket(), SIOCOUTQ, &with_kernel) != 0) with_kernel = 0;
    return static_cast<std::int64_t>(output_.size() - sent_) + with_kernel;
}

void Connection::finish_sending() { shutdown(socket(), SHUT_WR); }

} // namespace active_calls::shim::http
