#include "attacks.h"
#include "report.h"
#include "strangers.h"
#include "swarm.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <thread>
#include <vector>

namespace active_calls::hostile {

namespace {

// Waits for the end of a process that need not be a child of this one; false if it does not end in
// time.
bool wait_for_end(int process, milliseconds patience) {
    pollfd one{process, POLLIN, 0};
    return poll(&one, 1, static_cast<int>(patience.count())) > 0;
}

// There is a thread for each kind on each listener. Together they have as many connections on a
// listener as a crowd has.
std::vector<std::jthread> crowds(const Target& target, const std::string& only) {
    std::vector<std::jthread> threads;
    for (const char* name : {"customers", "feed", "admin"})
        for (Kind& kind : kinds(target, listener_of(target, name))) {
            if (!only.empty() && only != kind.name) continue;
            // A client that reads more than 16 KiB a second has an answer in flight, and the shim
            // waits for it.
            if (kind.settings.conduct.read_a_second > 0 &&
                kind.settings.conduct.read_a_second != Conduct::all)
                continue;
            if (only.empty()) kind.settings.connections = 700;
            kind.settings.opened_a_second = 1000;
            threads.emplace_back([settings = kind.settings](const std::stop_token& end) {
                run_swarm(settings, milliseconds{60'000}, end);
            });
        }
    if (threads.empty()) throw std::runtime_error("there is no such kind of strangers");
    return threads;
}

} // namespace

bool drain(const Target& target, const std::string& kind) {
    const int process = static_cast<int>(syscall(SYS_pidfd_open, target.pid, 0));
    if (process < 0) throw std::runtime_error("there is no process of the shim");
    const std::vector<std::jthread> hostile = crowds(target, kind);
    GoodClient customer(good_customer(target)), feed(good_batches(target));
    std::this_thread::sleep_for(milliseconds{4000});

    constexpr milliseconds longest{35'000}; // more than the default of --drain-timeout
    const auto asked = Clock::now();
    kill(target.pid, SIGTERM);
    const bool has_ended = wait_for_end(process, longest);
    const auto ended = Clock::now();
    close(process);
    customer.stop();
    feed.stop();
    const auto last = std::max({asked, customer.last_answer(), feed.last_answer()});
    const auto seconds = [](Clock::duration time) {
        return std::chrono::duration<double>(time).count();
    };
    return print({kind.empty() ? "SIGTERM" : "SIGTERM, " + kind,
                  "all",
                  {},
                  {{"s from the last good answer to the end", seconds(ended - last), 2}},
                  fmt::format("{:.2f} s after the signal{}", seconds(ended - asked),
                              has_ended ? "" : ", and it has not ended")});
}

} // namespace active_calls::hostile
