// The head of a request. It is read strictly, since a proxy in front of us may read a doubtful line
// in another way, and then sees other requests than we do (RFC 9112, 11.2).
#pragma once

#include "message.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace active_calls::shim::http {

// The request line and all fields together, in bytes.
inline constexpr std::size_t max_head_size = 65536;
// The target, and the line of one field, in bytes.
inline constexpr std::size_t max_target_size = 8192;
inline constexpr std::size_t max_field_size = 8192;

// Reads a head into `request`, as far as it can be read. `head` includes the empty line at its
// end; of a longer one the caller gives the first max_head_size bytes. Returns the status with
// which the request has to be refused (400, 414, 431), or none.
std::optional<int> parse_head(std::string_view head, Request& request);

// Where the body of a request ends (RFC 9112, 6.3).
struct Framing {
    // False if the head says in two ways, or wrongly, where the body ends.
    bool is_clear = true;
    bool is_chunked = false;
    // The length that the head announces; 0 if it announces none, as for chunks.
    std::uint64_t length = 0;

    bool has_body() const { return !is_clear || is_chunked || length > 0; }
};

Framing framing_of(const Request& request);

// Whether the client wants to send another request on this connection.
bool keeps_alive(const Request& request);

// Reads a whole number without a sign or blanks; none if `text` is anything else.
std::optional<std::uint64_t> parse_digits(std::string_view text, int base);

} // namespace active_calls::shim::http
