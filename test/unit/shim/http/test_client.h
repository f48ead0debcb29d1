// A client that sends what it is told, well-formed or not, and shows what comes.
#pragma once

#include "http/descriptor.h"
#include "http/listening_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace active_calls::shim::http {

class TestClient {
public:
    // Connects to a server on this machine.
    explicit TestClient(const ListenAddress& server)
        : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(server.port));
        is_connected_ =
            connect(number(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        set_timeout(SO_RCVTIMEO, std::chrono::seconds{20});
    }

    bool is_connected() const { return is_connected_; }

    // Returns false if the server does not take all of it.
    bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const auto count = ::send(number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count < 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }

    // Sends over and over, until the server has taken nothing for a while.
    void send_until_full(std::string_view bytes) const {
        set_timeout(SO_SNDTIMEO, std::chrono::milliseconds{100});
        while (::send(number(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
        }
    }

    void finish_sending() const { shutdown(number(), SHUT_WR); }

    // Resets the connection.
    void reset() {
        const linger at_once{1, 0};
        setsockopt(number(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        socket_.close();
    }

    // Makes the receive buffer small, so that the server notices when the client does not read.
    void hold_little() const {
        const int little = 32'768;
        setsockopt(number(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    }

    // Returns everything until the server closes, and adds "(reset)" or "(timeout)" if it does
    // not. The client reads `size` bytes at a time, with a pause after each.
    std::string rest(std::size_t size = 65536,
                     std::chrono::milliseconds pause = std::chrono::milliseconds{0}) const {
        std::string text;
        std::vector<char> buffer(size);
        ssize_t count = 0;
        while ((count = recv(number(), buffer.data(), buffer.size(), 0)) > 0) {
            text.append(buffer.data(), static_cast<std::size_t>(count));
            std::this_thread::sleep_for(pause);
        }
        if (count < 0) text += errno == EAGAIN ? "(timeout)" : "(reset)";
        return text;
    }

    // Sends a request and reads its short answer, which must come in one piece.
    std::string ask(std::string_view request) const {
        send(request);
        std::array<char, 65536> buffer;
        const auto count = recv(number(), buffer.data(), buffer.size(), 0);
        return count < 0 ? "(nothing)"
                         : std::string(buffer.data(), static_cast<std::size_t>(count));
    }

private:
    int number() const { return socket_.number(); }

    void set_timeout(int option, std::chrono::microseconds patience) const {
        const timeval timeout{patience.count() / 1'000'000, patience.count() % 1'000'000};
        setsockopt(number(), SOL_SOCKET, option, &timeout, sizeof timeout);
    }

    Descriptor socket_;
    bool is_connected_ = false;
};

} // namespace active_calls::shim::http
