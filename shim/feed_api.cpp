#include "feed_api.h"

#include "feed_statement.h"
#include "insert_statement.h"
#include "query_string.h"
#include "request_id.h"
#include "request_log.h"

#include <fmt/format.h>

namespace active_calls::shim {

namespace {

constexpr const char* plain_text = "text/plain; charset=UTF-8";
constexpr const char* query_id_header = "X-ClickHouse-Query-Id";

bool is_read(const httplib::Request& request) {
    return request.method == "GET" || request.method == "HEAD";
}

/// What ClickHouse answers to whoever wants to know whether it is there.
bool is_ping(const httplib::Request& request) {
    return is_read(request) && (request.path == "/ping" ||
                                (request.path == "/" && !last_value(request.target, "query")));
}

/// The client's own: as ClickHouse has it, else as the customers' API has it.
std::string id_of(const httplib::Request& request) {
    return request_id(
        last_value(request.target, "query_id").value_or(request.get_header_value("X-Request-Id")));
}

/// Numbers are strings, as ClickHouse writes them.
std::string summary(std::int64_t row_count, std::size_t byte_count) {
    return fmt::format(R"({{"read_rows":"{0}","read_bytes":"{1}","written_rows":"{0}",)"
                       R"("written_bytes":"{1}","total_rows_to_read":"0","result_rows":"{0}",)"
                       R"("result_bytes":"{1}"}})",
                       row_count, byte_count);
}

void answer_text(httplib::Response& response, int status, const std::string& text) {
    response.status = status;
    response.set_content(text, plain_text);
}

/// Why httplib gave up on a request before we were asked.
ClickHouseError error_of_unreadable(const httplib::Request& request, int status) {
    const bool is_in_headers = status != 414 && !request.path.empty();
    return {ClickHouseCode::poco_exception, status == 414   ? "the URI is too long"
                                            : is_in_headers ? "the header fields are too large"
                                                            : "malformed request"};
}

} // namespace

FeedApi::FeedApi(FeedSettings settings, Pool& pool, Metrics& metrics, Log& log)
    : settings_(std::move(settings))
    , pool_(pool)
    , metrics_(metrics)
    , log_(log) {}

void FeedApi::serve_on(Listener& listener) {
    listener.set_pre_routing_handler(
        [this](const httplib::Request& request, httplib::Response& response) {
            Exchange exchange{request, response, id_of(request)};
            answer(exchange);
            exchange.byte_count = Listener::body().size();
            finish(exchange);
            return httplib::Server::HandlerResponse::Handled;
        });
    listener.set_error_handler(
        [this](const httplib::Request& request, httplib::Response& response) {
            // Errors of our own come by here too.
            if (response.has_header(query_id_header)) return;
            Exchange exchange{request, response, id_of(request)};
            const int status = response.status;
            refuse(exchange, error_of_unreadable(request, status));
            response.status = status;
            finish(exchange);
        });
}

void FeedApi::answer(Exchange& exchange) {
    try {
        answer_known_path(exchange);
    } catch (const ClickHouseError& error) {
        refuse(exchange, error);
    } catch (const DatabaseUnavailable& error) {
        metrics_.count_database_error(Route::feed, DatabaseErrorKind::away);
        refuse(exchange, {ClickHouseCode::network_error,
                          "the database is not available: send the rows again"});
        exchange.failure = {{"error", error.what()}};
    } catch (const std::exception& error) {
        refuse(exchange, clickhouse_error_for(StatementFailed("", "")));
        exchange.failure = {{"error", error.what()}};
    }
}

void FeedApi::answer_known_path(Exchange& exchange) {
    const httplib::Request& request = exchange.request;
    if (is_ping(request)) {
        exchange.route = Route::ping;
        return answer_text(exchange.response, 200, "Ok.\n");
    }
    if (request.path != "/")
        return answer_text(exchange.response, 404, "There is nothing here but / and /ping\n");
    if (!is_read(request) && request.method != "POST") {
        exchange.response.set_header("Allow", "GET, HEAD, POST");
        return answer_text(exchange.response, 405, "Rows come by POST\n");
    }
    // First of all, so that a stranger cannot make us read.
    if (settings_.user) require_user(request, *settings_.user);
    if (is_read(request))
        throw ClickHouseError(ClickHouseCode::readonly, "GET is read-only: send rows with POST");
    take_rows(exchange);
}

void FeedApi::take_rows(Exchange& exchange) {
    FeedBody body(Listener::body(), exchange.request, settings_.max_body);
    write(exchange, body);
    answer_text(exchange.response, 200, "");
    exchange.response.set_header("X-ClickHouse-Summary", summary(exchange.row_count, body.size()));
    exchange.response.set_header("X-ClickHouse-Format", "JSONEachRow");
}

void FeedApi::write(Exchange& exchange, FeedBody& body) {
    // Those who wait for this one shall not run out of time themselves.
    body.gather(settings_.statement_timeout / 2);
    const InsertStatement insert = parse_insert(body.text());
    body.skip(insert.rows_at);
    try {
        exchange.row_count = write_rows(pool_, body, insert.columns);
    } catch (const StatementFailed& error) {
        exchange.line_count = body.line_count();
        const ClickHouseError answer = clickhouse_error_for(error);
        if (status_of(answer.code) >= 500)
            metrics_.count_database_error(Route::feed,
                                          answer.code == ClickHouseCode::timeout_exceeded
                                              ? DatabaseErrorKind::timeout
                                              : DatabaseErrorKind::other);
        exchange.failure = {{"sqlstate", error.sqlstate}, {"error", error.what()}};
        throw answer;
    } catch (...) {
        exchange.line_count = body.line_count();
        throw;
    }
}

void FeedApi::refuse(Exchange& exchange, const ClickHouseError& error) {
    httplib::Response& response = exchange.response;
    exchange.code = error.code;
    if (exchange.failure.empty()) exchange.failure = {{"error", error.what()}};
    answer_text(response, status_of(error.code), to_text(error));
    response.set_header("X-ClickHouse-Exception-Code",
                        std::to_string(static_cast<int>(error.code)));
    const bool is_nobody = error.code == ClickHouseCode::required_password;
    const bool is_stranger = error.code == ClickHouseCode::authentication_failed;
    if (is_nobody || (is_stranger && exchange.request.has_header("Authorization")))
        response.set_header("WWW-Authenticate", "Basic realm=\"active-calls-shim feed\"");
    if (error.code == ClickHouseCode::network_error)
        response.set_header("Retry-After", retry_after);
}

void FeedApi::finish(Exchange& exchange) {
    const auto duration = std::chrono::steady_clock::now() - exchange.started;
    exchange.response.set_header(query_id_header, exchange.id);
    exchange.response.set_header("X-Request-Id", exchange.id);
    metrics_.count_request(exchange.route, exchange.response.status, duration);
    if (exchange.route == Route::feed)
        metrics_.count_feed(static_cast<std::size_t>(exchange.row_count),
                            exchange.code ? exchange.line_count : 0, exchange.byte_count);
    log_request(exchange, duration);
}

void FeedApi::log_request(const Exchange& exchange, std::chrono::nanoseconds duration) {
    const int status = exchange.response.status;
    Log::Fields fields = request_fields(exchange.request, status, exchange.id, duration);
    fields["rows"] = exchange.row_count;
    fields["bytes"] = exchange.byte_count;
    if (exchange.code) fields["code"] = static_cast<int>(*exchange.code);
    if (!exchange.failure.empty()) fields.update(exchange.failure);
    if (status == 500)
        log_.error("feed", fields);
    else if (exchange.code)
        log_.warning("feed", fields);
    else
        log_.info("feed", fields);
}

} // namespace active_calls::shim
