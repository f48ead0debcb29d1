// A body while it comes: how much of it there is, and how long its client is still waited for.
#pragma once

#include "body.h"

#include <chrono>
#include <memory>
#include <optional>

namespace active_calls::shim::http {

struct BodyLimits {
    /// In bytes, without chunks' sizes. No more than that and a little is read.
    std::uint64_t max_size;
    /// For the client to be waited for, in all.
    std::chrono::milliseconds timeout;
    /// The same from when the request is being answered, as others may then wait for it.
    std::chrono::milliseconds timeout_while_answered;
};

class IncomingBody {
public:
    using Clock = std::chrono::steady_clock;

    /// `on_room` is called by the thread that reads the body, as RequestBody says.
    IncomingBody(const Framing& framing, const BodyLimits& limits, std::function<void()> on_room);

    const std::shared_ptr<RequestBody>& body() const { return body_; }

    /// Takes what of the connection's input belongs to the body; returns how many bytes are done
    /// with.
    std::size_t take(std::string_view input);

    /// The client closed, or has used up its time.
    void break_off(BodyFault fault);

    /// Whether all has come that will be read: the end, a fault, or too much.
    bool has_ended() const { return has_ended_; }

    /// Whether the request can be answered now: there is all of the body, or the rest can be
    /// expected within a second, at the pace of what came so far.
    bool is_enough() const;

    /// From now on the body is read while it comes.
    void begin_answer();
    bool is_being_answered() const { return is_being_answered_; }

    /// Whether the client should be read from now.
    bool wants_input() const;

    /// The client's time runs only between these two.
    void start_waiting();
    void stop_waiting();
    /// Until when the client is waited for, unless something comes.
    Clock::time_point deadline() const;

private:
    void fail(const BodyError& error);

    const BodyLimits limits_;
    BodyDecoder decoder_;
    std::shared_ptr<RequestBody> body_;
    const Clock::time_point started_ = Clock::now();
    /// `size_` counts the content that has come, `received_size_` also the lines of its chunks.
    std::uint64_t size_ = 0;
    std::uint64_t received_size_ = 0;
    bool has_ended_ = false;
    bool is_being_answered_ = false;

    std::optional<Clock::time_point> waiting_since_;
    /// For the client, so far and at most. What we take in the meantime is not its fault.
    std::chrono::nanoseconds waited_{0};
    std::chrono::nanoseconds longest_wait_;
    /// When something came last, by `waited_`.
    std::chrono::nanoseconds heard_at_{0};
    std::chrono::nanoseconds longest_silence_ = std::chrono::nanoseconds::max();
};

} // namespace active_calls::shim::http
