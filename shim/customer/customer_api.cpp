#include "customer_api.h"

#include "common_headers.h"
#include "credentials.h"
#include "database/database_error.h"
#include "etag.h"
#include "http/query_string.h"
#include "http/request_id.h"
#include "openapi.h"
#include "operations/request_log.h"
#include "series_statement.h"

#include <fmt/format.h>

#include <algorithm>

namespace active_calls::shim {

namespace {

http::Fields documented_headers() {
    http::Fields fields;
    for (const auto& [name, value] : common_headers) fields.add(name, value);
    return fields;
}

/// For a client that has too many requests under way, and would ask again at once.
constexpr std::chrono::milliseconds overload_delay{500};

bool is_resource(std::string_view path) { return path == series_path || path == openapi_path; }

void require_resource(std::string_view path, std::string_view method) {
    if (!is_resource(path)) throw Refusal(404, "not found");
    if (method != "GET" && method != "HEAD") throw Refusal(405, "method not allowed");
}

void set_refusal(http::Response& response, const Refusal& refusal) {
    response.status = refusal.status;
    response.body = refusal.body();
    switch (refusal.status) {
    case 401:
        response.fields.set("www-authenticate", "Bearer");
        break;
    case 405:
        response.fields.set("allow", "GET, HEAD");
        break;
    case 503:
        response.fields.set("retry-after", retry_after);
        break;
    default:
        break;
    }
}

/// In seconds, in whole milliseconds: microseconds would tell how far a refused request came.
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
    return series.times.empty() && is_future ? "[]" : to_json(series);
}

/// 200 with this body; or 304, if the client holds it already.
void answer_with(std::string body, const http::Request& request, http::Response& response) {
    const std::string etag = weak_etag(body);
    response.fields.set("etag", etag);
    if (is_match(request.fields.get("If-None-Match"), etag)) {
        // The length is that of the answer which the client holds (RFC 9110, 8.6).
        response.fields.set("content-length", std::to_string(body.size()));
        response.status = 304;
    } else {
        response.status = 200;
        response.body = std::move(body);
    }
}

Route route_of(std::string_view path) {
    return path == openapi_path ? Route::openapi : Route::customer;
}

DatabaseErrorKind kind_of(const Refusal& refusal) {
    return refusal.status == 504 ? DatabaseErrorKind::timeout : DatabaseErrorKind::other;
}

} // namespace

CustomerApi::CustomerApi(const TokenVerifier& verifier, Pool& pool, Metrics& metrics, Log& log)
    : verifier_(verifier)
    , pool_(pool)
    , metrics_(metrics)
    , log_(log) {}

std::variant<http::Response, http::Task> CustomerApi::receive(const http::Request& request) {
    Exchange exchange{request, {200, documented_headers(), {}}};
    try {
        require_resource(request.path(), request.method);
        if (request.path() == series_path) {
            const Scope scope = authenticate(request);
            return http::Task{
                flow_of(scope),
                [this, scope, series_request = parse_series_request(query_of(request.target))](
                    const http::Request& taken) { return answer(taken, scope, series_request); }};
        }
        answer_with(std::string(openapi_document), request, exchange.response);
    } catch (const Refusal& refusal) {
        set_refusal(exchange.response, refusal);
    } catch (const std::exception& error) {
        exchange.failure = {{"error", error.what()}};
        set_refusal(exchange.response, Refusal(500));
    }
    return finish(exchange);
}

http::Response CustomerApi::refuse(const http::Request& request, int status) {
    Exchange exchange{request, {status, documented_headers(), {}}};
    set_refusal(exchange.response, refusal_of_unanswered(status));
    if (status == 503) exchange.response.delay = overload_delay;
    return finish(exchange);
}

http::Response CustomerApi::answer(const http::Request& request, const Scope& scope,
                                   const SeriesRequest& series_request) {
    Exchange exchange{request, {200, documented_headers(), {}}};
    http::Response& response = exchange.response;
    try {
        answer_with_series(exchange, scope, series_request);
    } catch (const StatementFailed& error) {
        const Refusal refusal = refusal_for(error);
        if (refusal.status >= 500) {
            metrics_.count_database_error(Route::customer, kind_of(refusal));
            exchange.failure = {{"sqlstate", error.sqlstate}, {"error", error.what()}};
        }
        set_refusal(response, refusal);
    } catch (const DatabaseUnavailable& error) {
        metrics_.count_database_error(Route::customer, DatabaseErrorKind::away);
        exchange.failure = {{"error", error.what()}};
        set_refusal(response, Refusal(503, "database is not available"));
    } catch (const std::exception& error) {
        exchange.failure = {{"error", error.what()}};
        set_refusal(response, Refusal(500));
    }
    return finish(exchange);
}

void CustomerApi::answer_with_series(Exchange& exchange, const Scope& scope,
                                     const SeriesRequest& series_request) {
    const Series series = fetch_series(pool_, scope, series_request);
    exchange.point_count = series.times.size();
    answer_with(body_of(series, series_request), exchange.request, exchange.response);
}

Scope CustomerApi::authenticate(const http::Request& request) const {
    const auto token = token_of(request);
    const auto scope =
        token ? verifier_.verify(*token, std::chrono::system_clock::now()) : std::nullopt;
    if (!scope) throw Refusal(401);
    return *scope;
}

http::Response CustomerApi::finish(Exchange& exchange) {
    const std::string id = request_id(exchange.request.fields.get("X-Request-Id"));
    const auto duration = std::chrono::steady_clock::now() - exchange.request.received_at;
    exchange.response.fields.set("x-request-id", id);
    exchange.response.fields.set("x-runtime", runtime(duration));
    metrics_.count_request(route_of(exchange.request.path()), exchange.response.status, duration);
    log_request(exchange, id, duration);
    return std::move(exchange.response);
}

void CustomerApi::log_request(const Exchange& exchange, const std::string& id,
                              std::chrono::nanoseconds duration) {
    Log::Fields fields = request_fields(exchange.request, exchange.response.status, id, duration);
    fields.add("points", exchange.point_count);
    if (!exchange.failure.empty()) fields.add(exchange.failure);
    if (exchange.response.status == 500)
        log_.error("request", fields);
    else if (exchange.response.status > 500)
        log_.warning("request", fields);
    else
        log_.info("request", fields);
}

} // namespace active_calls::shim
