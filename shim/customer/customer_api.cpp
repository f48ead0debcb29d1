#include "customer_api.h"

#include "credentials.h"
#include "etag.h"
#include "http/query_string.h"
#include "http/request_id.h"
#include "openapi.h"
#include "series_statement.h"

#include <fmt/format.h>

namespace active_calls::shim {

namespace {

// For a client that has too many requests under way, and would ask again at once.
constexpr std::chrono::milliseconds overload_delay{500};

// Begins an answer with the headers that every answer to a customer carries.
Exchange begin(const http::Request& request) {
    static const http::Fields documented{
        {"content-type", "application/json; charset=utf-8"},
        {"x-frame-options", "SAMEORIGIN"},
        {"x-xss-protection", "0"},
        {"x-content-type-options", "nosniff"},
        {"x-permitted-cross-domain-policies", "none"},
        {"referrer-policy", "strict-origin-when-cross-origin"},
        {"vary", "Accept"},
        {"cache-control", "max-age=0, private, must-revalidate"},
    };
    return {request, {200, documented, {}}};
}

// As Rails routes it: its path may end in `.json`, and that in a slash.
bool is_series(std::string_view path) {
    if (!path.starts_with(series_path)) return false;
    path.remove_prefix(series_path.size());
    return path.empty() || path == "/" || path == ".json" || path == ".json/";
}

void require_resource(std::string_view path) {
    if (!is_series(path) && path != openapi_path) throw Refusal(404, "not found");
}

void require_method(std::string_view method) {
    if (method != "GET" && method != "HEAD") throw Refusal(405, "method not allowed");
}

// In seconds, in whole milliseconds: microseconds would tell how far a refused request came.
std::string runtime(std::chrono::nanoseconds duration) {
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(duration);
    return fmt::format("{:.6f}", std::chrono::duration<double>(milliseconds).count());
}

http::Flow flow_of(const Scope& scope) {
    const auto* const access = std::get_if<ApiAccess>(&scope);
    const auto id = access ? access->id : std::get<CustomerScope>(scope).customer_id;
    return http::Flow{scope.index()} << 32 | static_cast<std::uint32_t>(id);
}

Refusal refusal_of_unanswered(int status) {
    switch (status) {
    case 503:
        return Refusal(status, "too many requests are waiting");
    case 414:
        return Refusal(status, "URI too long");
    case 431:
        return Refusal(status, "request header fields too large");
    default:
        return Refusal(status, "malformed request");
    }
}

std::string body_of(const Series& series, const SeriesRequest& request) {
    // In microseconds, as the clock's own nanoseconds do not reach as far as a request may.
    const auto now =
        std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    const bool is_future = request.from_time() > now;
    return series.size() == 0 && is_future ? "[]" : to_json(series);
}

// 200 with this body; or 304, if the client holds it already.
void answer_with(std::string body, Exchange& exchange) {
    http::Response& response = exchange.response;
    const std::string etag = weak_etag(body);
    response.fields.set("etag", etag);
    if (is_match(exchange.request.fields.get("If-None-Match"), etag)) {
        // The length is that of the answer which the client holds (RFC 9110, 8.6).
        response.fields.set("content-length", std::to_string(body.size()));
        response.status = 304;
    } else {
        response.body = std::move(body);
    }
}

Route route_of(std::string_view path) {
    return path == openapi_path ? Route::openapi : Route::customer;
}

LogLevel level_of(int status) {
    return status == 500 ? LogLevel::error : status > 500 ? LogLevel::warning : LogLevel::info;
}

} // namespace

CustomerApi::CustomerApi(CustomerSettings settings, const TokenVerifier& verifier, Pool& pool,
                         Metrics& metrics, Log& log)
    : settings_(std::move(settings))
    , verifier_(verifier)
    , pool_(pool)
    , bookkeeper_(metrics, log) {}

std::variant<http::Response, http::Task> CustomerApi::receive(const http::Request& request) {
    Exchange exchange = begin(request);
    std::optional<http::Task> task;
    std::optional<Caller> caller;
    const auto refusal = exchange.attempt<Refusal>([&] {
        require_resource(request.path());
        if (settings_.cors.is_preflight(request)) {
            exchange.response.status = 204;
            return;
        }
        require_method(request.method);
        if (request.path() == openapi_path) {
            answer_with(std::string(openapi_document), exchange);
            return;
        }
        caller = authenticate(request);
        task = http::Task{
            flow_of(caller->grant->scope),
            [this, caller = *caller,
             series_request = parse_series_request(query_of(request.target))](
                const http::Request& taken) { return answer(taken, caller, series_request); }};
    });
    if (task) return *std::move(task);
    return finish(exchange, refusal, caller);
}

http::Response CustomerApi::refuse(const http::Request& request, int status) {
    Exchange exchange = begin(request);
    if (status == 503) exchange.response.delay = overload_delay;
    return finish(exchange, refusal_of_unanswered(status));
}

http::Response CustomerApi::answer(const http::Request& request, const Caller& caller,
                                   const SeriesRequest& series_request) {
    Exchange exchange = begin(request);
    std::size_t point_count = 0;
    const auto refusal = exchange.attempt<Refusal>([&] {
        const Series series = fetch_series(pool_, caller.grant->scope, series_request);
        point_count = series.size();
        answer_with(body_of(series, series_request), exchange);
    });
    return finish(exchange, refusal, caller, point_count);
}

Caller CustomerApi::authenticate(const http::Request& request) const {
    const Credentials credentials = credentials_of(request);
    return {verifier_.verify(credentials.token, std::chrono::system_clock::now()),
            credentials.is_cookie};
}

// As Yeti does, so that a page that only draws charts stays logged in.
void CustomerApi::renew_cookie(const Caller& caller, http::Response& response) const {
    if (!caller.has_cookie || !settings_.cookie_time_to_live || response.status == 401) return;
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto expiry = now + *settings_.cookie_time_to_live;
    response.fields.set("set-cookie", set_cookie(verifier_.renew(*caller.grant, expiry), expiry));
}

http::Response CustomerApi::finish(Exchange& exchange, const std::optional<Refusal>& refusal,
                                   const std::optional<Caller>& caller, std::size_t point_count) {
    http::Response& response = exchange.response;
    Log::Fields noted{{"points", point_count}};
    if (refusal) {
        refusal->write(response);
        if (!refusal->reason.empty()) noted.add("reason", refusal->reason);
    }
    if (caller) renew_cookie(*caller, response);
    settings_.cors.complete(exchange.request, response);
    const int status = response.status;
    if (status < 500) exchange.failure = {}; // It is the customer's to mend.
    response.fields.set("x-runtime", runtime(exchange.duration()));
    const std::string id = request_id(exchange.request.fields.get("X-Request-Id"));
    return bookkeeper_.close(exchange, route_of(exchange.request.path()), id,
                             {level_of(status), "request", std::move(noted)});
}

} // namespace active_calls::shim
