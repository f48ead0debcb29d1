// One client's connection: its socket, what has come and was not read yet, and what is to be sent.
#pragma once

#include "descriptor.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace active_calls::shim::http {

// No function waits.
class Connection {
public:
    Connection(Descriptor socket, std::string remote_address);

    enum class Transfer {
        some,
        none,  // nothing to be had, or taken, for now
        ended, // by the client; or the connection has failed
    };

    // Adds what has come, as much as a buffer holds, to `input`.
    Transfer receive();
    // Throws away what has come, without a look at it.
    Transfer discard();
    // Sends what is left of the output: `some` if all of it is with the kernel now.
    Transfer send();

    std::string_view input() const { return std::string_view(input_).substr(taken_); }
    // Removes so many bytes from the front of the input.
    void take(std::size_t size);

    void add_output(std::string bytes);
    // How many bytes this process keeps for the connection.
    std::size_t buffered() const { return input_.capacity() + output_.size(); }
    // How many bytes of the output the client has not acknowledged. This shrinks steadily while a
    // client reads slowly, though the kernel takes no more output for a long time.
    std::int64_t unacknowledged() const;

    // Tells the client that no more output comes. The client can still send.
    void finish_sending();

    int socket() const { return socket_.number(); }
    const std::string& remote_address() const { return remote_address_; }

private:
    Descriptor socket_;
    std::string remote_address_;
    std::string input_;
    std::size_t taken_ = 0;
    std::string output_;
    std::size_t sent_ = 0;
};

} // namespace active_calls::shim::http
