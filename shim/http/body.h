// The body of a request: what its client sends, handed over from the thread that waits for sockets
// to the one that answers.
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

/// Takes the framing off a body: bytes off the connection in, content out.
class BodyDecoder {
public:
    explicit BodyDecoder(const Framing& framing);

    /// Hands the content among `bytes` to `sink` and returns how many of them are done with. What
    /// is left is the begin of a line whose end has not come, or what follows the body. Throws
    /// BodyError.
    std::size_t decode(std::string_view bytes, const std::function<void(std::string_view)>& sink);

    bool is_at_end() const { return part_ == Part::end; }

private:
    enum class Part { size, content, end_of_chunk, trailer, end };

    void take_line(std::string_view line);
    void begin_chunk(std::string_view size_and_extensions);

    bool is_chunked_;
    Part part_;
    /// How many bytes of content are still to come: of the body or, if it is chunked, of the chunk.
    std::uint64_t left_ = 0;
    int trailer_lines_ = 0;
};

/// One thread adds what comes, and another one reads it.
class RequestBody {
public:
    /// `on_room` is called, by the reading thread, when a body that was full is not any more.
    RequestBody(std::uint64_t announced_length, std::function<void()> on_room)
        : announced_length_(announced_length)
        , on_room_(std::move(on_room)) {}

    // For the thread that reads.

    /// What the head says of the length: 0 where it says nothing, as with chunks.
    std::uint64_t announced_length() const { return announced_length_; }
    /// Waits for the next piece; empty at the end. It is valid until the next call. Throws
    /// BodyError.
    std::string_view read();
    /// How much of it was read so far.
    std::uint64_t size() const { return read_size_; }

    // For the thread that adds.

    void add(std::string_view content);
    void finish();
    void fail(const BodyError& error);
    /// Whether nothing should be added before some was read.
    bool is_full() const;

    /// Whether it has come to its end. For both.
    bool is_complete() const;

private:
    const std::uint64_t announced_length_;
    const std::function<void()> on_room_;

    mutable std::mutex mutex_;
    std::condition_variable has_news_;
    /// Blocks, so that nothing is moved while the body grows.
    std::deque<std::string> unread_;
    std::size_t unread_size_ = 0;
    bool is_complete_ = false;
    std::optional<BodyError> error_;

    /// The reader's own.
    std::string piece_;
    std::uint64_t read_size_ = 0;
};

} // namespace active_calls::shim::http
