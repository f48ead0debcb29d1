#include "admin.h"

namespace active_calls::shim {

namespace {

constexpr const char* plain_text = "text/plain; charset=utf-8";
constexpr const char* prometheus_text = "text/plain; version=0.0.4; charset=utf-8";

http::Response text_answer(int status, std::string text, const char* type = plain_text) {
    return {status, {{"Content-Type", type}}, std::move(text)};
}

http::Response not_ready(const std::string& reason) {
    return text_answer(503, "not ready: " + reason + "\n");
}

} // namespace

Admin::Admin(Pool& ready_pool, Pool& customer_pool, const Metrics& metrics,
             std::function<bool()> is_draining)
    : ready_pool_(ready_pool)
    , customer_pool_(customer_pool)
    , metrics_(metrics)
    , is_draining_(std::move(is_draining)) {}

std::variant<http::Response, http::Task> Admin::receive(const http::Request& request) {
    if (request.method != "GET" && request.method != "HEAD")
        return http::Response{405, {{"Allow", "GET, HEAD"}}, ""};
    const auto path = request.path();
    if (path == "/live") return text_answer(200, "alive\n");
    if (path == "/ready")
        return http::Task{{}, [this](const http::Request&) { return answer_ready(); }};
    if (path == "/metrics")
        return http::Task{{}, [this](const http::Request&) {
                              return text_answer(200, metrics_.text(), prometheus_text);
                          }};
    return text_answer(404, "there is nothing here but /live, /ready and /metrics\n");
}

http::Response Admin::refuse(const http::Request& /*request*/, int status) {
    return {status, {}, ""};
}

http::Response Admin::answer_ready() {
    if (is_draining_()) return not_ready("shutting down");
    const auto ping = [](PgConnection& connection) { connection.ping(); };
    try {
        try {
            ready_pool_.run(ping);
        } catch (const DatabaseAway&) {
            // PostgreSQL may have given all connections that it allows to the customers.
            const PoolState customers = customer_pool_.state();
            if (customers.idle + customers.in_use == 0) throw;
            customer_pool_.run(ping);
        }
        return text_answer(200, "ready\n");
    } catch (const std::exception& error) {
        return not_ready(error.what());
    }
}

} // namespace active_calls::shim
