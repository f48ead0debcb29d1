// Sockets of clients.
#pragma once

#include <netinet/in.h>

#include <string>

namespace active_calls::hostile {

// "127.0.0.1:8080", IPv4 alone. Throws std::runtime_error for anything else.
sockaddr_in parse_address(const std::string& text);

// A nonblocking socket that is on its way to the address, -1 with errno if there is none. Each
// comes from another of eight loopback addresses: one address has too few ports for the connections
// that linger in TIME_WAIT during an attack. `receive_buffer` is for slow readers; 0: the kernel's
// default.
int connect_to(const sockaddr_in& address, int receive_buffer = 0);

// Closes it with a reset in place of an end: what the other side has not read yet is worthless
// then.
void reset(int socket);

} // namespace active_calls::hostile
