// The memory of other processes on this machine, in MiB.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <thread>

namespace active_calls::hostile {

// Returns a figure of /proc/PID/status, such as "VmRSS"; 0 if there is no such process.
double memory_of(pid_t pid, const char* field = "VmRSS");

// Measures twenty times a second for as long as it lives.
class Peak {
public:
    explicit Peak(std::function<double()> look);
    double value() const { return value_; }

private:
    std::atomic<double> value_ = 0;
    std::jthread thread_; // last: it uses the other
};

} // namespace active_calls::hostile
