#include "feed_api.h"

#include "feed_statement.h"
#include "http/query_string.h"
#include "http/request_id.h"
#include "insert_statement.h"
#include "operations/request_log.h"

#include <fmt/format.h>

namespace active_calls::shim {

namespace {

constexpr const char* plain_text = "text/plain; charset=UTF-8";
/// So that guessing takes its time.
constexpr std::chrono::milliseconds wrong_password_delay{1'000};

constexpr const char* query_id_header = "X-ClickHouse-Query-Id";

bool is_read(const http::Request& request) {
    return request.method == "GET" || request.method == "HEAD";
}

/// What ClickHouse answers to whoever wants to know whether it is there.
bool is_ping(const http::Request& request) {
    return is_read(request) && (request.path() == "/ping" ||
                                (request.path() == "/" && !last_value(request.target, "query")));
}

/// The client's own: as ClickHouse has it, else as the customers' API has it.
std::string id_of(const http::Request& request) {
    return request_id(last_value(request.target, "query_id")
                          .value_or(std::string(request.fields.get("X-Request-Id"))));
}

/// Numbers are strings, as ClickHouse writes them.
std::string summary(std::int64_t row_count, std::size_t byte_count) {
    return fmt::format(R"({{"read_rows":"{0}","read_bytes":"{1}","written_rows":"{0}",)"
                       R"("written_bytes":"{1}","total_rows_to_read":"0","result_rows":"{0}",)"
                       R"("result_bytes":"{1}"}})",
                       row_count, byte_count);
}

void answer_text(http::Response& response, int status, const std::string& text) {
    response = {status, {{"Content-Type", plain_text}}, text};
}

ClickHouseError error_of_unanswered(int status) {
    if (status == 503)
        return {ClickHouseCode::network_error, "the server ends: send the rows again"};
    return {ClickHouseCode::poco_exception, status == 414   ? "the URI is too long"
                                            : status == 431 ? "the header fields are too large"
                                                            : "malformed request"};
}

} // namespace

FeedApi::FeedApi(FeedSettings settings, Pool& pool, Metrics& metrics, Log& log)
    : settings_(std::move(settings))
    , pool_(pool)
    , metrics_(metrics)
    , log_(log) {}

std::variant<http::Response, http::Task> FeedApi::receive(const http::Request& request) {
    Exchange exchange{request, id_of(request)};
    try {
        if (!answer_without_rows(exchange))
            return http::Task{{}, [this](const http::Request& taken) { return answer(taken); }};
    } catch (const ClickHouseError& error) {
        fail(exchange, error);
        if (error.code == ClickHouseCode::authentication_failed)
            exchange.response.delay = wrong_password_delay;
    }
    return finish(exchange);
}

http::Response FeedApi::answer(const http::Request& request) {
    Exchange exchange{request, id_of(request)};
    try {
        take_rows(exchange);
    } catch (const ClickHouseError& error) {
        fail(exchange, error);
    } catch (const DatabaseUnavailable& error) {
        metrics_.count_database_error(Route::feed, DatabaseErrorKind::away);
        exchange.failure = {{"error", error.what()}};
        fail(exchange,
             {ClickHouseCode::network_error, "the database is not available: send the rows again"});
    } catch (const std::exception& error) {
        exchange.failure = {{"error", error.what()}};
        fail(exchange, clickhouse_error_for(StatementFailed("", "")));
    }
    exchange.byte_count = request.body->size();
    return finish(exchange);
}

http::Response FeedApi::refuse(const http::Request& request, int status) {
    Exchange exchange{request, id_of(request)};
    fail(exchange, error_of_unanswered(status));
    exchange.response.status = status;
    return finish(exchange);
}

/// Returns false if there may be rows in the body. Throws ClickHouseError.
bool FeedApi::answer_without_rows(Exchange& exchange) const {
    const http::Request& request = exchange.request;
    http::Response& response = exchange.response;
    if (is_ping(request)) {
        exchange.route = Route::ping;
        answer_text(response, 200, "Ok.\n");
        return true;
    }
    if (request.path() != "/") {
        answer_text(response, 404, "There is nothing here but / and /ping\n");
        return true;
    }
    if (!is_read(request) && request.method != "POST") {
        answer_text(response, 405, "Rows come by POST\n");
        response.fields.set("Allow", "GET, HEAD, POST");
        return true;
    }
    if (settings_.user) require_user(request, *settings_.user);
    if (is_read(request))
        throw ClickHouseError(ClickHouseCode::readonly, "GET is read-only: send rows with POST");
    return false;
}

void FeedApi::take_rows(Exchange& exchange) {
    FeedBody body(*exchange.request.body, exchange.request, settings_.max_body);
    write(exchange, body);
    answer_text(exchange.response, 200, "");
    exchange.response.fields.set("X-ClickHouse-Summary", summary(exchange.row_count, body.size()));
    exchange.response.fields.set("X-ClickHouse-Format", "JSONEachRow");
}

void FeedApi::write(Exchange& exchange, FeedBody& body) {
    body.read_first();
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

void FeedApi::fail(Exchange& exchange, const ClickHouseError& error) {
    http::Response& response = exchange.response;
    exchange.code = error.code;
    if (exchange.failure.empty()) exchange.failure = {{"error", error.what()}};
    answer_text(response, status_of(error.code), to_text(error));
    response.fields.set("X-ClickHouse-Exception-Code",
                        std::to_string(static_cast<int>(error.code)));
    const bool is_nobody = error.code == ClickHouseCode::required_password;
    const bool is_stranger = error.code == ClickHouseCode::authentication_failed;
    if (is_nobody || (is_stranger && exchange.request.fields.has("Authorization")))
        response.fields.set("WWW-Authenticate", "Basic realm=\"active-calls-shim feed\"");
    if (error.code == ClickHouseCode::network_error)
        response.fields.set("Retry-After", retry_after);
}

http::Response FeedApi::finish(Exchange& exchange) {
    const auto duration = std::chrono::steady_clock::now() - exchange.request.received_at;
    http::Response& response = exchange.response;
    response.fields.set(query_id_header, exchange.id);
    response.fields.set("X-Request-Id", exchange.id);
    metrics_.count_request(exchange.route, response.status, duration);
    if (exchange.route == Route::feed)
        metrics_.count_feed(static_cast<std::size_t>(exchange.row_count),
                            exchange.code ? exchange.line_count : 0, exchange.byte_count);
    log_request(exchange, duration);
    return std::move(response);
}

void FeedApi::log_request(const Exchange& exchange, std::chrono::nanoseconds duration) {
    const int status = exchange.response.status;
    Log::Fields fields = request_fields(exchange.request, status, exchange.id, duration);
    fields.add("rows", exchange.row_count);
    fields.add("bytes", exchange.byte_count);
    if (exchange.code) fields.add("code", static_cast<int>(*exchange.code));
    if (!exchange.failure.empty()) fields.add(exchange.failure);
    if (status == 500)
        log_.error("feed", fields);
    else if (exchange.code)
        log_.warning("feed", fields);
    else
        log_.info("feed", fields);
}

} // namespace active_calls::shim
