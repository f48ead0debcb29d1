// Many connections that misbehave, in one thread.
#pragma once

#include "conversation.h"

#include <limits>
#include <map>
#include <stop_token>
#include <string>

namespace active_calls::hostile {

// The behaviour of each connection of a swarm.
struct Conduct {
    enum class Then {
        waits,  // until the server ends it
        asks,   // the same again, after each answer
        resets, // without waiting for an answer, after the pause
    };
    static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

    std::string bytes;               // what it sends
    std::size_t at_once = all;       // so many of them together,
    milliseconds pause{};            // and more after this
    std::size_t read_a_second = all; // so many bytes of the answers; 0: reads nothing at all
    Then then = Then::waits;
    // Whether it goes on sending when the server has said that it sends no more.
    bool goes_on = false;
};

struct SwarmSettings {
    sockaddr_in address;
    Conduct conduct;
    std::size_t connections;
    // How many connections are opened in a second at most, including replacements of those that the
    // server has ended.
    std::size_t opened_a_second = 5000;
};

struct Tally {
    std::size_t opened = 0;
    std::size_t most_open = 0;          // at the same time
    std::size_t ended = 0;              // by the server
    std::size_t failed = 0;             // could not be opened
    std::map<int, std::size_t> answers; // by status
    std::string text() const;
};

// Keeps so many connections up for so long, or until it is asked to end. Then closes them all.
Tally run_swarm(const SwarmSettings& settings, milliseconds duration,
                const std::stop_token& end = {});

// Lets this process have as many descriptors as the machine allows it. Throws std::runtime_error if
// these are fewer.
void raise_limit_of_descriptors(std::size_t wanted);

} // namespace active_calls::hostile
