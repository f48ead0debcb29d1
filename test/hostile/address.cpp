#include "address.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace active_calls::hostile {

sockaddr_in parse_address(const std::string& text) {
    const auto colon = text.rfind(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    std::uint16_t port = 0;
    if (colon != std::string::npos) {
        const std::string_view digits = std::string_view(text).substr(colon + 1);
        std::from_chars(digits.data(), digits.data() + digits.size(), port);
        address.sin_port = htons(port);
    }
    if (port == 0 || inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1)
        throw std::runtime_error("\"" + text + "\" is not an IPv4 address with a port");
    return address;
}

int connect_to(const sockaddr_in& address, int receive_buffer) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0) return -1;
    const int yes = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (receive_buffer > 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);

    static std::atomic<std::uint32_t> count = 0;
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + count++ % 8);
    // The port is chosen by connect, which may take one that another destination has too.
    setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    if (bind(socket, reinterpret_cast<const sockaddr*>(&source), sizeof source) == 0 &&
        (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
         errno == EINPROGRESS))
        return socket;
    const int error = errno;
    close(socket);
    errno = error;
    return -1;
}

void reset(int socket) {
    const linger at_once{1, 0};
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(socket);
}

} // namespace active_calls::hostile
