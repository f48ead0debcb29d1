// What one thread reads and another one writes: text, in pieces that are cut anywhere.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace active_calls::shim {

// Holds a few pieces of half a MiB, so that neither side waits for the other all the time.
class PieceQueue {
public:
    // Adds text. Waits while the queue is full; returns false once a stop is asked
    // for.
    bool put(std::string_view text, const std::stop_token& stop);
    // Nothing more comes; or what has come is of no use, for this reason.
    void finish(const std::stop_token& stop);
    void fail(std::exception_ptr reason);

    // The next piece, waited for; none after the last. Rethrows the reason of a failure.
    std::optional<std::string> take();

private:
    bool push(const std::stop_token& stop);

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<std::string> pieces_;
    bool is_finished_ = false;
    std::exception_ptr failure_;
    // Only the thread that puts pieces uses it.
    std::string unfinished_;
};

} // namespace active_calls::shim
