// A body while it comes: it knows how much has come, and how long the server still waits for the
// rest.
#pragma once

#include "body.h"

#include <chrono>
#include <memory>
#include <optional>

namespace active_calls::shim::http {

struct BodyLimits {
    // A body may have so many bytes of content. The server reads little more than that.
    std::uint64_t max_size;
    // How long the server waits for the client, in all.
    std::chrono::milliseconds timeout;
    // The same from the moment when the answer begins, which may hold more than a connection.
    std::chrono::milliseconds timeout_while_answered;
};

class IncomingBody {
public:
    using Clock = std::chrono::steady_clock;

    // The thread that reads the body calls `on_room`, as RequestBody says.
    IncomingBody(const Framing& framing, const BodyLimits& limits, std::function<void()> on_room);

    const std::shared_ptr<RequestBody>& body() const { return body_; }

    // Takes the part of the connection's input that belongs to the body, and returns how many
    // bytes that are.
    std::size_t take(std::string_view input);

    // Ends the body with a fault: the client has closed, or has used up its time.
    void break_off(BodyFault fault);

    // How many bytes have come, including those of chunks' lines.
    std::uint64_t received_size() const { return received_size_; }

    // Whether no more will be read: the body is at its end, has a fault, or is too large.
    bool has_ended() const { return has_ended_; }

    // Whether the request can be answered now: there is all of the body, or the rest can be
    // expected within a second, at the pace of what came so far.
    bool is_enough() const;

    // Says that the service reads the body while the rest comes.
    void begin_answer();

    // Says that the server ends: from now on it waits no longer than this for the client, in all.
    void hurry(std::chrono::milliseconds rest);

    // Whether the server should receive from the client now.
    bool wants_input() const;

    // The client's time runs only between these two calls.
    void start_waiting();
    void stop_waiting();
    // How long the server waits for the client if nothing comes until then.
    Clock::time_point deadline() const;

private:
    void fail(const BodyError& error);

    const BodyLimits limits_;
    BodyDecoder decoder_;
    std::shared_ptr<RequestBody> body_;
    const Clock::time_point started_ = Clock::now();
    // `size_` counts the content that has come, `received_size_` also the lines of its chunks.
    std::uint64_t size_ = 0;
    std::uint64_t received_size_ = 0;
    bool has_ended_ = false;
    bool is_being_answered_ = false;

    std::optional<Clock::time_point> waiting_since_;
    // How long the server has waited for the client so far, and may at most. The time that the
    // server itself takes does not count.
    std::chrono::nanoseconds waited_{0};
    std::chrono::nanoseconds longest_wait_;
    // The value of `waited_` when something came last.
    std::chrono::nanoseconds heard_at_{0};
    std::chrono::nanoseconds longest_silence_ = std::chrono::nanoseconds::max();
};

} // namespace active_calls::shim::http
