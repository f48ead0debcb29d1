// A client that does nothing wrong, and the service that it gets while others attack.
#pragma once

#include "conversation.h"

#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace active_calls::hostile {

// How long a good client waits for an answer. An answer that takes longer, or is not 200, counts as
// if it had taken this long: a refusal at once is no service.
constexpr milliseconds good_patience{3000};

// Times in milliseconds.
struct Latencies {
    std::size_t asked = 0;
    std::size_t lost = 0; // not answered by a 200 in time
    double p50 = 0;
    double p99 = 0;
};

struct GoodRequests {
    sockaddr_in address;
    std::function<std::string()> next;
    bool reconnects = false; // each comes by a connection of its own, as a probe does
};

// Asks fifty times a second, on one connection, in a thread of its own. A request is due at its
// time whether the one before has been answered or not, and its time counts from then. So one long
// wait is not a single bad figure among many good ones.
class GoodClient {
public:
    explicit GoodClient(GoodRequests requests);

    // Ends the client. It does not count requests that were due before and have not been sent.
    void stop();

    // After `stop`: the times of requests that were due in this period.
    Latencies between(Clock::time_point from, Clock::time_point to) const;
    // After `stop`: when the last 200 came.
    Clock::time_point last_answer() const { return last_answer_; }

private:
    struct Sample {
        Clock::time_point due;
        double milliseconds;
        bool is_lost;
    };

    void ask_until(const std::stop_token& end);

    const GoodRequests requests_;
    std::vector<Sample> samples_;
    Clock::time_point last_answer_;
    std::jthread thread_; // last: it uses the others
};

} // namespace active_calls::hostile
