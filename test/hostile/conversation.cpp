#include "conversation.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>

namespace active_calls::hostile {

void Conversation::close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
    reader_ = AnswerReader(true);
    input_.clear();
}

bool Conversation::wait(short events, Clock::time_point deadline) const {
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
        pollfd one{socket_, events, 0};
        const int ready = poll(&one, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
        if (ready > 0) return true;
        if (ready == 0 || errno != EINTR) return false;
    }
}

bool Conversation::send(std::string_view bytes, Clock::time_point deadline) {
    if (socket_ < 0) socket_ = connect_to(address_);
    if (socket_ < 0) return false;
    while (!bytes.empty()) {
        const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        } else if ((errno != EAGAIN && errno != ENOTCONN && errno != EINTR) ||
                   !wait(POLLOUT, deadline)) {
            return false;
        }
    }
    return true;
}

std::optional<Answer> Conversation::receive(Clock::time_point deadline) {
    std::array<char, 65536> buffer;
    while (socket_ >= 0) {
        std::string_view bytes = input_;
        auto answer = reader_.next(bytes);
        input_.erase(0, input_.size() - bytes.size());
        if (answer) return answer;
        if (!wait(POLLIN, deadline)) return std::nullopt;
        const auto size = recv(socket_, buffer.data(), buffer.size(), 0);
        if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) return std::nullopt;
        if (size > 0) input_.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return std::nullopt;
}

std::optional<Answer> Conversation::ask(std::string_view request, milliseconds patience) {
    const auto deadline = Clock::now() + patience;
    bool may_try_again = socket_ >= 0;
    for (;;) {
        if (send(request, deadline))
            if (auto answer = receive(deadline)) {
                if (answer->field("connection") == "close") close();
                return answer;
            }
        close();
        if (!may_try_again || Clock::now() >= deadline) return std::nullopt;
        may_try_again = false;
    }
}

} // namespace active_calls::hostile
