#include "incoming_body.h"

#include <algorithm>

namespace active_calls::shim::http {

namespace {

using std::chrono::nanoseconds;

// A client has to send so much on average, ...
constexpr std::uint64_t min_bytes_per_second = 16384;
// ... but for a moment in which it may be silent.
constexpr std::chrono::seconds grace{5};

// More than a socket's buffer holds (Linux: 6 MiB, tcp_rmem). What the buffer holds says nothing
// of the client's pace.
constexpr std::uint64_t most_held_back = std::uint64_t{8} << 20;

// A transaction is open while a body is read as it comes. So reading begins when the rest is near.
constexpr std::chrono::duration<double> soon{1};

} // namespace

IncomingBody::IncomingBody(const Framing& framing, const BodyLimits& limits,
                           std::function<void()> on_room)
    : limits_(limits)
    , decoder_(framing)
    , body_(std::make_shared<RequestBody>(framing.length, std::move(on_room)))
    , longest_wait_(limits.timeout) {
    if (!framing.is_clear)
        fail({BodyFault::malformed, "the length of the body is unclear: either one Content-Length "
                                    "or Transfer-Encoding: chunked is needed"});
    else if (framing.length > limits.max_size)
        has_ended_ = true;
    else
        take({});
}

std::size_t IncomingBody::take(std::string_view input) {
    if (has_ended_) return 0;
    std::size_t taken = 0;
    try {
        taken = decoder_.decode(input, [&](std::string_view content) {
            size_ += content.size();
            body_->add(content);
        });
    } catch (const BodyError& error) {
        fail(error);
        return 0;
    }
    received_size_ += taken;
    if (taken > 0) heard_at_ = waited_;
    if (decoder_.is_at_end()) body_->finish();
    has_ended_ = decoder_.is_at_end() || size_ > limits_.max_size;
    return taken;
}

void IncomingBody::break_off(BodyFault fault) {
    const std::string size = std::to_string(received_size_);
    fail({fault, fault == BodyFault::too_slow
                     ? "the body does not come fast enough: " + size + " bytes so far"
                     : "the body ended after " + size + " bytes, before its end"});
}

void IncomingBody::fail(const BodyError& error) {
    body_->fail(error);
    has_ended_ = true;
}

bool IncomingBody::is_enough() const {
    if (has_ended_) return true;
    if (received_size_ <= most_held_back) return false;
    // Chunks may go on to the limit.
    const auto length =
        body_->announced_length() > 0 ? body_->announced_length() : limits_.max_size;
    const auto missing = static_cast<double>(length - std::min(length, received_size_));
    return std::chrono::duration<double>(Clock::now() - started_) * missing <=
           soon * static_cast<double>(received_size_ - most_held_back);
}

void IncomingBody::begin_answer() {
    is_being_answered_ = true;
    longest_wait_ = std::min<nanoseconds>(longest_wait_, waited_ + limits_.timeout_while_answered);
    longest_silence_ = std::min<nanoseconds>(grace, limits_.timeout_while_answered);
    heard_at_ = waited_;
}

void IncomingBody::hurry(std::chrono::milliseconds rest) {
    stop_waiting();
    longest_wait_ = std::min<nanoseconds>(longest_wait_, waited_ + rest);
}

bool IncomingBody::wants_input() const {
    return !has_ended_ && !(is_being_answered_ && body_->is_full());
}

void IncomingBody::start_waiting() {
    if (!waiting_since_) waiting_since_ = Clock::now();
}

void IncomingBody::stop_waiting() {
    if (waiting_since_) waited_ += Clock::now() - *waiting_since_;
    waiting_since_.reset();
}

// The time that a client has grows with what has come, up to the whole of it.
IncomingBody::Clock::time_point IncomingBody::deadline() const {
    const std::chrono::milliseconds earned{received_size_ * 1000 / min_bytes_per_second};
    const auto until = std::min<nanoseconds>(longest_wait_, grace + earned);
    const auto silent_until =
        longest_silence_ == nanoseconds::max() ? until : heard_at_ + longest_silence_;
    return waiting_since_.value_or(Clock::now()) + (std::min(until, silent_until) - waited_);
}

} // namespace active_calls::shim::http
