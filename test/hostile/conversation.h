// One client with one connection, in a thread that waits for it.
#pragma once

#include "address.h"
#include "answer.h"

#include <chrono>
#include <deque>
#include <optional>
#include <string_view>

namespace active_calls::hostile {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class Conversation {
public:
    explicit Conversation(const sockaddr_in& address)
        : address_(address) {}
    ~Conversation() { close(); }
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;

    // Sends a request and returns its answer, or none if none comes within `patience` or the
    // connection breaks. Replaces a kept-alive connection that has ended, once.
    std::optional<Answer> ask(std::string_view request, milliseconds patience);

    // The two halves of that, for requests that are sent before the answers to others have come.
    bool send(std::string_view bytes, Clock::time_point deadline);
    std::optional<Answer> receive(Clock::time_point deadline);

    void close();

private:
    bool wait(short events, Clock::time_point deadline) const;

    const sockaddr_in address_;
    int socket_ = -1;
    AnswerReader reader_{true};
    std::string input_; // what came after the last answer
};

} // namespace active_calls::hostile
