#include "piece_queue.h"

#include <utility>

namespace active_calls::shim {

namespace {

constexpr std::size_t piece_size = std::size_t{512} << 10;
constexpr std::size_t max_pieces = 4;

} // namespace

bool PieceQueue::put(std::string_view text, const std::stop_token& stop) {
    unfinished_ += text;
    if (unfinished_.size() < piece_size) return true;
    return push(stop);
}

void PieceQueue::finish(const std::stop_token& stop) {
    if (!unfinished_.empty()) push(stop);
    const std::lock_guard lock(mutex_);
    is_finished_ = true;
    changed_.notify_all();
}

void PieceQueue::fail(std::exception_ptr reason) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(reason);
    changed_.notify_all();
}

std::optional<std::string> PieceQueue::take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !pieces_.empty() || is_finished_ || failure_; });
    if (failure_) std::rethrow_exception(failure_);
    if (pieces_.empty()) return std::nullopt;
    std::string piece = std::move(pieces_.front());
    pieces_.pop_front();
    changed_.notify_all();
    return piece;
}

bool PieceQueue::push(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [&] { return pieces_.size() < max_pieces; })) return false;
    pieces_.emplace_back().swap(unfinished_);
    changed_.notify_all();
    return true;
}

} // namespace active_calls::shim
