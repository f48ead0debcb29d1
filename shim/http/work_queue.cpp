#include "work_queue.h"

#include <algorithm>
#include <utility>

namespace active_calls::shim::http {

namespace {

// A flow that has had no request for so long does not count as one of several flows.
constexpr std::chrono::seconds memory_of_flows{5};

} // namespace

bool WorkQueue::has_room(Flow flow) const {
    const std::lock_guard lock(mutex_);
    const auto line = lines_.find(flow);
    return line == lines_.end() || line->second.waiting.size() < max_waiting_of_flow;
}

void WorkQueue::add(Work work) {
    const std::lock_guard lock(mutex_);
    const Flow flow = work.flow;
    const ConnectionId connection = work.connection;
    Line& line = lines_.try_emplace(flow, Line{.turn = turns_.end()}).first->second;
    line.waiting.push_back(std::move(work));
    places_.insert_or_assign(connection, Place{&line, std::prev(line.waiting.end())});
    if (last_flow_ && *last_flow_ != flow) last_change_ = std::chrono::steady_clock::now();
    last_flow_ = flow;
    if (line.turn == turns_.end()) line.turn = turns_.insert(turns_.end(), flow);
    has_news_.notify_one();
}

std::optional<Work> WorkQueue::withdraw(ConnectionId connection) {
    const std::lock_guard lock(mutex_);
    const auto place = places_.find(connection);
    if (place == places_.end()) return std::nullopt;
    Work work = take(*place->second.line, place->second.work);
    forget_if_idle(work.flow);
    return work;
}

std::optional<Work> WorkQueue::next() {
    std::unique_lock lock(mutex_);
    for (;;) {
        if (Line* const line = next_line()) {
            Work work = take(*line, line->waiting.begin());
            ++line->in_work;
            --free_threads_;
            if (line->turn != turns_.end()) turns_.splice(turns_.end(), turns_, line->turn);
            if (is_closed_ && turns_.empty()) has_news_.notify_all();
            return work;
        }
        if (is_closed_ && turns_.empty()) return std::nullopt;
        has_news_.wait(lock);
    }
}

void WorkQueue::finish(Flow flow) {
    const std::lock_guard lock(mutex_);
    --lines_.at(flow).in_work;
    ++free_threads_;
    forget_if_idle(flow);
    // This wakes no thread: at most one more request may begin now, and the calling thread takes
    // it.
}

void WorkQueue::close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    has_news_.notify_all();
}

std::size_t WorkQueue::waiting() const {
    const std::lock_guard lock(mutex_);
    return places_.size();
}

bool WorkQueue::has_several_flows() const {
    return last_change_ != std::chrono::steady_clock::time_point{} &&
           std::chrono::steady_clock::now() - last_change_ < memory_of_flows;
}

// Skips flows that may have no more threads for now. These are fewer than the threads.
WorkQueue::Line* WorkQueue::next_line() {
    if (turns_.empty()) return nullptr;
    const auto limit = has_several_flows() ? threads_of_flow_ : SIZE_MAX;
    for (const Flow flow : turns_) {
        Line& line = lines_.at(flow);
        if (line.in_work == 0 || (line.in_work < limit && free_threads_ > kept_threads_))
            return &line;
    }
    return nullptr;
}

Work WorkQueue::take(Line& line, std::list<Work>::iterator work) {
    Work taken = std::move(*work);
    line.waiting.erase(work);
    places_.erase(taken.connection);
    if (line.waiting.empty()) turns_.erase(std::exchange(line.turn, turns_.end()));
    return taken;
}

void WorkQueue::forget_if_idle(Flow flow) {
    const auto line = lines_.find(flow);
    if (line->second.waiting.empty() && line->second.in_work == 0) lines_.erase(line);
}

} // namespace active_calls::shim::http
