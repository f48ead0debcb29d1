// The request to end, as something that can be waited for.
#pragma once

#include <chrono>
#include <csignal>

namespace active_calls::shim {

// SIGTERM and SIGINT, held back from handlers. To be made before any thread is, since threads
// inherit what is held back.
class TerminationSignals {
public:
    TerminationSignals() {
        sigemptyset(&signals_);
        sigaddset(&signals_, SIGTERM);
        sigaddset(&signals_, SIGINT);
        pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    }

    // Takes the next signal; false if none comes within `patience`.
    bool wait_for(std::chrono::milliseconds patience) const {
        const auto seconds = std::chrono::floor<std::chrono::seconds>(patience);
        const std::chrono::nanoseconds rest = patience - seconds;
        const timespec limit{seconds.count(), rest.count()};
        return sigtimedwait(&signals_, nullptr, &limit) > 0;
    }

private:
    sigset_t signals_;
};

} // namespace active_calls::shim
