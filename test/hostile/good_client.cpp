#include "good_client.h"

#include <algorithm>
#include <utility>

namespace active_calls::hostile {

GoodClient::GoodClient(GoodRequests requests)
    : requests_(std::move(requests))
    , thread_([this](const std::stop_token& end) { ask_until(end); }) {}

void GoodClient::stop() {
    thread_.request_stop();
    thread_.join();
}

void GoodClient::ask_until(const std::stop_token& end) {
    constexpr milliseconds pace{20};
    Conversation conversation(requests_.address);
    for (auto due = Clock::now(); !end.stop_requested(); due += pace) {
        std::this_thread::sleep_until(due);
        const auto answer = conversation.ask(requests_.next(), good_patience);
        if (requests_.reconnects) conversation.close();
        const auto now = Clock::now();
        const bool is_lost = !answer || answer->status != 200;
        if (!is_lost) last_answer_ = now;
        double took = std::chrono::duration<double, std::milli>(now - due).count();
        if (is_lost) took = std::max(took, static_cast<double>(good_patience.count()));
        samples_.push_back({due, took, is_lost});
    }
}

Latencies GoodClient::between(Clock::time_point from, Clock::time_point to) const {
    Latencies latencies;
    std::vector<double> sorted;
    for (const Sample& sample : samples_) {
        if (sample.due < from || sample.due >= to) continue;
        sorted.push_back(sample.milliseconds);
        latencies.lost += sample.is_lost ? 1 : 0;
    }
    latencies.asked = sorted.size();
    if (sorted.empty()) return latencies;
    std::ranges::sort(sorted);
    latencies.p50 = sorted[sorted.size() / 2];
    latencies.p99 = sorted[(sorted.size() - 1) * 99 / 100];
    return latencies;
}

} // namespace active_calls::hostile
