#include "listening_socket.h"

#include <linux/filter.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace active_calls::shim::http {

namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

AddressList resolve(const ListenAddress& address) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    addrinfo* found = nullptr;
    const int error =
        getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
    if (error != 0) throw std::runtime_error(gai_strerror(error));
    return {found, &freeaddrinfo};
}

Descriptor listen_on(const addrinfo& address) {
    Descriptor socket(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) return socket;
    // This allows a quick restart. SO_REUSEPORT would let two processes share the port unnoticed.
    const int yes = 1;
    setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(socket.number(), address.ai_addr, address.ai_addrlen) != 0 ||
        listen(socket.number(), SOMAXCONN) != 0)
        return {};
    return socket;
}

std::string numeric_host(const sockaddr_storage& address, socklen_t length) {
    std::array<char, NI_MAXHOST> host{};
    const int error = getnameinfo(reinterpret_cast<const sockaddr*>(&address), length, host.data(),
                                  host.size(), nullptr, 0, NI_NUMERICHOST);
    return error == 0 ? host.data() : "unknown";
}

ListeningSocket::Failure failure_of(int error) {
    switch (error) {
    case EAGAIN:
        return ListeningSocket::Failure::none;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        return ListeningSocket::Failure::passing;
    default:
        return ListeningSocket::Failure::lasting;
    }
}

// Whether the error tells of one connection that failed before it was taken (accept(2)).
bool is_of_one_connection(int error) {
    return error == EINTR || error == ECONNABORTED || error == EPERM || error == EPROTO ||
           error == ENETDOWN || error == ENOPROTOOPT || error == EHOSTDOWN || error == ENONET ||
           error == EHOSTUNREACH || error == EOPNOTSUPP || error == ENETUNREACH;
}

} // namespace

std::string to_string(const ListenAddress& address) {
    const bool is_ipv6 = address.host.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

ListeningSocket::ListeningSocket(const ListenAddress& address) {
    const AddressList addresses = resolve(address);
    int error = 0;
    for (const auto* one = addresses.get(); one && !socket_.is_open(); one = one->ai_next) {
        errno = 0;
        socket_ = listen_on(*one);
        error = errno;
    }
    if (!socket_.is_open()) throw std::runtime_error(std::strerror(error));
}

int ListeningSocket::port() const {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    std::array<char, NI_MAXSERV> service{};
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (getsockname(number(), generic, &length) != 0 ||
        getnameinfo(generic, length, nullptr, 0, service.data(), service.size(), NI_NUMERICSERV) !=
            0)
        return 0;
    return std::stoi(service.data());
}

ListeningSocket::Accepted ListeningSocket::accept(Failure& failure) {
    for (;;) {
        sockaddr_storage address{};
        socklen_t length = sizeof address;
        Descriptor socket(accept4(number(), reinterpret_cast<sockaddr*>(&address), &length,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (socket.is_open()) {
            const int yes = 1;
            setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            return {std::move(socket), numeric_host(address, length)};
        }
        if (is_of_one_connection(errno)) continue;
        failure = failure_of(errno);
        return {};
    }
}

void ListeningSocket::refuse_new_connections() {
    constexpr std::uint32_t offset_of_tcp_flags = 13;
    constexpr std::uint32_t syn_flag = 0x02;
    std::array<sock_filter, 4> drop_syn{{
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offset_of_tcp_flags),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, syn_flag, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    }};
    const sock_fprog program{drop_syn.size(), drop_syn.data()};
    setsockopt(number(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

} // namespace active_calls::shim::http
