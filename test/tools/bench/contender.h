// One of those who answer: it is told a question once and asked it many times.
#pragma once

#include "question.h"

#include <chrono>
#include <string_view>

namespace active_calls::bench {

using Milliseconds = std::chrono::duration<double, std::milli>;

struct Answer {
    Milliseconds took; // until the whole answer was in the client's memory, not yet decoded
    Series series;
};

// Every member that talks to a server throws std::runtime_error when that fails.
class Contender {
public:
    Contender() = default;
    Contender(const Contender&) = delete;
    Contender& operator=(const Contender&) = delete;
    virtual ~Contender() = default;

    virtual void prepare(const Question& question) = 0;
    // Answers the question that was prepared last.
    virtual Answer ask() = 0;
};

} // namespace active_calls::bench
