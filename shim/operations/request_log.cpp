#include "request_log.h"

#include <cmath>

namespace active_calls::shim {

namespace {

constexpr std::size_t max_logged_method = 16;
constexpr std::size_t max_logged_path = 256;

} // namespace

Log::Fields request_fields(const http::Request& request, int status, const std::string& id,
                           std::chrono::nanoseconds duration) {
    const double milliseconds = std::chrono::duration<double, std::milli>(duration).count();
    return {{"id", id},
            {"method", request.method.substr(0, max_logged_method)},
            {"path", request.path().substr(0, max_logged_path)},
            {"status", status},
            {"milliseconds", std::round(milliseconds * 1000) / 1000},
            {"remote", request.remote_address}};
}

} // namespace active_calls::shim
