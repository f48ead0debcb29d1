#include "exchange.h"

#include <cmath>
#include <utility>

namespace active_calls::shim {

namespace {

constexpr std::size_t max_logged_method = 16;
constexpr std::size_t max_logged_path = 256;

// The path stands without its query, which holds telephone numbers, and may hold a password.
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

} // namespace

http::Response Bookkeeper::close(Exchange& exchange, Route route, const std::string& id,
                                 const LogLine& line) {
    const auto duration = exchange.duration();
    const int status = exchange.response.status;
    exchange.response.fields.set("x-request-id", id);
    metrics_.count_request(route, status, duration);
    if (exchange.database_error && status >= 500)
        metrics_.count_database_error(route, *exchange.database_error);
    Log::Fields fields = request_fields(exchange.request, status, id, duration);
    fields.add(line.fields);
    fields.add(exchange.failure);
    log_.write(line.level, line.event, fields);
    return std::move(exchange.response);
}

} // namespace active_calls::shim
