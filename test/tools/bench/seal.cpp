#include "seal.h"

#include "postgresql.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <stop_token>
#include <thread>

namespace active_calls::bench {

namespace {

// Memory of a process's own, in KiB: what it shares with others, as shared_buffers, is not counted.
long private_memory(int process) {
    std::ifstream status(fmt::format("/proc/{}/status", process));
    for (std::string key; status >> key;) {
        if (key == "RssAnon:") {
            long kibibytes = 0;
            status >> kibibytes;
            return kibibytes;
        }
    }
    return 0;
}

} // namespace

void measure_seal(const std::string& conninfo) {
    Session session(conninfo);
    const long before = private_memory(session.backend());
    long peak = before;
    // The kernel keeps a peak only of all memory, shared buffers with it; so this looks, often.
    std::jthread watcher([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            peak = std::max(peak, private_memory(session.backend()));
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    });
    const auto start = std::chrono::steady_clock::now();
    const long long rows = std::stoll(session.value("SELECT active_calls.seal('0')"));
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    watcher.request_stop();
    watcher.join();
    fmt::print("{} rows in {:.1f} s, {:.0f} rows/s; private memory of the backend: {:.1f} MiB"
               " before, {:.1f} MiB at its peak\n",
               rows, seconds.count(), static_cast<double>(rows) / seconds.count(),
               static_cast<double>(before) / 1024, static_cast<double>(peak) / 1024);
}

} // namespace active_calls::bench
