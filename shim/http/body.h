// The body of a request. The thread that waits for sockets adds what the client sends, and the
// thread that answers the request reads it.
#pragma once

#include "head.h"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace active_calls::shim::http {

enum class BodyFault {
    malformed, // its end cannot be known, or is not where the head or a chunk says
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

// Takes the framing off a body: it gets the bytes of the connection and returns the content.
class BodyDecoder {
public:
    explicit BodyDecoder(const Framing& framing);

    // Hands the content among `bytes` to `sink` and returns how many bytes it has used. The rest
    // is the beginning of a line whose end has not come, or follows the body. Throws BodyError.
    std::size_t decode(std::string_view bytes, const std::function<void(std::string_view)>& sink);

    bool is_at_end() const { return part_ == Part::end; }

private:
    enum class Part { size, content, end_of_chunk, trailer, end };

    void take_line(std::string_view line);
    void begin_chunk(std::string_view size_and_extensions);

    bool is_chunked_;
    Part part_;
    // How many bytes of content are still to come: of the body or, if it is chunked, of the chunk.
    std::uint64_t left_ = 0;
    int trailer_lines_ = 0;
};

// The content on its way between the two threads.
class RequestBody {
public:
    // The reading thread calls `on_room` when the body was full and is not full any more.
    RequestBody(std::uint64_t announced_length, std::function<void()> on_room)
        : announced_length_(announced_length)
        , on_room_(std::move(on_room)) {}

    // The thread that reads calls these.

    // The length that the head announces; 0 if it announces none, as for chunks.
    std::uint64_t announced_length() const { return announced_length_; }
    // Waits for the next piece and returns it; an empty one at the end of the body. The piece is
    // valid until the next call. Throws BodyError.
    std::string_view read();
    // How many bytes were read so far.
    std::uint64_t size() const { return read_size_; }

    // The thread that adds calls these.

    void add(std::string_view content);
    void finish();
    void fail(const BodyError& error);
    // Whether the reader has so much to read that the client should wait.
    bool is_full() const;

    // Whether all of the body was added. Both threads may call it.
    bool is_complete() const;

private:
    const std::uint64_t announced_length_;
    const std::function<void()> on_room_;

    mutable std::mutex mutex_;
    std::condition_variable has_news_;
    // The body is kept in blocks, so that nothing is moved while it grows.
    std::deque<std::string> unread_;
    std::size_t unread_size_ = 0;
    bool is_complete_ = false;
    std::optional<BodyError> error_;

    // Only the reading thread uses these.
    std::string piece_;
    std::uint64_t read_size_ = 0;
};

} // namespace active_calls::shim::http
