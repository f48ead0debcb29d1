#include "admin.h"

namespace active_calls::shim {

namespace {

constexpr const char* plain_text = "text/plain; charset=utf-8";
constexpr const char* prometheus_text = "text/plain; version=0.0.4; charset=utf-8";

void answer_not_ready(httplib::Response& response, const std::string& reason) {
    response.status = 503;
    response.set_content("not ready: " + reason + "\n", plain_text);
}

} // namespace

Admin::Admin(Pool& ready_pool, const Metrics& metrics, std::function<bool()> is_draining)
    : ready_pool_(ready_pool)
    , metrics_(metrics)
    , is_draining_(std::move(is_draining)) {}

void Admin::serve_on(httplib::Server& server) {
    server.Get("/live", [](const httplib::Request&, httplib::Response& response) {
        response.set_content("alive\n", plain_text);
    });
    server.Get("/ready", [this](const httplib::Request&, httplib::Response& response) {
        answer_ready(response);
    });
    server.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
        response.set_content(metrics_.text(), prometheus_text);
    });
}

void Admin::answer_ready(httplib::Response& response) {
    if (is_draining_()) return answer_not_ready(response, "shutting down");
    try {
        ready_pool_.run([](PgConnection& connection) { connection.ping(); });
        response.set_content("ready\n", plain_text);
    } catch (const std::exception& error) {
        answer_not_ready(response, error.what());
    }
}

} // namespace active_calls::shim
