// The body of a request: its bytes, off the connection, to the end that the head announces. Framing
// is read here and strictly, since httplib 0.11 lets chunked bodies pass its size limit, takes any
// number that strtoul finds for the size of a chunk, and a chunk's missing end for the body's.
#pragma once

#include "connection.h"

#include <httplib.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace active_calls::shim {

struct BodyLimits {
    /// For the client to be waited for, in all.
    std::chrono::milliseconds timeout;
};

enum class BodyFault {
    malformed, // where it ends cannot be known, or is not where it was said to be
    cut_off,   // the client closed before the end
    too_slow,
};

class BodyError : public std::runtime_error {
public:
    BodyError(BodyFault fault, const std::string& message)
        : std::runtime_error(message)
        , fault(fault) {}

    BodyFault fault;
};

/// What it refers to must outlive it.
class RequestBody {
public:
    /// Of a request whose head has been read from `connection`.
    RequestBody(Connection& connection, const httplib::Request& request, const BodyLimits& limits);

    /// What the head says of the length: 0 where it says nothing, as with chunks.
    std::uint64_t announced_length() const { return is_chunked_ ? 0 : announced_length_; }

    /// The next piece, valid until the next call; empty at the end. A client that waits to be told
    /// so (`Expect: 100-continue`) is told to go on at the first call. Throws BodyError.
    std::string_view read();

    /// How long it takes until so much of the body has come, chunks' sizes included. At the pace so
    /// far, of all but what the kernel may have held back while the connection waited for its turn;
    /// as long as that is all there is, nobody knows, and it is the longest time there is.
    std::chrono::duration<double> time_to_reach(std::uint64_t size) const;

    /// From now on others wait for the client: it may be waited for no longer than this in all, and
    /// not be silent for long.
    void hurry(std::chrono::nanoseconds longest_wait);

    /// How much of it was handed out so far.
    std::uint64_t size() const { return size_; }

    /// Whether what follows on the connection is the next request.
    bool is_at_end() const { return is_at_end_; }

private:
    void begin();
    void begin_chunk();
    void skip_trailer();
    std::string_view line();
    void receive();

    Connection& connection_;
    std::chrono::steady_clock::time_point started_;
    /// For the client, so far and at most. What others take in the meantime is not its fault.
    std::chrono::nanoseconds waited_{0};
    std::chrono::nanoseconds longest_wait_;
    /// When something came last, by `waited_`.
    std::chrono::nanoseconds heard_at_{0};
    std::chrono::nanoseconds longest_silence_ = std::chrono::nanoseconds::max();
    std::uint64_t received_size_ = 0;
    std::uint64_t size_ = 0;
    std::uint64_t announced_length_ = 0;
    /// Of the body, or of the chunk, that was not handed out yet.
    std::uint64_t left_ = 0;
    std::size_t handed_out_ = 0;
    bool is_well_framed_ = true;
    bool is_chunked_ = false;
    bool is_first_chunk_ = true;
    bool expects_continue_ = false;
    bool has_begun_ = false;
    bool is_at_end_ = false;
};

} // namespace active_calls::shim
