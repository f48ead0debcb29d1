#include "memory.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <utility>

namespace active_calls::hostile {

double memory_of(pid_t pid, const char* field) {
    constexpr double kib_per_mib = 1024;
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    const std::string prefix = std::string(field) + ":";
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(prefix)) return std::stod(line.substr(prefix.size())) / kib_per_mib;
    return 0;
}

Peak::Peak(std::function<double()> look)
    : thread_([this, look = std::move(look)](const std::stop_token& end) {
        while (!end.stop_requested()) {
            value_ = std::max(value_.load(), look());
            std::this_thread::sleep_for(std::chrono::milliseconds{50});
        }
    }) {}

} // namespace active_calls::hostile
